"""What becomes of proposals."""

from msgspec.structs import replace

from core.domain.annotation import Box, ClassLabel
from core.domain.labels import ImageLabels, LabelledBox, Origin, Proposal
from core.domain.task import Task
from core.labelling import proposals
from tests.benchmarks.proposals import by_correcting, by_hand

RUN, OTHER = "run 0007-finetune-yolov8n", "contours"
A, B, C = (Box(x, 0.0, x + 10.0, 10.0, 3) for x in (0.0, 20.0, 40.0))
WAITING = ImageLabels(proposals=(Proposal(A, 0.9, RUN), Proposal(B, 0.6, RUN), Proposal(C, 0.3, OTHER)))


def test_that_one_is_accepted_and_the_picture_is_in_progress_with_the_others_waiting() -> None:
    new = proposals.accepted(WAITING, [1])
    assert new.boxes == (LabelledBox(B, Origin("accepted", RUN)),)
    assert [one.box for one in new.proposals] == [A, C]
    assert not new.done


def test_that_accepting_all_keeps_boxes_their_order_and_who_proposed_them() -> None:
    drawn = LabelledBox(Box(70.0, 0.0, 80.0, 10.0, 7))
    new = proposals.accepted_all(replace(WAITING, boxes=(drawn,), done=True, confirmed=True))
    assert new.boxes is not None
    assert new.boxes[0] == drawn
    assert [(one.box, one.origin.source) for one in new.boxes[1:]] == [(A, RUN), (B, RUN), (C, OTHER)]
    assert new.proposals == ()
    assert new.done
    assert not new.confirmed


def test_that_what_is_refused_is_gone_and_nothing_else_changes() -> None:
    new = proposals.refused(WAITING, [0, 2, 99])
    assert new == replace(WAITING, proposals=(Proposal(B, 0.6, RUN),))
    assert proposals.refused_all(WAITING) == ImageLabels()
    assert proposals.accepted(WAITING, []) == WAITING


def test_that_a_proposal_that_was_dragged_is_an_edited_box() -> None:
    moved = replace(B, x_max=33.0)
    new = proposals.edited(WAITING, 1, moved)
    assert new.boxes == (LabelledBox(moved, Origin("edited", RUN)),)
    assert [one.box for one in new.proposals] == [A, C]


def test_that_an_accepted_class_makes_the_picture_done() -> None:
    whole = [Proposal(Box(0.0, 0.0, 64.0, 48.0, class_id), score, RUN) for class_id, score in ((3, 0.3), (7, 0.6))]
    new = proposals.accepted_all(ImageLabels(proposals=tuple(whole), done=False), Task.CLASSIFICATION)
    assert new.annotation == ClassLabel(7)
    assert new.origin == Origin("accepted", RUN)
    assert new.done
    assert new.proposals == ()


def test_that_a_model_replaces_what_models_proposed_before_and_leaves_the_rest() -> None:
    better = "model better.onnx"
    new = proposals.added(WAITING, [Proposal(A, 0.8, better), Proposal(C, 0.8, better)], better)
    assert new.proposals == (Proposal(C, 0.3, OTHER), Proposal(A, 0.8, better))
    assert proposals.added(new, [], better).proposals == (Proposal(C, 0.3, OTHER),)


def test_that_a_proposal_on_a_box_of_its_class_is_left_out() -> None:
    boxes = (LabelledBox(A), LabelledBox(replace(B, class_id=7)))
    nearly = replace(A, x_min=1.0)
    beside = replace(A, x_min=7.0, x_max=17.0)
    new = proposals.added(ImageLabels(boxes=boxes), [Proposal(one, 0.9, RUN) for one in (nearly, beside, B)], RUN)
    assert [one.box for one in new.proposals] == [beside, B]
    assert new.boxes == boxes


def test_that_the_benchmark_counts_what_a_hand_does() -> None:
    true = [A, B, replace(C, y_max=40.0)]
    assert by_hand(true) == 3 * 3 + 1
    assert by_correcting(true, true) == 2  # accept all, next
    assert by_correcting(true, []) == by_hand(true)
    assert by_correcting(true, true[:2]) == 2 + 3  # one drawn
    assert by_correcting(true, [*true, Box(70.0, 0.0, 80.0, 10.0, 3)]) == 2 + 2  # one deleted
    assert by_correcting(true, [replace(A, class_id=7), *true[1:]]) == 2 + 2  # one of another class
    assert by_correcting(true, [*true[:2], replace(C, y_max=25.0)]) == 2 + 1 + 2  # one corner of a chosen box
    assert by_correcting(true, [*true[:2], Box(43.0, 9.0, 50.0, 40.0, 3)]) == 2 + 1 + 2
    assert by_correcting(true, [*true[:2], Box(41.5, 3.0, 48.5, 37.0, 7)]) == 2 + 2 + 4  # class, and both corners
    assert by_correcting(true, [*true[:2], C]) == 2 + 2 + 3  # too far from anything: deleted and drawn

"""Commands on the chosen boxes, and proposals: accepted, refused, edited."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QSizeF

from app.widgets.canvas.image_canvas import ImageCanvas
from core.domain.annotation import Box
from core.domain.labels import ImageLabels, LabelledBox, Origin, Proposal
from tests.gui.canvas import CONTROL, HEIGHT, LOOKS, SHIFT, WIDTH, Hand, boxes, hand_on, labels_with, made_canvas

BOX = Box(100, 100, 200, 180, 1)
OTHER = Box(400, 300, 500, 400, 2)
PROPOSAL = Proposal(Box(600, 100, 700, 200, 2), 0.83, "run 0007")
UNSURE = Proposal(Box(600, 400, 700, 500, 1), 0.41, "run 0007")


@pytest.fixture
def hand(qapp, request) -> Iterator[Hand]:
    yield from hand_on(made_canvas(*getattr(request, "param", ((BOX, OTHER),))))


@pytest.fixture(autouse=True)
def empty_clipboard() -> None:
    ImageCanvas._copied = ()


review = pytest.mark.parametrize("hand", [(None, (PROPOSAL, UNSURE))], indirect=True, ids=["review"])


def test_that_chosen_boxes_are_deleted(hand):
    hand.canvas.select_all()
    hand.canvas.delete_selected()
    hand.canvas.delete_selected()

    assert hand.edits == [("delete", ("gear", "screw"), ImageLabels(boxes=()))]


@pytest.mark.parametrize("hand", [((BOX,), (), False)], indirect=True)
def test_that_an_image_in_progress_without_boxes_is_to_do_again(hand):
    hand.canvas.select([0])
    hand.canvas.delete_selected()

    assert hand.labels == ImageLabels()


def test_that_a_copy_lies_beside_its_original(hand):
    hand.canvas.select([0])
    hand.canvas.duplicate_selected()

    assert hand.edits[0][:2] == ("duplicate", ("1",))
    assert boxes(hand.labels) == [BOX, OTHER, Box(112, 112, 212, 192, 1)]
    assert hand.labels.boxes[2].origin == Origin("pasted")
    assert hand.canvas.selection == (2,)


def test_that_boxes_are_pasted_into_another_picture_and_stay_in_it(hand):
    hand.canvas.select([0, 1])
    hand.canvas.copy_selected()
    hand.canvas.expect(QSizeF(450, 320), None)
    hand.canvas.set_labels(ImageLabels(), LOOKS)
    hand.canvas.paste()

    assert hand.edits[0][:2] == ("paste", ("2",))
    assert boxes(hand.labels) == [BOX, Box(350, 220, 450, 320, 2)]
    assert not hand.labels.done


def test_that_classes_are_pasted_by_name_and_unknown_ones_left_out(hand):
    hand.canvas.select([0, 1])
    hand.canvas.copy_selected()
    hand.canvas.set_labels(labels_with([]), {5: LOOKS[2]})
    hand.canvas.paste()

    assert boxes(hand.labels) == [replace(OTHER, class_id=5)]


def test_that_boxes_of_the_image_before_are_pasted_once(hand):
    for _ in range(2):
        hand.canvas.paste_boxes([LabelledBox(BOX), LabelledBox(Box(10, 10, 900, 50, 2))], "paste_previous")

    assert [edit[:2] for edit in hand.edits] == [("paste_previous", ("1",))]
    assert boxes(hand.labels) == [BOX, OTHER, Box(0, 10, WIDTH, 50, 2)]


def test_that_a_nudge_moves_by_pixels_and_stops_at_the_edge(hand):
    hand.canvas.select([0])
    hand.canvas.nudge(1, 0)
    hand.canvas.nudge(0, -10)
    assert boxes(hand.labels)[0] == Box(101, 90, 201, 170, 1)
    hand.canvas.nudge(-1000, 0)
    hand.canvas.nudge(-1, 0)

    assert boxes(hand.labels)[0] == Box(0, 90, 100, 170, 1)
    assert hand.verbs == ["nudge"] * 3


def test_that_the_class_of_chosen_boxes_changes(hand):
    hand.canvas.select_all()
    hand.canvas.set_class_of_selected(2)
    hand.canvas.set_class_of_selected(2)

    assert [edit[:2] for edit in hand.edits] == [("change_class", ("gear", "screw"))]
    assert boxes(hand.labels) == [replace(BOX, class_id=2), OTHER]
    assert hand.canvas.selection == (0, 1)


def test_that_boxes_are_gone_through_in_reading_order(hand):
    hand.canvas.select_next()
    assert hand.canvas.selection == (0,)
    hand.canvas.select_next()
    assert hand.canvas.selection == (1,)
    hand.canvas.select_next()
    hand.canvas.select_next(-1)
    assert hand.canvas.selection == (1,)


def test_that_a_confirmed_label_is_not_confirmed_any_more_once_it_changes(hand):
    hand.canvas.set_labels(replace(labels_with([BOX]), confirmed=True), LOOKS)
    hand.canvas.select([0])
    hand.canvas.nudge(1, 1)
    assert not hand.labels.confirmed


def test_that_sizes_are_told_in_the_picture_and_in_training(hand):
    assert hand.canvas.box_sizes(0) == (QSizeF(100, 80), None)
    hand.canvas.training_size = WIDTH // 4
    assert hand.canvas.box_sizes(0) == (QSizeF(100, 80), QSizeF(25, 20))


# Proposals


@review
def test_that_a_click_accepts_a_proposal_as_it_is(hand):
    hand.click(650, 150)

    assert hand.edits[0][:2] == ("accept", ("1",))
    assert hand.labels == ImageLabels(
        boxes=(LabelledBox(PROPOSAL.box, Origin("accepted", "run 0007")),), done=False, proposals=(UNSURE,)
    )


@review
def test_that_a_proposal_that_is_moved_becomes_an_edited_box(hand):
    hand.drag((650, 150), (640, 160))

    assert hand.edits[0][:2] == ("move", ("screw",))
    assert hand.labels.boxes == (LabelledBox(Box(590, 110, 690, 210, 2), Origin("edited", "run 0007")),)
    assert hand.labels.proposals == (UNSURE,)
    assert hand.canvas.selection == (0,)


@review
def test_that_a_proposal_that_is_resized_becomes_an_edited_box(hand):
    hand.drag((700, 450), (720, 450))

    assert hand.edits[0][:2] == ("resize", ("gear",))
    assert hand.labels.boxes == (LabelledBox(Box(600, 400, 720, 500, 1), Origin("edited", "run 0007")),)


@review
def test_that_all_proposals_are_accepted_at_once(hand):
    hand.canvas.accept_all()
    hand.canvas.accept_all()

    assert [edit[:2] for edit in hand.edits] == [("accept_all", ("2",))]
    assert boxes(hand.labels) == [PROPOSAL.box, UNSURE.box]
    assert hand.labels.proposals == ()


@review
def test_that_the_proposal_below_the_pointer_is_refused(hand):
    hand.move(650, 450)
    hand.canvas.refuse_selected()

    assert hand.edits == [("refuse", ("1",), ImageLabels(proposals=(PROPOSAL,)))]


@review
def test_that_chosen_proposals_are_refused_or_accepted(hand):
    hand.click(650, 450, CONTROL)
    assert (hand.canvas.selection, hand.canvas.proposal_selection) == ((), (1,))
    hand.canvas.delete_selected()
    assert hand.verbs == ["refuse"]
    hand.drag((590, 90), (710, 210), SHIFT)
    hand.canvas.accept_selected()
    assert hand.verbs == ["refuse", "accept"]
    assert boxes(hand.labels) == [PROPOSAL.box]


@review
def test_that_another_class_for_a_proposal_makes_it_a_box(hand):
    hand.canvas.select_next()
    hand.canvas.set_class_of_selected(7)

    assert hand.edits[0][:2] == ("change_class", ("screw", "nut"))
    assert hand.labels.boxes == (LabelledBox(replace(PROPOSAL.box, class_id=7), Origin("edited", "run 0007")),)


@review
def test_that_all_proposals_are_refused_at_once(hand):
    hand.canvas.refuse_all()
    assert hand.edits == [("refuse", ("2",), ImageLabels())]


@review
def test_that_proposals_stay_where_labels_can_only_be_looked_at(hand):
    hand.canvas.set_writable(False)
    hand.click(650, 150)
    hand.drag((650, 150), (640, 160))
    hand.canvas.accept_all()
    hand.canvas.refuse_all()
    assert hand.edits == []


def test_that_every_edit_leaves_boxes_in_the_picture(hand):
    hand.canvas.select_all()
    for across, down in ((-500, 0), (0, 900), (900, 0), (0, -900)):
        hand.canvas.nudge(across, down)
        hand.canvas.duplicate_selected()
    for box in boxes(hand.labels):
        assert 0 <= box.x_min < box.x_max <= WIDTH
        assert 0 <= box.y_min < box.y_max <= HEIGHT

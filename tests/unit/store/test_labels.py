"""Edits of labels: each is kept, undone and redone, and every state of an image can be seen again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.domain.annotation import Box
from core.domain.errors import LensmithError
from core.domain.label_change import ChangeConflict, applied, backwards, difference
from core.domain.labels import DRAWN, ImageLabels, LabelledBox, LabelState, Origin, Proposal, state_of
from core.domain.task import Split, Task
from core.store import labels
from core.store.project_store import ProjectStore
from tests.unit.store.helpers import boxes, row

ONE, TWO = f"{1:032x}", f"{2:032x}"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProjectStore]:
    with ProjectStore.create(tmp_path / "p", task=Task.DETECTION) as made:
        made.add_classes(["bolt", "nut"])
        made.import_images(
            [
                row(1, tmp_path / "a.jpg", boxes((1, 2, 3, 4, 1), (5, 6, 7, 8, 2)), Split.TRAIN),
                row(2, tmp_path / "b.jpg", split=Split.TRAIN),
            ]
        )
        yield made


def of(store: ProjectStore, image: str) -> ImageLabels:
    return labels.read_labels(store, [image])[image]


def drawn(*corners: tuple[float, float, float, float, int], done: bool = True) -> ImageLabels:
    return ImageLabels(boxes=tuple(LabelledBox(Box(*one)) for one in corners), done=done)


coordinates = st.integers(0, 50)
made_boxes = st.builds(
    lambda x, y, w, h, c, how: LabelledBox(Box(x, y, x + w + 1, y + h + 1, c), Origin(how)),
    *[coordinates] * 4,
    st.integers(1, 2),
    st.sampled_from(["drawn", "edited", "imported"]),
)
made_labels = st.builds(
    ImageLabels,
    boxes=st.none() | st.lists(made_boxes, max_size=6).map(tuple),
    done=st.booleans(),
    confirmed=st.booleans(),
    proposals=st.lists(
        st.builds(Proposal, made_boxes.map(lambda one: one.box), st.floats(0, 1), st.just("run 7")), max_size=4
    ).map(tuple),
)


@given(made_labels, made_labels)
def test_that_a_difference_leads_there_and_back(old, new):
    change = difference(old, new)
    assert (change is None) == (old == new)
    if change is not None:
        assert applied(change, old) == new
        assert applied(backwards(change), new) == old


def test_that_a_difference_holds_only_what_changed():
    old = drawn(*((n, 0, n + 1, 1, 1) for n in range(2000)))
    assert old.boxes is not None
    new = replace(old, boxes=(*old.boxes[:700], LabelledBox(Box(0, 0, 9, 9, 2)), *old.boxes[701:]))
    change = difference(old, new)
    assert change is not None
    assert change.boxes is not None
    assert (change.boxes.at, len(change.boxes.removed), len(change.boxes.added)) == (700, 1, 1)
    assert change.after is None
    with pytest.raises(ChangeConflict):
        applied(change, new)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(states=st.lists(made_labels, min_size=1, max_size=6))
def test_that_whatever_is_edited_is_stored_undone_and_redone(tmp_path_factory, states):
    with ProjectStore.create(tmp_path_factory.mktemp("p") / "p") as store:
        store.add_classes(["bolt", "nut"])
        store.import_images([row(1, "/a.jpg")])
        seen = [of(store, ONE)]
        for state in states:
            if labels.edit(store, "draw", (), {ONE: state}) is not None:
                seen.append(state)
            assert of(store, ONE) == state
        for state in reversed(seen[:-1]):
            assert labels.undo(store).labels == {ONE: state}
            assert of(store, ONE) == state
        assert labels.undo(store) is None
        for state in seen[1:]:
            assert labels.redo(store).labels == {ONE: state}
        assert labels.redo(store) is None


def test_that_undo_goes_across_images_and_survives_the_program(store):
    before = [of(store, ONE), of(store, TWO)]
    labels.edit(store, "draw", ("bolt",), {TWO: drawn((0, 0, 9, 9, 1))})
    labels.edit(store, "move", ("nut",), {ONE: drawn((1, 2, 3, 4, 1), (5, 6, 8, 9, 2))})
    store.close()
    with ProjectStore.open(store.path) as again:
        undo, redo = labels.next_steps(again)
        assert (undo.verb, undo.detail, redo) == ("move", ("nut",), None)
        labels.undo(again)
        labels.undo(again)
        assert [of(again, ONE), of(again, TWO)] == before
        assert [(one.kind, one.verb) for one in labels.diary(again)] == [
            ("undo", "draw"),
            ("undo", "move"),
            ("edit", "move"),
            ("edit", "draw"),
        ]
        assert labels.next_steps(again)[1].verb == "draw"


def test_that_an_edit_after_an_undo_is_not_redone_over_but_the_state_left_behind_can_be_had_again(store):
    labels.edit(store, "draw", (), {TWO: drawn((0, 0, 9, 9, 1))})
    labels.undo(store)
    labels.edit(store, "draw", (), {TWO: drawn((0, 0, 5, 5, 2))})
    assert labels.redo(store) is None
    states = [version.labels for version in labels.history(store, TWO)]
    assert states == [drawn((0, 0, 5, 5, 2)), ImageLabels(), drawn((0, 0, 9, 9, 1)), ImageLabels()]
    labels.edit(store, "restore", (), {TWO: states[2]})
    assert of(store, TWO) == drawn((0, 0, 9, 9, 1))


def test_that_an_edit_of_nothing_leaves_no_trace(store):
    assert labels.edit(store, "draw", (), {ONE: of(store, ONE)}) is None
    assert labels.diary(store) == []


def test_that_one_edit_changes_many_images_or_none(store):
    with pytest.raises(LensmithError):
        labels.edit(store, "draw", (), {TWO: drawn((0, 0, 9, 9, 1)), ONE: drawn((0, 0, 9, 9, 99))})
    assert of(store, TWO) == ImageLabels()
    assert labels.diary(store) == []
    edited = labels.edit(store, "draw", (), {ONE: drawn(), TWO: drawn()})
    assert edited.edit.images == 2
    labels.undo(store)
    assert of(store, TWO) == ImageLabels()


def test_that_an_import_of_labels_for_known_pictures_can_be_undone_and_keeps_proposals(store, tmp_path):
    waiting = ImageLabels(proposals=(Proposal(Box(0, 0, 5, 5, 1), 0.5, "run 7"),))
    labels.edit(store, "propose", (), {TWO: waiting})
    store.import_images([row(2, tmp_path / "b.jpg", boxes((1, 1, 2, 2, 1)))])
    assert of(store, TWO) == replace(waiting, boxes=(LabelledBox(Box(1, 1, 2, 2, 1), Origin("imported")),))
    assert labels.undo(store).edit.verb == "import"
    assert of(store, TWO) == waiting


def test_that_pictures_in_progress_and_proposals_never_train(store):
    assert [image.hash for image in store.snapshot().images] == [ONE]
    proposal = Proposal(Box(0, 0, 5, 5, 1), 0.25, "run 7")
    labels.edit(store, "draw", (), {TWO: replace(drawn((0, 0, 9, 9, 1), done=False), proposals=(proposal,))})
    assert [image.hash for image in store.snapshot().images] == [ONE]
    first, second = store.images()
    assert (first.done, first.proposals, second.done, second.proposals, second.least_score) == (True, 0, False, 1, 0.25)
    before = store.snapshot().data_hash()
    labels.edit(store, "done", (), {TWO: replace(drawn((0, 0, 9, 9, 1)), proposals=(proposal,))})
    snapshot = store.snapshot()
    assert [image.annotation for image in snapshot.images] == [first.annotation, boxes((0, 0, 9, 9, 1))]
    assert snapshot.data_hash() != before
    assert all(image.proposals == 0 for image in snapshot.images)


def test_that_who_made_a_box_is_kept(store):
    assert [one.origin for one in of(store, ONE).boxes] == [Origin("imported")] * 2
    both = (
        LabelledBox(Box(0, 0, 5, 5, 1), Origin("accepted", "run 0007-transfer-yolo")),
        LabelledBox(Box(1, 1, 6, 6, 2), DRAWN),
    )
    labels.edit(store, "accept", (), {TWO: ImageLabels(boxes=both)})
    assert of(store, TWO).boxes == both


@pytest.mark.parametrize(
    ("annotation", "done", "proposals", "readable", "state"),
    [
        (boxes(), True, 0, False, LabelState.PROBLEM),
        (boxes(), True, 2, True, LabelState.PROPOSED),
        (boxes(), True, 0, True, LabelState.DONE),
        (boxes((0, 0, 1, 1, 1)), False, 0, True, LabelState.IN_PROGRESS),
        (ImageLabels().annotation, True, 0, True, LabelState.TO_DO),
    ],
)
def test_that_every_image_stands_somewhere(annotation, done, proposals, readable, state):
    assert state_of(annotation, done=done, proposals=proposals, readable=readable) is state

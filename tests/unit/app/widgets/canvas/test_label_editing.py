"""Edits of labels: who said what is kept, and an image to do comes into progress."""

from msgspec.structs import replace

from app.widgets.canvas.hit_testing import Item
from app.widgets.canvas.label_editing import accepted, added, changed, found_again, removed
from core.domain.annotation import Box
from core.domain.labels import ImageLabels, LabelledBox, Origin, Proposal

ONE, TWO = Box(0, 0, 10, 10, 1), Box(20, 20, 40, 40, 2)
FOUND = Proposal(Box(50, 50, 60, 60, 2), 0.7, "contours")
IMPORTED = ImageLabels(boxes=(LabelledBox(ONE, Origin()), LabelledBox(TWO, Origin("accepted", "run 1"))))


def test_that_the_first_box_brings_an_image_into_progress():
    labels, items = added(ImageLabels(), [LabelledBox(ONE)])
    assert labels == ImageLabels(boxes=(LabelledBox(ONE),), done=False)
    assert items == [Item(False, 0)]
    assert added(ImageLabels(boxes=()), [LabelledBox(ONE)])[0].done


def test_that_a_changed_box_remembers_what_proposed_it():
    labels, items = changed(replace(IMPORTED, confirmed=True), {Item(False, 1): ONE})
    assert labels.boxes == (IMPORTED.boxes[0], LabelledBox(ONE, Origin("edited", "run 1")))
    assert items == [Item(False, 1)]
    assert not labels.confirmed


def test_that_a_changed_proposal_becomes_a_box_at_the_end():
    before = replace(IMPORTED, proposals=(FOUND, replace(FOUND, score=0.2)))
    labels, items = changed(before, {Item(True, 1): TWO, Item(False, 0): TWO})
    assert labels.boxes[2] == LabelledBox(TWO, Origin("edited", "contours"))
    assert labels.boxes[0].box == TWO
    assert labels.proposals == (FOUND,)
    assert set(items) == {Item(False, 0), Item(False, 2)}


def test_that_what_is_accepted_says_so():
    labels, items = accepted(ImageLabels(proposals=(FOUND,)), [Item(True, 0), Item(False, 5)])
    assert labels == ImageLabels(boxes=(LabelledBox(FOUND.box, Origin("accepted", "contours")),), done=False)
    assert items == [Item(False, 0)]


def test_that_an_image_in_progress_without_boxes_is_to_do_and_a_done_one_is_background():
    both = [Item(False, 0), Item(False, 1)]
    assert removed(IMPORTED, both) == ImageLabels(boxes=())
    assert removed(replace(IMPORTED, done=False), both) == ImageLabels()
    assert removed(replace(IMPORTED, done=False), both[:1]).boxes == IMPORTED.boxes[1:]


def test_that_refusing_a_proposal_leaves_a_confirmed_label_confirmed():
    before = replace(IMPORTED, proposals=(FOUND,), confirmed=True)
    assert removed(before, [Item(True, 0)]) == replace(IMPORTED, confirmed=True)


def test_that_boxes_are_found_again():
    chosen = {Item(False, 0), Item(False, 1)}
    fewer = replace(IMPORTED, boxes=IMPORTED.boxes[1:])
    assert found_again(IMPORTED, fewer, chosen) == {Item(False, 1): Item(False, 0)}
    other = replace(IMPORTED, boxes=(LabelledBox(TWO), LabelledBox(ONE)))
    assert found_again(IMPORTED, other, chosen) == {item: item for item in chosen}

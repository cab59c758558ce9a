"""Classes added, renamed, reordered, merged and removed: none of it touches another class, all of it undoes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.domain.annotation import Unlabelled
from core.domain.errors import LensmithError
from core.store import classes, labels
from core.store.project_store import ProjectStore
from tests.unit.store.helpers import boxes, label, row

NAMES = ("bolt", "nut", "washer", "gear")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProjectStore]:
    with ProjectStore.create(tmp_path / "p") as made:
        made.add_classes(NAMES)
        made.import_images(
            [
                row(1, tmp_path / "a.jpg", boxes((0, 0, 5, 5, 1), (1, 1, 6, 6, 2), (2, 2, 7, 7, 3))),
                row(2, tmp_path / "b.jpg", boxes((0, 0, 5, 5, 2))),
                row(3, tmp_path / "c.jpg", boxes((0, 0, 5, 5, 4))),
                row(4, tmp_path / "d.jpg", boxes()),
                row(5, tmp_path / "e.jpg"),
            ]
        )
        yield made


def everything(store: ProjectStore) -> tuple[object, ...]:
    return store.classes(), [(image.annotation, image.done) for image in store.images()]


def names(store: ProjectStore) -> list[str]:
    return [one.name for one in store.classes()]


CHANGES = {
    "add": lambda store: classes.add(store, "screw"),
    "rename": lambda store: classes.rename(store, 2, "matka"),
    "look": lambda store: classes.set_look(store, 2, 7),
    "key": lambda store: classes.set_shortcut(store, 2, "n"),
    "reorder": lambda store: classes.reorder(store, [4, 2, 1, 3]),
    "merge": lambda store: classes.merge(store, 1, [2, 3]),
    "remove": lambda store: classes.retire(store, 2),
}


@pytest.mark.parametrize("change", CHANGES)
def test_that_every_change_of_classes_is_undone_and_done_again_whole(store, change):
    before = everything(store)
    CHANGES[change](store)
    after = everything(store)
    assert after != before
    labels.undo(store)
    assert everything(store) == before
    labels.redo(store)
    assert everything(store) == after


@pytest.mark.parametrize("change", CHANGES)
def test_that_no_change_shifts_another_class(store, change):
    untouched = {1, 2, 3, 4} - {"merge": {1, 2, 3}}.get(change, {2})

    def shown() -> dict[int, tuple[str, list[object]]]:
        known = {one.id: one.name for one in store.classes()}
        found: dict[int, tuple[str, list[object]]] = {id_: (known[id_], []) for id_ in untouched}
        for image in store.images():
            for box in getattr(image.annotation, "boxes", ()):
                if box.class_id in untouched:
                    found[box.class_id][1].append((image.hash, box))
        return found

    before = shown()
    CHANGES[change](store)
    assert shown() == before


def test_that_a_removed_class_takes_its_boxes_and_nobody_is_told_that_a_picture_shows_nothing(store):
    classes.retire(store, 2)
    first, second, third, fourth, fifth = store.images()
    assert first.annotation == boxes((0, 0, 5, 5, 1), (2, 2, 7, 7, 3))
    assert (second.annotation, second.done) == (boxes(), False)
    assert (third.done, fourth.done) == (True, True)
    assert fifth.annotation == Unlabelled()
    assert names(store) == ["bolt", "washer", "gear"]


def test_that_a_picture_whose_only_label_is_removed_is_unlabelled_again(tmp_path):
    with ProjectStore.create(tmp_path / "p") as store:
        store.add_classes(["cat", "dog"])
        store.import_images([row(1, tmp_path / "a.jpg", label(1)), row(2, tmp_path / "b.jpg", label(2))])
        classes.retire(store, 1)
        assert [image.annotation for image in store.images()] == [Unlabelled(), label(2)]
        assert classes.uses(store, 2) == (1, 0)


def test_that_a_removed_class_comes_back_with_its_id_and_no_id_is_given_twice(store):
    classes.retire(store, 4)
    assert classes.add(store, "screw") == 5
    assert classes.add(store, "gear") == 4
    assert names(store) == ["bolt", "nut", "washer", "screw", "gear"]
    with pytest.raises(LensmithError, match="There is a class “gear” already"):
        classes.add(store, "gear")


def test_that_merged_classes_are_one(store):
    assert classes.uses(store, 1) == (1, 1)
    classes.merge(store, 1, [2, 3])
    assert store.images()[0].annotation == boxes((0, 0, 5, 5, 1), (1, 1, 6, 6, 1), (2, 2, 7, 7, 1))
    assert classes.uses(store, 1) == (2, 4)
    assert names(store) == ["bolt", "gear"]


def test_that_a_class_gets_no_name_that_is_taken_or_empty(store):
    with pytest.raises(LensmithError, match="There is, or was, a class “bolt” already"):
        classes.rename(store, 2, "bolt")
    with pytest.raises(LensmithError, match="There is no class with the id 9"):
        classes.rename(store, 9, "washer")
    with pytest.raises(LensmithError, match="A class needs a name"):
        classes.rename(store, 1, " ")
    with pytest.raises(LensmithError, match="A class needs a name"):
        store.add_classes(["screw", ""])
    assert tuple(names(store)) == NAMES


def test_that_undoing_a_rename_is_refused_once_an_import_has_taken_the_old_name(store):
    classes.rename(store, 2, "matka")
    store.add_classes(["nut"])
    with pytest.raises(LensmithError, match="There is a class “nut” already"):
        labels.undo(store)
    assert names(store) == ["bolt", "matka", "washer", "gear", "nut"]


def test_that_a_letter_belongs_to_one_class(store):
    classes.set_shortcut(store, 1, "b")
    classes.set_shortcut(store, 2, "b")
    assert [one.shortcut for one in store.classes()] == ["", "b", "", ""]
    classes.set_shortcut(store, 2, "b")
    assert [one.shortcut for one in store.classes()] == ["", "b", "", ""]


def test_that_an_order_of_other_classes_than_those_in_use_is_refused(store):
    with pytest.raises(LensmithError, match="changed meanwhile"):
        classes.reorder(store, [1, 2, 3])


def test_that_a_box_of_a_class_that_was_merged_a_moment_before_is_refused_in_words(store):
    first = store.images()[0].hash
    drawn = labels.read_labels(store, [first])[first]
    classes.merge(store, 1, [2])
    before = everything(store)
    with pytest.raises(LensmithError, match="“nut” is not in use"):
        labels.edit(store, "draw", (), {first: drawn})  # seen before the merge, saved after it
    assert everything(store) == before


def test_that_a_name_is_one_line_without_blanks_around_it(store):
    classes.add(store, "  big\n screw ")
    classes.rename(store, 1, "bolt\tM8")
    assert names(store) == ["bolt M8", "nut", "washer", "gear", "big screw"]

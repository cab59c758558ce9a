"""Two people's projects become one: by image and by class name, with one step of undo, the other only read."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.actions import merging
from core.domain.annotation import Box, Unlabelled
from core.domain.errors import Cancelled, LensmithError
from core.domain.labels import ImageLabels, LabelledBox, Origin, Proposal, labels_of
from core.domain.task import Split, Task
from core.store import classes, labels
from core.store.project_store import ProjectStore
from tests.unit.store.helpers import boxes, label, row, run_child

TRACED = Origin("accepted", "contours")


def name(number: int) -> str:
    return f"{number:032x}"


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[ProjectStore]:
    with ProjectStore.create(tmp_path / "ours", "anna", Task.DETECTION) as store:
        store.add_classes(["bolt", "nut"])
        store.import_images(
            [
                row(1, tmp_path / "1.jpg", boxes((0, 0, 5, 5, 1))),
                row(2, tmp_path / "2.jpg", boxes((0, 0, 5, 5, 1))),
                row(3, tmp_path / "3.jpg"),
                row(4, tmp_path / "4.jpg", boxes((1, 1, 9, 9, 2))),
                row(6, tmp_path / "6.jpg"),
            ]
        )
        yield store


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """The same pictures, classes in another order; 1 as ours, 2 otherwise, 3 labelled, 4 not, 5 of their own."""
    with ProjectStore.create(tmp_path / "theirs", "bert", Task.DETECTION) as store:
        store.add_classes(["nut", "crack", "bolt"])
        store.import_images(
            [
                row(1, tmp_path / "b" / "1.jpg", boxes((0, 0, 5, 5.004, 3))),
                row(2, tmp_path / "b" / "2.jpg", boxes((0, 0, 5, 5, 1))),
                row(3, tmp_path / "b" / "3.jpg"),
                row(4, tmp_path / "b" / "4.jpg"),
                row(5, tmp_path / "b" / "5.jpg", split=Split.VAL, mtime_ns=55),
                row(5, tmp_path / "b" / "5 copy.jpg"),
                row(6, tmp_path / "b" / "6.jpg"),
            ]
        )
        traced = ImageLabels(boxes=(LabelledBox(Box(1, 1, 9, 9, 2), TRACED),), confirmed=True)
        drawn = ImageLabels(boxes=(LabelledBox(Box(2, 2, 8, 8, 1)),), done=False)
        labels.edit(store, "draw", (), {name(3): traced, name(5): drawn})
    return tmp_path / "theirs"


def everything(store: ProjectStore) -> object:
    read = labels.read_labels(store, [image.hash for image in store.images()])
    return [(one.id, one.name) for one in store.classes()], read


def bytes_in(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_that_a_comparison_says_what_is_new_equal_and_in_conflict_and_writes_nothing(ours, theirs):
    before = everything(ours), bytes_in(theirs)
    found = merging.compare(ours, theirs)
    assert (found.name, found.new_images, found.new_classes, found.same) == ("bert", 1, ("crack",), 1)
    assert set(found.taken) == {name(3), name(5)}
    (conflict,) = found.conflicts
    assert conflict.image.hash == name(2)
    assert conflict.ours.annotation == boxes((0, 0, 5, 5, 1))
    assert conflict.theirs.annotation == boxes((0, 0, 5, 5, 2))
    assert (everything(ours), bytes_in(theirs)) == before


@pytest.mark.parametrize(("choice", "shown"), [("ours", 1), ("theirs", 2)])
def test_that_merging_is_one_edit_that_keeps_origins_and_undoes_whole(ours, theirs, choice, shown):
    before, files = everything(ours), bytes_in(theirs)
    done = merging.merge(ours, merging.compare(ours, theirs), {name(2): choice})
    assert (done.images_added, done.labels_taken, done.ours + done.theirs) == (1, 2, 1)
    assert [(one.id, one.name) for one in ours.classes()] == [(1, "bolt"), (2, "nut"), (3, "crack")]
    now = labels.read_labels(ours, map(name, (1, 2, 3, 4, 5, 6)))
    assert now[name(1)].annotation == boxes((0, 0, 5, 5, 1))
    assert now[name(2)].annotation == boxes((0, 0, 5, 5, shown))
    assert now[name(3)] == ImageLabels(boxes=(LabelledBox(Box(1, 1, 9, 9, 3), TRACED),), confirmed=True)
    assert now[name(4)].annotation == boxes((1, 1, 9, 9, 2))
    assert now[name(5)] == ImageLabels(boxes=(LabelledBox(Box(2, 2, 8, 8, 2)),), done=False)
    (undo, _) = labels.next_steps(ours)
    assert (undo.verb, undo.detail) == ("merge_project", ("bert", "3" if choice == "theirs" else "2"))
    labels.undo(ours)
    now = everything(ours)
    assert now[0] == before[0]
    assert {key: now[1][key] for key in before[1]} == before[1]
    assert now[1][name(5)].annotation == Unlabelled()
    labels.redo(ours)
    assert labels.read_labels(ours, [name(3)])[name(3)].boxes[0].box.class_id == 3
    assert bytes_in(theirs) == files


def test_that_images_come_with_every_file_and_their_part(ours, theirs, tmp_path):
    merging.merge(ours, merging.compare(ours, theirs), {name(2): "ours"})
    assert {path for path, hash_ in ours.files() if hash_ == name(5)} == {
        str(tmp_path / "b" / "5.jpg"),
        str(tmp_path / "b" / "5 copy.jpg"),
    }
    (image,) = [image for image in ours.images() if image.hash == name(5)]
    assert (image.split, image.width, image.height) == (Split.VAL, 640, 480)


def test_that_nothing_is_merged_before_every_conflict_is_decided(ours, theirs):
    before = everything(ours)
    with pytest.raises(LensmithError, match=r"1 images are labelled differently.*2\.jpg"):
        merging.merge(ours, merging.compare(ours, theirs), {})
    assert everything(ours) == before


def test_that_a_second_merge_has_nothing_left_to_do(ours, theirs):
    merging.merge(ours, merging.compare(ours, theirs), {name(2): "theirs"})
    found = merging.compare(ours, theirs)
    assert (found.new_images, found.taken, found.conflicts, found.new_classes) == (0, {}, (), ())
    assert merging.merge(ours, found, {}).edited is None


@pytest.mark.parametrize("image", [2, 3])
def test_that_labels_changed_since_the_comparison_are_not_overwritten(ours, theirs, image):
    found = merging.compare(ours, theirs)
    labels.edit(ours, "draw", (), {name(image): labels_of(boxes((4, 4, 6, 6, 2)))})
    before = everything(ours)
    with pytest.raises(LensmithError, match="changed here since"):
        merging.merge(ours, found, {name(2): "theirs"})
    assert everything(ours) == before


def test_that_proposals_stay_and_a_picture_begun_without_a_box_counts_as_unlabelled(ours, theirs):
    waiting = (Proposal(Box(1, 1, 2, 2, 1), 0.5, "contours"),)
    labels.edit(ours, "propose", (), {name(3): ImageLabels(boxes=(), done=False, proposals=waiting)})
    merging.merge(ours, merging.compare(ours, theirs), {name(2): "ours"})
    now = labels.read_labels(ours, [name(3)])[name(3)]
    assert (now.proposals, now.done, len(now.boxes)) == (waiting, True, 1)


def test_that_a_class_taken_out_of_use_here_comes_back_only_where_it_is_needed(ours, theirs):
    classes.add(ours, "crack")
    classes.retire(ours, 3)
    classes.add(ours, "rust")
    classes.retire(ours, 4)
    with ProjectStore.open(theirs) as store:
        classes.add(store, "rust")
    merging.merge(ours, merging.compare(ours, theirs), {name(2): "ours"})
    assert [(one.id, one.name) for one in ours.classes()] == [(1, "bolt"), (2, "nut"), (3, "crack")]


def test_that_projects_for_classification_are_merged_by_their_labels(tmp_path):
    with ProjectStore.create(tmp_path / "b") as other:
        other.set_task(Task.CLASSIFICATION)
        other.add_classes(["cat", "dog"])
        other.import_images([row(1, tmp_path / "1.jpg", label(2)), row(2, tmp_path / "2.jpg", label(1))])
    with ProjectStore.create(tmp_path / "a") as store:
        store.add_classes(["dog"])
        store.import_images([row(1, tmp_path / "1.jpg"), row(2, tmp_path / "2.jpg", label(1))])
        found = merging.compare(store, tmp_path / "b")
        assert [one.theirs.label for one in found.conflicts] == [-1]
        merging.merge(store, found, {name(2): "theirs"})
        assert store.info.task is Task.CLASSIFICATION
        assert [image.annotation for image in store.images()] == [label(1), label(2)]


def test_that_another_task_the_same_project_and_no_project_are_refused(ours, tmp_path):
    with ProjectStore.create(tmp_path / "c", "sorting", Task.CLASSIFICATION):
        pass
    with pytest.raises(LensmithError, match="“sorting” is a project for classification"):
        merging.compare(ours, tmp_path / "c")
    with pytest.raises(LensmithError, match="is the project that is open"):
        merging.compare(ours, tmp_path / "ours")
    with pytest.raises(LensmithError, match="is not a Lensmith project"):
        merging.compare(ours, tmp_path)


def test_that_a_merge_that_is_cancelled_or_fails_leaves_nothing(ours, theirs):
    def cancel(done: int, total: int, what: str) -> None:
        raise Cancelled

    before = everything(ours)
    with pytest.raises(Cancelled):
        merging.compare(ours, theirs, cancel)
    found = merging.compare(ours, theirs)
    with pytest.raises(Cancelled):
        merging.merge(ours, found, {name(2): "theirs"}, cancel)
    broken = replace(found, taken={**found.taken, "no such image": ImageLabels()})
    with pytest.raises(LensmithError, match="no image no such image"):
        merging.merge(ours, broken, {name(2): "theirs"})
    assert everything(ours) == before


KILLED = """
import os, sys
from pathlib import Path
from core.actions import merging
from core.store import journal
from core.store.project_store import ProjectStore

ours, theirs = map(Path, sys.argv[1:])
keep = journal._keep

def keep_and_die(*given):
    keep(*given)
    os._exit(0)

journal._keep = keep_and_die
with ProjectStore.open(ours) as store:
    found = merging.compare(store, theirs)
    merging.merge(store, found, {one.image.hash: "theirs" for one in found.conflicts})
print("it did not die")
"""


def test_that_a_merge_that_is_killed_before_it_is_whole_leaves_nothing(ours, theirs):
    before, files = everything(ours), bytes_in(theirs)
    path = ours.path
    ours.close()
    assert run_child(KILLED, path, theirs) == ""
    with ProjectStore.open(path) as store:
        assert everything(store) == before
        assert labels.next_steps(store) == (None, None)
    assert bytes_in(theirs) == files

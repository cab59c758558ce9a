"""A folder of label files follows the project; what others do to it is seen, offered, and never written over."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import supervision
import yaml
from msgspec.structs import replace

from core.actions import mirroring
from core.actions.mirroring import Mirror
from core.domain.annotation import Box, Boxes, Unlabelled
from core.domain.errors import Cancelled, LensmithError
from core.domain.labels import ImageLabels, LabelledBox, labels_of
from core.domain.task import Task
from core.store import classes, labels
from core.store.project_store import ProjectStore
from tests.unit.store.helpers import boxes, row

FIRST = (10, 20, 30, 40)


def draw(path: Path, level: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", np.full((48, 64, 3), level, np.uint8))[1].tobytes())
    return path


def name(number: int) -> str:
    return f"{number:032x}"


def fill(store: ProjectStore, pictures: Path) -> None:
    """1 and 2 have boxes, 3 is background, 4 to do; 5 lies in another folder and is called like 1."""
    store.set_task(Task.DETECTION)
    store.add_classes(["šroub", "nut"])
    shown = {1: boxes((*FIRST, 1)), 2: boxes((0, 0, 64, 48, 2), (1, 2, 3, 4, 1)), 3: boxes(), 4: None}
    rows = [row(number, draw(pictures / f"{number}.png", number), shown[number]) for number in shown]
    rows.append(row(5, draw(pictures / "more" / "1.png", 5), boxes((5, 6, 7, 8, 2))))
    store.import_images([replace(one, facts=replace(one.facts, width=64, height=48)) for one in rows])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProjectStore]:
    with ProjectStore.create(tmp_path / "p") as made:
        fill(made, tmp_path / "pictures")
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "labels of ours"


@pytest.fixture
def mirror(store: ProjectStore, folder: Path) -> Mirror:
    return mirroring.set_up(store, folder, "yolo")


@pytest.fixture
def voc(store: ProjectStore, folder: Path) -> Mirror:
    return mirroring.set_up(store, folder, "voc")


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".png"
    }


def shown(store: ProjectStore, number: int) -> ImageLabels:
    return labels.read_labels(store, [name(number)])[name(number)]


def put(store: ProjectStore, number: int, *given: tuple[float, float, float, float, int]) -> None:
    labels.edit(store, "draw", (), {name(number): labels_of(boxes(*given))})


def test_that_every_finished_image_has_a_file_and_others_have_none(mirror, folder):
    there = files(folder)
    assert set(there) == {"1.txt", "2.txt", "3.txt", "more/1.txt", "classes.txt", "more/classes.txt", "data.yaml"}
    assert there["1.txt"] == "0 0.312500000 0.625000000 0.312500000 0.416666667\n"
    assert there["3.txt"] == ""
    assert there["more/1.txt"].startswith("1 ")
    assert there["classes.txt"] == there["more/classes.txt"] == "šroub\nnut\n"
    assert yaml.safe_load(there["data.yaml"])["names"] == {0: "šroub", 1: "nut"}
    assert mirror.files == 4
    assert mirror.waiting == {}


def test_that_another_reader_finds_the_same_boxes(mirror, voc, folder, tmp_path):
    for inner in ("", "more"):
        pictures = tmp_path / "pictures" / inner
        found = {}
        for path, _, seen in supervision.DetectionDataset.from_yolo(
            str(pictures), str(folder / inner), str(folder / "data.yaml")
        ):
            found[Path(path).name] = [tuple(map(round, map(float, corners))) for corners in seen.xyxy]
        if inner:
            assert found == {"1.png": [(5, 6, 7, 8)]}
        else:
            assert found["1.png"] == [FIRST]
            assert found["2.png"] == [(0, 0, 64, 48), (1, 2, 3, 4)]
    assert "<xmin>11</xmin><ymin>21</ymin><xmax>30</xmax><ymax>40</ymax>" in files(folder)["1.xml"]


def test_that_after_an_edit_only_the_file_of_that_image_is_written(mirror, store, folder):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")}
    put(store, 2, (1, 1, 5, 5, 2))
    put(store, 4, (8, 8, 16, 16, 1))
    mirror.follow()
    there = files(folder)
    assert there["2.txt"].count("\n") == 1
    assert there["4.txt"].startswith("0 ")
    changed = {path.name for path in folder.rglob("*.*") if before.get(path) != path.stat().st_mtime_ns}
    assert changed == {"2.txt", "4.txt"}
    labels.undo(store)
    labels.undo(store)
    mirror.follow()
    assert "4.txt" not in files(folder)
    assert files(folder)["2.txt"].count("\n") == 2


def test_that_an_image_that_is_in_progress_again_has_no_file_until_it_is_done(mirror, store, folder):
    labels.edit(store, "reopen", (), {name(1): replace(shown(store, 1), done=False)})
    mirror.follow()
    assert "1.txt" not in files(folder)
    labels.edit(store, "done", (), {name(1): replace(shown(store, 1), done=True)})
    mirror.follow()
    assert "1.txt" in files(folder)


def test_that_classes_change_in_the_lists_and_never_shift_a_number(mirror, store, folder):
    rows = files(folder)["more/1.txt"]
    classes.retire(store, 1)
    classes.rename(store, 2, "matka")
    classes.add(store, "gear")
    classes.reorder(store, [3, 2])
    mirror.follow()
    there = files(folder)
    assert there["classes.txt"] == there["more/classes.txt"] == "šroub\nmatka\ngear\n"
    assert yaml.safe_load(there["data.yaml"])["names"] == {0: "šroub", 1: "matka", 2: "gear"}
    assert there["more/1.txt"] == rows
    assert "1.txt" not in there  # its only box is gone: nobody said that it shows nothing


def test_that_a_new_name_of_a_class_is_written_into_every_voc_file(voc, store, folder):
    classes.rename(store, 2, "matka <M8> & co")
    voc.follow()
    there = files(folder)
    assert "<name>matka &lt;M8&gt; &amp; co</name>" in there["more/1.xml"]
    assert "<name>nut</name>" not in "".join(there.values())
    assert there["classes.txt"] == "šroub\nmatka <M8> & co\n"


def test_that_a_file_that_is_gone_is_written_again(mirror, store, folder):
    before = files(folder)
    for gone in ("1.txt", "classes.txt", "data.yaml"):
        (folder / gone).unlink()
    mirror.update()
    assert files(folder) == before
    assert mirror.waiting == {}


@pytest.mark.parametrize("reopened", [False, True])
def test_that_what_others_wrote_waits_and_is_never_written_over(mirror, store, folder, reopened):
    theirs = "1 0.5 0.5 0.25 0.25\n0 0.312500000 0.625000000 0.312500000 0.416666667\n"
    (folder / "1.txt").write_text(theirs)
    if reopened:
        mirror = mirroring.open_mirror(store)
    mirror.update()
    (one,) = mirror.waiting.values()
    assert (one.file, one.image.hash, one.problems) == ("1.txt", name(1), ())
    assert one.ours.annotation == boxes((*FIRST, 1))
    assert one.theirs.annotation == boxes((24, 18, 40, 30, 2), (*FIRST, 1))
    put(store, 1, (1, 1, 5, 5, 2))
    mirror.follow()
    assert files(folder)["1.txt"] == theirs
    assert mirror.waiting["1.txt"].ours.annotation == boxes((1, 1, 5, 5, 2))


def test_that_taking_theirs_is_one_edit_that_is_undone_and_keeps_origins(mirror, store, folder):
    drawn = ImageLabels(boxes=(LabelledBox(Box(*FIRST, 1)),))
    labels.edit(store, "draw", (), {name(1): drawn})
    mirror.follow()
    (folder / "1.txt").write_text(files(folder)["1.txt"] + "1 0.5 0.5 0.25 0.25\n")
    (folder / "4.txt").write_text("")
    mirror.update()
    assert set(mirror.waiting) == {"1.txt", "4.txt"}
    edited = mirror.settle({"1.txt": "theirs", "4.txt": "theirs"})
    assert (edited.edit.verb, edited.edit.images) == ("import", 2)
    assert [one.origin.how for one in shown(store, 1).boxes] == ["drawn", "imported"]
    assert shown(store, 4).annotation == Boxes(())
    assert mirror.waiting == {}
    labels.undo(store)
    assert shown(store, 1) == drawn
    assert shown(store, 4).annotation == Unlabelled()
    mirror.follow()
    assert set(mirror.waiting) == {"1.txt"}  # what others wrote there is in no words of ours


def test_that_writing_ours_keeps_every_old_file_beside_it(mirror, store, folder):
    ours = files(folder)["1.txt"]
    for number, theirs in enumerate(("1 0.5 0.5 0.25 0.25\n", "0 0.5 0.5 0.5 0.5\n"), start=1):
        (folder / "1.txt").write_text(theirs)
        mirror.update()
        assert mirror.settle({"1.txt": "ours"}) is None
        assert files(folder)["1.txt"] == ours
        assert files(folder)["1.txt.bak" if number == 1 else "1.txt.bak2"] == theirs
    (folder / "4.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    mirror.update()
    mirror.settle({"4.txt": "ours"})
    assert "4.txt" not in files(folder)
    assert files(folder)["4.txt.bak"] == "0 0.5 0.5 0.5 0.5\n"
    assert mirror.waiting == {}


def test_that_a_file_that_changes_between_the_question_and_the_answer_waits_on(mirror, folder):
    (folder / "1.txt").write_text("1 0.5 0.5 0.25 0.25\n")
    mirror.update()
    (folder / "1.txt").write_text("1 0.5 0.5 0.125 0.125\n")
    assert mirror.settle({"1.txt": "ours"}) is None
    assert files(folder)["1.txt"] == "1 0.5 0.5 0.125 0.125\n"
    assert mirror.waiting["1.txt"].theirs.boxes[0].box.width == 8


def test_that_the_same_boxes_in_other_words_are_left_as_they_are(mirror, store, folder):
    (folder / "1.txt").write_text("0 0.3125 0.625 0.3125 0.41666667")
    mirror.update()
    assert mirror.waiting == {}
    assert files(folder)["1.txt"] == "0 0.3125 0.625 0.3125 0.41666667"
    put(store, 1, (1, 1, 5, 5, 1))
    mirror.follow()
    assert set(mirror.waiting) == {"1.txt"}


def test_that_rows_that_cannot_be_read_are_named_by_file_and_line(mirror, folder):
    (folder / "1.txt").write_text("0 0.5 0.5 0.25 0.25\nšroub nahoře\n7 0.5 0.5 0.1 0.1\n")
    (folder / "2.txt").write_text("nothing of use\n")
    mirror.update()
    one, two = mirror.waiting["1.txt"], mirror.waiting["2.txt"]
    assert [(p.kind, p.where) for p in one.problems] == [
        ("label_row_unreadable", f"{folder}/1.txt:2"),
        ("class_id_out_of_range", f"{folder}/1.txt:3"),
    ]
    assert len(one.theirs.boxes) == 1
    assert two.theirs is None
    assert mirror.settle({"2.txt": "theirs"}) is None
    assert set(mirror.waiting) == {"1.txt", "2.txt"}


def test_that_a_tool_that_reorders_the_list_of_classes_is_understood(mirror, store, folder):
    """As labelImg does: it writes its own list beside the label file, and numbers after it."""
    (folder / "classes.txt").write_text("dog\nnut\nšroub\n", "utf-8")
    (folder / "1.txt").write_text("2 0.312500000 0.625000000 0.312500000 0.416666667\n0 0.5 0.5 0.25 0.25\n")
    mirror.update()
    assert set(mirror.waiting) == {"1.txt", "classes.txt"}
    theirs = mirror.waiting["1.txt"].theirs
    known = {one.id: one.name for one in mirror.all_classes()}
    assert [known[one.box.class_id] for one in theirs.boxes] == ["šroub", "dog"]
    mirror.settle({"classes.txt": "ours"})
    assert files(folder)["classes.txt"] == "dog\nnut\nšroub\n"  # the numbers in 1.txt are of this list
    put(store, 2, (1, 1, 5, 5, 2))
    mirror.settle({"1.txt": "theirs"})
    assert [line[0] for line in files(folder)["1.txt"].splitlines()] == ["2", "0"]  # by the list that is still there,
    assert files(folder)["2.txt"].startswith("1 0.5")  # and nothing is written that would be read by it
    mirror.settle({"classes.txt": "ours"})
    there = files(folder)
    assert there["classes.txt"] == "šroub\nnut\ndog\n"
    assert there["2.txt"].startswith("1 0.04")
    assert [line[0] for line in there["1.txt"].splitlines()] == ["0", "2"]
    assert there["1.txt.bak"].startswith("2 ")
    assert there["classes.txt.bak"] == "dog\nnut\nšroub\n"
    assert [one.name for one in store.classes()] == ["šroub", "nut", "dog"]
    assert mirror.waiting == {}
    labels.undo(store)
    assert [one.name for one in store.classes()] == ["šroub", "nut"]


@pytest.mark.parametrize("order", [("1.txt", "classes.txt"), ("classes.txt", "1.txt")])
def test_that_a_file_and_its_list_are_decided_together_in_any_order(mirror, store, folder, order):
    (folder / "classes.txt").write_text("nut\nšroub\n", "utf-8")
    (folder / "1.txt").write_text("0 0.5 0.5 0.25 0.25\n")
    mirror.update()
    mirror.settle(dict.fromkeys(order, "theirs"))
    assert shown(store, 1).annotation == boxes((24, 18, 40, 30, 2))
    assert files(folder)["1.txt"].startswith("1 ")
    assert files(folder)["classes.txt"] == "šroub\nnut\n"
    assert mirror.waiting == {}


def test_that_an_edit_made_while_another_file_is_decided_is_not_forgotten(mirror, store, folder):
    (folder / "1.txt").write_text("1 0.5 0.5 0.25 0.25\n")
    mirror.update()
    put(store, 2, (1, 1, 5, 5, 2))
    mirror.settle({"1.txt": "ours"})
    mirror.follow()
    assert files(folder)["2.txt"].count("\n") == 1


def test_that_names_added_to_a_list_of_classes_can_be_taken(mirror, store, folder):
    (folder / "classes.txt").write_text("šroub\nnut\ngear\n", "utf-8")
    mirror.update()
    assert mirror.waiting["classes.txt"].new_classes == ("gear",)
    mirror.settle({"classes.txt": "theirs"})
    assert [one.name for one in store.classes()] == ["šroub", "nut", "gear"]
    assert files(folder)["more/classes.txt"] == "šroub\nnut\ngear\n"
    assert mirror.waiting == {}


def test_that_what_users_add_to_the_data_file_stays_until_the_names_change(mirror, store, folder):
    given = files(folder)["data.yaml"] + "path: ../pictures\ntrain: images\n"
    (folder / "data.yaml").write_text(given, "utf-8")
    mirror.update()
    assert mirror.waiting == {}
    classes.add(store, "gear")
    mirror.follow()
    assert files(folder)["data.yaml"] == given
    assert set(mirror.waiting) == {"data.yaml"}


def test_that_voc_files_of_others_are_read_with_their_new_classes(voc, store, folder):
    text = files(folder)["1.xml"].replace("<name>šroub</name>", "<name>ozubené kolo</name>")
    (folder / "1.xml").write_text(text, "utf-8")
    voc.update()
    assert [one.name for one in voc.all_classes() if one.id < 0] == ["ozubené kolo"]
    voc.settle({"1.xml": "theirs"})
    assert shown(store, 1).boxes[0].box == Box(*FIRST, 3)
    (folder / "2.xml").write_text("<annotation><object>", "utf-8")
    voc.update()
    (problem,) = voc.waiting["2.xml"].problems
    assert (problem.kind, problem.where) == ("label_file_unreadable", str(folder / "2.xml"))


def test_that_a_folder_with_pictures_or_inside_the_project_is_refused(store, folder, tmp_path):
    for place in (tmp_path / "pictures", tmp_path, tmp_path / "pictures" / "more"):
        with pytest.raises(LensmithError, match="nothing is ever written beside"):
            mirroring.set_up(store, place, "yolo")
    with pytest.raises(LensmithError, match="belongs to the project"):
        mirroring.set_up(store, store.path / "labels", "yolo")
    draw(folder / "a" / "strange.JPG", 3)
    with pytest.raises(LensmithError, match="strange"):
        mirroring.set_up(store, folder, "yolo")
    assert mirroring.open_mirror(store) is None
    assert {path.name for path in (tmp_path / "pictures").rglob("*")} == {f"{n}.png" for n in range(1, 5)} | {"more"}


def test_that_pictures_put_into_the_folder_later_stop_it(mirror, store, folder):
    picture = draw(folder / "late.png", 9)
    store.import_images([replace(row(9, picture), facts=replace(row(9, picture).facts, width=64, height=48))])
    before = files(folder)
    with pytest.raises(LensmithError, match=r"late\.png"):
        mirror.update()
    assert files(folder).keys() == before.keys()


def test_that_a_folder_that_is_gone_is_said_and_not_made_anew(mirror, store, folder):
    folder.rename(folder.with_name("unplugged"))
    put(store, 1, (1, 1, 5, 5, 2))
    with pytest.raises(LensmithError, match="is gone"):
        mirror.follow()
    assert not folder.exists()
    folder.with_name("unplugged").rename(folder)
    mirror.follow()
    assert files(folder)["1.txt"].startswith("1 ")


def test_that_labels_that_were_in_the_folder_before_are_offered(store, folder):
    folder.mkdir()
    (folder / "4.txt").write_text("0 0.5 0.5 0.25 0.25\n")
    (folder / "1.txt").write_text("0 0.5 0.5 0.25 0.25\n")
    (folder / "notes.txt").write_text("mine")
    mirror = mirroring.set_up(store, folder, "yolo")
    assert set(mirror.waiting) == {"1.txt", "4.txt"}
    assert files(folder)["notes.txt"] == "mine"
    assert "2.txt" in files(folder)


def test_that_label_files_of_pictures_with_one_name_do_not_share_a_file(tmp_path):
    with ProjectStore.create(tmp_path / "p") as store:
        store.set_task(Task.DETECTION)
        store.add_classes(["nut"])
        names = ("a.png", "a.jpg", "A.PNG", "b/x.png", "c/b/x.png")
        store.import_images([row(n, tmp_path / "set" / one, boxes((0, 0, n + 1, 5, 1))) for n, one in enumerate(names)])
        mirror = mirroring.set_up(store, tmp_path / "out", "yolo")
        assert mirror.files == 5
        there = set(files(tmp_path / "out")) - {"data.yaml"}
        assert {one for one in there if not one.endswith("classes.txt")} == {
            "a.txt",
            "a_2.txt",
            "A_3.txt",
            "b/x.txt",
            "b_2/x.txt",
        }


def test_that_a_project_without_boxes_a_file_in_the_way_and_a_reader_have_no_mirror(store, mirror, tmp_path):
    with ProjectStore.create(tmp_path / "c", "sorting", Task.CLASSIFICATION) as other:
        with pytest.raises(LensmithError, match="“sorting” has none"):
            mirroring.set_up(other, tmp_path / "out", "yolo")
        other.path.joinpath("x").write_text("")
    with ProjectStore.open(store.path, for_writing=False) as reader:
        assert mirroring.open_mirror(reader) is None
    (tmp_path / "file").write_text("")
    with pytest.raises(LensmithError):
        mirroring.set_up(store, tmp_path / "file", "yolo")


def test_that_a_cancelled_start_goes_on_later_and_knows_its_own_files(store, folder):
    def cancel(done: int, total: int, what: str) -> None:
        if what == "Writing label files":
            raise Cancelled

    with pytest.raises(Cancelled):
        mirroring.set_up(store, folder, "yolo", cancel)
    mirror = mirroring.open_mirror(store)
    put(store, 1, (1, 1, 5, 5, 2))
    mirror.update()
    assert mirror.waiting == {}
    assert mirror.files == 4
    assert files(folder)["1.txt"].startswith("1 ")


def test_that_giving_up_leaves_the_files(mirror, store, folder):
    before = files(folder)
    mirroring.give_up(store)
    assert mirroring.open_mirror(store) is None
    assert files(folder) == before

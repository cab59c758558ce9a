"""``lensmith merge``: two people's projects, from the pictures on the disk to the merged labels."""

import shutil
from pathlib import Path

from core.store import labels
from core.store.project_store import ProjectStore
from tests.e2e.commands import Lensmith
from tests.e2e.pictures import draw_yolo

LEFT, RIGHT = "0 0.3 0.5 0.2 0.3\n", "1 0.7 0.5 0.2 0.3\n"


def boxes_of(project: Path) -> dict[str, list[tuple[str, int]]]:
    """Picture -> class name and left side of each box."""
    with ProjectStore.open(project, for_writing=False) as store:
        names = {one.id: one.name for one in store.classes()}
        return {
            Path(image.path).name: [(names[b.class_id], round(b.x_min)) for b in getattr(image.annotation, "boxes", ())]
            for image in store.images()
        }


def test_that_what_two_people_labelled_is_one_project_and_undone_in_one_step(lensmith: Lensmith, place: Path) -> None:
    draw_yolo(place / "set", [LEFT, LEFT, None], names=("šroub", "部品"))
    shutil.copytree(place / "set", place / "z druhého stolu")
    pictures = sorted((place / "z druhého stolu" / "images").rglob("*.*"))
    labels_there = place / "z druhého stolu" / "labels"
    for picture, rows in zip(pictures, [LEFT, RIGHT, RIGHT], strict=True):
        (next(labels_there.rglob("*.txt")).parent / f"{picture.stem}.txt").write_text(rows)
    lensmith.ok("import", "anna", "set", "--yes")
    lensmith.ok("import", "bert", "z druhého stolu", "--yes")
    before, there = boxes_of(place / "anna"), boxes_of(place / "bert")

    refused = lensmith.run("merge", "anna", "bert", "--json")
    assert refused.code == 1
    assert (refused.json["merged"], refused.json["labels_taken"], len(refused.json["conflicts"])) == (False, 1, 1)
    assert boxes_of(place / "anna") == before

    told = lensmith.json("merge", "anna", "bert", "--prefer", "theirs")
    assert (told["merged"], told["theirs"], told["same"], told["labels_taken"]) == (True, 1, 1, 1)
    assert boxes_of(place / "anna") == boxes_of(place / "bert") == there
    assert lensmith.json("merge", "anna", "bert")["same"] == 3
    with ProjectStore.open(place / "anna") as store:
        labels.undo(store)
    assert boxes_of(place / "anna") == before


def test_that_a_merge_with_itself_or_with_no_project_is_refused(lensmith: Lensmith, place: Path) -> None:
    lensmith.ok("import", "p", draw_yolo(place / "set", [LEFT]), "--yes")
    assert "is the project that is open" in lensmith.refused("merge", "p", "p")
    assert "is not a Lensmith project" in lensmith.refused("merge", "p", "set")

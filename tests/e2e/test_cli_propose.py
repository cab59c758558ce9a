"""``lensmith propose``: a run of the project, or a file, labels pictures that are to do."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from core.domain.task import Split, Task
from core.store.labels import diary
from core.store.project_store import ProjectStore
from tests.e2e.commands import Lensmith
from tests.e2e.pictures import draw, fingerprint
from tests.simulated_runs import make_run


class Trained(NamedTuple):
    """A project with a finished run and eight unlabelled pictures, and where commands are called."""

    lensmith: Lensmith
    project: Path
    pictures: Path


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    place = tmp_path_factory.mktemp("trained") / "výroba 部品 #1"
    place.mkdir()
    lensmith, project, pictures = Lensmith(place), place / "belt", place / "new"
    ProjectStore.create(project, task=Task.DETECTION).close()
    make_run(project, epochs=3, splits=((Split.TRAIN, 8), (Split.VAL, 6)))
    lensmith.ok("runs", project, "1", "--resume")
    for number in range(8):
        draw(pictures / f"{number}.png", number, (230, 140, 30))
    lensmith.ok("import", project, pictures, "--yes")
    return Trained(lensmith, project, pictures)


@pytest.fixture
def trained(original: Trained, tmp_path: Path) -> Trained:
    """With a copy of its own; paths of pictures outside of it are absolute enough."""
    place = tmp_path / original.project.parent.name
    shutil.copytree(original.project.parent, place)
    return Trained(Lensmith(place), place / "belt", place / "new")


def test_that_the_newest_run_proposes_on_pictures_to_do_and_nothing_trains(trained: Trained) -> None:
    before = fingerprint(trained.pictures)
    done = trained.lensmith.json("propose", trained.project, "--threshold", "0.01", "--add-classes")
    assert done["source"].startswith("run 0001-")
    assert done["looked_at"] == 8
    assert done["boxes"] >= done["images"] > 0
    assert set(done["added_classes"]) <= {"blue", "orange"}
    with ProjectStore.open(trained.project, for_writing=False) as store:
        assert sum(image.proposals for image in store.images()) == done["boxes"]
        assert diary(store)[0].detail == (done["source"], str(done["boxes"]))
        assert store.snapshot().images == ()
    assert fingerprint(trained.pictures) == before


def test_that_a_file_proposes_and_lacking_classes_are_counted_in_words(trained: Trained) -> None:
    model = shutil.copy(next(trained.project.glob("runs/*/model.onnx")), trained.lensmith.place / "gürtel.onnx")
    done = trained.lensmith.ok("propose", trained.project, "--model", model, "--threshold", "0.01")
    assert "model gürtel.onnx: 0 proposals on 0 of 8 pictures" in done.out
    assert "were left out" in done.err
    some = trained.lensmith.json(
        "propose", trained.project, "--model", model, "--add-classes",
        "--threshold", "0.01", "--class-threshold", "blue=1",
    )  # fmt: skip
    assert some["added_classes"] == ["orange"]


def test_that_a_picture_that_cannot_be_read_is_told_and_the_rest_goes_on(trained: Trained) -> None:
    (trained.pictures / "3.png").write_bytes(b"nothing to see")
    done = trained.lensmith.ok("propose", trained.project, "--run", "1", "--add-classes")
    assert "3.png" in done.err
    assert "of 7 pictures" in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--run", "9"), "There is no run “9”"),
        (("--model", "gone.onnx"), "gone.onnx"),
        (("--class-threshold", "nut=0.5"), "knows no class “nut”"),
    ],
)
def test_that_what_cannot_be_is_told_in_a_sentence(original: Trained, arguments: tuple[str, ...], words: str) -> None:
    assert words in original.lensmith.refused("propose", original.project, *arguments)


def test_that_a_threshold_beyond_one_is_wrong_use(original: Trained) -> None:
    done = original.lensmith.run("propose", original.project, "--threshold", "2")
    assert done.code == 2
    assert "not between 0 and 1" in done.err


def test_that_without_a_finished_run_it_says_what_to_do(lensmith: Lensmith, place: Path) -> None:
    draw(place / "new" / "1.png", 1)
    lensmith.ok("import", place / "p", place / "new", "--yes")
    assert "No run of this project has finished yet" in lensmith.refused("propose", place / "p")

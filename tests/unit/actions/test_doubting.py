"""Doubts about labels of a real project: pictures, child processes and ONNX files are real, the engine is simulated.

It tells blue from orange by a picture's mean colour, so it contradicts whoever labels one as the other.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from msgspec.structs import replace

from core.actions.cross_validating import FOLDER
from core.actions.doubt_list import FILE, standing_doubts
from core.actions.doubting import find_doubts
from core.cli.main import run as command
from core.data.images import cv2, inspect
from core.domain.annotation import Annotation, Box, Boxes, ClassLabel, Unlabelled
from core.domain.errors import Cancelled, LensmithError
from core.domain.labels import ImageLabels
from core.domain.run import FromScratch, RunSpec
from core.domain.source import ImportedImage
from core.domain.task import Split, Task
from core.labelling.doubts import confirm
from core.runs.status import worker_of
from core.runs.worker import work
from core.store import labels
from core.store.project_store import ProjectStore
from core.store.run_store import RunFolder, RunStore
from tests.simulated_runs import project_without_leaks

BLUE, ORANGE = 1, 2
COLOURS = {BLUE: (40, 60, 200), ORANGE: (230, 140, 30)}  # RGB
PICTURES, SIDE = 24, 32
WRONG = (4, 11, 17)  # pictures that are labelled as what they do not show


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with project_without_leaks(tmp_path, monkeypatch) as project:
        yield project


@pytest.fixture
def store(place: Path) -> Iterator[ProjectStore]:
    """Twenty-four pictures, half of them blue, three labelled wrong; no part of the data is split off."""
    with ProjectStore.create(place, task=Task.CLASSIFICATION) as made:
        made.add_classes(["blue", "orange"])
        add(made, [ClassLabel(_label_of(number)) for number in range(PICTURES)])
        yield made


def _colour_of(number: int) -> int:
    return (BLUE, ORANGE)[number % 2]


def _label_of(number: int) -> int:
    return 3 - _colour_of(number) if number in WRONG else _colour_of(number)


def add(store: ProjectStore, annotations: list[Annotation], split: Split | None = None) -> list[str]:
    """One picture for each, blue and orange taking turns; returns their hashes."""
    folder = store.path.parent / "pictures"
    folder.mkdir(exist_ok=True)
    noise, rows = np.random.default_rng(len(store.images())), []
    for number, annotation in enumerate(annotations, len(store.images())):
        pixels = noise.integers(0, 40, (SIDE, SIDE, 3)) + np.array(COLOURS[_colour_of(number)]) // 2
        path = folder / f"{number:02}.png"
        path.write_bytes(cv2.imencode(".png", pixels[:, :, ::-1].astype(np.uint8))[1].tobytes())
        facts = inspect(path)
        rows.append(ImportedImage(facts=facts, path=str(path), mtime_ns=0, annotation=annotation, split=split))
    store.import_images(rows)
    return [row.facts.hash for row in rows]


def make_run(store: ProjectStore, architecture: str = "simulated", *, finished: bool = False) -> RunFolder:
    """A run on what is split by now; its settings are also those of models that are trained for a check."""
    assert store.info.task is not None
    snapshot = store.snapshot()
    spec = RunSpec(
        task=store.info.task,
        engine="simulated",
        architecture=architecture,
        start=FromScratch(),
        snapshot=snapshot.data_hash(),
        epochs=1,
        batch_size=4,
        image_size=SIDE,
        device="cpu",
        precision="fp32",
    )
    made = RunStore(store.path).create(spec, snapshot)
    if finished:
        assert work(made.path, False) == 0
    return made


def split(store: ProjectStore) -> None:
    """The first half trains, then a quarter each chooses and judges."""
    parts = [Split.TRAIN] * 12 + [Split.VAL] * 6 + [Split.TEST] * 6
    store.set_splits({image.hash: part for image, part in zip(store.images(), parts, strict=True)})


def hashes(store: ProjectStore, numbers: tuple[int, ...]) -> set[str]:
    images = store.images()
    return {images[number].hash for number in numbers}


def edit(store: ProjectStore, verb: str, image_hash: str, new: ImageLabels) -> None:
    labels.edit(store, verb, [], {image_hash: new})


def test_that_models_trained_for_it_in_a_child_put_the_wrong_labels_first(store: ProjectStore) -> None:
    make_run(store)
    steps: set[str] = set()
    report = find_doubts(store, None, lambda done, total, what: steps.add(what))
    assert {one.hash for one in report.images} == hashes(store, WRONG)
    assert {doubt.answer for one in report.images for doubt in one.doubts} == {BLUE, ORANGE}
    assert (report.judged, report.unjudged, report.source) == (PICTURES, {}, "cross-validation")
    assert "Training models to compare with" in steps
    assert len(RunStore(store.path).list()) == 1, "what was trained for it is no run"
    assert not list((store.cache_dir / FOLDER).glob("*/"))
    assert report.images == find_doubts(store, None).images, "the same again"


def test_that_pages_are_judged_out_of_fold_too(place: Path) -> None:
    with ProjectStore.create(place, task=Task.DETECTION) as store:
        store.add_classes(["blue", "orange"])
        add(store, [Boxes((Box(4, 4, 20, 20, _colour_of(number)),)) for number in range(8)], Split.TRAIN)
        make_run(store)
        report = find_doubts(store, None)
    assert (report.task, report.judged) == (Task.DETECTION, 8)


def test_that_a_cancelled_check_leaves_no_process_and_nothing_half_done(store: ProjectStore) -> None:
    make_run(store, "simulated?epoch_seconds=10")
    child = None

    def progress(done: int, total: int, what: str) -> None:
        nonlocal child
        if what == "Training models to compare with":
            record = worker_of(store.cache_dir / FOLDER / "classification")
            assert record is not None
            child = record.process
            raise Cancelled

    with pytest.raises(Cancelled):
        find_doubts(store, None, progress)
    assert child is not None
    assert not child.is_alive()
    assert not psutil.pid_exists(child.pid) or psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
    assert not list((store.cache_dir / FOLDER).glob("*/"))
    assert standing_doubts(store) is None


def test_that_two_checks_do_not_disturb_each_other(store: ProjectStore) -> None:
    make_run(store)
    refused: list[str] = []

    def progress(done: int, total: int, what: str) -> None:
        if not refused:
            with pytest.raises(LensmithError, match="being checked already") as error:
                find_doubts(store, None)
            refused.append(str(error.value))

    assert find_doubts(store, None, progress).judged == PICTURES


def test_that_a_training_that_fails_is_told_and_what_was_known_stays(store: ProjectStore) -> None:
    split(store)
    run = make_run(store, finished=True)
    known = find_doubts(store, run.id)
    make_run(store, "simulated?raise_at=1")
    with pytest.raises(LensmithError, match="epoch 1 went wrong on purpose"):
        find_doubts(store, None)
    assert standing_doubts(store) == known


def test_that_a_run_judges_only_what_it_did_not_train_on(store: ProjectStore) -> None:
    split(store)
    run = make_run(store, finished=True)
    wrong, right, unsaid = add(store, [ClassLabel(ORANGE), ClassLabel(ORANGE), Unlabelled()])  # blue, orange, blue
    report = find_doubts(store, run.id)
    assert {one.hash for one in report.images} == hashes(store, (17,)) | {wrong}
    assert (report.judged, report.unjudged, report.source) == (14, {"trained": 12}, f"run {run.id}")
    assert right not in {one.hash for one in report.images}
    assert unsaid not in {one.hash for one in report.images}


def test_that_a_run_says_nothing_about_classes_that_it_does_not_know_and_pictures_that_are_gone(
    store: ProjectStore,
) -> None:
    split(store)
    run = make_run(store, finished=True)
    store.add_classes(["green"])
    add(store, [ClassLabel(3)])
    Path(store.images()[20].path).unlink()
    Path(store.images()[-1].path).touch()
    report = find_doubts(store, run.id)
    assert report.unjudged == {"trained": 12, "unknown_class": 1, "missing": 1}
    assert report.judged == 11


def test_that_an_unfinished_run_and_one_that_trained_on_everything_are_refused(store: ProjectStore) -> None:
    everything = {image.hash: Split.TRAIN for image in store.images()}
    store.set_splits(everything)
    with pytest.raises(LensmithError, match="no report yet"):
        find_doubts(store, make_run(store).id)
    with pytest.raises(LensmithError, match="trained on all pictures"):
        find_doubts(store, make_run(store, finished=True).id)


def test_that_nothing_labelled_is_said_at_once(place: Path) -> None:
    with ProjectStore.create(place) as empty, pytest.raises(LensmithError, match="No picture has a finished label"):
        find_doubts(empty, None)


def test_that_a_confirmed_label_is_never_asked_about_again_unless_that_is_undone(store: ProjectStore) -> None:
    split(store)
    run = make_run(store, finished=True)
    (doubted,) = (one.hash for one in find_doubts(store, run.id).images)
    (now,) = labels.read_labels(store, [doubted]).values()
    edit(store, "confirm", doubted, confirm(now).labels)
    left = standing_doubts(store)
    assert left is not None
    assert left.images == ()
    assert find_doubts(store, run.id).images == (), "a new search does not ask either"
    labels.undo(store)
    again = standing_doubts(store)
    assert again is not None
    assert [one.hash for one in again.images] == [doubted]


def test_that_doubts_outlast_the_program_and_labels_that_changed_meanwhile_drop_out(store: ProjectStore) -> None:
    make_run(store)
    found = find_doubts(store, None)
    store.close()
    with ProjectStore.open(store.path) as again:
        assert standing_doubts(again) == found
        first = found.images[0]
        (now,) = labels.read_labels(again, [first.hash]).values()
        edit(again, "label", first.hash, replace(now, label=first.doubts[0].answer))
        left = standing_doubts(again)
        assert left is not None
        assert left.images == found.images[1:]


def test_that_a_ranking_that_cannot_be_read_is_none(store: ProjectStore) -> None:
    (store.cache_dir / FILE).write_text("{")
    assert standing_doubts(store) is None


def test_that_the_command_names_each_picture_and_what_was_not_judged(
    store: ProjectStore, capsys: pytest.CaptureFixture[str]
) -> None:
    split(store)
    run = make_run(store, finished=True)
    assert command(["doubts", str(store.path), "--run", str(run.number)]) == 0
    said = capsys.readouterr().out
    assert f"12 images judged by run {run.id}, 1 with doubtful labels" in said
    assert "12 not judged: the run trained on them" in said
    assert "17.png" in said
    assert "blue, rather orange" in said

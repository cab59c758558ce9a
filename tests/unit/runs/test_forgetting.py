"""The forgetting meter at the end of real small runs that start from one another; the engine is simulated."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from core.domain.annotation import Box, Boxes
from core.domain.dataset import Image, ImageClass, Snapshot
from core.domain.event import ArtifactReady, Outcome, Warned
from core.domain.forgetting import Forgetting
from core.domain.run import RunSpec, RunWeights, Transfer
from core.domain.task import Split, Task
from core.runs.event_log import EVENTS, read_events
from core.runs.forgetting import FORGETTING, judged_images
from core.runs.worker import work
from core.store.codec import read_json
from core.store.files import file_sha256
from core.store.run_store import RunFolder, RunStore
from tests.simulated_runs import CLASSES, make_run

WITH_TEST = ((Split.TRAIN, 8), (Split.VAL, 6), (Split.TEST, 4))
NEW = ImageClass(11, "green")


def finished(run: Path) -> RunFolder:
    assert work(run, resume=False) == 0, read_events(run / EVENTS)[-1]
    return RunFolder(run.name, run)


def heir(project: Path, ancestor: RunFolder, snapshot: Snapshot | None = None) -> Path:
    """A run that waits, started from ``ancestor``."""
    start = Transfer(
        RunWeights(ancestor.id, file_sha256(ancestor.path / "best.safetensors"), ancestor.snapshot().classes)
    )
    snapshot = snapshot or ancestor.snapshot()
    spec: RunSpec = replace(ancestor.spec(), start=start, snapshot=snapshot.data_hash())
    return RunStore(project).create(spec, snapshot).path


def memory_of(run: RunFolder) -> Forgetting:
    return read_json(run.path / FORGETTING, Forgetting)


@pytest.mark.parametrize("task", list(Task))
def test_that_a_run_on_the_same_data_has_lost_nothing_on_its_ancestors_test_images(project: Path, task: Task) -> None:
    first = finished(make_run(project, task=task, splits=WITH_TEST))
    second = finished(heir(project, first))
    found = memory_of(second)
    assert (found.run, found.ancestor, found.split, found.images) == (second.id, first.id, "test", 4)
    assert {change.loss for change in found.metrics} == {0.0}
    assert (found.lost, found.gained) == (0, 0)
    report = first.report()
    assert report is not None
    assert report.test is not None
    assert {change.name: change.before for change in found.metrics} == report.test.metrics
    assert not (first.path / FORGETTING).exists()
    kinds = [event.kind for event in read_events(second.path / EVENTS) if isinstance(event, ArtifactReady)]
    assert kinds[-2:] == ["forgetting", "report"]


def test_that_without_a_test_split_the_ancestors_validation_images_judge_and_are_asked_again(project: Path) -> None:
    first = finished(make_run(project, task=Task.CLASSIFICATION, splits=WITH_TEST[:2]))
    only_one = tuple(i for i in first.snapshot().images if i.split is Split.TRAIN)
    second = finished(heir(project, first, replace(first.snapshot(), images=only_one)))
    found = memory_of(second)
    assert (found.split, found.images) == ("val", 6)
    assert found.kept == 6


def test_that_classes_are_matched_by_id_when_outputs_move_and_new_ones_come(project: Path) -> None:
    first = finished(make_run(project, task=Task.CLASSIFICATION, splits=WITH_TEST))
    snapshot = replace(first.snapshot(), classes=(NEW, *reversed(CLASSES)))
    found = memory_of(finished(heir(project, first, snapshot)))
    assert [one.name for one in found.classes] == ["blue", "orange"]
    assert [(one.kept, one.lost) for one in found.classes] == [(2, 0), (2, 0)]


def test_that_a_class_that_nobody_trained_any_more_is_told_as_lost(project: Path) -> None:
    first = finished(make_run(project, task=Task.CLASSIFICATION, splits=WITH_TEST))
    blue = CLASSES[0].id
    kept = tuple(
        image
        for image in first.snapshot().images
        if image.split is Split.TEST or first.snapshot().classes[first.snapshot().class_index(image)].id == blue
    )
    found = memory_of(finished(heir(project, first, replace(first.snapshot(), images=kept))))
    lost = {one.name: one.lost for one in found.classes}
    assert lost == {"blue": 0, "orange": 2}
    accuracy = found.change("accuracy")
    assert accuracy is not None
    assert (accuracy.before, accuracy.after, accuracy.loss) == (1.0, 0.5, 0.5)


def test_that_images_that_the_run_trained_on_do_not_judge_it(project: Path) -> None:
    first = finished(make_run(project, task=Task.CLASSIFICATION, splits=WITH_TEST[:2]))
    val = first.snapshot().part(Split.VAL)
    moved = tuple(replace(i, split=Split.TRAIN) if i in val[:4] else i for i in first.snapshot().images)
    found = memory_of(finished(heir(project, first, replace(first.snapshot(), images=moved))))
    assert found.images == 2


def test_that_classes_that_left_the_project_are_nobodys_to_remember() -> None:
    cat, dog = ImageClass(1, "cat"), ImageClass(2, "dog")
    box = Box(0.0, 0.0, 9.0, 9.0, 1)
    image = Image(hash="a", path="/a.png", width=20, height=20, annotation=Boxes((box, Box(1.0, 1.0, 5.0, 5.0, 2))))
    before = Snapshot(project="p", task=Task.DETECTION, classes=(cat, dog), images=(replace(image, split=Split.TEST),))
    (judged,) = judged_images(before, Split.TEST, replace(before, classes=(cat,), images=()))
    assert judged.annotation == Boxes((box,))


@pytest.mark.parametrize("damaged", ["snapshot.json", "predictions.json"])
def test_that_a_run_ends_well_though_its_ancestors_files_are_gone(project: Path, damaged: str) -> None:
    first = finished(make_run(project, task=Task.CLASSIFICATION, splits=WITH_TEST))
    run = heir(project, first)
    (first.path / damaged).write_text("{")
    second = finished(run)
    assert not (second.path / FORGETTING).exists()
    events = read_events(second.path / EVENTS)
    assert events[-1].outcome is Outcome.COMPLETED
    assert any(isinstance(event, Warned) and first.id in event.cause for event in events)
    assert second.report() is not None

"""Where runs disagree, read from real run directories."""

from pathlib import Path

import msgspec
import pytest

from core.actions.disagreeing import disagreements
from core.domain.annotation import Boxes
from core.domain.dataset import ImageClass, Snapshot
from core.domain.errors import Cancelled, LensmithError
from core.domain.prediction import FoundBox
from core.domain.task import Split, Task
from core.runs.worker import work
from core.store.run_store import RunFolder
from tests.judged_runs import judged_run, true_boxes
from tests.simulated_runs import draw_snapshot, make_run, project_without_leaks

SPLITS = ((Split.TRAIN, 2), (Split.VAL, 4), (Split.TEST, 4))


@pytest.fixture
def boxes(tmp_path: Path) -> Snapshot:
    return draw_snapshot(tmp_path / "pictures", Task.DETECTION, SPLITS)


@pytest.fixture
def classes(tmp_path: Path) -> Snapshot:
    return draw_snapshot(tmp_path / "pictures", Task.CLASSIFICATION, SPLITS)


def knowing(project: Path, snapshot: Snapshot, *wrong: int, split: Split = Split.TEST) -> RunFolder:
    """A run that knows the truth about all images of ``split`` but those at the places ``wrong``."""
    answers = {}
    for number, image in enumerate(snapshot.part(split)):
        answers[image.hash] = [] if number in wrong else true_boxes(snapshot, image)
    return judged_run(project, snapshot, answers, split)


def test_that_images_come_by_disagreement_and_are_counted_by_who_is_right(tmp_path, boxes) -> None:
    runs = [knowing(tmp_path, boxes, 0), knowing(tmp_path, boxes, 0, 1, 2)]
    told = disagreements(runs)
    images = boxes.part(Split.TEST)
    assert told.split is Split.TEST
    assert told.runs == tuple(run.id for run in runs)
    assert {row.hash for row in told.rows[:2]} == {images[1].hash, images[2].hash}
    assert [row.differs for row in told.rows] == [True, True, False, False]
    assert told.count() == {"only_0": 2}
    assert {row.hash: row.kind for row in told.rows}[images[0].hash] == "none"


def test_that_boxes_below_a_models_threshold_are_not_seen(tmp_path, boxes) -> None:
    images = boxes.part(Split.TEST)
    faint = {image.hash: [FoundBox(1, 1, 20, 20, 0.49, 0)] for image in images}
    told = disagreements(
        [judged_run(tmp_path, boxes, faint), judged_run(tmp_path, boxes, {i.hash: [] for i in images})]
    )
    assert not any(row.places for row in told.rows)


def test_that_runs_without_a_common_test_split_are_compared_on_val(tmp_path, boxes) -> None:
    told = disagreements([knowing(tmp_path, boxes, split=Split.VAL), knowing(tmp_path, boxes, 1, split=Split.VAL)])
    assert told.split is Split.VAL
    assert len(told.rows) == 4


def test_that_only_images_that_all_were_judged_on_are_compared(tmp_path, boxes) -> None:
    images = boxes.part(Split.TEST)
    some = judged_run(tmp_path, boxes, {image.hash: [] for image in images[:3]})
    told = disagreements([knowing(tmp_path, boxes), some])
    assert (len(told.rows), told.left_out) == (3, 1)
    other = judged_run(tmp_path, boxes, {images[3].hash: []})
    with pytest.raises(LensmithError, match="No test picture"):
        disagreements([some, other])


def test_that_classes_are_compared_by_id_whatever_their_order_in_a_run(tmp_path, classes) -> None:
    blue, orange = classes.classes
    turned = msgspec.structs.replace(classes, classes=(orange, ImageClass(99, "grey"), blue))
    images = classes.part(Split.TEST)
    one = judged_run(tmp_path, classes, {image.hash: (0.8, 0.2) for image in images})
    other = judged_run(tmp_path, turned, {image.hash: (0.2, 0.0, 0.8) for image in images})
    told = disagreements([one, other])
    assert [row.score for row in told.rows] == pytest.approx([0, 0, 0, 0])
    assert {one.id for one in told.classes} == {blue.id, orange.id, 99}
    assert {row.top[0][0].class_id for row in told.rows} == {blue.id}


def test_that_the_newest_run_says_what_is_true_and_changed_labels_are_counted(tmp_path, boxes) -> None:
    first = boxes.part(Split.TEST)[0]
    emptied = [
        msgspec.structs.replace(image, annotation=Boxes(())) if image is first else image for image in boxes.images
    ]
    later = msgspec.structs.replace(boxes, images=tuple(emptied))
    told = disagreements([knowing(tmp_path, later), knowing(tmp_path, boxes)][::-1])
    assert told.relabelled == 1
    newest = disagreements([knowing(tmp_path, boxes), knowing(tmp_path, later)])
    assert newest.images[first.hash].annotation == Boxes(())


def test_that_a_run_whose_answers_are_gone_is_named(tmp_path, boxes) -> None:
    runs = [knowing(tmp_path, boxes), knowing(tmp_path, boxes)]
    (runs[1].path / "predictions.json").unlink()
    with pytest.raises(LensmithError, match=runs[1].id) as raised:
        disagreements(runs)
    assert "without this run" in raised.value.remedy


def test_that_one_run_or_seven_and_mixed_tasks_are_refused(tmp_path, boxes) -> None:
    run = knowing(tmp_path, boxes)
    for count in (1, 7):
        with pytest.raises(LensmithError, match="picture by picture"):
            disagreements([run] * count)
    names = draw_snapshot(tmp_path / "names", Task.CLASSIFICATION, SPLITS)
    judged = judged_run(tmp_path, names, {image.hash: (1.0, 0.0) for image in names.part(Split.TEST)})
    with pytest.raises(LensmithError, match="different tasks"):
        disagreements([run, judged])


def test_that_it_can_be_cancelled(tmp_path, boxes) -> None:
    def stop(done: int, total: int, what: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        disagreements([knowing(tmp_path, boxes), knowing(tmp_path, boxes)], progress=stop)


@pytest.mark.parametrize("task", list(Task))
def test_that_runs_of_an_engine_are_compared_by_what_their_files_said(tmp_path, monkeypatch, task) -> None:
    with project_without_leaks(tmp_path, monkeypatch) as project:
        runs = [make_run(project, task=task, splits=SPLITS, seed=seed) for seed in (0, 1)]
        for run in runs:
            assert work(run, resume=False) == 0
        told = disagreements([RunFolder(run.name, run) for run in runs])
        assert len(told.rows) == 4
        assert told.task is task

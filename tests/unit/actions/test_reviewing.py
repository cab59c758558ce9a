"""Reviews of real small runs, and of predictions drawn at random."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.actions.reviewing import BoxReview, ClassReview, Review, confused, review
from core.domain.annotation import Box, Boxes, ClassLabel
from core.domain.dataset import Image, Snapshot
from core.domain.errors import LensmithError
from core.domain.prediction import BoxPrediction, FoundBox, PredictionSet
from core.domain.report import Report, SplitReport
from core.domain.task import Split, Task
from core.metrics import detection_report
from core.runs.worker import work
from core.store.codec import read_json, write_json
from core.store.run_store import RunFolder, RunStore
from tests.simulated_runs import CLASSES, make_run, project_without_leaks

BLUE, ORANGE = (image_class.id for image_class in CLASSES)
OTHER = {BLUE: ORANGE, ORANGE: BLUE}
SPLITS = ((Split.TRAIN, 12), (Split.VAL, 12), (Split.TEST, 10))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch, project_without_leaks(tmp_path_factory.mktemp("review"), patch) as it:
        yield it


@pytest.fixture(scope="module", params=list(Task))
def run(project: Path, request: pytest.FixtureRequest) -> RunFolder:
    """A finished run on labels of which some are wrong, so that every kind of mistake occurs."""
    clean = RunFolder("clean", make_run(project, task=request.param, splits=SPLITS))
    snapshot = muddled(clean.snapshot())
    spec = msgspec.structs.replace(clean.spec(), snapshot=snapshot.data_hash())
    made = RunStore(project).create(spec, snapshot)
    assert work(made.path, resume=False) == 0
    return made


def muddled(snapshot: Snapshot) -> Snapshot:
    """Of five labels in val and test, one names the other class; of boxes, one is also moved and one has company."""
    rng, images = np.random.default_rng(3), []
    for number, image in enumerate(snapshot.images):
        annotation = image.annotation
        if image.split is not Split.TRAIN:
            match annotation, number % 5:
                case ClassLabel(class_id), 0:
                    annotation = ClassLabel(OTHER[class_id])
                case Boxes((box,)), 0:
                    annotation = Boxes((msgspec.structs.replace(box, class_id=OTHER[box.class_id]),))
                case Boxes((box,)), 1:
                    x, y = (float(v) for v in rng.integers(0, 50, 2))
                    annotation = Boxes((Box(x, y, x + 9, y + 9, box.class_id), box))
                case Boxes(), 2:
                    annotation = Boxes(())
        images.append(msgspec.structs.replace(image, annotation=annotation))
    return msgspec.structs.replace(snapshot, images=tuple(images))


def counted(found: Review, size: int) -> list[list[int]]:
    """The confusion matrix that ``confused`` tells, cell by cell."""
    return [
        [
            sum(one.cells.count((truth, predicted)) for one in confused(found, truth, predicted))
            for predicted in range(size)
        ]
        for truth in range(size)
    ]


def part_of(run: RunFolder, split: Split) -> SplitReport:
    report = run.report()
    assert report is not None
    part = {Split.VAL: report.val, Split.TEST: report.test}[split]
    assert part is not None
    return part


@pytest.mark.parametrize("split", [Split.VAL, Split.TEST])
def test_that_the_pictures_behind_each_cell_add_up_to_the_confusion_matrix(run: RunFolder, split: Split) -> None:
    part, found = part_of(run, split), review(run, split)
    assert counted(found, len(part.confusion)) == [list(row) for row in part.confusion]
    assert len(found.images) == part.images == len(run.snapshot().part(split))
    assert found.threshold == part.threshold
    mistakes = sum(map(sum, part.confusion)) - sum(part.confusion[k][k] for k in range(len(part.confusion)))
    assert mistakes > 0  # else nothing was compared


@pytest.mark.parametrize("seed", range(20))
def test_that_boxes_drawn_at_random_add_up_to_the_confusion_matrix(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    images, answers = [], []
    for number in range(12):
        corners = rng.uniform(0, 60, (int(rng.integers(0, 7)), 2))
        truth = tuple(Box(x, y, x + 25, y + 25, CLASSES[int(rng.integers(2))].id) for x, y in corners.tolist())
        guesses = [*corners, *corners, *rng.uniform(0, 60, (2, 2))]
        found = []
        for x, y in guesses:
            x, y = float(x + rng.normal(0, 5)), float(y + rng.normal(0, 5))
            # Few different scores, so that equal ones occur.
            found.append(FoundBox(x, y, x + 25, y + 25, round(float(rng.uniform()), 1), int(rng.integers(2))))
        found.sort(key=lambda box: -box.score)
        name = f"{number:032d}"
        images.append(
            Image(hash=name, path=f"/x/{name}.png", width=90, height=90, annotation=Boxes(truth), split=Split.VAL)
        )
        answers.append(BoxPrediction(name, tuple(found)))
    run = stored(tmp_path, images, answers)
    found_review, part = review(run, Split.VAL), part_of(run, Split.VAL)
    assert counted(found_review, 3) == [list(row) for row in part.confusion]
    for one in found_review.images:
        assert isinstance(one, BoxReview)
        verdicts = [box.verdict for box in one.boxes]
        assert (one.misses, one.false_alarms) == (verdicts.count("miss"), verdicts.count("false_alarm"))
        assert len(verdicts) == one.mistakes + verdicts.count("hit")


def test_that_pictures_that_are_gone_from_the_disk_are_still_listed(run: RunFolder) -> None:
    before = review(run, Split.TEST)
    hidden = [Path(image.path) for image in run.snapshot().part(Split.TEST)]
    for path in hidden:
        path.rename(path.with_suffix(".gone"))
    try:
        assert review(run, Split.TEST) == before
    finally:
        for path in hidden:
            path.with_suffix(".gone").rename(path)


def test_that_pictures_that_could_not_be_read_when_the_report_was_made_are_listed_apart(tmp_path: Path) -> None:
    images = [
        Image(hash=f"{n:032d}", path=f"/x/{n}.png", width=9, height=9, annotation=Boxes(()), split=Split.VAL)
        for n in range(3)
    ]
    run = stored(tmp_path, images, [BoxPrediction(image.hash, ()) for image in images[1:]], judged=images[1:])
    found = review(run, Split.VAL)
    assert [one.image.path for one in found.images] == ["/x/1.png", "/x/2.png"]
    assert [image.path for image in found.unread] == ["/x/0.png"]


def test_that_the_surest_mistakes_come_first_and_the_surest_right_answers_last(run: RunFolder) -> None:
    images = review(run, Split.VAL).images
    rights = [one.right for one in images]
    assert rights == sorted(rights)
    assert set(rights) == {False, True}
    wrong, right = ([one for one in images if one.right is verdict] for verdict in (False, True))
    if isinstance(images[0], ClassReview):
        sure = [one.probability for one in wrong if isinstance(one, ClassReview)]
        assert sure == sorted(sure, reverse=True)
        unsure = [one.probability for one in right if isinstance(one, ClassReview)]
        assert unsure == sorted(unsure)
    else:
        mistakes = [one.mistakes for one in wrong if isinstance(one, BoxReview)]
        assert mistakes == sorted(mistakes, reverse=True)


def test_that_a_part_without_a_report_is_refused_in_a_sentence(run: RunFolder, project: Path) -> None:
    with pytest.raises(LensmithError, match="has no train pictures"):
        review(run, Split.TRAIN)
    waiting = make_run(project)
    with pytest.raises(LensmithError, match="has no report yet"):
        review(RunFolder(waiting.name, waiting), Split.TEST)


def stored(
    folder: Path, images: list[Image], answers: list[BoxPrediction], judged: list[Image] | None = None
) -> RunFolder:
    """A run directory with these predictions and the report that the referee makes of them."""
    snapshot = Snapshot(project="drawn", task=Task.DETECTION, classes=CLASSES, images=tuple(images))
    names = [image_class.name for image_class in CLASSES]
    val = detection_report(images if judged is None else judged, snapshot.index_of(), answers, names)
    write_json(folder / "snapshot.json", snapshot)
    write_json(folder / "predictions.json", PredictionSet(boxes={"val": answers}))
    report = Report(
        run="0001-drawn",
        task=Task.DETECTION,
        architecture="drawn",
        mode="scratch",
        classes=tuple(names),
        data_hash=snapshot.data_hash(),
        test_hash=snapshot.test_hash(),
        seed=0,
        val=val,
        test=None,
        parity=None,
        seconds_total=1.0,
        seconds_training=1.0,
        onnx="model.onnx",
        onnx_sha256="",
    )
    write_json(folder / "report.json", report)
    assert read_json(folder / "report.json", Report) == report
    return RunFolder("0001-drawn", folder)

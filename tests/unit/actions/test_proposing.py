"""A model's proposals: real ONNX files, real pictures, a real project."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from core.actions import proposing
from core.actions.proposing import Proposed, Proposer, find, save, thresholds_of
from core.data.images import cv2, inspect, read
from core.domain.annotation import Annotation, Box, Unlabelled
from core.domain.dataset import Image
from core.domain.errors import Cancelled, LensmithError
from core.domain.labels import ImageLabels, LabelledBox, Proposal
from core.domain.source import ImportedImage
from core.domain.task import Split, Task
from core.inference.onnx_model import OnnxModel, attach_card
from core.labelling.proposals import to_do
from core.runs.worker import work
from core.store import classes, labels
from core.store.project_store import ProjectStore
from core.store.run_store import RunFolder
from tests.simulated_runs import CLASSES, make_run, project_without_leaks
from tests.unit.inference.models import classifier_card, classifier_graph, detector_card, detector_graph
from tests.unit.inference.models import save as write

WIDE, HIGH = 64, 48  # of the pictures; a model of 32 pixels sees them at half their size, with 4 rows of grey above
SOURCE = "model belt.onnx"
BOLT = Box(8.0, 8.0, 28.0, 28.0, 1)  # what the first row of the model is in a picture
ROWS = [[4, 8, 14, 18, 0.9, 0], [16, 8, 26, 18, 0.6, 1], [2, 2, 6, 30, 0.3, 0]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProjectStore]:
    """Six unlabelled pictures; classes 1 "bolt" and 2 "nut"."""
    with ProjectStore.create(tmp_path / "díly", task=Task.DETECTION) as made:
        made.add_classes(["bolt", "nut"])
        add_pictures(made, tmp_path / "pictures", 6)
        yield made


@pytest.fixture
def belt(tmp_path: Path) -> Proposer:
    return detector(tmp_path / "belt.onnx")


def detector(path: Path, rows: list[list[float]] = ROWS, **card: object) -> Proposer:
    attach_card(write(detector_graph(rows), path), detector_card(**card))
    return proposing.of_file(path)


def propose(
    store: ProjectStore,
    proposer: Proposer,
    images: Sequence[Image],
    threshold: float | None,
    own: Mapping[str, float] = {},
    **more: Any,
) -> Proposed:
    return proposing.propose(store, proposer, images, thresholds_of(proposer, threshold, own), **more)


def add_pictures(store: ProjectStore, folder: Path, count: int, annotation: Annotation | None = None) -> list[str]:
    folder.mkdir(exist_ok=True)
    rows = []
    for number in range(len(store.images()), len(store.images()) + count):
        path = folder / f"{number}.png"
        path.write_bytes(
            cv2.imencode(".png", np.full((HIGH, WIDE, 3), (number, 40, 200 - number), np.uint8))[1].tobytes()
        )
        known = annotation or Unlabelled()
        rows.append(ImportedImage(facts=inspect(path), path=str(path), mtime_ns=0, annotation=known))
    store.import_images(rows)
    return [row.facts.hash for row in rows]


def state(store: ProjectStore, hash_: str) -> ImageLabels:
    return labels.read_labels(store, [hash_])[hash_]


def test_that_boxes_wait_on_each_picture_to_do_and_one_undo_takes_them_away(
    store: ProjectStore, belt: Proposer
) -> None:
    done = propose(store, belt, to_do(store.images()), 0.5)
    assert (done.looked_at, done.images, done.boxes, done.left_out) == (6, 6, 12, {})
    for image in store.images():
        found = state(store, image.hash)
        assert (found.boxes, found.label) == (None, None)  # nothing trains
        assert [(one.box.class_id, one.source) for one in found.proposals] == [(1, SOURCE), (2, SOURCE)]
        assert found.proposals[0] == Proposal(BOLT, pytest.approx(0.9), SOURCE)
        assert (image.proposals, image.least_score) == (2, pytest.approx(0.6))
    entry = labels.diary(store)[0]
    assert (entry.verb, entry.detail, entry.images) == ("propose", (SOURCE, "12"), 6)
    labels.undo(store)
    assert all(image.proposals == 0 for image in store.images())
    assert labels.undo(store) is None


@pytest.mark.parametrize(
    ("threshold", "own", "scores"),
    [
        (0.2, {}, [0.9, 0.6, 0.3]),
        (0.2, {"nut": 0.7}, [0.9, 0.3]),
        (None, {"nut": 0.7}, [0.9]),
        (0.95, {"nut": 0.1}, [0.6]),
        (0.95, {}, []),
    ],
)
def test_that_each_class_has_its_threshold_and_others_that_of_the_model(
    store: ProjectStore, belt: Proposer, threshold: float | None, own: dict[str, float], scores: list[float]
) -> None:
    done = propose(store, belt, store.images()[:1], threshold, own)
    assert [one.score for one in state(store, store.images()[0].hash).proposals] == pytest.approx(scores)
    assert done.boxes == len(scores)


def test_that_of_two_classes_on_one_place_the_more_certain_one_is_proposed(store: ProjectStore, tmp_path: Path) -> None:
    rows = [[4, 8, 14, 18, 0.5, 0], [4, 8, 14, 18.5, 0.6, 1], [9, 8, 19, 18, 0.55, 0]]
    model = detector(tmp_path / "belt.onnx", sorted(rows, key=lambda row: -row[4]))
    assert propose(store, model, store.images()[:1], 0.4).boxes == 2
    found = state(store, store.images()[0].hash).proposals
    assert [(one.box.class_id, one.score) for one in found] == [(2, pytest.approx(0.6)), (1, pytest.approx(0.55))]


def test_that_boxes_are_never_touched_and_what_they_show_is_not_proposed_again(
    store: ProjectStore, belt: Proposer
) -> None:
    (begun, finished) = (image.hash for image in store.images()[:2])
    drawn = ImageLabels(boxes=(LabelledBox(msgspec.structs.replace(BOLT, x_min=10.0)),), done=False)
    labels.edit(store, "draw", (), {begun: drawn, finished: msgspec.structs.replace(drawn, done=True)})
    assert len(to_do(store.images())) == 4
    assert len(to_do(store.images(), in_progress=True)) == 5
    done = propose(store, belt, store.images(), 0.5)
    assert (done.finished, done.images, done.boxes) == (1, 5, 9)
    assert state(store, begun).boxes == drawn.boxes
    assert [one.box.class_id for one in state(store, begun).proposals] == [2]
    assert state(store, finished).proposals == ()


def test_that_a_second_model_takes_the_place_of_the_first(store: ProjectStore, belt: Proposer, tmp_path: Path) -> None:
    image = store.images()[0]
    propose(store, belt, [image], 0.5)
    again = propose(store, belt, [image], 0.8)
    assert (again.boxes, len(state(store, image.hash).proposals)) == (1, 1)
    newer = detector(tmp_path / "newer.onnx", [[4, 8, 14, 18, 0.7, 0]])
    propose(store, newer, [image], 0.5)
    assert [one.source for one in state(store, image.hash).proposals] == ["model newer.onnx"]
    propose(store, newer, [image], 0.99)
    assert state(store, image.hash).proposals == ()


def test_that_classes_the_project_lacks_are_counted_and_added_only_when_wanted(
    store: ProjectStore, tmp_path: Path
) -> None:
    other = detector(tmp_path / "other.onnx", classes=("bolt", " washer", "never seen"))
    assert proposing.lacking(other, store.classes()) == (" washer", "never seen")
    done = propose(store, other, store.images(), 0.5)
    assert (done.boxes, done.left_out, done.added_classes) == (6, {" washer": 6}, ())
    done = propose(store, other, store.images(), 0.5, add_classes=True)
    assert (done.boxes, done.left_out, done.added_classes) == (12, {}, ("washer",))
    assert [one.name for one in store.classes()] == ["bolt", "nut", "washer"]


def test_that_a_picture_that_cannot_be_read_is_told_and_the_rest_goes_on(
    store: ProjectStore, belt: Proposer, tmp_path: Path
) -> None:
    (tmp_path / "pictures" / "2.png").unlink()
    (tmp_path / "pictures" / "3.png").write_bytes(b"nothing to see")
    done = propose(store, belt, store.images(), 0.5)
    assert (done.looked_at, done.images) == (4, 4)
    assert len(done.unread) == 2
    assert "2.png" in done.unread[0]
    assert "3.png" in done.unread[1]


def test_that_a_picture_that_shrank_since_has_no_box_outside(store: ProjectStore, tmp_path: Path) -> None:
    large = np.zeros((2 * HIGH, 2 * WIDE, 3), np.uint8)
    (tmp_path / "pictures" / "0.png").write_bytes(cv2.imencode(".png", large)[1].tobytes())
    model = detector(tmp_path / "belt.onnx", [[10, 10, 30, 24, 0.9, 0], [26, 20, 31, 27, 0.9, 1]])
    propose(store, model, store.images()[:1], 0.5)
    (found,) = state(store, store.images()[0].hash).proposals
    assert found.box == Box(40.0, 24.0, 64.0, 48.0, 1)


def test_that_what_was_finished_while_the_model_looked_stays_finished(store: ProjectStore, belt: Proposer) -> None:
    found = find(store, belt, store.images(), thresholds_of(belt, 0.5))
    quick = store.images()[0].hash
    background = ImageLabels(boxes=())
    labels.edit(store, "background", (), {quick: background})
    classes.retire(store, 2)
    done, edited = save(store, found)
    assert (done.finished, done.boxes, done.left_out) == (1, 5, {"nut": 6})
    assert state(store, quick) == background
    assert edited is not None
    assert len(edited.labels) == 5


def test_that_cancelling_leaves_the_project_as_it_was(store: ProjectStore, belt: Proposer) -> None:
    def cancel(done: int, total: int, what: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        propose(store, belt, store.images(), 0.5, progress=cancel)
    assert labels.diary(store) == []


def test_that_a_model_for_the_other_task_is_refused(store: ProjectStore, tmp_path: Path) -> None:
    attach_card(write(classifier_graph(), tmp_path / "colours.onnx"), classifier_card())
    with pytest.raises(LensmithError, match="this project is for detection") as told:
        propose(store, proposing.of_file(tmp_path / "colours.onnx"), store.images(), 0.5)
    assert "colours.onnx" in told.value.cause
    assert told.value.remedy


def test_that_a_class_is_a_box_round_the_whole_picture(tmp_path: Path) -> None:
    attach_card(write(classifier_graph(), tmp_path / "colours.onnx"), classifier_card())
    with ProjectStore.create(tmp_path / "colours") as store:
        add_pictures(store, tmp_path / "pictures", 3)
        model = proposing.of_file(tmp_path / "colours.onnx")
        done = propose(store, model, to_do(store.images()), 0.5, add_classes=True)
        assert store.info.task is Task.CLASSIFICATION  # it had none
        assert (done.images, done.added_classes) == (3, ("red",))
        (found,) = state(store, store.images()[0].hash).proposals
        assert found.box == Box(0.0, 0.0, float(WIDE), float(HIGH), store.classes()[0].id)
        assert found.score > 0.9
        assert propose(store, model, to_do(store.images()), 1.0).boxes == 0
        assert store.images()[0].proposals == 0


def test_that_a_run_of_the_project_knows_its_classes_by_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with project_without_leaks(tmp_path, monkeypatch) as folder, ProjectStore.create(folder) as store:
        made = make_run(folder, epochs=1, splits=((Split.TRAIN, 6), (Split.VAL, 4)))
        run = RunFolder(made.name, made)
        with pytest.raises(LensmithError, match="no model yet"):
            proposing.of_run(run)
        assert work(run.path, resume=False) == 0
        snapshot = run.snapshot()
        with store.editing() as db:
            db.executemany(
                "INSERT INTO classes (id, name, position) VALUES (?, ?, ?)",
                [(one.id, one.name, place) for place, one in enumerate(CLASSES)],
            )
        classes.rename(store, CLASSES[0].id, "azure")
        proposer = proposing.of_run(run)
        rows = [
            ImportedImage(facts=inspect(image.path), path=image.path, mtime_ns=0)
            for image in snapshot.part(Split.TRAIN)
        ]
        store.import_images(rows)
        done = propose(store, proposer, to_do(store.images()), 0.01)
        assert done.left_out == {}
        found = [one for image in store.images() for one in state(store, image.hash).proposals]
        assert {one.source for one in found} == {f"run {run.id}"}
        assert {one.box.class_id for one in found} == {one.id for one in CLASSES}


def test_that_the_model_is_the_one_that_every_other_part_uses(store: ProjectStore, belt: Proposer) -> None:
    """The same boxes as ``OnnxModel.predict`` gives, so the same decoder and the same square."""
    image = store.images()[0]
    (direct,) = OnnxModel.open(belt.model.path).predict([(image.hash, read(image.path))])
    propose(store, belt, [image], 0.001)
    boxes = [(one.box.x_min, one.box.y_min, one.box.x_max, one.box.y_max) for one in state(store, image.hash).proposals]
    assert boxes == [(box.x1, box.y1, box.x2, box.y2) for box in direct.boxes]

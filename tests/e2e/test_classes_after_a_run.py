"""Classes that are reordered, renamed or removed after or while a run trains: the run keeps its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.widgets.results.run_table import judged_elsewhere
from core.actions import proposing
from core.actions.importing import opened, run_import
from core.actions.reporting import summaries
from core.actions.splitting import split_project
from core.domain.annotation import ClassLabel
from core.domain.dataset import Image
from core.domain.event import EpochFinished, Finished, Outcome
from core.domain.labels import ImageLabels
from core.domain.run import FromScratch, RunSpec
from core.domain.task import Split, Task
from core.inference.onnx_model import read_card
from core.runs import supervisor
from core.store import classes, labels
from core.store.project_store import ProjectStore
from core.store.run_store import RunFolder, RunStore
from tests.e2e.pictures import draw_classes
from tests.simulated_runs import project_without_leaks

NAMES = ("bolt", "nut", "washer")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProjectStore]:
    with project_without_leaks(tmp_path, monkeypatch) as project:
        draw_classes(tmp_path / "set", dict.fromkeys(NAMES, 12))
        with ProjectStore.create(project) as made:
            with opened(made, tmp_path / "set") as dataset:
                run_import(made, dataset)
            split_project(made, val=0.25, test=0.25)
            yield made


def train(store: ProjectStore, meanwhile: Callable[[], object] = lambda: None, epoch_seconds: float = 0) -> RunFolder:
    """A run on the project as it is now; ``meanwhile`` is called once its first epoch is over."""
    snapshot = store.snapshot()
    spec = RunSpec(
        task=Task.CLASSIFICATION,
        engine="simulated",
        architecture=f"simulated?epoch_seconds={epoch_seconds}",
        start=FromScratch(),
        snapshot=snapshot.data_hash(),
        epochs=3,
        batch_size=4,
        image_size=32,
        device="cpu",
        precision="fp32",
    )
    run = RunStore(store.path).create(spec, snapshot)
    supervisor.launch(run.path)
    for event in supervisor.follow(run.path):
        if isinstance(event, EpochFinished) and event.epoch == 1:
            meanwhile()
        if isinstance(event, Finished):
            assert event.outcome is Outcome.COMPLETED, event.reason
    return run


def names_in(run: RunFolder) -> tuple[tuple[str, ...], ...]:
    """The classes of a run in its snapshot, report and model."""
    report = run.report()
    assert report is not None
    part = report.test
    assert part is not None
    snapshot = tuple(one.name for one in run.snapshot().classes)
    return snapshot, tuple(one.name for one in part.classes), tuple(read_card(run.path / report.onnx).classes)


def ids(store: ProjectStore) -> dict[str, int]:
    return {one.name: one.id for one in store.classes()}


def counts_of(run: RunFolder) -> dict[str, int]:
    """Class name -> test images, as the report has them."""
    report = run.report()
    assert report is not None
    assert report.test is not None
    return {one.name: one.count for one in report.test.classes}


def test_that_a_run_whose_classes_are_renamed_and_removed_meanwhile_ends_with_its_own(store: ProjectStore) -> None:
    def change() -> None:
        classes.rename(store, ids(store)["bolt"], "screw")
        classes.retire(store, ids(store)["washer"])
        classes.add(store, "rivet")

    run = train(store, change, epoch_seconds=0.3)
    assert names_in(run) == (NAMES,) * 3
    assert tuple(ids(store)) == ("screw", "nut", "rivet")
    assert counts_of(run) == dict.fromkeys(NAMES, 3)


def test_that_runs_are_compared_by_class_whatever_the_order_and_warned_about_when_the_test_part_is_another(
    store: ProjectStore,
) -> None:
    first = train(store)
    order = ids(store)
    classes.reorder(store, [order["washer"], order["bolt"], order["nut"]])
    second = train(store)
    assert names_in(first) == (NAMES,) * 3
    assert names_in(second) == (("washer", "bolt", "nut"),) * 3
    runs = summaries(RunStore(store.path))
    assert judged_elsewhere(runs) == []  # the same test pictures with the same labels
    assert counts_of(first) == counts_of(second) == dict.fromkeys(NAMES, 3)
    tested = next(image for image in store.images() if image.split is Split.TEST)
    labels.edit(store, "label", (), {tested.hash: ImageLabels(label=order[_other(tested, order)])})
    train(store)
    assert [run.run for run in judged_elsewhere(summaries(RunStore(store.path)))] == [first.id, second.id]


def _other(image: Image, order: dict[str, int]) -> str:
    assert isinstance(image.annotation, ClassLabel)
    return next(name for name, id_ in order.items() if id_ != image.annotation.class_id)


def test_that_what_a_run_proposes_goes_to_the_right_class_after_reordering_and_renaming(store: ProjectStore) -> None:
    run = train(store)
    order = ids(store)
    classes.reorder(store, [order["washer"], order["nut"], order["bolt"]])
    classes.rename(store, order["nut"], "matka")
    labels.edit(store, "unlabel", (), {image.hash: ImageLabels() for image in store.images()})
    proposer = proposing.of_run(run)
    found = proposing.find(store, proposer, store.images(), proposing.thresholds_of(proposer, 0.0))
    assert {boxes[0][5] for boxes in found.boxes.values()} <= set(NAMES)
    proposing.save(store, found)
    proposed = labels.read_labels(store, found.boxes)
    for image, boxes in found.boxes.items():
        assert [one.box.class_id for one in proposed[image].proposals] == [order[box[5]] for box in boxes]

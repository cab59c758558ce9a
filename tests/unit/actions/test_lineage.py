"""The family tree of runs, told from real run directories; the engine is simulated."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.actions.lineage import lineage
from core.actions.training import data_choice
from core.cli.main import run as lensmith
from core.domain.annotation import Box, Boxes
from core.domain.comparison import Measured
from core.domain.data_choice import DataChoice, PerClass, Share
from core.domain.dataset import Image, ImageClass, Snapshot
from core.domain.errors import LensmithError
from core.domain.lineage import DataChange, DriftPoint, advise, data_change, in_order, line_of
from core.domain.report import Interval
from core.domain.run import FineTune, RunWeights
from core.domain.task import Split, Task
from core.runs.worker import work
from core.store.files import file_sha256
from core.store.project_store import ProjectStore
from core.store.run_store import RunFolder, RunStore
from tests.e2e.pictures import draw_classes
from tests.simulated_runs import CLASSES, make_run, project_without_leaks

SPLITS = ((Split.TRAIN, 8), (Split.VAL, 4), (Split.TEST, 24))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Four generations: all data, all data, all data with another rate, blue alone (which forgets orange)."""
    with (
        pytest.MonkeyPatch.context() as patch,
        project_without_leaks(tmp_path_factory.mktemp("family"), patch) as folder,
    ):
        ProjectStore.create(folder).close()
        path = make_run(folder, task=Task.CLASSIFICATION, splits=SPLITS, epochs=2)
        assert work(path, resume=False) == 0
        family = [RunFolder(path.name, path)]
        whole = family[0].snapshot()
        blue = tuple(i for i in whole.images if i.split is not Split.TRAIN or whole.class_index(i) == 0)
        for rate, images in ((1e-3, whole.images), (5e-4, whole.images), (5e-4, blue)):
            family.append(child(folder, family[-1], replace(whole, images=images), rate))
        yield folder


def child(project: Path, parent: RunFolder, snapshot: Snapshot, rate: float = 1e-3) -> RunFolder:
    start = FineTune(RunWeights(parent.id, file_sha256(parent.path / "best.safetensors"), CLASSES))
    spec = replace(parent.spec(), start=start, snapshot=snapshot.data_hash(), learning_rate=rate)
    run = RunStore(project).create(spec, snapshot)
    assert work(run.path, resume=False) == 0
    return run


def test_that_the_tree_tells_what_changed_and_what_that_did(project: Path) -> None:
    steps = lineage(RunStore(project)).steps
    ids = [run.id for run in RunStore(project).list()]
    assert [step.run for step in steps] == ids
    assert [step.parent for step in steps] == [None, *ids[:-1]]
    assert [step.depth for step in steps] == [step.generation for step in steps] == [0, 1, 2, 3]
    assert steps[0].data is None
    assert steps[1].data == DataChange()
    assert [(one.name, one.values) for one in steps[1].settings] == [
        ("mode", ("scratch", "finetune")),
        ("backbone_lr_scale", ("", "0.1")),
    ]
    assert [(one.name, one.values) for one in steps[2].settings] == [("learning_rate", ("0.001", "0.0005"))]
    assert steps[3].data == DataChange(images_removed=4)
    assert steps[2].effect is not None
    assert steps[2].effect.difference == 0
    last = steps[3].effect
    assert last is not None
    assert (last.metric, last.difference) == ("accuracy", -0.5)
    assert last.interval is not None
    assert last.interval.low <= -0.5 <= last.interval.high < 0


def test_that_after_three_generations_the_drift_is_charted_and_a_full_training_suggested(project: Path) -> None:
    (drift,) = lineage(RunStore(project)).drift
    assert drift.images == 24
    assert [(point.generation, point.metric.value, point.drop) for point in drift.points] == [
        (0, 1.0, 0.0),
        (1, 1.0, 0.0),
        (2, 1.0, 0.0),
        (3, 0.5, 0.5),
    ]
    assert drift.suggests_full_training
    assert "Train once more in full" in drift.advice


def test_that_the_command_prints_the_tree_and_its_json(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert lensmith(["lineage", str(project)]) == 0
    told = capfd.readouterr().out
    assert "images +0 −4" in told
    assert "learning_rate 0.001 → 0.0005" in told
    assert "accuracy -0.500" in told
    assert "Train once more in full" in told
    assert lensmith(["lineage", str(project), "--json"]) == 0
    assert '"suggests_full_training": true' in capfd.readouterr().out


def test_that_a_report_tells_what_was_forgotten(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert lensmith(["report", str(project)]) == 0
    told = capfd.readouterr().out
    assert "it has forgotten" in told
    assert lensmith(["report", str(project), "--json"]) == 0
    assert '"lost": 12' in capfd.readouterr().out


def test_that_a_run_whose_parent_is_gone_stands_alone_and_a_damaged_one_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with project_without_leaks(tmp_path, monkeypatch) as folder:
        path = make_run(folder, task=Task.CLASSIFICATION, epochs=1)
        assert work(path, resume=False) == 0
        first = RunFolder(path.name, path)
        second = child(folder, first, first.snapshot())
        path.rename(folder / "elsewhere")
        (step,) = lineage(RunStore(folder)).steps
        assert (step.run, step.parent, step.depth, step.generation, step.data) == (second.id, first.id, 0, 1, None)
        (second.path / "spec.json").write_text("{")
        assert lineage(RunStore(folder)).steps == ()


def test_that_runs_on_other_test_images_are_given_no_effect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with project_without_leaks(tmp_path, monkeypatch) as folder:
        path = make_run(folder, task=Task.CLASSIFICATION, epochs=1)
        assert work(path, resume=False) == 0
        first = RunFolder(path.name, path)
        fewer = tuple(image for image in first.snapshot().images if image != first.snapshot().part(Split.TEST)[0])
        child(folder, first, replace(first.snapshot(), images=fewer))
        step = lineage(RunStore(folder)).steps[1]
        assert step.metric is not None
        assert step.effect is None
        assert step.data == DataChange(images_removed=1)


def test_that_families_stay_together_and_parents_come_first() -> None:
    parents = {
        "0003-c": "0001-a",
        "0001-a": None,
        "0002-b": None,
        "0004-d": "0002-b",
        "0005-e": "0003-c",
        "0006-f": "gone",
    }
    assert in_order(parents) == [
        ("0001-a", 0), ("0003-c", 1), ("0005-e", 2), ("0002-b", 0), ("0004-d", 1), ("0006-f", 0)
    ]  # fmt: skip
    assert line_of("0005-e", parents) == ["0001-a", "0003-c", "0005-e"]
    assert line_of("0006-f", parents) == ["0006-f"]


def test_that_ten_thousand_generations_are_no_deeper_than_one() -> None:
    parents: dict[str, str | None] = {f"{n:05d}-x": f"{n - 1:05d}-x" if n > 1 else None for n in range(1, 10_001)}
    assert in_order(parents)[-1] == ("10000-x", 9_999)


def test_that_a_change_of_data_counts_images_labels_boxes_and_classes() -> None:
    cat, dog = ImageClass(1, "cat"), ImageClass(2, "dog")
    box, other = Box(0.0, 0.0, 9.0, 9.0, 1), Box(1.0, 1.0, 5.0, 5.0, 2)

    def data(classes: tuple[ImageClass, ...], **images: tuple[Box, ...]) -> Snapshot:
        found = (Image(hash=n, path="/x", width=20, height=20, annotation=Boxes(b)) for n, b in images.items())
        return Snapshot(project="p", task=Task.DETECTION, classes=classes, images=tuple(found))

    change = data_change(data((cat,), a=(box,), b=(box,), c=()), data((cat, dog), a=(box, other), b=(box,), d=(other,)))
    assert change == DataChange(
        images_added=1, images_removed=1, relabelled=1, boxes_added=2, boxes_removed=0, classes_added=("dog",)
    )


@pytest.mark.parametrize(
    ("drop", "interval", "suggested", "words"),
    [
        (0.2, Interval(0.05, 0.3), True, "has fallen by 0.200"),
        (0.05, Interval(-0.02, 0.12), False, "none that the test images can show"),
        (-0.1, Interval(-0.2, -0.01), False, "none that the test images can show"),
        (0.4, None, False, "no interval can be given"),
    ],
)
def test_that_a_full_training_is_suggested_only_where_the_interval_carries_it(
    drop: float, interval: Interval | None, suggested: bool, words: str
) -> None:
    full = DriftPoint(run="0001-a", generation=0, metric=Measured(name="accuracy", value=0.9))
    last = replace(full, run="0004-d", generation=3, drop=drop, interval=interval)
    suggests, advice = advise((full, last))
    assert suggests is suggested
    assert words in advice


def test_that_a_choice_of_data_is_made_from_names_and_a_mix_alone_means_new_images(tmp_path: Path) -> None:
    from core.actions.importing import opened, run_import

    with ProjectStore.create(tmp_path / "p") as store:
        with opened(store, draw_classes(tmp_path / "set", {"bolt": 2, "nut": 2})) as dataset:
            run_import(store, dataset)
        ids = {one.name: one.id for one in store.classes()}
        assert data_choice(store) is None
        assert data_choice(store, ["nut"]) == DataChoice(classes=(ids["nut"],))
        assert data_choice(store, mix=PerClass(3)) == DataChoice(new_only=True, mix=PerClass(3))
        assert data_choice(store, ["nut"], Share(1.0)) == DataChoice(classes=(ids["nut"],), mix=Share(1.0))
        with pytest.raises(LensmithError, match="washer"):
            data_choice(store, ["washer"])

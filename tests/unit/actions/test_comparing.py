"""Runs of the simulated engine compared from their files; predictions are written over to have differences."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from core.actions.comparing import compare_runs, differing_settings
from core.actions.comparison_files import save_comparison
from core.domain.annotation import Boxes
from core.domain.comparison import pareto_front
from core.domain.errors import LensmithError
from core.domain.prediction import BoxPrediction, ClassPrediction, FoundBox, PredictionSet
from core.domain.report import Report
from core.domain.run import FromScratch, RunSpec
from core.domain.task import Split, Task
from core.domain.usage import EnergySource, Prices, Usage
from core.runs.worker import work
from core.store.codec import read_json, write_json
from core.store.run_store import RunFolder, RunStore
from tests.simulated_runs import make_run, project_without_leaks

FREE = Prices()
SPLITS = ((Split.TRAIN, 6), (Split.VAL, 4), (Split.TEST, 40))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with project_without_leaks(tmp_path, monkeypatch) as it:
        yield it


def finished(project: Path, task: Task, wrong: float, *, seconds: float = 100.0, **how: object) -> str:
    """A run that says nonsense about this share of the test images, the same images in every run."""
    path = make_run(project, task=task, epochs=1, **({"splits": SPLITS} | how))
    assert work(path, resume=False) == 0
    folder = RunFolder(path.name, path)
    snapshot = folder.snapshot()
    images = snapshot.part(Split.TEST) or snapshot.part(Split.VAL)
    split = "test" if snapshot.part(Split.TEST) else "val"
    luck = np.random.default_rng(0).permutation(len(images)) / len(images)
    if task is Task.CLASSIFICATION:
        right = [snapshot.class_index(image) ^ int(one < wrong) for image, one in zip(images, luck, strict=True)]
        said = [ClassPrediction(i.hash, tuple(np.eye(2)[k].tolist())) for i, k in zip(images, right, strict=True)]
        write_json(path / "predictions.json", PredictionSet(classes={split: said}))
    else:
        found = []
        for image, one in zip(images, luck, strict=True):
            assert isinstance(image.annotation, Boxes)
            (box,) = image.annotation.boxes
            corners = (box.x_min, box.y_min, box.x_max, box.y_max if one >= wrong else box.y_min + 4)
            found.append(BoxPrediction(image.hash, (FoundBox(*corners, 0.9, snapshot.index_of()[box.class_id]),)))
        write_json(path / "predictions.json", PredictionSet(boxes={split: found}))
    report = read_json(path / "report.json", Report)
    usage = Usage(seconds=seconds, kwh=0.5, energy_source=EnergySource.RAPL, peak_memory_mb=321.0)
    write_json(path / "report.json", replace(report, usage=usage))
    return path.name


@pytest.mark.parametrize("task", list(Task))
def test_that_rows_differences_and_advice_agree(project: Path, task: Task) -> None:
    good = finished(project, task, 0.1, seconds=300.0)
    bad = finished(project, task, 0.6, seconds=100.0, patience=3)
    found = compare_runs(RunStore(project), ["1", "2"], Prices(kwh=0.4, machine_hour=3.6, currency="CZK"))
    assert [row.run for row in found.rows] == [good, bad]
    values = [row.metric.value for row in found.rows if row.metric]
    assert values[0] > 0.75 > 0.5 > values[1]
    for row in found.rows:
        assert row.metric is not None
        assert row.metric.low is not None
        assert row.metric.high is not None
        assert row.metric.low < row.metric.value < row.metric.high
        assert row.on_front
        assert (row.peak_memory_mb, row.kwh) == (321.0, 0.5)
        assert row.cost == pytest.approx(0.5 * 0.4 + row.seconds / 3600 * 3.6)
        assert row.latency_ms
        assert row.size_mb
    (difference,) = found.differences
    assert (difference.a, difference.b) == (good, bad)
    assert difference.value == pytest.approx(values[1] - values[0])
    assert difference.low < difference.value < difference.high < 0
    assert (found.test_images, found.currency, found.split) == (40, "CZK", "test")
    assert found.metric == found.rows[0].metric.name
    assert found.advice.startswith("Training from scratch (run 1) is better than training from scratch (run 2) by")
    assert "takes 3 times as long" in found.advice
    assert found.warnings == ()
    assert [one.name for one in found.settings] == ["patience"]


def test_that_seeds_are_one_group_with_a_mean_and_a_spread(project: Path) -> None:
    runs = [finished(project, Task.CLASSIFICATION, wrong, seed=seed) for seed, wrong in enumerate((0.1, 0.2, 0.3))]
    other = finished(project, Task.CLASSIFICATION, 0.5, patience=5)
    found = compare_runs(RunStore(project), [*runs, other], FREE)
    first, second = found.groups
    assert (first.runs, second.runs) == (tuple(runs), (other,))
    assert first.metric is not None
    assert first.metric.value == pytest.approx(0.8)
    assert first.spread == pytest.approx(0.1)
    assert second.spread is None
    (difference,) = found.differences
    assert (difference.a, difference.b) == (runs[0], other)
    assert difference.value == pytest.approx(-0.3)
    assert "over 3 seeds" in found.advice
    assert found.rows[0].cost is None


def test_that_other_test_images_are_never_ranked_without_saying_so(project: Path) -> None:
    here = finished(project, Task.CLASSIFICATION, 0.1)
    there = finished(project, Task.CLASSIFICATION, 0.5, splits=((Split.TRAIN, 6), (Split.VAL, 4), (Split.TEST, 30)))
    found = compare_runs(RunStore(project), [here, there], FREE)
    assert found.differences == ()
    assert found.test_images == 0
    assert len({row.test_set for row in found.rows}) == 2
    assert [row.on_front for row in found.rows] == [True, True]
    assert any("never to be ranked" in warning and here in warning for warning in found.warnings)
    assert "judged on other images" in found.advice


@pytest.mark.parametrize("damage", ["missing", "torn", "foreign", "of another shape"])
def test_that_predictions_that_cannot_be_read_cost_the_difference_and_not_the_row(project: Path, damage: str) -> None:
    whole, broken = (finished(project, Task.CLASSIFICATION, wrong, patience=int(10 * wrong)) for wrong in (0.1, 0.4))
    file = project / "runs" / broken / "predictions.json"
    if damage == "missing":
        file.unlink()
    elif damage == "torn":
        file.write_bytes(file.read_bytes()[:100])
    elif damage == "foreign":
        write_json(file, PredictionSet(classes={"test": [ClassPrediction("0" * 32, (1.0, 0.0))]}))
    else:
        stored = read_json(file, PredictionSet).classes["test"]
        write_json(file, PredictionSet(classes={"test": [replace(one, probabilities=(1.0,)) for one in stored]}))
    found = compare_runs(RunStore(project), [whole, broken], FREE)
    assert [row.metric is not None for row in found.rows] == [True, True]
    assert found.differences == ()
    assert any(broken in warning and "no difference" in warning for warning in found.warnings)
    assert "decides nothing" in found.advice


def test_that_runs_are_judged_on_the_images_that_all_of_them_answered(project: Path) -> None:
    whole, partial = (finished(project, Task.DETECTION, wrong, patience=int(10 * wrong)) for wrong in (0.1, 0.5))
    file = project / "runs" / partial / "predictions.json"
    stored = read_json(file, PredictionSet).boxes["test"]
    write_json(file, PredictionSet(boxes={"test": stored[5:]}))
    found = compare_runs(RunStore(project), [whole, partial], FREE)
    assert found.test_images == 35
    assert len(found.differences) == 1
    assert any("35 images that every run answered" in warning for warning in found.warnings)


def test_that_unfinished_and_damaged_runs_are_rows_with_a_warning(project: Path) -> None:
    done = finished(project, Task.CLASSIFICATION, 0.1)
    waiting = make_run(project, task=Task.CLASSIFICATION, splits=SPLITS).name
    damaged = make_run(project, task=Task.CLASSIFICATION, splits=SPLITS)
    (damaged / "spec.json").write_text("{")
    found = compare_runs(RunStore(project), [done, waiting, damaged.name], FREE)
    assert [row.state for row in found.rows] == ["completed", "waiting", "damaged"]
    assert [row.metric is None for row in found.rows] == [False, True, True]
    assert any("waiting" in warning and waiting in warning for warning in found.warnings)
    assert any(damaged.name in warning and "spec.json" in warning for warning in found.warnings)
    assert found.rows[0].on_front
    with pytest.raises(LensmithError, match="no run"):
        compare_runs(RunStore(project), ["77"], FREE)


def test_that_without_a_test_split_the_validation_split_judges_and_is_named(project: Path) -> None:
    splits = ((Split.TRAIN, 6), (Split.VAL, 30))
    a, b = (
        finished(project, Task.CLASSIFICATION, wrong, splits=splits, patience=int(10 * wrong)) for wrong in (0.1, 0.6)
    )
    found = compare_runs(RunStore(project), [a, b], FREE)
    assert (found.split, found.test_images, len(found.differences)) == ("val", 30, 1)
    assert any("chose the best epoch" in warning for warning in found.warnings)
    assert "validation images" in found.advice


def test_that_another_metric_can_be_asked_for(project: Path) -> None:
    runs = [finished(project, Task.DETECTION, wrong, patience=int(10 * wrong)) for wrong in (0.1, 0.6)]
    found = compare_runs(RunStore(project), runs, FREE, metric="mAP50")
    assert {row.metric.name for row in found.rows if row.metric} == {"mAP50"}
    assert len(found.differences) == 1


def test_that_only_settings_that_differ_are_told() -> None:
    spec = RunSpec(
        task=Task.DETECTION,
        engine="e",
        architecture="m",
        start=FromScratch(),
        snapshot="x" * 32,
        epochs=5,
        image_size=64,
    )
    other = replace(spec, learning_rate=0.01, batch_size=8, mirror=False)
    found = {one.name: one.values for one in differing_settings([spec, other, None])}
    assert found == {
        "batch_size": ("automatic", "8", ""),
        "learning_rate": ("0.001", "0.01", ""),
        "mirror": ("yes", "no", ""),
    }
    assert differing_settings([spec, spec]) == ()
    assert differing_settings([]) == ()


def test_that_the_front_leaves_out_what_another_point_beats() -> None:
    points = [(1.0, 0.5), (2.0, 0.5), (2.0, 0.9), (3.0, 0.8), (None, 0.99), (0.5, None), (1.0, 0.5), (9.0, 0.95)]
    assert pareto_front(points) == (True, False, True, False, False, False, True, True)
    assert pareto_front([]) == ()


def test_that_the_page_says_everything_and_loads_nothing(project: Path, tmp_path: Path) -> None:
    runs = [finished(project, Task.CLASSIFICATION, wrong, patience=int(10 * wrong)) for wrong in (0.1, 0.6)]
    found = compare_runs(RunStore(project), runs, FREE)
    found = replace(found, warnings=("<script>alert('x')</script>",))
    for ending in ("html", "csv", "json"):
        save_comparison(found, tmp_path / f"c.{ending}")
    text = (tmp_path / "c.html").read_text()
    assert not re.search(r"(src|href)=|@import|url\(|<script|https?:", text)
    assert "&lt;script&gt;" in text
    assert "@media print" in text
    assert "<svg" in text
    assert "time of the run (s)" in text
    assert "patience" in text
    for expected in (*runs, found.advice.split("(")[0], "90.0", "−50.0"):
        assert expected in text
    rows = list(csv.DictReader(io.StringIO((tmp_path / "c.csv").read_bytes().decode("utf-8-sig"))))
    assert [row["run"] for row in rows] == runs
    assert [float(row["metric_value"]) for row in rows] == pytest.approx([0.9, 0.4])
    data = json.loads((tmp_path / "c.json").read_text())
    assert {"run", "mode", "model", "seed", "metric", "seconds", "kwh", "cost", "peak_memory_mb", "latency_ms"} <= set(
        data["rows"][0]
    )
    assert set(data["differences"][0]) == {"a", "b", "value", "low", "high"}
    with pytest.raises(LensmithError, match=r"c\.pdf"):
        save_comparison(found, tmp_path / "c.pdf")

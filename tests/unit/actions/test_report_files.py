"""Reports saved as a page, a table and data, of a real small run; and the list of runs that names them."""

import csv
import html
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.actions.report_files import save_report
from core.actions.reporting import DAMAGED, summaries
from core.domain.errors import LensmithError
from core.domain.report import Report
from core.domain.task import Task
from core.runs.worker import work
from core.store.codec import read_json
from core.store.run_store import RunFolder, RunStore
from tests.simulated_runs import make_run, project_without_leaks


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch, project_without_leaks(tmp_path_factory.mktemp("saved"), patch) as it:
        yield it


@pytest.fixture(scope="module", params=list(Task))
def run(project: Path, request: pytest.FixtureRequest) -> RunFolder:
    path = make_run(project, task=request.param)
    assert work(path, resume=False) == 0
    return RunFolder(path.name, path)


def report_of(run: RunFolder) -> Report:
    report = run.report()
    assert report is not None
    return report


def test_that_data_read_back_are_the_report(run: RunFolder, tmp_path: Path) -> None:
    save_report(run, tmp_path / "a.json")
    assert read_json(tmp_path / "a.json", Report) == report_of(run)


def test_that_the_table_has_a_row_for_each_class_of_each_split(run: RunFolder, tmp_path: Path) -> None:
    save_report(run, tmp_path / "a.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_bytes().decode("utf-8-sig"))))
    report = report_of(run)
    assert report.test is not None
    assert [(row["split"], row["class"]) for row in rows] == [
        (split, name) for split in ("test", "val") for name in report.classes
    ]
    for row, scores in zip(rows, report.test.classes, strict=False):
        assert int(row["count"]) == scores.count
        assert row["recall"] == ("" if scores.recall is None else str(scores.recall))


def test_that_the_page_says_every_metric_and_loads_nothing(run: RunFolder, tmp_path: Path) -> None:
    save_report(run, tmp_path / "a.html")
    page = html.unescape((tmp_path / "a.html").read_text("utf-8"))
    report = report_of(run)
    for part in (report.val, report.test):
        assert part is not None
        for name, value in part.metrics.items():
            assert f"<td>{name}</td><td>{value:.3f}</td>" in page
    assert report.onnx_sha256 in page
    assert not re.search(r"https?:|src=|href=|<script", page)


def test_that_another_ending_is_refused_in_words(run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(LensmithError, match=r"a\.docx"):
        save_report(run, tmp_path / "a.docx")
    assert list(tmp_path.iterdir()) == []


def test_that_a_damaged_run_is_in_the_list_with_its_reason(project: Path, run: RunFolder) -> None:
    file = run.path / "spec.json"
    whole = file.read_bytes()
    file.write_bytes(whole[:20])
    try:
        found = {summary.run: summary for summary in summaries(RunStore(project))}
        assert found[run.id].state == DAMAGED
        assert str(file) in found[run.id].reason
        assert [summary.run for summary in summaries(RunStore(project))] == sorted(found)
    finally:
        file.write_bytes(whole)


def test_that_a_summary_tells_interval_test_set_and_size(project: Path, run: RunFolder) -> None:
    summary = next(each for each in summaries(RunStore(project)) if each.run == run.id)
    report = report_of(run)
    assert report.test is not None
    assert summary.test_interval == report.test.intervals.get(summary.metric)
    assert summary.test_hash == run.snapshot().test_hash()
    assert summary.test_images == report.test.images
    assert summary.onnx_bytes == (run.path / "model.onnx").stat().st_size

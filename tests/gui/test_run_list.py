"""The list of runs: what a row says, ten thousand of them, a run that moves on."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from app.widgets.run.run_list import RunList
from core.actions.reporting import RunSummary
from core.domain.history import RunState


def summary(number: int, state: str = RunState.COMPLETED, **more: object) -> RunSummary:
    values = {
        "run": f"{number:04d}-finetune-yolov8n",
        "state": state,
        "mode": "finetune",
        "model": "yolov8n",
        "epochs": 60,
        "val": 0.7,
        "test": 0.861,
        "seconds": 100.0,
        "path": f"/project/runs/{number:04d}-finetune-yolov8n",
        "metric": "mAP50-95",
    }
    return RunSummary(**(values | more))


@pytest.fixture
def runs(qtbot) -> RunList:
    made = RunList()
    qtbot.addWidget(made)
    made.resize(216, 700)
    return made


def test_that_a_row_says_model_mode_result_state_and_time(runs):
    runs.set_runs([summary(7)], None)
    lines = runs.model.index(0).data().splitlines()
    assert lines == [
        "Run 7: YOLOv8 nano" if "nano" in lines[0] else "Run 7: YOLOv8n",
        "Fine-tune · mAP50-95 0.861",
        "completed · 2 min",
        "mAP50-95 on test: 0.861",
    ]


def test_that_a_failed_run_says_why_in_its_tooltip(runs):
    runs.set_runs([summary(1, RunState.FAILED, reason="Out of memory.", test=None, val=None, seconds=None)], None)
    assert runs.model.index(0).data(Qt.ItemDataRole.ToolTipRole).endswith("failed\nOut of memory.")


def test_that_the_newest_run_stands_first(runs):
    runs.set_runs([summary(n) for n in (1, 2, 3)], None)
    assert [runs.model.folder_at(row).number for row in range(3)] == [3, 2, 1]
    assert runs.model.folder_at(0).path == Path("/project/runs/0003-finetune-yolov8n")


def test_that_of_ten_thousand_runs_only_those_in_sight_cost_anything(runs, qtbot, monkeypatch):
    asked = []
    original = type(runs.model).run_at
    monkeypatch.setattr(type(runs.model), "run_at", lambda model, row: asked.append(row) or original(model, row))
    runs.set_runs([summary(n) for n in range(1, 10_001)], None)
    runs.show()
    qtbot.waitExposed(runs)
    runs.grab()
    assert 0 < len(set(asked)) <= 20
    runs.show_current("0001-finetune-yolov8n")
    runs.grab()
    assert runs.view.visualRect(runs.model.index(9999)).intersects(runs.view.viewport().rect())
    assert len(set(asked)) <= 60


def test_that_a_click_tells_a_run_once(runs, qtbot):
    runs.set_runs([summary(1), summary(2)], None)
    runs.show()
    qtbot.waitExposed(runs)
    told = []
    runs.chosen.connect(told.append)
    place = runs.view.visualRect(runs.model.index(1)).center()
    qtbot.mouseClick(runs.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseClick(runs.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert [run.number for run in told] == [1]
    qtbot.mouseClick(runs.new_button, Qt.MouseButton.LeftButton)
    assert told[1] is None


def test_that_what_is_shown_stays_marked_when_runs_are_read_again(runs):
    runs.set_runs([summary(1), summary(2)], None)
    runs.show_current(summary(1).run)
    runs.set_runs([summary(1), summary(2), summary(3)], None)
    assert runs.view.currentIndex().row() == 2

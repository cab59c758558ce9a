"""Texts of the whole window: translated, with room to grow, on small screens, at every scale and without our font."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from app.main_window import MainWindow
from core.domain.task import Task
from tests.gui import every_page
from tests.gui.pseudo_translation import clipped, speak, untranslated
from tests.gui.windows import answer, close, drop, question_of
from tests.simulated_runs import make_run

ROOT = Path(__file__).resolve().parents[2]
SCALES = ("1", "1.25", "1.5", "2", "3")


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[Task, Path]:
    return {task: every_page.make_project(tmp_path_factory.mktemp("texts"), task) for task in Task}


@pytest.fixture
def window(qapp: QApplication, qtbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path))
    made = MainWindow()
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    yield made
    close(made)


@pytest.fixture
def longer(qapp: QApplication) -> Iterator[None]:
    translator = speak(qapp)
    yield
    qapp.removeTranslator(translator)


def faults(name: str, root: QWidget) -> list[str]:
    found = [f"not translated: {text}" for text in untranslated(root)] + [f"cut off: {text}" for text in clipped(root)]
    return [f"{name}: {text}" for text in found]


@pytest.mark.parametrize("task", list(Task))
def test_that_every_page_speaks_a_longer_language(longer, window, projects, task):
    found = [text for name, page in every_page.pages(window, projects[task]) for text in faults(name, page)]
    assert found == []


@pytest.mark.parametrize("task", list(Task))
def test_that_import_dialog_guide_and_closing_question_speak_a_longer_language(longer, window, qtbot, projects, task):
    project = projects[task]
    window.open_project(project)
    drop(window, project.parent / f"pictures {task}")
    qtbot.waitUntil(lambda: window.workspace.page("data").dialog is not None, timeout=30_000)
    found = faults("import", window.workspace.page("data").dialog)
    window.workspace.page("data").dialog.reject()
    window.show_guide()
    found += faults("guide", window.guide)
    window.guide.close()
    run = make_run(project, "simulated?epoch_seconds=0.3", task=task, epochs=500)
    live = window.session.show_run(window.session.run_folder(run.name), start="launch")
    qtbot.waitUntil(lambda: len(live.history.epochs) > 0, timeout=30_000)
    window.close()
    found += faults("closing", question_of(window))
    answer(window, "stay")
    live.ask_to_stop()
    qtbot.waitUntil(lambda: not live.is_going, timeout=60_000)
    assert found == []


@pytest.mark.parametrize("task", list(Task))
def test_that_the_main_flow_needs_no_scroll_bar_on_a_small_laptop(window, projects, task):
    window.resize(1366, 768)
    scrolled = []
    for name, page in every_page.pages(window, projects[task]):
        area = page.form.body if name == "train" else page.run_view.area if name == "live" else None
        if area is not None and area.verticalScrollBar().isVisible():
            scrolled.append(f"{name}: {area.height()} of {area.widget().minimumSizeHint().height()} pixels")
        if name == "ship" and page.export.visibleRegion().boundingRect() != page.export.rect():
            scrolled.append(name)
    assert scrolled == []


@pytest.mark.parametrize(("scale", "options"), [*((scale, ()) for scale in SCALES), ("1.25", ("--no-font",))])
def test_that_nothing_is_cut_off_at_any_scale_with_or_without_the_bundled_font(projects, tmp_path, scale, options):
    done = subprocess.run(
        [sys.executable, "-m", "tests.gui.every_page", str(projects[Task.DETECTION]), *options],
        cwd=ROOT,
        env={**os.environ, "LENSMITH_HOME": str(tmp_path), "QT_SCALE_FACTOR": scale, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["scale"] == float(scale)
    assert ("Inter" in told["font"]) is not bool(options)
    assert {page: texts for page, texts in told["clipped"].items() if texts} == {}

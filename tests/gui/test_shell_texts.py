"""Every text of the shell is translated and has room for a language that is 40 % longer."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from app.main_window import MainWindow
from app.settings import Settings
from app.widgets.shell.error_dialog import Story
from tests.gui import pseudo_translation
from tests.gui.windows import close

SIZES = [(1280, 800), (1000, 700)]


@pytest.fixture
def window(qapp: QApplication, qtbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    Settings().opened(tmp_path / "a project with a rather long name that fits nowhere")
    translator = pseudo_translation.speak(qapp)
    made = MainWindow()
    made.show()
    qtbot.waitExposed(made)
    yield made
    qapp.removeTranslator(translator)
    close(made)


def judge(root: QWidget) -> None:
    QApplication.processEvents()
    assert pseudo_translation.untranslated(root) == []
    assert pseudo_translation.clipped(root) == []


@pytest.mark.parametrize("size", SIZES)
def test_that_the_welcome_page_and_the_menus_speak_any_language(window, tmp_path, size):
    window.resize(*size)
    judge(window.welcome)
    for menu in window.menus.titles.values():
        judge(menu)
    window.welcome.show_opening(tmp_path / "slow")
    judge(window.welcome)
    window.welcome.show_opening(None)


@pytest.mark.parametrize("size", SIZES)
def test_that_rail_and_banners_speak_any_language(window, tmp_path, size):
    window.resize(*size)
    window.open_project(tmp_path / "p")
    judge(window.workspace.rail)
    for banner in (window.workspace.read_only, window.workspace.network, window.workspace.unsaved):
        banner.say(window.workspace.tr("Not saved: %n change(s). Free some space and try again.", "", 3))
        judge(banner)


def test_that_dialogs_speak_any_language(window, tmp_path):
    window.errors.show(Story("A cause.", "A remedy.", "details", lambda: None, tmp_path))
    window.errors.dialog.fold_button.click()
    judge(window.errors.dialog)
    window.errors.clear()
    for show in (window.show_settings, window.show_about, window.new_project, window.show_shortcuts):
        show()
        (dialog,) = [one for one in window.findChildren(QDialog) if one.isVisible()]
        judge(dialog)
        dialog.reject()
        QApplication.processEvents()

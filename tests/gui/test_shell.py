"""Welcome page, menus, settings, rail and job tray, by mouse and key."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QWidget

from app import theme
from app.jobs import Jobs
from app.main_window import MainWindow
from app.settings import Settings
from app.widgets.data.import_dialog import ImportDialog
from app.widgets.shell.job_tray import WORTH_SHOWING, JobTray
from app.widgets.shell.new_project_dialog import NewProjectDialog, file_name, free_path
from app.widgets.shell.settings_dialog import SettingsDialog
from app.widgets.shell.shortcut_sheet import ShortcutSheet
from core.store import database
from core.store.project_store import DATABASE, ProjectStore
from tests.gui.windows import draw_classes, drop, make_project, window_of


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    Settings().projects = tmp_path / "projects"
    return tmp_path


@pytest.fixture
def window(qtbot, place: Path) -> Iterator[MainWindow]:
    with window_of() as made:
        qtbot.waitExposed(made)
        yield made


def shown(window: MainWindow, kind: type[QDialog]) -> QDialog:
    return next(dialog for dialog in window.findChildren(kind) if dialog.isVisible())


def test_that_a_folder_dropped_on_the_welcome_page_becomes_a_project_of_its_name(window, qtbot, place):
    pictures = draw_classes(place / "šrouby 4")
    assert drop(window.welcome.drop_zone, pictures)
    qtbot.waitUntil(lambda: window.session is not None, timeout=20_000)
    assert window.session.path == place / "projects" / "šrouby 4"
    assert window.workspace.current == "data"
    assert [one.path for one in window.settings.recent] == [place / "projects" / "šrouby 4"]
    qtbot.waitUntil(lambda: any(one.isVisible() for one in window.findChildren(ImportDialog)), timeout=20_000)
    qtbot.mouseClick(shown(window, ImportDialog).import_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(window.session.data.images) == 24, timeout=20_000)


def test_that_closing_the_window_over_an_open_preview_leaves_nothing_behind(window, qtbot, place):
    drop(window, draw_classes(place / "pictures"))
    qtbot.waitUntil(lambda: any(one.isVisible() for one in window.findChildren(ImportDialog)), timeout=20_000)
    window.close()
    assert not window.isVisible()
    with ProjectStore.open(place / "projects" / "pictures") as store:
        assert store.count_images() == 0


def test_that_a_dropped_project_is_opened(window, qtbot, place):
    project = make_project(place / "mine", draw_classes(place / "pictures"))
    drop(window, project)
    qtbot.waitUntil(lambda: window.session is not None and window.session.loaded, timeout=20_000)
    assert window.session.path == project
    assert window.workspace.rail.counts.whole == "24 images"


def test_that_a_project_whose_drive_is_slow_shows_opening_and_can_be_given_up(window, qtbot, place):
    project = make_project(place / "slow", draw_classes(place / "pictures"))
    with closing(sqlite3.connect(project / DATABASE)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")  # SQLite waits ten seconds for it
        window.open_soon(project)
        assert "Opening “slow”" in window.welcome.opening.text()
        assert not window.welcome.open_button.isEnabled()
        qtbot.mouseClick(window.welcome.cancel_button, Qt.MouseButton.LeftButton)
        assert window.welcome.open_button.isEnabled()
        assert not window.welcome.opening.isVisible()
    qtbot.waitUntil(lambda: not window.jobs.jobs, timeout=20_000)
    assert window.session is None
    with ProjectStore.open(project) as store:
        assert not store.read_only


def test_that_recent_projects_are_listed_opened_and_forgotten(qtbot, place):
    project = make_project(place / "mine", draw_classes(place / "pictures"))
    settings = Settings()
    settings.opened(place / "gone")
    settings.opened(project)
    with window_of() as window:
        window.welcome.look_at_recent()
        rows = window.welcome.rows
        assert list(rows) == [project, place / "gone"]
        qtbot.waitUntil(lambda: "24 images" in rows[project]._facts.text())
        qtbot.waitUntil(lambda: "not found" in rows[place / "gone"]._facts.text())
        qtbot.mouseClick(rows[place / "gone"].forget, Qt.MouseButton.LeftButton)
        assert list(window.welcome.rows) == [project]
        qtbot.mouseClick(window.welcome.rows[project].button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: window.session is not None, timeout=20_000)


def test_that_the_demo_is_drawn_imported_split_and_opened(window, qtbot, place, monkeypatch):
    monkeypatch.setattr("core.actions.demo.PICTURES", 24)
    qtbot.mouseClick(window.welcome.demo_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.session is not None and window.session.loaded, timeout=60_000)
    assert window.session.path == place / "projects" / "Demo" / "gears"
    assert len(window.session.data.images) == 24
    assert {image.split for image in window.session.data.images} == {"train", "val", "test"}


def test_that_the_demo_can_be_cancelled_and_leaves_no_half_project(window, qtbot, place):
    qtbot.mouseClick(window.welcome.demo_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: any(row.cancel.isVisible() for row in window.welcome.tray.rows.values()), timeout=20_000)
    (row,) = window.welcome.tray.rows.values()
    qtbot.mouseClick(row.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.jobs.jobs, timeout=20_000)
    assert not list((place / "projects" / "Demo").rglob("*.png"))
    assert not list((place / "projects" / "Demo").rglob(DATABASE))


def test_that_a_new_project_takes_its_name_from_what_is_typed(window, qtbot, place):
    qtbot.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    dialog = shown(window, NewProjectDialog)
    assert not dialog.make_button.isEnabled()
    dialog.name.insert("Díly")  # QTest types ASCII only
    qtbot.keyClicks(dialog.name, ": no. 7")
    qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.session is not None, timeout=20_000)
    assert window.session.path == place / "projects" / "Díly  no. 7"


def test_that_names_are_fit_for_every_file_system_and_never_taken(tmp_path):
    assert file_name('a/b:c*"d". ') == "a b c  d"
    (tmp_path / "gears").mkdir()
    (tmp_path / "gears 2").mkdir()
    assert free_path(tmp_path, "gears") == tmp_path / "gears 3"
    assert free_path(tmp_path, "...") == tmp_path / "project"


def test_that_closing_a_project_leads_back_to_the_welcome_page(window, qtbot, place):
    window.open_project(place / "mine")
    qtbot.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.session is None)
    assert window.welcome.isVisible()
    assert not window.menus.actions["close_project"].isEnabled()
    with ProjectStore.open(place / "mine") as store:
        assert not store.read_only


def test_that_pages_are_reached_by_number_and_by_arrow_keys(window, qtbot, place):
    window.open_project(place / "mine")
    for number, page in enumerate(("data", "label", "train", "results", "ship")):
        qtbot.keyClick(window, Qt.Key(Qt.Key.Key_1 + number), Qt.KeyboardModifier.ControlModifier)
        assert window.workspace.current == page
    qtbot.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert window.workspace.current == "data"
    window.workspace.buttons["data"].setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(window.workspace.buttons["data"], Qt.Key.Key_Down)  # Tab leaves the group of pages
    assert window.workspace.current == "label"


def test_that_the_rail_shows_icons_only_in_a_narrow_window(window, qtbot, place):
    window.open_project(place / "mine")
    rail = window.workspace.rail
    window.resize(1280, 800)
    assert (rail.width(), rail.buttons["data"].text()) == (theme.RAIL_WIDTH, "Data")
    window.resize(1000, 700)
    qtbot.waitUntil(lambda: rail.width() == theme.RAIL_NARROW)
    assert (rail.buttons["data"].text(), rail.buttons["data"].toolTip()) == ("", "Data")
    assert rail.buttons["data"].accessibleName() == "Data"


def test_that_settings_are_kept_at_once_and_escape_closes_them(window, qtbot, place):
    window.open_project(place / "mine")
    qtbot.mouseClick(window.workspace.rail.settings, Qt.MouseButton.LeftButton)
    dialog = shown(window, SettingsDialog)
    dialog.themes["dark"].click()
    assert theme.current() is theme.DARK
    dialog.expert.click()
    again = Settings()
    window.settings.sync()
    assert (again.theme, again.expert) == ("dark", True)
    assert window.menus.actions["expert"].isChecked()
    assert window.menus.actions["theme_dark"].isChecked()
    dialog.themes["light"].click()
    assert theme.current() is theme.LIGHT
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_that_the_sheet_of_keys_lists_what_the_menus_hold(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_Slash, Qt.KeyboardModifier.ControlModifier)
    sheet = shown(window, ShortcutSheet)
    words = {label.text() for label in sheet.findChildren(QWidget) if hasattr(label, "text")}
    assert {"New project", "Ctrl+N", "User guide", "F1"} <= words
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)


def test_that_f1_opens_the_guide_and_escape_closes_it(window, qtbot, place):
    window.open_project(place / "mine")
    qtbot.keyClick(window, Qt.Key.Key_F1)
    assert window.guide.isVisible()
    qtbot.keyClick(window.guide, Qt.Key.Key_Escape)
    assert not window.guide.isVisible()


def test_that_the_window_comes_back_where_it_was_and_never_off_the_screen(qtbot, place):
    with window_of() as first:
        first.resize(900, 640)
    with window_of() as second:
        assert second.height() == 640  # the screen of these tests is narrower than the window
        second.move(QPoint(9000, 9000))
    with window_of() as third:
        assert any(screen.availableGeometry().intersects(third.geometry()) for screen in QGuiApplication.screens())


def test_that_a_project_on_a_network_drive_says_so_and_uses_no_wal(window, qtbot, place, monkeypatch):
    mounts = place / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\n//nas/lab {place}/share cifs rw 0 0\n")
    monkeypatch.setattr(database, "MOUNTS", mounts)
    window.open_project(place / "share" / "mine")
    assert "network drive" in window.workspace.network.text
    assert window.workspace.network.isVisible()
    with closing(sqlite3.connect(place / "share" / "mine" / DATABASE)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    qtbot.mouseClick(window.workspace.network.buttons[0], Qt.MouseButton.LeftButton)
    assert not window.workspace.network.isVisible()


def test_that_the_tray_shows_jobs_names_those_that_wait_and_cancels(qtbot):
    jobs = Jobs()
    tray = JobTray(jobs)
    qtbot.addWidget(tray)
    go_on = threading.Event()

    def work(progress: object) -> None:
        while not go_on.wait(0.01):
            progress(1, 4, "counting")  # type: ignore[operator]

    made = [jobs.run(f"Job {number}", work) for number in range(5)]
    qtbot.waitUntil(lambda: tray.rows[made[0]].isVisibleTo(tray))
    assert [row.isVisibleTo(tray) for row in tray.rows.values()] == [True, True, True, False, False]
    assert tray._more.text() == "and 2 more"
    assert tray.rows[made[1]].state == "Waiting"
    qtbot.waitUntil(lambda: tray.rows[made[0]].state.startswith("counting"))
    qtbot.mouseClick(tray.rows[made[0]].cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: made[0] not in tray.rows)
    go_on.set()
    qtbot.waitUntil(lambda: not jobs.jobs)
    assert tray.isHidden()


def test_that_a_job_that_is_over_soon_never_appears(qtbot):
    jobs = Jobs()
    tray = JobTray(jobs)
    qtbot.addWidget(tray)
    jobs.run("Short", lambda progress: None)
    qtbot.waitUntil(lambda: not jobs.jobs)
    qtbot.wait(WORTH_SHOWING + 100)
    assert tray.isHidden()

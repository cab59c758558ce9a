"""The Data page through real drops, clicks and keys."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QDialog, QFileDialog

from app.main_window import MainWindow
from app.pages.data_page import DataPage
from core.actions.splitting import count_splits
from core.data import checks
from core.domain.task import Split
from tests.e2e.pictures import draw_classes, draw_yolo
from tests.gui.windows import answer, drop, make_project, window_of
from tests.simulated_runs import make_run


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def empty(place: Path) -> Iterator[MainWindow]:
    with window_of(place / "project") as window:
        yield window


def page_of(window: MainWindow) -> DataPage:
    page = window.workspace.page("data")
    assert isinstance(page, DataPage)
    return page


def settled(page: DataPage) -> bool:
    return page._checked and not page.session.jobs.jobs


def opened(qtbot, window: MainWindow) -> DataPage:
    page = page_of(window)
    qtbot.waitUntil(lambda: settled(page), timeout=20_000)
    return page


def take(qtbot, window: MainWindow, source: Path) -> DataPage:
    """Drop ``source`` and press Enter in its dialog."""
    page = page_of(window)
    assert drop(window, source)
    qtbot.waitUntil(lambda: page.dialog is not None, timeout=20_000)
    qtbot.keyClick(page.dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.dialog is None and len(page.session.data.images) > 0 and settled(page), timeout=20_000)
    return page


def shown(page: DataPage) -> int:
    return len(page.gallery.grid.images)


def test_that_a_dropped_folder_is_previewed_before_it_becomes_images_and_classes(empty, qtbot, place):
    source = draw_classes(place / "obrázky", {"dark": 12, "light": 11})
    (source / "dark" / "broken.png").write_bytes(b"no picture")
    page = page_of(empty)
    qtbot.waitUntil(lambda: empty.session.loaded)
    assert page._stack.currentWidget() is page.empty
    drop(empty, source)
    qtbot.waitUntil(lambda: page.dialog is not None)
    assert empty.session.store.images() == []
    qtbot.keyClick(page.dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shown(page) == 23 and settled(page), timeout=20_000)
    assert [(row.name, row.images) for row in page.panel.classes.rows] == [("dark", 12), ("light", 11)]
    assert page.told.text == "23 images imported, 1 skipped: see Health."
    assert "not_an_image" in [card.finding.kind for card in page.panel.health.cards]


def test_that_cancel_imports_nothing_and_clears_what_an_archive_was_unpacked_to(empty, qtbot, place):
    draw_classes(place / "set", {"cat": 3})
    archive = Path(shutil.make_archive(str(place / "set"), "zip", place / "set"))
    page = page_of(empty)
    drop(empty, archive)
    qtbot.waitUntil(lambda: page.dialog is not None)
    qtbot.keyClick(page.dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: page.dialog is None and not empty.session.jobs.jobs)
    assert not any((empty.session.path / "images").iterdir())
    assert empty.session.store.images() == []
    assert empty.session.sources == []


def test_that_two_dropped_folders_are_asked_about_one_after_another(empty, qtbot, place):
    page = page_of(empty)
    for name, first in (("one", 0), ("two", 5000)):
        drop(empty, draw_classes(place / name, {"cat": 3}, first))
    qtbot.waitUntil(lambda: page.dialog is not None and len(empty.session.sources) == 2)
    assert page.dialog.opened.path.name == "one"
    qtbot.keyClick(page.dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.dialog is not None and page.dialog.opened.path.name == "two")
    qtbot.keyClick(page.dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shown(page) == 6 and settled(page))


def test_that_a_folder_of_nothing_is_told_in_words(empty, qtbot, place):
    (place / "empty").mkdir()
    told = []
    empty.session.failed.connect(told.append)
    drop(empty, place / "empty")
    qtbot.waitUntil(lambda: len(told) == 1)
    assert "No picture was found" in told[0].cause
    for dialog in empty.findChildren(QDialog):
        dialog.reject()


def test_that_chips_rows_and_search_show_what_they_count(qtbot, place):
    source = draw_yolo(place / "set", ["0 .5 .5 .5 .5\n"] * 6 + ["1 .5 .5 .5 .5\n"] * 4 + [None] * 3)
    with window_of(make_project(place / "p", source)) as window:
        page = opened(qtbot, window)
        chips, filters = page.gallery.filters.chips, page.gallery.filters
        assert chips.all.text() == "All 13"
        qtbot.mouseClick(chips.unlabelled, Qt.MouseButton.LeftButton)
        assert shown(page) == 3
        table = page.panel.classes
        qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(40, 14 + 28))
        assert shown(page) == 4
        assert chips.classes[1].isChecked()
        qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(40, 14 + 28))
        assert shown(page) == 13
        qtbot.keyClicks(filters.search, "00")
        qtbot.waitUntil(lambda: shown(page) == 10)
        qtbot.keyClick(chips.classes[0], Qt.Key.Key_Space)
        assert shown(page) == 6
        qtbot.mouseClick(page.gallery.show_all, Qt.MouseButton.LeftButton)
        assert shown(page) == 13
        assert filters.search.text() == ""


def test_that_enter_opens_a_picture_and_the_size_of_thumbnails_is_remembered(qtbot, place):
    project = make_project(place / "p", draw_classes(place / "set", {"cat": 4}))
    with window_of(project) as window:
        page = opened(qtbot, window)
        page.gallery.grid.set_current(1)
        qtbot.keyClick(page.gallery.grid, Qt.Key.Key_Return)
        dialog = next(each for each in page.findChildren(QDialog) if each.isVisible())
        assert dialog.index == 1
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        qtbot.mouseClick(page.gallery.sizes["large"], Qt.MouseButton.LeftButton)
    with window_of(project) as window:
        assert opened(qtbot, window).gallery.grid.cell_size == "large"


def test_that_the_split_is_dragged_with_keys_and_mouse_and_undone(qtbot, place):
    source = place / "set"
    for part, first in (("train", 0), ("val", 3000), ("test", 6000)):
        draw_classes(source / part, {"cat": 10, "dog": 10}, first)
    with window_of(make_project(place / "p", source)) as window:
        page = opened(qtbot, window)
        split, store = page.panel.split, window.session.store
        assert split.numbers.text() == "20 train · 20 validation · 20 test"
        for _ in range(4):
            qtbot.keyClick(split.bar.handles[0], Qt.Key.Key_PageUp)
        assert split.numbers.text() == "44 train · 0 validation · 16 test"
        for _ in range(4):
            qtbot.keyClick(split.bar.handles[0], Qt.Key.Key_Left)
        assert count_splits(store)["train"] == 20  # not yet
        qtbot.keyClick(split.bar.handles[0], Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: count_splits(store) == {"train": 40, "val": 4, "test": 16, "none": 0})
        qtbot.waitUntil(lambda: settled(page) and split.undo.isVisible())
        qtbot.mouseClick(split.undo, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: count_splits(store)["train"] == 20)
        qtbot.waitUntil(lambda: settled(page))
        handle = split.bar.handles[1]
        qtbot.mousePress(handle, Qt.MouseButton.LeftButton)
        qtbot.mouseMove(handle, QPoint(handle.width() // 2 + 40, 5))
        qtbot.mouseRelease(handle, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: count_splits(store)["test"] < 20)
        qtbot.waitUntil(lambda: settled(page))


def test_that_the_split_is_locked_with_its_reason_once_a_run_exists(qtbot, place):
    project = make_project(place / "p", draw_classes(place / "set", {"cat": 10, "dog": 10}))
    make_run(project, splits=((Split.TRAIN, 2), (Split.VAL, 2)))
    with window_of(project) as window:
        page = opened(qtbot, window)
        split = page.panel.split
        qtbot.waitUntil(lambda: bool(window.session.runs))
        assert split.lock.isVisibleTo(split)
        assert not any(handle.isVisibleTo(split) for handle in split.bar.handles)
        assert split.note.text().startswith("Locked")


def test_that_no_leak_is_claimed_only_after_the_check_and_with_two_parts(qtbot, place):
    for part, first in (("train", 0), ("val", 3000)):
        draw_classes(place / "set" / part, {"cat": 12, "dog": 12}, first)
    shutil.copy(place / "set" / "train" / "cat" / "000.png", place / "set" / "val" / "cat" / "copy.png")
    with window_of(make_project(place / "p", place / "set")) as window:
        leaks = page_of(window).panel.split.leaks
        assert not leaks.isVisibleTo(leaks.parentWidget())
        opened(qtbot, window)
        assert leaks.text() == "1 picture came in two parts"


def test_that_near_equal_classes_are_merged_after_one_question(qtbot, place):
    with window_of(
        make_project(place / "p", draw_classes(place / "set", {"Cat": 12, "cat ": 12, "dog": 12}))
    ) as window:
        page = opened(qtbot, window)
        card = next(each for each in page.panel.health.cards if each.finding.kind == "near_class_names")
        qtbot.mouseClick(card, Qt.MouseButton.LeftButton, pos=QPoint(30, 10))
        assert shown(page) == 36  # it names no picture
        qtbot.mouseClick(card.buttons[0], Qt.MouseButton.LeftButton)
        answer(window, "merge")
        qtbot.waitUntil(lambda: len(window.session.data.classes) == 2 and settled(page), timeout=20_000)
        assert "near_class_names" not in [each.finding.kind for each in page.panel.health.cards]


def test_that_a_moved_folder_is_said_and_found_again(qtbot, place, monkeypatch):
    source = draw_classes(place / "set", {"cat": 12})
    project = make_project(place / "p", source)
    source.rename(place / "moved")
    with window_of(project) as window:
        page = opened(qtbot, window)
        assert "1 folder of pictures cannot be found" in page.offline.text
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *arguments: str(place / "moved"))
        page._locate()
        qtbot.waitUntil(lambda: page.offline.text == "" and settled(page), timeout=20_000)
        assert page.told.text == "12 pictures found again."
        assert all(Path(image.path).exists() for image in window.session.data.images)


def test_that_an_export_is_written_and_said_to_be_read_back(qtbot, place, monkeypatch):
    with window_of(make_project(place / "p", draw_classes(place / "set", {"cat": 3, "dog": 3}))) as window:
        page = opened(qtbot, window)
        (place / "out" / "p-csv").mkdir(parents=True)
        (place / "out" / "p-csv" / "mine.txt").write_text("kept", "utf-8")
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *arguments: str(place / "out"))
        page.export_menu.aboutToShow.emit()
        actions = {action.text(): action for action in page.export_menu.actions()}
        assert set(actions) == {"Class folders", "CSV"}
        actions["CSV"].trigger()
        qtbot.waitUntil(lambda: "read back" in page.told.text, timeout=20_000)
        assert len(list((place / "out" / "p-csv-2").rglob("*.png"))) == 6


def test_that_very_large_pictures_are_cut_into_tiles_after_one_question(qtbot, place, monkeypatch):
    monkeypatch.setattr(checks, "LARGE", 1100 * 1000)
    (place / "scans").mkdir()
    for number in range(2):
        pixels = np.random.default_rng(number).integers(0, 256, (1100, 1100), dtype=np.uint8)
        (place / "scans" / f"{number}.png").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    with window_of(make_project(place / "p", place / "scans")) as window:
        page = opened(qtbot, window)
        card = next(each for each in page.panel.health.cards if each.finding.kind == "large_picture")
        qtbot.mouseClick(card, Qt.MouseButton.LeftButton, pos=QPoint(30, 10))
        qtbot.mouseClick(card.buttons[0], Qt.MouseButton.LeftButton)
        answer(window, "cut")
        qtbot.waitUntil(lambda: len(window.session.data.images) == 8 and settled(page), timeout=20_000)
        assert page.told.text == "8 tiles made."
        assert "large_picture" not in [each.finding.kind for each in page.panel.health.cards]
    assert sorted(path.name for path in (place / "scans").iterdir()) == ["0.png", "1.png"]

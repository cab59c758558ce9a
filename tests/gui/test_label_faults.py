"""Faults of pictures as somebody who labels meets them: folders that moved, and pictures that are shown halved."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSizeF
from PySide6.QtGui import QColor

from app import edits
from core.domain.annotation import Box, Boxes
from tests.gui.canvas import HEIGHT, LOOKS, WIDTH, Hand, labels_with, made_canvas, picture_of
from tests.gui.label_pages import corners, drag, label_page_of, make_project, on_disk, settle


def test_that_pictures_of_a_folder_that_moved_are_labelled_on_once_it_was_located(
    tmp_path: Path, qtbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    known = Boxes((Box(10, 10, 40, 40, 1),))
    project = make_project(tmp_path, 3, annotations=[known])
    (tmp_path / "pictures").rename(tmp_path / "moved")
    with label_page_of(project, qtbot) as page:
        assert page.stage.pictures.failures
        assert not page.stage.is_shown
        found = []
        edits.locate_images(page.session, tmp_path / "moved", found.append)
        qtbot.waitUntil(lambda: bool(found), timeout=20_000)
        settle(page, qtbot)
        assert (found[0].found, found[0].missing) == (3, 0)
        page.go_to(0)
        settle(page, qtbot)
        assert page.stage.is_shown
        drag(page, (60, 60), (100, 90))
        settle(page, qtbot)
        assert corners(on_disk(page, 0)) == [(10, 10, 40, 40, 1), (60, 60, 100, 90, 1)]


def test_that_boxes_lie_right_on_a_picture_of_which_only_a_halved_copy_is_shown(qapp) -> None:
    half = np.full((HEIGHT // 2, WIDTH // 2, 3), 60, np.uint8)
    half[50:100, 100:200] = (200, 30, 30)
    canvas = made_canvas()
    try:
        canvas.expect(QSizeF(WIDTH, HEIGHT), None)
        canvas.show_levels([picture_of(half), picture_of(half[::2, ::2].copy())])
        canvas.set_labels(labels_with(), LOOKS)
        hand = Hand(canvas)
        for x, y, inside in (
            (205, 105, True),
            (395, 195, True),
            (195, 105, False),
            (405, 195, False),
            (205, 205, False),
        ):
            assert hand.colour_at(x, y) == QColor(*((200, 30, 30) if inside else (60, 60, 60)))
        hand.drag((200, 100), (400, 200))
        assert hand.labels.boxes is not None
        assert hand.labels.boxes[-1].box == Box(200, 100, 400, 200, 1)
    finally:
        canvas.close()
        canvas.deleteLater()

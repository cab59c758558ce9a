"""A picture that was edited or replaced since it was labelled says so where it is labelled."""

from pathlib import Path

import cv2
import numpy as np
from PySide6.QtCore import Qt

from core.domain.annotation import Box, Boxes
from tests.gui.label_pages import HEIGHT, WIDTH, label_page_of, make_project, settle

BOX = Boxes((Box(10, 10, 60, 50, 1),))


def edit_outside(path: Path) -> None:
    pixels = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())


def test_that_a_picture_edited_after_it_was_labelled_says_so_and_may_keep_its_labels(qtbot, tmp_path):
    project = make_project(tmp_path, annotations=(BOX, BOX))
    edit_outside(tmp_path / "pictures" / "00001.png")
    with label_page_of(project, qtbot) as page:
        page.go_to(0)
        settle(page, qtbot)
        assert page.changed.isHidden()
        page.go_to(1)
        qtbot.waitUntil(lambda: page.changed.isVisible())
        assert "edited or replaced" in page.changed.text
        old = page.image.hash
        qtbot.mouseClick(page.changed.keep_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: old not in {image.hash for image in page.session.data.images}, timeout=20_000)
        settle(page, qtbot)
        assert page.changed.isHidden()
        kept = next(image for image in page.session.data.images if image.path.endswith("00001.png"))
        assert kept.annotation == BOX


def test_that_going_on_takes_the_sentence_along(qtbot, tmp_path):
    project = make_project(tmp_path, annotations=(BOX, BOX))
    edit_outside(tmp_path / "pictures" / "00000.png")
    with label_page_of(project, qtbot) as page:
        page.go_to(0)
        qtbot.waitUntil(lambda: page.changed.isVisible())
        page.go_to(1)
        settle(page, qtbot)
        assert page.changed.isHidden()

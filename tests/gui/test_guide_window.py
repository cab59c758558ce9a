"""The pictures of the guide: as wide as the text at most, also after resizing, and of the palette in force."""

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QColor, QImage, QTextDocument
from PySide6.QtWidgets import QApplication

from app import theme
from app.widgets.shell.guide_window import GuideWindow

PICTURE = "../pictures/data-light.png"
KIND = QTextDocument.ResourceType.ImageResource.value


@pytest.fixture
def guide(qtbot, qapp, tmp_path):
    (tmp_path / "guide").mkdir()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "guide" / "data.md").write_text(f"# Data\n\n![Data]({PICTURE})\n\n" + "Words.\n\n" * 80, "utf-8")
    for name, colour in (("light", "white"), ("dark", "black")):
        picture = QImage(1280, 800, QImage.Format.Format_RGB32)
        picture.fill(QColor(colour))
        picture.save(str(tmp_path / "pictures" / f"data-{name}.png"))
    theme.apply(qapp, theme.LIGHT, QApplication.font().family())
    window = GuideWindow(tmp_path / "guide")
    qtbot.addWidget(window)
    window.show()
    window.open_page("data.md")
    yield window
    theme.apply(qapp, theme.LIGHT, QApplication.font().family())


def shown(window: GuideWindow) -> QImage:
    """The picture as the page has it now."""
    resource = window.text.document().resource(KIND, QUrl(PICTURE))
    assert isinstance(resource, QImage)
    return resource


def test_that_a_wide_picture_fits_the_text(guide):
    assert 0 < shown(guide).deviceIndependentSize().width() < guide.text.viewport().width()
    assert guide.text.document().idealWidth() <= guide.text.viewport().width()


def test_that_pictures_grow_with_the_window_and_the_page_stays_where_it_was(guide, qtbot):
    small = shown(guide).width()
    bar = guide.text.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    guide.resize(guide.width() + 300, guide.height())
    qtbot.waitUntil(lambda: shown(guide).width() > small)
    assert abs(bar.value() / bar.maximum() - 0.5) < 0.1


def test_that_the_pictures_are_those_of_the_palette(guide, qapp, qtbot):
    assert shown(guide).pixelColor(20, 20) == QColor("white")
    theme.apply(qapp, theme.DARK, QApplication.font().family())
    qtbot.waitUntil(lambda: shown(guide).pixelColor(20, 20) == QColor("black"))

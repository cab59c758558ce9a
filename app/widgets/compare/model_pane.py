"""One model's view of a picture: letter and name above with the verdict, its likeliest classes below."""

from collections.abc import Sequence

from msgspec import Struct
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import theme
from app.widgets.canvas.picture_tiles import PictureTiles
from app.widgets.compare.answers import LETTERS, ModelAnswer
from app.widgets.compare.class_bars import ClassBars
from app.widgets.compare.linked_picture import LinkedPicture
from app.widgets.elided import ElidedLabel
from app.widgets.gallery.overlay import OverlayBox
from app.widgets.parts import Glyph, badge, label


class ModelName(Struct, frozen=True):
    """``title``: what a run is called; ``about``: its mode and model."""

    title: str
    about: str


class ModelHead(QWidget):
    """Letter, name, and whether it is right here."""

    def __init__(self, parent: QWidget | None = None, *, small: bool = False) -> None:
        super().__init__(parent)
        self.letter: QLabel = badge("", "accent")
        self.letter.setProperty("data", True)
        self.title, self.about = label("", "" if small else "section"), ElidedLabel("", "muted", data=True)
        self.title.setProperty("data", True)
        self.words, self._glyph = label("", "caption" if small else "muted"), Glyph("check-circle", "good", 16)
        self.words.setVisible(not small)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL if not small else theme.TIGHT)
        row.addWidget(self.letter)
        row.addWidget(self.title)
        row.addWidget(self.about, 1)
        row.addWidget(self._glyph)
        row.addWidget(self.words)
        self._small = small

    def show_answer(self, name: ModelName, answer: ModelAnswer) -> None:
        self.letter.setText(LETTERS[answer.model])
        self.title.setText(name.title)
        self.about.set_whole("" if self._small else name.about)
        self.setToolTip(f"{name.title}  ·  {name.about}")
        self.words.setText(answer.words)
        self._glyph.become(*(("check-circle", "good") if answer.right else ("x-circle", "bad")))
        self.setAccessibleName(f"{LETTERS[answer.model]}: {name.title}, {name.about}: {answer.words}")


class ModelPane(QFrame):
    """``clicked`` only where it is small, one of a row; those of a row share ``tiles``."""

    clicked = Signal()

    def __init__(
        self, parent: QWidget | None = None, *, small: bool = False, tiles: PictureTiles | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("finding")
        self.head = ModelHead(small=small)
        self.view, self.bars = LinkedPicture(small=small, tiles=tiles), ClassBars()
        self._small = small
        column = QVBoxLayout(self)
        edge = theme.TIGHT if small else theme.SMALL
        column.setContentsMargins(edge, edge, edge, edge)
        column.setSpacing(theme.TIGHT)
        column.addWidget(self.head)
        column.addWidget(self.view, 1)
        column.addWidget(self.bars)
        self.bars.setVisible(False)
        if small:
            self.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.view.pressed.connect(self.clicked)

    def show_answer(self, name: ModelName, answer: ModelAnswer, truth: Sequence[OverlayBox]) -> None:
        self.head.show_answer(name, answer)
        self.view.show_answer(answer, truth)
        self.view.setAccessibleName(self.head.accessibleName())
        self.bars.show_chances(answer.chances)
        self.bars.setVisible(bool(answer.chances) and not self._small)

    def set_chosen(self, chosen: bool) -> None:
        self.setProperty("chosen", chosen)
        self.setAccessibleDescription(self.tr("chosen") if chosen else "")
        self.style().polish(self)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        super().mousePressEvent(event)
        if self._small and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()

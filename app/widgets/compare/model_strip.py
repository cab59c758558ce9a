"""Three to six models' views of one picture: the chosen one large, all in a row below, all on the same part of it."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.widgets.canvas.picture_tiles import PictureTiles
from app.widgets.compare.answers import ModelAnswer
from app.widgets.compare.class_bars import ClassBars
from app.widgets.compare.linked_picture import LinkedPicture, link
from app.widgets.compare.model_pane import ModelName, ModelPane
from app.widgets.gallery.overlay import OverlayBox

_MOST = 6
_HEIGHT = 136  # pixels of the row


class ModelStrip(QWidget):
    """``chosen_changed`` tells that another one is large. ``swap`` shows the one that was large before it."""

    chosen_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chosen, self._before = 0, 1
        self.large = ModelPane()
        tiles = PictureTiles()
        self.panes = [ModelPane(small=True, tiles=tiles) for _ in range(_MOST)]
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        for number, pane in enumerate(self.panes):
            pane.clicked.connect(lambda number=number: self.choose(number))
            pane.setFixedHeight(_HEIGHT)
            row.addWidget(pane, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SMALL)
        column.addWidget(self.large, 1)
        column.addLayout(row)
        link([self.large.view, *(pane.view for pane in self.panes)])
        self._count = _MOST

    @property
    def views(self) -> list[LinkedPicture]:
        return [self.large.view, *(pane.view for pane in self.panes[: self._count])]

    @property
    def bars(self) -> list[ClassBars]:
        return [self.large.bars]

    def choose(self, model: int) -> None:
        """Show it large."""
        if model != self.chosen and 0 <= model < self._count:
            self.chosen, self._before = model, self.chosen
            self.chosen_changed.emit()

    def show_answers(
        self, names: Sequence[ModelName], answers: Sequence[ModelAnswer], truth: Sequence[OverlayBox], swap: bool
    ) -> None:
        self._count = len(answers)
        if max(self.chosen, self._before) >= self._count:
            self.chosen, self._before = 0, 1
        large = answers[self._before if swap else self.chosen]
        self.large.show_answer(names[large.model], large, truth)
        for pane, answer in zip(self.panes, answers, strict=False):
            pane.show_answer(names[answer.model], answer, truth)
            pane.set_chosen(answer is large)
        for number, pane in enumerate(self.panes):
            pane.setVisible(number < self._count)

"""Two models' views of one picture side by side, both on the same part of it."""

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app import theme
from app.widgets.compare.answers import ModelAnswer
from app.widgets.compare.class_bars import ClassBars
from app.widgets.compare.linked_picture import LinkedPicture, link
from app.widgets.compare.model_pane import ModelName, ModelPane
from app.widgets.gallery.overlay import OverlayBox


class PicturePair(QWidget):
    """``swap`` puts the left answer on the right and the right one on the left."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.panes = [ModelPane(), ModelPane()]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL)
        for pane in self.panes:
            row.addWidget(pane, 1)
        link(self.views)

    @property
    def views(self) -> list[LinkedPicture]:
        return [pane.view for pane in self.panes]

    @property
    def bars(self) -> list[ClassBars]:
        return [pane.bars for pane in self.panes]

    def show_answers(
        self, names: Sequence[ModelName], answers: Sequence[ModelAnswer], truth: Sequence[OverlayBox], swap: bool
    ) -> None:
        for pane, answer in zip(self.panes, answers[::-1] if swap else answers, strict=True):
            pane.show_answer(names[answer.model], answer, truth)

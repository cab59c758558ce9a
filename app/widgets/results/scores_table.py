"""How a run did on each class; a row leads to the pictures and the curve of its class."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.widgets.gallery.class_mark import class_mark
from app.widgets.metric_words import figure, metric_meaning
from app.widgets.sorted_table import ROW_PX, Column, SortedTable
from core.domain.report import ClassScores
from core.domain.task import Task

FEWEST_ROWS = 3  # seen at once, however little room there is


class _Row(NamedTuple):
    output: int
    scores: ClassScores


class ScoresTable(QWidget):
    """``class_chosen`` tells the output index of the class, or -1 when the choice was taken back."""

    class_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table: SortedTable[_Row] = SortedTable(lambda row: row.output, muted=lambda row: not row.scores.count)
        self.table.setAccessibleName(self.tr("Classes"))
        self.table.setIconSize(QSize(12, 12))
        self.table.chosen.connect(lambda row: self.class_chosen.emit(-1 if row is None else row.output))
        self.setFocusProxy(self.table)
        self._room = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)
        column.addStretch()

    def show_classes(self, classes: Sequence[ClassScores], task: Task) -> None:
        """In output order; none is chosen then."""
        self.table.choose(None)
        rows = [_Row(index, scores) for index, scores in enumerate(classes)]
        self.table.show_rows(rows, self._columns(task is Task.DETECTION))
        self.fit_into(self._room)

    def fit_into(self, room: int) -> None:
        """Take as many whole rows of ``room`` (pixels of height) as there are; the others by scrolling."""
        self._room = room
        fitting = max((room - self.table.height_for(0)) // ROW_PX, FEWEST_ROWS)
        self.table.setFixedHeight(self.table.height_for(min(len(self.table.rows), fitting)))

    def choose(self, index: int) -> None:
        """Go to a class and tell nobody; -1 is none."""
        self.table.choose(index if index >= 0 else None)

    def _columns(self, boxes: bool) -> list[Column[_Row]]:
        never = self.tr("Never predicted, so there is nothing to be right or wrong about.")
        absent = self.tr("No picture of this part shows it, so it cannot be judged.")
        columns: list[Column[_Row]] = [
            Column(
                self.tr("Class"),
                lambda row: row.scores.name,
                lambda row: row.scores.name.casefold(),
                icon=lambda row: class_mark(row.output),
                wide=True,
            ),
            Column(
                self.tr("Boxes") if boxes else self.tr("Images"),
                lambda row: f"{row.scores.count:,}",
                lambda row: row.scores.count,
                about=self.tr("How many of this class there are in this part of the data."),
                number=True,
            ),
        ]
        asked: list[tuple[str, str, Callable[[ClassScores], float | None], str]] = [
            (self.tr("Precision"), "precision", lambda scores: scores.precision, never),
            (self.tr("Recall"), "recall", lambda scores: scores.recall, absent),
            (self.tr("F1"), "f1", lambda scores: scores.f1, absent),
        ]
        if boxes:
            asked += [
                (self.tr("AP50-95"), "mAP50-95", lambda scores: scores.ap50_95, absent),
                (self.tr("AP50"), "mAP50", lambda scores: scores.ap50, absent),
            ]
        return columns + [_score(*one) for one in asked]


def _score(title: str, metric: str, value: Callable[[ClassScores], float | None], why: str) -> Column[_Row]:
    def text(row: _Row) -> str:
        return figure(value(row.scores))

    def tip(row: _Row) -> str:
        return why if value(row.scores) is None else ""

    return Column(title, text, lambda row: value(row.scores), about=metric_meaning(metric), tip=tip, number=True)

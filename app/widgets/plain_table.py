"""Tables that look like part of their card: no frame, no grid, no numbers of lines."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QTableView

MARK = QSize(12, 12)  # of a class


def make_plain(table: QTableView, name: str, row: int) -> None:
    """``name``: for those who cannot see it; ``row``: height of a line in pixels. Tab leaves the table."""
    table.setAccessibleName(name)
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setShowGrid(False)
    table.setIconSize(MARK)
    table.setTabKeyNavigation(False)
    table.setWordWrap(False)
    table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(row)
    table.horizontalHeader().setHighlightSections(False)


def make_editable(table: QTableView) -> None:
    """By double click, by a click on what is chosen, and by typing."""
    table.setEditTriggers(
        QAbstractItemView.EditTrigger.DoubleClicked
        | QAbstractItemView.EditTrigger.SelectedClicked
        | QAbstractItemView.EditTrigger.EditKeyPressed
        | QAbstractItemView.EditTrigger.AnyKeyPressed
    )

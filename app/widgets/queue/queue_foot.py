"""The way to the queue, below the list of runs."""

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.queue_watch import QueueReading
from app.widgets.elided import ElidedButton


class QueueFoot(QWidget):
    """One button that tells how many runs wait."""

    wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.button = ElidedButton()
        self.button.setProperty("rail", True)
        self.button.setCheckable(True)
        self.button.setIconSize(QSize(16, 16))
        self.button.clicked.connect(self._tell)
        self._narrow = False
        self._reading = QueueReading()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SMALL, theme.SMALL, theme.SMALL, theme.MEDIUM)
        column.addWidget(self.button)
        self.show_reading(self._reading)

    def show_reading(self, reading: QueueReading) -> None:
        self._reading = reading
        count = len(reading.waiting)
        words = self.tr("Queue: %n waiting", "", count) if count else self.tr("Queue")
        if reading.paused:
            words = self.tr("Paused: %n waiting", "", count) if count else self.tr("Queue, paused")
        self.button.setIcon(theme.icon("pause" if reading.paused else "stack", "text", "accent"))
        self.button.set_lines(words if not self._narrow else str(count) if count else "")
        self.button.setAccessibleName(words)
        if self._narrow:
            self.button.setToolTip(words)

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self.button.setProperty("narrow", narrow)
        self.button.style().polish(self.button)
        self.show_reading(self._reading)

    def _tell(self) -> None:
        self.button.setChecked(True)
        self.wanted.emit()

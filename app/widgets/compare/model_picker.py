"""Which of many runs are shown on the pictures: two to six of them."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

FEWEST, MOST = 2, 6  # as in core.actions.disagreeing


class ModelPicker(QPushButton):
    """``picked`` tells the runs that were chosen once the menu is closed; it stays open while runs are ticked."""

    picked = Signal(object)  # tuple[str, ...]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs: tuple[str, ...] = ()
        self._chosen: tuple[str, ...] = ()
        self.list = _StayingMenu(self)
        self.list.aboutToHide.connect(self._tell)
        self.setMenu(self.list)
        self.setToolTip(self.tr("Two models can be shown side by side or with a curtain, up to six as a film strip"))

    def offer(self, runs: Sequence[tuple[str, str]], chosen: Sequence[str]) -> None:
        """``runs``: ids with their titles."""
        self._runs, self._chosen = tuple(run for run, _ in runs), tuple(chosen)
        self.list.clear()
        for run, title in runs:
            action = self.list.addAction(title.replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(run in chosen)
            action.toggled.connect(self._allow)
        self._allow()
        self.setVisible(len(runs) > FEWEST)

    @property
    def chosen(self) -> tuple[str, ...]:
        """Those that are ticked, in the order of the menu."""
        actions = zip(self._runs, self.list.actions(), strict=True)
        return tuple(run for run, action in actions if action.isChecked())

    def _allow(self) -> None:
        """Nobody can tick too many or too few."""
        count = len(self.chosen)
        for action in self.list.actions():
            action.setEnabled(count > FEWEST if action.isChecked() else count < MOST)
        self.setText(self.tr("Models: {0} of {1}").format(count, len(self._runs)))

    def _tell(self) -> None:
        if self.chosen != self._chosen:
            self._chosen = self.chosen
            self.picked.emit(self._chosen)


class _StayingMenu(QMenu):
    """A click or the space key ticks; Enter, Esc and a click elsewhere close."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if not self._tick(self.actionAt(event.position().toPoint())):
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() != Qt.Key.Key_Space or not self._tick(self.activeAction()):
            super().keyPressEvent(event)

    def _tick(self, action: QAction | None) -> bool:
        if action is None or not action.isCheckable():
            return False
        action.trigger()  # nothing happens where it is not enabled
        return True

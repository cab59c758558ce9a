"""A place that says that files may be dropped on it, and tells which."""

from pathlib import Path

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app import theme


class DropZone(QFrame):
    """Add words to ``body``; ``dropped`` tells the first file or folder of this machine."""

    dropped = Signal(Path)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("drop")
        self.setAcceptDrops(True)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.WIDE)
        self.body.setSpacing(theme.SMALL)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        if paths_in(event.mimeData()):
            event.acceptProposedAction()
            self._light_up(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 (Qt's name)
        self._light_up(False)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        self._light_up(False)
        paths = paths_in(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths[0])

    def _light_up(self, over: bool) -> None:
        self.setProperty("over", over)
        self.style().polish(self)


def paths_in(data: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]

"""The formats that a project's labels can be written in, as a menu; each export is read back before it counts."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget
from shiboken6 import isValid

from app import edits
from app.state import Session
from core.domain.task import Task

if TYPE_CHECKING:  # ONNX Runtime, which the window's start does not wait for
    from core.actions.exporting import ExportedData

_FORMATS = {
    Task.CLASSIFICATION: ("imagefolder", "csv"),
    Task.DETECTION: ("yolo", "coco", "voc", "csv"),
}


class ExportMenu(QMenu):
    """Asks for a folder and exports into a new one in it; ``told`` says what was written."""

    told = Signal(str)

    def __init__(self, session: Session, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._session = session
        self.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        names = {
            "imagefolder": self.tr("Class folders"),
            "yolo": "YOLO",
            "coco": "COCO",
            "voc": "Pascal VOC",
            "csv": "CSV",
        }
        self.clear()
        for name in _FORMATS[self._session.data.info.task or Task.CLASSIFICATION]:
            action = self.addAction(names[name])
            action.triggered.connect(lambda checked=False, name=name: self._export(name))

    def _export(self, format_name: str) -> None:
        folder = QFileDialog.getExistingDirectory(self.parentWidget(), self.tr("Folder that the export is put into"))
        if folder:
            target = _free(Path(folder) / f"{self._session.path.name}-{format_name}")
            edits.export_data(self._session, format_name, target, lambda data: self._tell(target, data))

    def _tell(self, target: Path, data: "ExportedData") -> None:
        if isValid(self):
            text = self.tr("%n image(s) written to “{0}” and read back: nothing is missing.", "", data.images)
            left_out = self.tr("%n image(s) in progress left out.", "", data.in_progress) if data.in_progress else ""
            self.told.emit(f"{text.format(target)} {left_out}".strip())


def _free(folder: Path) -> Path:
    """``folder``, with a number if there is one of that name already."""
    number, free = 1, folder
    while free.exists():
        number += 1
        free = folder.with_name(f"{folder.name}-{number}")
    return free

"""Where the ONNX file goes, and the button that puts it there."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from app import theme
from app.widgets.drop_zone import paths_in
from app.widgets.elided import ElidedLabel
from app.widgets.parts import Card, Glyph, button, file_size, label
from app.widgets.trouble import Trouble
from core.domain.errors import LensmithError

if TYPE_CHECKING:  # ONNX and OpenCV, which the window does not wait for
    from core.actions.shipping import Exported

SUFFIX = ".onnx"


class ExportCard(Card):
    """The target is filled in; a folder may be dropped on it."""

    export_wanted = Signal(Path)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Export"), parent)
        self.setAcceptDrops(True)
        self._default = Path()
        self._touched = False
        self._exported: Exported | None = None
        self.path = QLineEdit()
        self.path.setAccessibleName(self.tr("File to write"))
        self.path.setProperty("data_tip", True)
        self.choose_button = button(self.tr("Choose…"), "folder-open")
        self.export_button = button(self.tr("Export ONNX"), "export", primary=True)
        self.export_button.setToolTip(
            self.tr("ONNX: a file format for trained models that other programs and machines run.")
        )
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 0)
        self.bar.setAccessibleName(self.tr("Writing and checking the file"))
        self.trouble = Trouble()
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        row.addWidget(self.path, 1)
        row.addWidget(self.choose_button)
        self.body.addLayout(row)
        self.body.addWidget(self.export_button)
        self.body.addWidget(self.bar)
        self.body.addWidget(self.trouble)
        self.body.addWidget(self._make_result())
        self.choose_button.clicked.connect(self._choose)
        self.export_button.clicked.connect(self._export)
        self.path.returnPressed.connect(self._export)
        self.path.textEdited.connect(self._edited)
        self.bar.hide()

    # What is shown

    @property
    def target(self) -> Path:
        """The file that will be written: what stands in the field, with the suffix and a folder added."""
        text = self.path.text().strip()
        path = Path(text).expanduser() if text else self._default
        if not path.is_absolute():
            path = self._default.parent / path
        if text.endswith(("/", "\\")):
            path = path / self._default.name
        return path if path.suffix.lower() == SUFFIX else path.with_name(path.name + SUFFIX)

    def set_default(self, path: Path) -> None:
        """A file name for the run shown now. A folder that the user chose stays, another name gives way."""
        folder = self.target.parent if self._touched else path.parent
        self._default = folder / path.name
        self._put(self._default)
        self.say_nothing()

    def say_nothing(self) -> None:
        self.trouble.say(None)
        self._result.hide()
        self._exported = None

    def set_busy(self, busy: bool) -> None:
        self.bar.setVisible(busy)
        self.export_button.setEnabled(not busy)

    def show_exported(self, exported: "Exported") -> None:
        self._exported = exported
        self.trouble.say(None)
        told = self.tr("Written and checked: {}, opened again by ONNX Runtime")
        self._told.setText(told.format(file_size(exported.size)))
        self._hash.set_whole(f"SHA-256 {exported.sha256}")
        self._hash.setToolTip(exported.sha256)
        self._where.set_whole(str(exported.path))
        self._result.show()

    def show_error(self, error: LensmithError) -> None:
        self._result.hide()
        self.trouble.say(error)

    @property
    def told(self) -> str:
        """What came of the export; empty before."""
        return self._told.text() if not self._result.isHidden() else ""

    # What the user does

    def take_folder(self, folder: Path) -> None:
        """Write into ``folder``, under the name that stands there."""
        self._touched = True
        self._put(folder / self.target.name)
        self.say_nothing()

    def _export(self) -> None:
        if self.export_button.isEnabled():
            self.say_nothing()
            target = self.target
            self._put(target)
            self.export_wanted.emit(target)

    def _edited(self) -> None:
        self._touched = True
        self.say_nothing()

    def _choose(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(
            self,
            self.tr("Export to"),
            str(self.target),
            self.tr("ONNX files (*.onnx)"),
            options=QFileDialog.Option.DontConfirmOverwrite,  # asked once, when it is written
        )
        if chosen:
            self._touched = True
            self._put(Path(chosen))
            self._put(self.target)
            self.say_nothing()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        if any(path.is_dir() for path in paths_in(event.mimeData())):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        event.acceptProposedAction()
        self.take_folder(next(path for path in paths_in(event.mimeData()) if path.is_dir()))

    def _put(self, path: Path) -> None:
        self.path.setText(str(path))
        self.path.setToolTip(str(path))

    def _copy(self) -> None:
        if self._exported is not None:
            QGuiApplication.clipboard().setText(self._exported.sha256)

    def _show_in_folder(self) -> None:
        if self._exported is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._exported.path.parent)))

    def _make_result(self) -> QWidget:
        self._result = QWidget()
        self._told = label("", wrap=True)
        self._where, self._hash = (ElidedLabel(role="caption", data=True, middle=True) for _ in range(2))
        self._hash.setProperty("data_tip", True)
        self._where.setProperty("data_tip", True)
        self.copy_button = button(self.tr("Copy SHA-256"), "copy")
        self.copy_button.setToolTip(self.tr("SHA-256: a fingerprint; two files with the same one are the same file."))
        self.folder_button = button(self.tr("Show in folder"), "folder")
        head, actions = QHBoxLayout(), QHBoxLayout()
        head.setSpacing(theme.SMALL)
        head.addWidget(Glyph("check-circle", "good"))
        head.addWidget(self._told, 1)
        actions.setSpacing(theme.SMALL)
        for one, action in ((self.copy_button, self._copy), (self.folder_button, self._show_in_folder)):
            one.setProperty("quiet", True)
            one.setIconSize(QSize(16, 16))
            one.clicked.connect(action)
            actions.addWidget(one)
        actions.addStretch()
        column = QVBoxLayout(self._result)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.TIGHT)
        column.addLayout(head)
        column.addWidget(self._where)
        column.addWidget(self._hash)
        column.addLayout(actions)
        self._result.hide()
        return self._result

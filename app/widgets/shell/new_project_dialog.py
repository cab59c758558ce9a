"""A name and a place for a new project."""

from pathlib import Path

from PySide6.QtWidgets import QDialog, QFileDialog, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app import theme
from app.widgets.elided import ElidedLabel
from app.widgets.parts import button, label

WIDTH = 480  # pixels
NOT_IN_NAMES = '<>:"/\\|?*'  # forbidden in file names somewhere


class NewProjectDialog(QDialog):
    """``path`` is the folder that the user wants; it is not made here."""

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("New project"))
        self.setMinimumWidth(WIDTH)
        self._folder = folder
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("What the pictures show, for example Screws"))
        self.name.setAccessibleName(self.tr("Name"))
        self.name.textChanged.connect(self._show)
        self.choose_button = button(self.tr("Choose…"), "folder-open")
        self.choose_button.setAutoDefault(False)
        self.choose_button.clicked.connect(self._choose)
        self._place = ElidedLabel(data=True, middle=True)
        self.make_button = button(self.tr("Make project"), primary=True)
        self.make_button.setDefault(True)
        self.make_button.clicked.connect(self.accept)
        self.cancel_button = button(self.tr("Cancel"))
        self.cancel_button.setAutoDefault(False)
        self.cancel_button.clicked.connect(self.reject)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.LARGE)
        grid.setVerticalSpacing(theme.MEDIUM)
        grid.setColumnStretch(1, 1)
        grid.addWidget(label(self.tr("Name")), 0, 0)
        grid.addWidget(self.name, 0, 1, 1, 2)
        grid.addWidget(label(self.tr("Folder")), 1, 0)
        grid.addWidget(self._place, 1, 1)
        grid.addWidget(self.choose_button, 1, 2)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self.cancel_button)
        row.addWidget(self.make_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.LARGE)
        column.setSpacing(theme.WIDE)
        column.addLayout(grid)
        column.addLayout(row)
        self._show()

    @property
    def path(self) -> Path:
        return self._folder / file_name(self.name.text())

    def _show(self) -> None:
        named = bool(file_name(self.name.text()))
        self._place.set_whole(str(self.path if named else self._folder))
        self.make_button.setEnabled(named)

    def _choose(self) -> None:
        """An empty folder becomes the project, and names it; any other is where it is put."""
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Folder for the project"), str(self._folder))
        if not chosen:
            return
        folder = Path(chosen)
        if not self.name.text().strip() and not any(folder.iterdir()):
            self._folder = folder.parent
            self.name.setText(folder.name)
        else:
            self._folder = folder
        self._show()


def file_name(name: str) -> str:
    """``name`` without what some file system refuses."""
    return "".join(" " if letter in NOT_IN_NAMES or ord(letter) < 32 else letter for letter in name).strip(" .")


def free_path(folder: Path, name: str) -> Path:
    """``folder/name``, or ``name 2`` and so on where that is taken."""
    path, number = folder / (file_name(name) or "project"), 1
    while path.exists():
        number += 1
        path = folder / f"{file_name(name) or 'project'} {number}"
    return path

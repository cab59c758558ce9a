"""Errors as a sentence of cause and a sentence of remedy, the whole story behind a fold, one dialog at a time."""

import platform
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import PySide6
from PySide6.QtCore import QObject, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app import theme
from app.widgets.parts import Glyph, button, label
from core import __version__
from core.domain.errors import LensmithError

WIDTH, DETAILS_HEIGHT = 520, 200  # pixels


class Story(NamedTuple):
    """One thing to tell. ``again`` repeats what failed; ``folder`` holds files worth looking at."""

    cause: str
    remedy: str = ""
    details: str = ""
    again: Callable[[], object] | None = None
    folder: Path | None = None

    @classmethod
    def of(cls, error: LensmithError, again: Callable[[], object] | None = None) -> "Story":
        return cls(error.cause, error.remedy, "".join(traceback.format_exception(error)), again)


class Errors(QObject):
    """Shows one dialog after the other; the same words are never told twice at a time."""

    support_wanted = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._waiting: list[Story] = []
        self._told = 0
        self.dialog: ErrorDialog | None = None

    def show(self, story: Story) -> None:
        known = [*([self.dialog.story] if self.dialog else []), *self._waiting]
        if any((story.cause, story.remedy) == (other.cause, other.remedy) for other in known):
            return
        self._waiting.append(story)
        if self.dialog is None:
            self._next()
        else:
            self._count()

    def clear(self) -> None:
        """Close what is shown and forget what waits: the window goes."""
        self._waiting.clear()
        if self.dialog is not None:
            self.dialog.reject()

    def _next(self) -> None:
        self.dialog = ErrorDialog(self._waiting.pop(0), self._window)
        self.dialog.finished.connect(self._over)
        self.dialog.support_wanted.connect(self.support_wanted)
        self._told += 1
        self._count()
        self.dialog.open()

    def _over(self) -> None:
        assert self.dialog is not None
        self.dialog.deleteLater()
        self.dialog = None
        if self._waiting:
            self._next()
        else:
            self._told = 0

    def _count(self) -> None:
        if self.dialog is not None:
            self.dialog.set_count(self._told, self._told + len(self._waiting))


class ErrorDialog(QDialog):
    """Never a stack trace in the open."""

    support_wanted = Signal()

    def __init__(self, story: Story, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.story = story
        self.setWindowTitle("Lensmith")
        self.cause, self.remedy = label(story.cause, "section", wrap=True), label(story.remedy, "muted", wrap=True)
        for text in (self.cause, self.remedy):
            text.setProperty("data", True)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._count = label("", "caption")
        self._count.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.LARGE)
        column.setSpacing(theme.LARGE)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)
        column.addLayout(self._words())
        column.addWidget(self._fold())
        column.addLayout(self._actions())

    def set_count(self, number: int, of: int) -> None:
        self._count.setText(self.tr("{0} of {1}").format(number, of))
        self._count.setVisible(of > 1)

    @property
    def count(self) -> str:
        return self._count.text() if self._count.isVisibleTo(self) else ""

    def _words(self) -> QHBoxLayout:
        row, words = QHBoxLayout(), QVBoxLayout()
        row.setSpacing(theme.LARGE)
        words.setSpacing(theme.TIGHT)
        row.addWidget(Glyph("warning-circle", "bad", 32), alignment=Qt.AlignmentFlag.AlignTop)
        for text in (self.cause, self.remedy):
            text.setFixedWidth(WIDTH - 2 * theme.WIDE - 32 - theme.LARGE)
            words.addWidget(text)
        self.remedy.setVisible(bool(self.story.remedy))
        row.addLayout(words, 1)
        return row

    def _fold(self) -> QWidget:
        self.details = QPlainTextEdit(f"{self.story.details.rstrip()}\n\n{versions()}".strip())
        self.details.setReadOnly(True)
        self.details.setTabChangesFocus(True)
        self.details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.details.setFixedSize(WIDTH - 2 * theme.WIDE, DETAILS_HEIGHT)
        self.details.setAccessibleName(self.tr("Details"))
        self.fold_button = button(self.tr("Details"), "caret-right")
        self.fold_button.setProperty("quiet", True)
        self.fold_button.setIconSize(QSize(16, 16))
        self.fold_button.setCheckable(True)
        self.fold_button.toggled.connect(self._unfold)
        self.copy_button = button(self.tr("Copy"), "copy")
        self.copy_button.setProperty("quiet", True)
        self.copy_button.setIconSize(QSize(16, 16))
        self.copy_button.clicked.connect(self._copy)
        row = QHBoxLayout()
        row.addWidget(self.fold_button)
        row.addWidget(self.copy_button)
        row.addStretch()
        row.addWidget(self._count)
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SMALL)
        column.addLayout(row)
        column.addWidget(self.details)
        self._unfold(False)
        return holder

    def _actions(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        self.support_button = button(self.tr("Support bundle…"), "lifebuoy")
        self.support_button.setToolTip(
            self.tr(
                "One zip file with versions, logs and settings, and none of your pictures, to send to whoever helps."
            )
        )
        self.support_button.clicked.connect(self._ask_for_support)
        row.addWidget(self.support_button)
        if self.story.folder is not None:
            self.folder_button = button(self.tr("Open folder"), "folder-open")
            self.folder_button.clicked.connect(self._open_folder)
            row.addWidget(self.folder_button)
        row.addStretch()
        if self.story.again is not None:
            self.again_button = button(self.tr("Try again"), "arrow-clockwise")
            self.again_button.clicked.connect(self._try_again)
            row.addWidget(self.again_button)
        self.close_button = button(self.tr("Close"), primary=True)
        self.close_button.setDefault(True)
        self.close_button.clicked.connect(self.reject)
        row.addWidget(self.close_button)
        self.close_button.setFocus()
        return row

    def _unfold(self, unfolded: bool) -> None:
        self.fold_button.setIcon(theme.icon("caret-down" if unfolded else "caret-right", "text"))
        self.details.setVisible(unfolded)
        self.copy_button.setVisible(unfolded)

    def _copy(self) -> None:
        words = f"{self.story.cause}\n{self.story.remedy}\n\n{self.details.toPlainText()}\n"
        QGuiApplication.clipboard().setText(words)
        self.copy_button.setText(self.tr("Copied"))

    def _ask_for_support(self) -> None:
        self.reject()
        self.support_wanted.emit()

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.story.folder)))

    def _try_again(self) -> None:
        assert self.story.again is not None
        self.accept()
        self.story.again()


def versions() -> str:
    """What somebody who helps asks first."""
    return (
        f"Lensmith {__version__} · Python {platform.python_version()} · PySide6 {PySide6.__version__} · "
        f"{platform.system()} {platform.release()} ({platform.machine()})"
    )

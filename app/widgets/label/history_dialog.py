"""Every state that the labels of one picture had: look at it, restore it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QDateTime, QLocale, QSize, QSizeF, Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app import theme
from app.edit_words import sentence
from app.widgets.elided import ElidedLabel
from app.widgets.gallery.levels import Levels
from app.widgets.gallery.overlay import ClassLook, overlay_of
from app.widgets.gallery.picture_view import PictureView
from app.widgets.parts import button, label
from core.actions.projects import relabelled
from core.domain.dataset import Image
from core.domain.labels import ImageLabels
from core.store.journal import Version

_LIST = 320  # pixels


class HistoryDialog(QDialog):
    """To be shown with ``open()``; ``show_versions`` when they were read."""

    restore_wanted = Signal(str, object)  # time as the diary has it, ImageLabels

    def __init__(
        self,
        image: Image,
        looks: Mapping[int, ClassLook],
        levels: Levels | None,
        *,
        writable: bool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("page")
        self.setWindowTitle(self.tr("History of {}").format(Path(image.path).name))
        self._image, self._looks, self._levels = image, looks, levels
        self._writable = writable
        self.versions: Sequence[Version] = ()
        self.list, self.view = QListWidget(), PictureView()
        self.list.setFixedWidth(_LIST)
        self.list.setAccessibleName(self.tr("States, newest first"))
        self.list.setObjectName("plain")
        self.list.setWordWrap(True)
        self.list.currentRowChanged.connect(self._show_version)
        self._caption = ElidedLabel(role="muted", data=True)
        self._lay_out()
        self.resize(QSize(1040, 640) if parent is None else parent.window().size() * 0.85)
        self.view.expect(QSizeF(image.width, image.height), overlay_of(image, looks), None)
        if levels is not None:
            self.view.show_levels(levels.images)

    def show_versions(self, versions: Sequence[Version]) -> None:
        """Newest first, as the store gives them."""
        self.versions = versions
        self.list.clear()
        for place, version in enumerate(versions):
            item = QListWidgetItem(self._words(version, is_now=place == 0))
            item.setSizeHint(QSize(0, 56))
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.setFocus()

    def _words(self, version: Version, *, is_now: bool) -> str:
        edit = version.edit
        if edit is None:
            what, when = self.tr("At the beginning"), ""
        else:
            what = sentence(edit.verb, edit.detail)
            if edit.kind == "undo":
                what = self.tr("Undone: {}").format(what)
            elif edit.kind == "redo":
                what = self.tr("Redone: {}").format(what)
            when = "  ·  ".join(part for part in (_local(edit.time), edit.user) if part)
        if is_now:
            what = self.tr("{}  (now)").format(what)
        return f"{what}\n{when}"

    def _show_version(self, row: int) -> None:
        known = 0 <= row < len(self.versions)
        self.restore_button.setEnabled(known and row > 0 and self._writable)
        if known:
            overlay = overlay_of(relabelled(self._image, self.versions[row].labels), self._looks)
            self.view.set_overlay(overlay)
            self._caption.set_whole(overlay.caption or self._nothing(self.versions[row].labels))

    def _nothing(self, labels: ImageLabels) -> str:
        return self.tr("Not labelled yet") if labels.boxes is None else self.tr("Nothing here")

    def _restore(self) -> None:
        version = self.versions[self.list.currentRow()]
        self.restore_wanted.emit("" if version.edit is None else version.edit.time, version.labels)
        self.accept()

    def _lay_out(self) -> None:
        self.restore_button, self.close_button = button(self.tr("Restore this state"), primary=True), button("")
        self.close_button.setText(self.tr("Close"))
        self.restore_button.setEnabled(False)
        self.restore_button.clicked.connect(self._restore)
        self.close_button.clicked.connect(self.reject)
        left, right, row = QVBoxLayout(), QVBoxLayout(), QHBoxLayout(self)
        title = label(self.tr("History"), "section")
        left.addWidget(title)
        left.addWidget(self.list, 1)
        right.addWidget(self.view, 1)
        foot = QHBoxLayout()
        foot.addWidget(self._caption, 1)
        foot.addWidget(self.close_button)
        foot.addWidget(self.restore_button)
        right.addLayout(foot)
        row.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.LARGE)
        row.setSpacing(theme.LARGE)
        row.addLayout(left)
        row.addLayout(right, 1)


def _local(time: str) -> str:
    """``2026-11-22T21:04:05+00:00`` as this system writes it."""
    when = QDateTime.fromSecsSinceEpoch(round(datetime.fromisoformat(time).timestamp()))
    return QLocale().toString(when, QLocale.FormatType.ShortFormat)

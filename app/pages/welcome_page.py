"""Welcome: what Lensmith does, projects opened before, and a place to drop pictures on."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QDateTime, QLocale, QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from app import theme
from app.jobs import Jobs
from app.settings import Recent, Settings
from app.widgets.drop_zone import DropZone
from app.widgets.elided import ElidedLabel
from app.widgets.parts import Card, Glyph, button, label, page_column
from app.widgets.shell.job_tray import JobTray
from core.domain.progress import Progress

SHOWN = 7  # recent projects; more are in the menu
WIDEST = 1040  # pixels of content


class WelcomePage(QWidget):
    """Shown while no project is open. What is chosen here is told by signals; the window does it."""

    new_wanted = Signal()
    open_wanted = Signal()
    demo_wanted = Signal()
    folder_wanted = Signal()
    dropped = Signal(Path)
    project_wanted = Signal(Path)
    opening_cancelled = Signal()

    def __init__(self, settings: Settings, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings, self._jobs = settings, jobs
        self._counts: dict[Path, int | None] = {}
        self.rows: dict[Path, RecentRow] = {}
        self.tray = JobTray(jobs)
        content = QWidget()
        content.setMaximumWidth(WIDEST)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.WIDE)
        column.addLayout(self._words())
        columns = QHBoxLayout()
        columns.setSpacing(theme.LARGE)
        columns.addLayout(self._start(), 3)
        columns.addWidget(self._recent(), 2)
        column.addLayout(columns, 1)
        outer = page_column(self)
        outer.setContentsMargins(theme.WIDE, 2 * theme.WIDE, theme.WIDE, 2 * theme.WIDE)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(content, 100)
        row.addStretch(1)
        outer.addLayout(row)
        settings.recent_changed.connect(self.show_recent)
        self.show_recent()

    def show_recent(self) -> None:
        """The list as it is kept now; how many images each holds follows when it has been read."""
        while (item := self._list.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        recent = self._settings.recent[:SHOWN]
        self.rows = {one.path: RecentRow(one) for one in recent}
        for path, row in self.rows.items():
            row.chosen.connect(self.project_wanted)
            row.forgotten.connect(self._settings.forget)
            if path in self._counts:
                row.show_count(self._counts[path])
            self._list.addWidget(row)
        self._no_recent.setVisible(not recent)

    def look_at_recent(self) -> None:
        """Read how many images each project holds; one on a drive that does not answer keeps nobody waiting."""
        for path in self.rows:
            self._jobs.run(
                "",
                partial(_count, path),
                done=self._take_count,
                failed=lambda error: None,
                lane=f"count {path}",
                quiet=True,
            )

    def show_opening(self, path: Path | None) -> None:
        """``path`` is being opened; ``None``: nothing is."""
        self._places.setCurrentIndex(0 if path is None else 1)
        for made in self._doors:
            made.setEnabled(path is None)
        for row in self.rows.values():
            row.setEnabled(path is None)
        if path is not None:
            self.opening.setText(self.tr("Opening “{}” …").format(path.name))
            self._opening_path.set_whole(str(path))
            self.cancel_button.setFocus()

    def _take_count(self, told: tuple[Path, int | None]) -> None:
        path, count = told
        self._counts[path] = count
        if path in self.rows:
            self.rows[path].show_count(count)

    def _words(self) -> QVBoxLayout:
        words = QVBoxLayout()
        words.setSpacing(theme.TIGHT)
        title = label("Lensmith", "page")
        title.setProperty("data", True)
        words.addWidget(title)
        words.addWidget(
            label(
                self.tr("Turns a folder of labelled pictures into a verified ONNX model, on this machine, offline."),
                "muted",
                wrap=True,
            )
        )
        return words

    def _start(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(theme.MEDIUM)
        self._places = QStackedLayout()
        self._places.addWidget(self._drop())
        self._places.addWidget(self._wait())
        column.addLayout(self._places, 1)
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        self.new_button = button(self.tr("New project…"), "plus")
        self.open_button = button(self.tr("Open…"), "folder-open")
        self.demo_button = button(self.tr("Try the demo"), "flask")
        self.demo_button.setToolTip(self.tr("Draws 320 pictures of gears with four conditions to tell apart."))
        for made, signal in (
            (self.new_button, self.new_wanted),
            (self.open_button, self.open_wanted),
            (self.demo_button, self.demo_wanted),
        ):
            made.clicked.connect(signal)
            row.addWidget(made)
        row.addStretch()
        self._doors = (self.new_button, self.open_button, self.demo_button)
        column.addLayout(row)
        column.addWidget(self.tray)
        return column

    def _drop(self) -> QWidget:
        self.drop_zone = DropZone()
        self.drop_zone.dropped.connect(self.dropped)
        body = self.drop_zone.body
        self.folder_button = button(self.tr("Choose a folder…"), "folder-plus", primary=True)
        self.folder_button.clicked.connect(self.folder_wanted)
        title = label(self.tr("Drop a folder of pictures here"), "page", wrap=True)
        text = label(
            self.tr(
                "Or an archive, or a Lensmith project. One folder a class, YOLO, COCO, Pascal VOC and CSV are "
                "understood. Your pictures stay where they are."
            ),
            "muted",
            wrap=True,
        )
        body.addStretch()
        body.addWidget(Glyph("images", "accent", 48), alignment=Qt.AlignmentFlag.AlignHCenter)
        for words in (title, text):
            words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            body.addWidget(words)
        body.addSpacing(theme.SMALL)
        body.addWidget(self.folder_button, alignment=Qt.AlignmentFlag.AlignHCenter)
        body.addStretch()
        return self.drop_zone

    def _wait(self) -> QWidget:
        card, bar = Card(), QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        self.opening = label("", "page", wrap=True)
        self._opening_path = ElidedLabel("", "muted", data=True, middle=True)
        self.cancel_button = button(self.tr("Cancel"))
        self.cancel_button.clicked.connect(self.opening_cancelled)
        card.body.addStretch()
        for part in (self.opening, self._opening_path, bar):
            card.body.addWidget(part)
        card.body.addSpacing(theme.SMALL)
        card.body.addWidget(self.cancel_button, alignment=Qt.AlignmentFlag.AlignLeft)
        card.body.addStretch()
        return card

    def _recent(self) -> Card:
        card = Card(self.tr("Recent projects"))
        card.body.setContentsMargins(theme.SMALL, theme.MEDIUM, theme.SMALL, theme.SMALL)
        card.head.setContentsMargins(theme.SMALL, 0, 0, 0)
        self._list = QVBoxLayout()
        self._list.setSpacing(theme.TIGHT)
        card.body.addLayout(self._list)
        self._no_recent = label(self.tr("Projects that you open are kept here."), "muted", wrap=True)
        self._no_recent.setContentsMargins(theme.SMALL, 0, 0, 0)
        card.body.addWidget(self._no_recent)
        card.body.addStretch()
        return card


class RecentRow(QWidget):
    """Name, place, size and age of a project; a click opens it, the cross forgets it."""

    chosen = Signal(Path)
    forgotten = Signal(Path)

    def __init__(self, recent: Recent, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._recent = recent
        self.button = QPushButton()
        self.button.setProperty("row", True)
        self.button.setAccessibleName(str(recent.path))
        self.button.setFixedHeight(56)
        self.button.clicked.connect(lambda: self.chosen.emit(recent.path))
        name, self._facts = ElidedLabel(recent.path.name, data=True), label("", "caption")
        theme.make_semibold(name)
        self._facts.setText(_day(recent.opened))
        self._facts.setProperty("data", True)
        top, inside = QHBoxLayout(), QVBoxLayout(self.button)
        top.addWidget(name, 1)
        top.addWidget(self._facts)
        inside.setContentsMargins(theme.SMALL, theme.SMALL, theme.SMALL, theme.SMALL)
        inside.setSpacing(2)
        inside.addLayout(top)
        inside.addWidget(ElidedLabel(str(recent.path), "caption", data=True, middle=True))
        for inner in self.button.findChildren(QLabel):
            inner.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.forget = QPushButton()
        self.forget.setIcon(theme.icon("x", "muted"))
        self.forget.setIconSize(QSize(16, 16))
        self.forget.setProperty("quiet", True)
        self.forget.setProperty("tiny", True)
        self.forget.setFixedSize(theme.WIDE, theme.WIDE)
        self.forget.setToolTip(self.tr("Take it off this list. Nothing is deleted."))
        self.forget.setAccessibleName(self.tr("Forget {}").format(recent.path.name))
        self.forget.clicked.connect(lambda: self.forgotten.emit(recent.path))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.TIGHT)
        row.addWidget(self.button, 1)
        row.addWidget(self.forget)

    def show_count(self, images: int | None) -> None:
        """``None``: it is not there now."""
        what = self.tr("not found") if images is None else self.tr("%n image(s)", "", images)
        self._facts.setText(f"{what} · {_day(self._recent.opened)}")


def _count(path: Path, progress: Progress) -> tuple[Path, int | None]:
    from core.actions.projects import count_images

    return path, count_images(path)


def _day(opened: int) -> str:
    return QLocale().toString(QDateTime.fromSecsSinceEpoch(opened).date(), QLocale.FormatType.ShortFormat)

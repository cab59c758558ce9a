"""The rail at the left: project, pages, and at the foot the work under way, the machine, the runs and Settings."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QButtonGroup, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.jobs import Jobs
from app.widgets.elided import ElidedButton, ElidedLabel
from app.widgets.parts import label
from app.widgets.shell.job_tray import JobTray
from app.widgets.shell.machine_panel import MachineFoot


class Rail(QWidget):
    """``pages``: name, icon and title of each. In a narrow window only icons are left."""

    page_wanted = Signal(str)
    runs_wanted = Signal()
    settings_wanted = Signal()

    def __init__(self, pages: Sequence[tuple[str, str, str]], jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.product = label("Lensmith", "section")
        self.product.setProperty("data", True)
        self.project, self.counts = ElidedLabel("", data=True), ElidedLabel("", "muted")
        self.buttons: dict[str, QPushButton] = {}
        self._collapsed = False
        self.tray, self.machine = JobTray(jobs), MachineFoot()
        self.runs = ElidedButton()
        self.settings = self._item("gear-six", self.tr("Settings"))
        self._titles = {self.settings: self.tr("Settings")}
        self._column = QVBoxLayout(self)
        self._column.setSpacing(theme.TIGHT)
        for widget in (self.product, self.project, self.counts):
            self._column.addWidget(widget)
        self._gap = QWidget()
        self._gap.setFixedHeight(theme.MEDIUM)
        self._column.addWidget(self._gap)
        self._add_pages(pages)
        self._column.addStretch()
        self._add_foot()
        self.show_runs((self.tr("No run going"),), going=False)
        self.set_collapsed(False)

    def set_collapsed(self, collapsed: bool) -> None:
        self._collapsed = collapsed
        self.setFixedWidth(theme.RAIL_NARROW if collapsed else theme.RAIL_WIDTH)
        side = theme.SMALL if collapsed else theme.MEDIUM
        self._column.setContentsMargins(side, theme.LARGE, side, theme.MEDIUM)
        for widget in (self.product, self.project, self.counts, self._gap):
            widget.setVisible(not collapsed)
        for item, title in self._titles.items():
            item.setText("" if collapsed else title)
            item.setToolTip(title if collapsed else "")
            item.setProperty("narrow", collapsed)
            item.style().polish(item)
        self.tray.set_collapsed(collapsed)
        self.machine.set_collapsed(collapsed)
        self._show_runs()

    def show_project(self, name: str, counts: str) -> None:
        self.project.set_whole(name)
        self.counts.set_whole(counts)

    def show_runs(self, lines: Sequence[str], *, going: bool) -> None:
        """Where the runs of this project stand, in one or two short lines."""
        self._run_lines, self._going = tuple(lines), going
        self._show_runs()

    def _show_runs(self) -> None:
        icon = theme.icon("play" if self._going else "clock", "accent" if self._going else "muted")
        self.runs.setIcon(icon if self._collapsed else theme.icon("play", "accent") if self._going else QIcon())
        self.runs.set_lines(*(() if self._collapsed else self._run_lines))
        self.runs.setAccessibleName(", ".join(self._run_lines))
        if self._collapsed:
            self.runs.setToolTip("\n".join(self._run_lines))
        self.runs.setProperty("narrow", self._collapsed)
        self.runs.style().polish(self.runs)

    def _add_pages(self, pages: Sequence[tuple[str, str, str]]) -> None:
        group = QButtonGroup(self)
        for name, icon, title in pages:
            item = self.buttons[name] = self._item(icon, title)
            item.setCheckable(True)
            item.clicked.connect(lambda checked=False, name=name: self.page_wanted.emit(name))
            group.addButton(item)
            self._titles[item] = title
            self._column.addWidget(item)

    def _add_foot(self) -> None:
        self._column.addWidget(self.tray)
        self._column.addSpacing(theme.MEDIUM)
        self._column.addWidget(self.machine)
        self._column.addSpacing(theme.SMALL)
        self.runs.setProperty("quiet", True)
        self.runs.setProperty("fine", True)
        self.runs.setIconSize(QSize(16, 16))
        self.runs.clicked.connect(self.runs_wanted)
        self._column.addWidget(self.runs)
        self.settings.clicked.connect(self.settings_wanted)
        self._column.addWidget(self.settings)

    def _item(self, icon: str, title: str) -> QPushButton:
        item = QPushButton(title)
        item.setIcon(theme.icon(icon, "text", on="accent"))
        item.setIconSize(QSize(20, 20))
        item.setProperty("rail", True)
        item.setAccessibleName(title)
        item.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # the ring is for the keyboard
        return item

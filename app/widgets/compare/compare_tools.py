"""The row above the pictures: how the models are shown, the truth, and the zoom."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QWidget

from app import theme
from app.widgets.parts import label
from app.widgets.segments import Segments

PAIR, CURTAIN = "pair", "curtain"


class CompareTools(QWidget):
    """``way_changed`` tells that another arrangement of two models is wanted."""

    way_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ways = Segments({PAIR: self.tr("Side by side"), CURTAIN: self.tr("Curtain")})
        self.ways.buttons[PAIR].setToolTip(self.tr("Two views of the picture, moved together (C)"))
        self.ways.buttons[CURTAIN].setToolTip(self.tr("One picture with a divider to drag; Left and Right move it (C)"))
        self.ways.chosen.connect(self.way_changed)
        self.truth = self._chip(self.tr("Truth"), "target", self.tr("Show what is true as thin lines (T)"))
        self.truth.setCheckable(True)
        self.truth.setChecked(True)
        self.swap = self._chip(self.tr("Hold to swap"), "eye", self.tr("While held, the models change places (X)"))
        self.zoom = label("", "muted")
        self.zoom.setProperty("data", True)
        theme.make_tabular(self.zoom)
        self.zoom.setMinimumWidth(self.zoom.fontMetrics().horizontalAdvance("3200 %"))
        self.zoom.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.close_up = self._tool("crosshair", self.tr("The widest disagreement, close up (Z)"))
        self.fit = self._tool("corners-out", self.tr("Fit the whole picture (0)"))
        self.whole = self._tool("", self.tr("A pixel of the picture on a pixel of the screen (1)"))
        self.whole.setText("1:1")
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme.SMALL)
        for part in (self.ways, self.truth, self.swap):
            line.addWidget(part)
        line.addStretch()
        line.addWidget(self.zoom)
        for tool in (self.close_up, self.fit, self.whole):
            line.addWidget(tool)

    @property
    def is_curtain(self) -> bool:
        return bool(self.ways.value == CURTAIN)

    @property
    def is_truth_shown(self) -> bool:
        return self.truth.isChecked()

    def set_choices(self, *, ways: bool, places: bool) -> None:
        """Whether there are two ways to show the models, and whether they disagree about places."""
        self.ways.setVisible(ways)
        self.close_up.setVisible(places)

    def set_swapped(self, swapped: bool) -> None:
        self.swap.setDown(swapped)

    def change_way(self) -> None:
        if not self.ways.isHidden():
            self.ways.buttons[PAIR if self.is_curtain else CURTAIN].click()

    def show_zoom(self, scale: float) -> None:
        self.zoom.setText(f"{100 * scale:.0f} %")

    def _chip(self, text: str, icon: str, tip: str) -> QPushButton:
        made = QPushButton(text)
        made.setIcon(theme.icon(icon, "muted", "accent"))
        made.setProperty("chip", True)
        made.setToolTip(tip)
        return made

    def _tool(self, icon: str, tip: str) -> QToolButton:
        made = QToolButton()
        if icon:
            made.setIcon(theme.icon(icon, "text"))
            made.setIconSize(QSize(20, 20))
        made.setAutoRaise(True)
        made.setToolTip(tip)
        made.setAccessibleName(tip)
        return made

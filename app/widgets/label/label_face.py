"""The Label page as it looks: its widgets and where they are; what they do is in the page."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.keys import Keys
from app.thumbnails import Thumbnails
from app.widgets.label.box_list import BoxList
from app.widgets.label.class_panel import ClassPanel
from app.widgets.label.film_strip import FilmStrip
from app.widgets.label.grid_mode import GridMode
from app.widgets.label.help_card import HelpCard
from app.widgets.label.label_card import LabelCard
from app.widgets.label.label_index import LabelIndex
from app.widgets.label.no_pictures import NoPictures
from app.widgets.label.picture_stage import PictureStage
from app.widgets.label.state_filter import StateFilter
from app.widgets.label.task_choice import TaskChoice
from app.widgets.parts import PageHeader, badge, button, page_column, set_badge
from core.domain.labels import LabelState

PANEL = 280  # pixels of the cards at the right


class LabelFace(QWidget):
    """``canvas`` and the panels around it; ``show_part`` shows the canvas, or what stands in its place."""

    def __init__(self, keys: Keys, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keys = keys
        self._are_folded = False
        self.stage = PictureStage(thumbnails)
        self.canvas = self.stage.canvas
        self.strip, self.states, self.grid = FilmStrip(thumbnails), StateFilter(), GridMode(thumbnails)
        self.classes, self.boxes, self.label_card = ClassPanel(keys), BoxList(), LabelCard()
        self.help = HelpCard()
        self.task_choice, self.no_pictures = TaskChoice(), NoPictures()
        self.side = self._make_side()
        content = self._content = QWidget()
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.LARGE)
        row.addLayout(self._make_middle(), 1)
        row.addWidget(self.side)
        self._stack = QStackedLayout()
        for part in (content, self.task_choice, self.no_pictures):
            self._stack.addWidget(part)
        outer = page_column(self)
        outer.addLayout(self._make_header())
        outer.addLayout(self._stack, 1)

    def show_part(self, part: QWidget | None) -> None:
        """``task_choice`` or ``no_pictures``, or the pictures."""
        self._stack.setCurrentWidget(part or self._content)
        for one in (self.badge, self.undo_button, self.redo_button, self.next_button):
            one.setVisible(part is None)

    def toggle_panels(self) -> None:
        """Nothing but the picture, or everything."""
        self._are_folded = not self._are_folded
        self._show_panels()

    @property
    def is_grid(self) -> bool:
        """Whether many pictures are shown in place of one."""
        return self.grid_button.isChecked()

    def show_counts(self, index: LabelIndex) -> None:
        """How far the labelling of the whole project is."""
        done = index.counts[LabelState.DONE]
        set_badge(self.badge, self.tr("{} done").format(f"{done:,}"), "good")
        self.states.show_counts(index.counts, len(index.states))
        self.classes.model.set_counts(index.class_counts)

    def show_step(self, made: QPushButton, name: str, words: str, *, enabled: bool) -> None:
        """What Undo or Redo would do, in its tooltip."""
        key = self._keys.shown(name)
        made.setEnabled(bool(words) and enabled)
        tip = f"{made.text()}: {words}" if words else made.text()
        made.setToolTip(f"{tip}  ({key})" if words and key else tip)

    def show_cards(self, *, boxes: bool) -> None:
        """Boxes, or the one class of the picture; neither where many pictures are shown."""
        self.boxes.setVisible(boxes and not self.is_grid)
        self.label_card.setVisible(not boxes and not self.is_grid)

    def _show_panels(self) -> None:
        self.side.setVisible(not self._are_folded)
        self.states.setVisible(not self._are_folded)
        self.grid_button.setVisible(not self._are_folded)
        self.strip.setVisible(not self._are_folded and not self.is_grid)
        self.stage.setVisible(not self.is_grid)
        self.grid.setVisible(self.is_grid)

    def _make_middle(self) -> QVBoxLayout:
        self.grid_button = QToolButton()
        self.grid_button.setIcon(theme.icon("images", "text", on="accent"))
        self.grid_button.setIconSize(QSize(20, 20))
        self.grid_button.setFixedSize(32, 32)
        self.grid_button.setAutoRaise(True)
        self.grid_button.setProperty("switch", True)
        self.grid_button.setCheckable(True)
        self.grid_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.grid_button.setAccessibleName(self.tr("Many at once"))
        self.grid_button.setToolTip(self.tr("Many at once: choose several pictures and label them with one key."))
        foot = QHBoxLayout()
        foot.setSpacing(theme.SMALL)
        foot.addWidget(self.states, 1)
        foot.addWidget(self.grid_button, alignment=Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(theme.SMALL)
        column.addWidget(self.stage, 1)
        column.addWidget(self.grid, 1)
        column.addLayout(foot)
        column.addWidget(self.strip)
        self.grid.hide()
        return column

    def _make_header(self) -> PageHeader:
        header = self.header = PageHeader(self.tr("Label"))
        self.badge = badge("", "good")
        self.undo_button = self._action(self.tr("Undo"))
        self.redo_button = self._action(self.tr("Redo"))
        self.next_button = self._action(self.tr("Next to do"), primary=True)
        header.add_action(self.badge)
        for made in (self.undo_button, self.redo_button, self.next_button):
            header.add_action(made)
        return header

    def _action(self, text: str, *, primary: bool = False) -> QPushButton:
        made = button(text, primary=primary)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys with the canvas
        return made

    def _make_side(self) -> QScrollArea:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.MEDIUM)
        for card in (self.classes, self.boxes, self.label_card, self.help):
            column.addWidget(card)
            card.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidget(holder)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFixedWidth(PANEL)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return area

"""The Label page as it looks: its widgets and where they are; what they do is in the page."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from app import theme
from app.keys import Keys
from app.thumbnails import Thumbnails
from app.widgets.label.box_list import BoxList
from app.widgets.label.class_panel import ClassPanel
from app.widgets.label.film_strip import FilmStrip
from app.widgets.label.help_card import HelpCard
from app.widgets.label.label_card import LabelCard
from app.widgets.label.no_pictures import NoPictures
from app.widgets.label.picture_stage import PictureStage
from app.widgets.label.state_filter import StateFilter
from app.widgets.label.task_choice import TaskChoice
from app.widgets.parts import PageHeader, badge, button, page_column

PANEL = 264  # pixels of the cards at the right


class LabelFace(QWidget):
    """``canvas`` and the panels around it; ``show_part`` shows the canvas, or what stands in its place."""

    def __init__(self, keys: Keys, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.stage = PictureStage(thumbnails)
        self.canvas = self.stage.canvas
        self.strip, self.states = FilmStrip(thumbnails), StateFilter()
        self.classes, self.boxes, self.label_card = ClassPanel(keys), BoxList(), LabelCard()
        self.help = HelpCard()
        self.task_choice, self.no_pictures = TaskChoice(), NoPictures()
        self.middle = QWidget()
        column = QVBoxLayout(self.middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SMALL)
        column.addWidget(self.stage, 1)
        column.addWidget(self.states)
        column.addWidget(self.strip)
        self.side = self._make_side()
        row = QHBoxLayout()
        row.setSpacing(theme.LARGE)
        row.addWidget(self.middle, 1)
        row.addWidget(self.side)
        content = QWidget()
        content.setLayout(row)
        row.setContentsMargins(0, 0, 0, 0)
        self._content = content
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
        shown = self.side.isHidden()
        for part in (self.side, self.strip, self.states):
            part.setVisible(shown)

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

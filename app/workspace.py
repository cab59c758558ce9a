"""An open project: the rail, and the pages it leads to. Pages are made when they are first looked at."""

from importlib import import_module
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app import theme
from app.state import Change, Session
from app.widgets.parts import label

# Name, icon; the module is ``app.pages.<name>_page``, its class ``<Name>Page``, its guide page ``<name>.md``.
PAGES = (("data", "images"), ("train", "graduation-cap"))


class Workspace(QWidget):
    """One session and its pages."""

    page_changed = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.pages: dict[str, Any] = {}
        self._stack = QStackedWidget()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._rail())
        row.addWidget(self._stack, 1)
        session.changed.connect(self._refresh)
        session.page_wanted.connect(self.go_to)
        self._refresh(Change.DATA | Change.ACCESS)
        self.go_to("data")

    @property
    def current(self) -> str:
        """The name of the page that is shown."""
        return next(name for name, page in self.pages.items() if page is self._stack.currentWidget())

    def page(self, name: str) -> Any:
        """The page, made now if it was never looked at."""
        if name not in self.pages:
            made = getattr(import_module(f"app.pages.{name}_page"), f"{name.capitalize()}Page")(self.session)
            self.pages[name] = made
            self._stack.addWidget(made)
            self.session.changed.connect(made.refresh)
            made.refresh(Change.DATA | Change.FINDINGS | Change.RUNS | Change.LIVE | Change.ACCESS)
        return self.pages[name]

    def go_to(self, name: str) -> None:
        self._stack.setCurrentWidget(self.page(name))
        self.buttons[name].setChecked(True)
        self.page_changed.emit(name)

    def _rail(self) -> QWidget:
        rail = QWidget()
        rail.setObjectName("rail")
        rail.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        rail.setFixedWidth(theme.RAIL_WIDTH)
        column = QVBoxLayout(rail)
        column.setContentsMargins(theme.MEDIUM, theme.LARGE, theme.MEDIUM, theme.LARGE)
        column.setSpacing(theme.TIGHT)
        name = label(self.session.path.name, "section", wrap=True)
        name.setProperty("data", True)
        self._counts, self._reading = label("", "muted"), label("", "caption", wrap=True)
        for widget in (name, self._counts, self._reading):
            column.addWidget(widget)
        column.addSpacing(theme.LARGE)
        titles = {
            "data": self.tr("Data"),
            "train": self.tr("Train"),
            "results": self.tr("Results"),
            "ship": self.tr("Ship"),
        }
        self.buttons: dict[str, QPushButton] = {}
        group = QButtonGroup(self)
        for page, icon in PAGES:
            button = QPushButton(titles[page])
            button.setIcon(theme.icon(icon, "text"))
            button.setProperty("rail", True)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # the ring is for the keyboard
            button.clicked.connect(lambda checked=False, page=page: self.go_to(page))
            group.addButton(button)
            column.addWidget(button)
            self.buttons[page] = button
        column.addStretch()
        return rail

    def _refresh(self, change: Change) -> None:
        if change & (Change.DATA | Change.ACCESS):
            self._counts.setText(self.tr("%n image(s)", "", len(self.session.data.images)))
            self._reading.setText(self.session.reading_only)
            self._reading.setVisible(bool(self.session.reading_only))

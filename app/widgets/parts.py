"""Labels, cards and badges in the sizes and roles of the theme."""

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import theme

STRONG = ("section", "page", "figure")


def label(text: str, role: str = "", *, wrap: bool = False) -> QLabel:
    """``role``: muted, caption, section, page or figure; empty for body text."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if role:
        made.setProperty("role", role)
    if role in STRONG:
        theme.make_semibold(made)
    return made


def badge(text: str, kind: str) -> QLabel:
    """``kind``: good, caution, bad or accent."""
    made = label(text)
    theme.make_semibold(made)
    set_badge(made, text, kind)
    return made


def set_badge(existing: QLabel, text: str, kind: str) -> None:
    existing.setText(text)
    existing.setProperty("badge", kind)
    existing.style().polish(existing)


class Card(QFrame):
    """A white box with an optional title; add to ``body``."""

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(theme.LARGE, theme.MEDIUM, theme.LARGE, theme.MEDIUM)
        self.body.setSpacing(theme.SMALL)
        self.head = QHBoxLayout()
        if title:
            self.head.addWidget(label(title, "section"))
            self.head.addStretch()
            self.body.addLayout(self.head)


class Glyph(QWidget):
    """An icon of the theme as a picture; it follows the palette."""

    def __init__(self, name: str, role: str = "muted", side: int = 20) -> None:
        super().__init__()
        self._drawn = (name, role)
        self.setFixedSize(side, side)

    def become(self, name: str, role: str) -> None:
        """Another icon of the same size."""
        self._drawn = (name, role)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        theme.icon(*self._drawn).paint(QPainter(self), self.rect())


class PageHeader(QHBoxLayout):
    """Title, one muted sentence on what the page shows now, actions at the right; at most one of them primary."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setSpacing(theme.SMALL)
        self.title, self.subtitle = label(title, "page"), label("", "muted", wrap=True)
        titles = QVBoxLayout()
        titles.setSpacing(2)
        titles.addWidget(self.title)
        titles.addWidget(self.subtitle)
        self.addLayout(titles, 1)

    def add_action(self, widget: QWidget) -> None:
        self.addWidget(widget, alignment=Qt.AlignmentFlag.AlignVCenter)


def page_column(page: QWidget) -> QVBoxLayout:
    """The outer layout of a page, with the margins that all pages share."""
    page.setObjectName("page")
    page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    column = QVBoxLayout(page)
    column.setContentsMargins(theme.WIDE, theme.LARGE, theme.WIDE, theme.WIDE)
    column.setSpacing(theme.MEDIUM)
    return column


def button(text: str, icon: str = "", *, primary: bool = False) -> QPushButton:
    """``icon``: a name of ``resources/icons``."""
    made = QPushButton(text)
    if icon:
        made.setIcon(theme.icon(icon, "on_accent" if primary else "text"))
    if primary:
        made.setProperty("primary", True)
        theme.make_semibold(made)
    return made


def duration(seconds: float) -> str:
    """``58 s``, ``4 min``, ``1 h 12 min``: as exact as anybody wants to know."""
    if seconds < 90:
        return QCoreApplication.translate("Duration", "{} s").format(max(round(seconds), 1))
    minutes = round(seconds / 60)
    if minutes < 60:
        return QCoreApplication.translate("Duration", "{} min").format(minutes)
    return QCoreApplication.translate("Duration", "{0} h {1} min").format(*divmod(minutes, 60))


def file_size(size: int) -> str:
    """``12.3 MB``, ``4 kB``: bytes as file managers write them, in steps of a thousand."""
    if size < 1e6:
        return QCoreApplication.translate("FileSize", "{} kB").format(max(1, round(size / 1e3)))
    return QCoreApplication.translate("FileSize", "{} MB").format(f"{size / 1e6:.1f}")


class Figure(Card):
    """One number with its name above and a remark below."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.body.setSpacing(2)
        self._name, self._value, self._remark = label(name, "caption"), label("–", "figure"), label("", "muted")
        self._value.setProperty("data", True)
        for part in (self._name, self._value, self._remark):
            self.body.addWidget(part)

    def show_value(self, value: str, remark: str = "", name: str | None = None) -> None:
        self._value.setText(value)
        self._remark.setText(remark)
        if name is not None:
            self._name.setText(name)

    @property
    def value(self) -> str:
        return self._value.text()

"""Colours, sizes and the font: no other module names one."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QWidget

# Spacing in pixels, on a 4/8 grid.
TIGHT, SMALL, MEDIUM, LARGE, WIDE = 4, 8, 12, 16, 24
CONTROL_RADIUS, CARD_RADIUS = 6, 8
BODY_PX, CAPTION_PX, SECTION_PX, PAGE_PX, FIGURE_PX = 13, 11, 14, 20, 24
RAIL_WIDTH, RAIL_NARROW, FIELD_WIDTH = 184, 56, 240
NARROW_WINDOW = 1100  # below this the rail shows icons only
ICONS = Path(str(files("resources") / "icons"))


@dataclass(frozen=True)
class Colours:
    """One palette; text and muted have a contrast of at least 4.5:1 on surface and background."""

    background: str
    surface: str
    line: str
    text: str
    muted: str
    accent: str
    accent_soft: str
    on_accent: str
    good: str
    good_soft: str
    caution: str
    caution_soft: str
    bad: str
    bad_soft: str
    classes: tuple[str, ...]


LIGHT = Colours(
    background="#F6F7F9",
    surface="#FFFFFF",
    line="#E2E6EB",
    text="#1B2430",
    muted="#5B6776",
    accent="#1F6FEB",
    accent_soft="#E8F0FE",
    on_accent="#FFFFFF",
    good="#18794E",
    good_soft="#E6F4EC",
    caution="#9A6700",
    caution_soft="#FFF4D6",
    bad="#B42318",
    bad_soft="#FDECEA",
    classes=("#1F6FEB", "#D9480F", "#18794E", "#7A3FF2", "#B42318"),
)
DARK = Colours(
    background="#14181D",
    surface="#1C2229",
    line="#2C343D",
    text="#E6EAF0",
    muted="#98A4B3",
    accent="#6AA8FF",
    accent_soft="#1D2F4A",
    on_accent="#0E1420",
    good="#5CC98F",
    good_soft="#16301F",
    caution="#E3B341",
    caution_soft="#33290E",
    bad="#FF8A80",
    bad_soft="#3A1B19",
    classes=("#6AA8FF", "#FF9F6B", "#5CC98F", "#B79BFF", "#FF8A80"),
)

_STYLE = """
* {{ font-size: {body}px; }}
QMainWindow, QWidget#page {{ background: {background}; }}
QWidget#rail {{ background: {surface}; border-right: 1px solid {line}; }}
QFrame#card {{ background: {surface}; border: 1px solid {line}; border-radius: {card}px; }}
QFrame#card[chosen="true"] {{ border: 2px solid {accent}; }}
QFrame#card[mode="true"][chosen="false"] {{ margin: 1px; }}
QFrame#card[mode="true"][chosen="false"]:hover {{ border-color: {muted}; }}
QFrame#card[mode="true"]:focus {{ border: 2px solid {text}; }}
QLabel {{ color: {text}; background: transparent; }}
QLabel[role="muted"] {{ color: {muted}; }}
QLabel[role="caption"] {{ color: {muted}; font-size: {caption}px; }}
QLabel[role="section"] {{ font-size: {section}px; }}
QLabel[role="page"] {{ font-size: {page}px; }}
QLabel[role="figure"] {{ font-size: {figure}px; }}
QLabel[badge] {{ padding: 4px 12px; border-radius: 12px; }}
QLabel[badge="good"] {{ color: {good}; background: {good_soft}; }}
QLabel[badge="caution"] {{ color: {caution}; background: {caution_soft}; }}
QLabel[badge="bad"] {{ color: {bad}; background: {bad_soft}; }}
QLabel[badge="accent"] {{ color: {accent}; background: {accent_soft}; }}
QFrame#badge {{ border-radius: 12px; background: {background}; }}
QFrame#badge[badge="good"] {{ background: {good_soft}; }}
QFrame#badge[badge="caution"] {{ background: {caution_soft}; }}
QFrame#badge[badge="bad"] {{ background: {bad_soft}; }}
QFrame#badge[badge="accent"] {{ background: {accent_soft}; }}
QFrame#badge[badge="good"] QLabel {{ color: {good}; }}
QFrame#badge[badge="caution"] QLabel {{ color: {caution}; }}
QFrame#badge[badge="bad"] QLabel {{ color: {bad}; }}
QFrame#badge[badge="accent"] QLabel {{ color: {accent}; }}
QFrame#note {{ border: 1px solid {line}; border-radius: {card}px; background: {surface}; }}
QFrame#note[kind="caution"] {{ border-color: {caution_soft}; background: {caution_soft}; }}
QFrame#note[kind="bad"] {{ border-color: {bad_soft}; background: {bad_soft}; }}
QPushButton {{ color: {text}; background: {surface}; border: 1px solid {line}; border-radius: {control}px;
  padding: 7px 16px; }}
QPushButton:hover {{ border-color: {muted}; }}
QPushButton:disabled {{ color: {muted}; background: {background}; }}
QPushButton:focus {{ border: 2px solid {accent}; padding: 6px 15px; }}
QPushButton[primary="true"] {{ color: {on_accent}; background: {accent}; border-color: {accent}; }}
QPushButton[primary="true"]:disabled {{ color: {muted}; background: {line}; border-color: {line}; }}
QPushButton[primary="true"]:focus {{ border: 2px solid {text}; }}
QPushButton[tab="true"] {{ color: {muted}; border: 2px solid transparent; border-radius: 0; background: transparent;
  padding: 2px 0; font-size: {section}px; }}
QPushButton[tab="true"]:hover {{ color: {text}; }}
QPushButton[tab="true"]:checked {{ color: {text}; border-bottom-color: {accent}; }}
QPushButton[tab="true"]:focus {{ border: 2px solid {accent}; border-radius: {control}px; }}
QPushButton[danger="true"] {{ color: {bad}; }}
QWidget#runs {{ background: {surface}; border-right: 1px solid {line}; }}
QListView#runs {{ background: {surface}; border: none; }}
QPushButton[rail="true"] {{ text-align: left; border: 2px solid transparent; background: transparent;
  padding: 6px 10px; }}
QPushButton[rail="true"]:hover {{ background: {background}; }}
QPushButton[rail="true"]:checked {{ color: {accent}; background: {accent_soft}; }}
QPushButton[rail="true"]:focus {{ border: 2px solid {accent}; }}
QPushButton[segment] {{ padding: 6px 8px; border-radius: 0; }}
QPushButton[segment="first"] {{ border-top-left-radius: {control}px; border-bottom-left-radius: {control}px; }}
QPushButton[segment="middle"] {{ border-left: none; border-right: none; }}
QPushButton[segment="last"] {{ border-top-right-radius: {control}px; border-bottom-right-radius: {control}px; }}
QPushButton[segment]:checked {{ color: {accent}; background: {accent_soft}; border: 1px solid {accent}; }}
QPushButton[segment]:focus {{ border: 2px solid {accent}; padding: 5px 7px; }}
QComboBox {{ color: {text}; background: {surface}; border: 1px solid {line}; border-radius: {control}px;
  padding: 6px 12px; }}
QComboBox:focus {{ border: 2px solid {accent}; padding: 5px 11px; }}
QComboBox::drop-down {{ border: none; width: 28px; }}
QComboBox::down-arrow {{ image: url("{caret}"); width: 16px; height: 16px; }}
QComboBox QAbstractItemView {{ color: {text}; background: {surface}; border: 1px solid {line};
  selection-background-color: {accent_soft}; selection-color: {text}; }}
QCheckBox::indicator, QTableView::indicator, QListWidget::indicator {{ width: 16px; height: 16px;
  border: 1px solid {muted}; border-radius: 4px;
  background: {surface}; }}
QCheckBox::indicator:hover, QRadioButton::indicator:hover {{ border-color: {accent}; }}
QCheckBox::indicator:checked, QTableView::indicator:checked, QListWidget::indicator:checked {{
  background: {accent}; border-color: {accent}; image: url("{tick}"); }}
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled {{ background: {line}; border-color: {line}; }}
QRadioButton::indicator {{ width: 16px; height: 16px; border: 1px solid {muted}; border-radius: 9px;
  background: {surface}; }}
QRadioButton::indicator:checked {{ width: 8px; height: 8px; border: 5px solid {accent}; }}
QComboBox[unset="true"] {{ color: {muted}; }}
QComboBox:disabled {{ color: {muted}; background: {background}; }}
*[invalid="true"] {{ border-color: {bad}; }}
QLabel[problem="true"] {{ color: {bad}; }}
QProgressBar {{ background: {line}; border: none; border-radius: 4px; min-height: 8px; max-height: 8px; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 4px; }}
QSlider {{ border: 2px solid transparent; border-radius: {control}px; padding: 2px; }}
QSlider:focus {{ border-color: {accent}; }}
QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {line}; }}
QSlider::sub-page:horizontal {{ border-radius: 2px; background: {accent}; }}
QSlider::handle:horizontal {{ width: 12px; height: 12px; margin: -6px 0; border-radius: 8px; background: {surface};
  border: 2px solid {accent}; }}
QSlider::handle:horizontal:hover {{ background: {accent_soft}; }}
QTableView {{ background: {surface}; border: none; gridline-color: {line}; color: {text};
  selection-background-color: {accent_soft}; selection-color: {text}; }}
QHeaderView::section {{ background: {surface}; color: {muted}; border: none; padding: 4px 3px;
  font-size: {caption}px; }}
QDialog {{ background: {background}; }}
QMenuBar {{ color: {text}; background: {surface}; border-bottom: 1px solid {line}; padding: 2px 8px; }}
QMenuBar::item {{ padding: 4px 10px; border-radius: {control}px; background: transparent; }}
QMenuBar::item:selected {{ background: {accent_soft}; }}
QMenu {{ color: {text}; background: {surface}; border: 1px solid {line}; padding: 4px; }}
QMenu::item {{ padding: 6px 28px 6px 28px; border-radius: {control}px; }}
QMenu::item:selected {{ color: {text}; background: {accent_soft}; }}
QMenu::item:disabled {{ color: {muted}; }}
QMenu::separator {{ height: 1px; background: {line}; margin: 4px 8px; }}
QPushButton[quiet="true"] {{ border: 2px solid transparent; background: transparent; padding: 4px 8px; }}
QPushButton[quiet="true"]:hover {{ background: {accent_soft}; }}
QPushButton[quiet="true"]:focus {{ border: 2px solid {accent}; }}
QPushButton[chip="true"] {{ color: {text}; background: transparent; border: 2px solid transparent; padding: 4px 8px; }}
QPushButton[chip="true"]:hover {{ background: {background}; }}
QPushButton[chip="true"]:checked {{ color: {accent}; background: {accent_soft}; }}
QPushButton[chip="true"]:disabled {{ color: {muted}; background: transparent; }}
QPushButton[chip="true"]:focus {{ border: 2px solid {accent}; }}
QFrame#finding {{ background: {background}; border: 2px solid transparent; border-radius: {control}px; }}
QFrame#finding[severity="caution"] {{ background: {caution_soft}; }}
QFrame#finding[severity="bad"] {{ background: {bad_soft}; }}
QFrame#finding[chosen="true"], QFrame#finding:focus {{ border: 2px solid {accent}; }}
QPushButton[quiet="true"][fine="true"] {{ color: {muted}; font-size: {caption}px; text-align: left; padding: 2px 4px; }}
QPushButton[quiet="true"][tiny="true"] {{ padding: 0; border-width: 1px; }}
QPushButton[narrow="true"], QPushButton[fine="true"][narrow="true"] {{ text-align: center; padding: 6px 0; }}
QPushButton[row="true"] {{ text-align: left; border: 2px solid transparent; background: transparent; padding: 6px; }}
QPushButton[row="true"]:hover {{ background: {accent_soft}; }}
QPushButton[row="true"]:focus {{ border: 2px solid {accent}; }}
QCheckBox, QRadioButton {{ color: {text}; spacing: 8px; padding: 3px; border: 2px solid transparent;
  border-radius: {control}px; }}
QCheckBox:focus, QRadioButton:focus {{ border-color: {accent}; }}
QCheckBox:disabled, QRadioButton:disabled {{ color: {muted}; }}
QLineEdit {{ color: {text}; background: {surface}; border: 1px solid {line}; border-radius: {control}px;
  padding: 6px 12px; selection-background-color: {accent}; selection-color: {on_accent}; }}
QLineEdit:focus {{ border: 2px solid {accent}; padding: 5px 11px; }}
QSpinBox {{ color: {text}; background: {surface}; border: 1px solid {line}; border-radius: {control}px;
  padding: 5px 0; selection-background-color: {accent}; selection-color: {on_accent}; }}
QSpinBox:focus {{ border: 2px solid {accent}; padding: 4px 0; }}
QSpinBox:disabled {{ color: {muted}; background: {background}; }}
QSpinBox QLineEdit, QSpinBox QLineEdit:focus {{ background: transparent; border: none; padding: 0 8px; }}
QSpinBox::up-button, QSpinBox::down-button {{ width: 0; border: none; }}
QLineEdit[search="true"] {{ padding-left: 0; }}
QLineEdit[search="true"]:focus {{ padding-left: 0; }}
QTextBrowser, QPlainTextEdit {{ color: {text}; background: {surface}; border: 1px solid {line};
  border-radius: {card}px; padding: 8px; selection-background-color: {accent}; selection-color: {on_accent}; }}
QTextBrowser:focus, QPlainTextEdit:focus {{ border: 2px solid {accent}; padding: 7px; }}
QFrame#drop {{ background: {surface}; border: 2px dashed {line}; border-radius: {card}px; }}
QFrame#drop[over="true"] {{ background: {accent_soft}; border-color: {accent}; }}
QFrame#banner {{ border: none; border-bottom: 1px solid {line}; background: {caution_soft}; }}
QFrame#banner[kind="bad"] {{ background: {bad_soft}; }}
QFrame#banner[kind="accent"] {{ background: {accent_soft}; }}
QScrollBar:vertical {{ background: transparent; width: 12px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 12px; margin: 0; }}
QScrollBar::handle {{ background: {line}; border: 3px solid transparent; border-radius: 6px; }}
QScrollBar::handle:vertical {{ min-height: 32px; }}
QScrollBar::handle:horizontal {{ min-width: 32px; }}
QScrollBar::handle:hover {{ background: {muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QScrollArea, QScrollArea > QWidget > QWidget {{ background: transparent; border: none; }}
QListWidget#plain {{ background: {surface}; border: 1px solid {line}; border-radius: {card}px; padding: 4px; outline: 0;
  color: {text}; }}
QListWidget#plain:focus {{ border: 2px solid {accent}; padding: 3px; }}
QListWidget#plain::item {{ border: none; border-radius: {control}px; padding: 6px 8px; }}
QListWidget#plain::item:hover {{ background: {background}; }}
QListWidget#plain::item:selected {{ background: {accent_soft}; color: {text}; }}
QPushButton[keycap="true"] {{ background: {background}; padding: 3px 8px; }}
QPushButton[keycap="true"]:hover {{ border-color: {accent}; }}
QPushButton[keycap="true"]:focus {{ border: 2px solid {accent}; padding: 2px 7px; }}
QToolButton[switch="true"] {{ border: 1px solid transparent; border-radius: {control}px; }}
QToolButton[switch="true"]:hover {{ background: {accent_soft}; }}
QToolButton[switch="true"]:checked {{ background: {accent_soft}; border-color: {accent}; }}
QToolButton[switch="true"]:focus {{ border: 2px solid {accent}; }}
QToolTip {{ color: {text}; background: {surface}; border: 1px solid {line}; padding: 6px; }}
"""


def load_font() -> str:
    """Register the bundled Inter, so that no machine shows boxes for letters; returns the family's name."""
    from fontpkg_inter import __file__ as package

    upright = (file for file in Path(package).parent.rglob("*.ttf") if "italic" not in file.name.lower())
    for file in sorted(upright):
        families = QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(file)))
        if families:
            return str(families[0])
    return QGuiApplication.font().family()


def apply(application: QApplication, colours: Colours, family: str) -> None:
    """Fusion with our own palette: the platform's own theme would differ on every machine."""
    application.setProperty("colours", name_of(colours))  # first: widgets paint icons anew when the palette changes
    application.setStyle("Fusion")
    font = QFont(family)
    font.setPixelSize(BODY_PX)
    application.setFont(font)
    application.setPalette(_palette(colours))
    names = {field.name: getattr(colours, field.name) for field in fields(colours)}
    sizes = {
        "body": BODY_PX,
        "caption": CAPTION_PX,
        "section": SECTION_PX,
        "page": PAGE_PX,
        "figure": FIGURE_PX,
        "card": CARD_RADIUS,
        "control": CONTROL_RADIUS,
        "caret": (ICONS / f"caret-down-{name_of(colours)}.svg").as_posix(),
        "tick": (ICONS / f"tick-{name_of(colours)}.svg").as_posix(),
    }
    application.setStyleSheet(_STYLE.format(**names, **sizes))


def wanted(choice: str) -> Colours:
    """The palette for ``light``, ``dark`` or ``system``; light where the system does not tell."""
    if choice == "system":
        return DARK if QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark else LIGHT
    return DARK if choice == "dark" else LIGHT


def follow(choice: str) -> None:
    """Repaint everything if ``choice`` leads to another palette than the one in force."""
    application, colours = QApplication.instance(), wanted(choice)
    if isinstance(application, QApplication) and colours is not current():
        apply(application, colours, application.font().family())


def name_of(colours: Colours) -> str:
    return "dark" if colours is DARK else "light"


def make_tabular(widget: QWidget) -> None:
    """Digits of one width, so that numbers that change do not dance and columns of them line up."""
    font = widget.font()
    font.setFeature(QFont.Tag("tnum"), 1)
    widget.setFont(font)


def make_semibold(widget: QWidget) -> None:
    """Weight 600. The bundled font is a variable one, whose weights style sheets do not reach."""
    font = QFont(QApplication.font())
    font.setVariableAxis(QFont.Tag("wght"), 600)
    widget.setFont(font)


class PaintedIcon(QIconEngine):
    """An icon that ``paint(painter, place, mode, state)`` draws anew wherever it is shown: sharp at any scale, and in
    the palette in force."""

    def __init__(self, paint: Callable[[QPainter, QRect, QIcon.Mode, QIcon.State], object]) -> None:
        super().__init__()
        self._paint = paint

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        self._paint(painter, rect, mode, state)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        drawn = QPixmap(size)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        self._paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return drawn

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:  # noqa: N802
        return self.pixmap(size, mode, state)

    def clone(self) -> QIconEngine:
        return PaintedIcon(self._paint)


def icon(name: str, role: str = "muted", on: str = "") -> QIcon:
    """The Phosphor icon ``name`` in the colour ``role`` (a field of ``Colours``); it follows the palette.

    ``on``: the colour where a button is checked, if that is another.
    """

    def paint(painter: QPainter, place: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        role_now = "muted" if mode is QIcon.Mode.Disabled else on if on and state is QIcon.State.On else role
        QSvgRenderer(QByteArray(_svg(name, getattr(current(), role_now)))).render(painter, QRectF(place))

    return QIcon(PaintedIcon(paint))


def picture(name: str, role: str = "muted", side: int = 20, ratio: float = 1.0) -> QPixmap:
    """An icon as a pixmap for a label: ``side`` in logical pixels, at the screen's device pixel ratio."""
    return icon(name, role).pixmap(QSize(side, side), ratio)


@cache
def _svg(name: str, colour: str) -> bytes:
    return (ICONS / f"{name}.svg").read_bytes().replace(b"currentColor", colour.encode())


def current() -> Colours:
    """The palette that was applied last."""
    application = QApplication.instance()
    return DARK if application is not None and application.property("colours") == "dark" else LIGHT


def _palette(colours: Colours) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for name, value in (
        (role.Window, colours.background),
        (role.WindowText, colours.text),
        (role.Base, colours.surface),
        (role.AlternateBase, colours.background),
        (role.Text, colours.text),
        (role.Button, colours.surface),
        (role.ButtonText, colours.text),
        (role.ToolTipBase, colours.surface),
        (role.ToolTipText, colours.text),
        (role.PlaceholderText, colours.muted),
        (role.Highlight, colours.accent),
        (role.HighlightedText, colours.on_accent),
        (role.Link, colours.accent),
        (role.LinkVisited, colours.accent),
    ):
        palette.setColor(name, QColor(value))
    return palette

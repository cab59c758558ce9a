"""How curves are told apart (colour, dash and marker), and what is painted over a plot: read-out, marker, words."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QApplication

from app import theme

DASHES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)
MARKERS = ("o", "s", "t1", "d")
MARKER_PX = 7
SAMPLE_PX = 22  # of line, in legend and read-out
MOST_ROWS = 10  # of a read-out
PALE = 0.35
# Reasons of focus that ask for a ring; a click shows by itself where it went.
BY_KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


@dataclass(frozen=True)
class Look:
    """``index`` picks colour, dash and marker; a ``faded`` curve stands behind the others, grey."""

    index: int = 0
    faded: bool = False
    strong: bool = False

    @property
    def color(self) -> QColor:
        colours = theme.current()
        if self.faded:
            grey = QColor(colours.muted)
            grey.setAlphaF(PALE)
            return grey
        return QColor(colours.classes[self.index % len(colours.classes)])

    @property
    def marker(self) -> str:
        return MARKERS[self.index % len(MARKERS)]

    def pen(self) -> QPen:
        dash = DASHES[self.index % len(DASHES)] if not self.faded else Qt.PenStyle.SolidLine
        pen = QPen(self.color, 1.5 if self.faded else 3 if self.strong else 2, dash)
        pen.setCosmetic(True)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        return pen

    def pale_pen(self) -> QPen:
        """For every point of a curve whose trend is drawn over it."""
        color = self.color
        color.setAlphaF(PALE)
        pen = QPen(color, 1)
        pen.setCosmetic(True)
        return pen


@dataclass(frozen=True)
class Row:
    """One line of a read-out."""

    look: Look
    name: str
    value: str


def font(*, pixels: int = theme.CAPTION_PX, strong: bool = False) -> QFont:
    """The window's font; strong is weight 600, which a variable font has only as an axis."""
    made = QFont(QApplication.font())
    made.setPixelSize(pixels)
    if strong:
        made.setVariableAxis(QFont.Tag("wght"), 600)
    return made


def paint_sample(painter: QPainter, left: float, middle: float, look: Look, *, marked: bool) -> None:
    """A short piece of the curve, ``SAMPLE_PX`` wide, around height ``middle``."""
    painter.setPen(look.pen())
    painter.drawLine(QPointF(left, middle), QPointF(left + SAMPLE_PX, middle))
    if marked:
        paint_symbol(painter, QPointF(left + SAMPLE_PX / 2, middle), look)


def paint_symbol(painter: QPainter, at: QPointF, look: Look, side: float = MARKER_PX) -> None:
    """The marker of a curve alone, ``side`` pixels large, around ``at``."""
    import pyqtgraph as pg  # here, since not every user of this module has a plot to draw

    painter.save()
    painter.translate(at)
    painter.scale(side, side)
    painter.fillPath(pg.graphicsItems.ScatterPlotItem.Symbols[look.marker], look.color)
    painter.restore()


def paint_readout(painter: QPainter, plot: QRectF, at: float, title: str, rows: Sequence[Row], *, low: bool) -> None:
    """A chip beside the vertical line at ``at`` (pixels), on the side with more room, at the top or ``low``."""
    colours, plain, bold = theme.current(), font(), font(strong=True)
    metrics, height = QFontMetricsF(plain), QFontMetricsF(plain).height() + theme.TIGHT
    shown = list(rows[:MOST_ROWS])
    values = max((metrics.horizontalAdvance(row.value) for row in shown), default=0.0)
    gaps = SAMPLE_PX + 2 * theme.SMALL + theme.MEDIUM
    room = max(plot.width() * 0.6 - values - gaps - theme.SMALL, 40)
    names = min(max((metrics.horizontalAdvance(row.name) for row in shown), default=0.0), room)
    width = max(gaps + names + values + theme.SMALL, QFontMetricsF(bold).horizontalAdvance(title) + 2 * theme.SMALL)
    box = QRectF(0, plot.top() + theme.TIGHT, width, (len(shown) + 1) * height + theme.SMALL)
    if low:
        box.moveBottom(plot.bottom() - theme.TIGHT)
    right_of_it = at < plot.center().x()
    box.moveLeft(at + theme.MEDIUM if right_of_it else at - theme.MEDIUM - width)
    box.moveLeft(min(max(box.left(), plot.left()), max(plot.right() - width, plot.left())))
    _box(painter, box)
    line = QRectF(box.left() + theme.SMALL, box.top() + theme.TIGHT, width - 2 * theme.SMALL, height)
    painter.setFont(bold)
    painter.setPen(QColor(colours.text))
    painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, title)
    painter.setFont(plain)
    for row in shown:
        line.translate(0, height)
        paint_sample(painter, line.left(), line.center().y(), row.look, marked=False)
        name = metrics.elidedText(row.name, Qt.TextElideMode.ElideMiddle, names + 1)
        painter.setPen(QColor(colours.muted))
        painter.drawText(line.adjusted(SAMPLE_PX + theme.SMALL, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, name)
        painter.setPen(QColor(colours.text))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, row.value)


def paint_marker(painter: QPainter, plot: QRectF, at: float, text: str, *, low: bool) -> None:
    """A dashed vertical line with its name at the top, or at the bottom where curves end at the top."""
    colours, plain = theme.current(), font()
    painter.setPen(QPen(QColor(colours.muted), 1, Qt.PenStyle.DashLine))
    painter.drawLine(QPointF(at, plot.top()), QPointF(at, plot.bottom()))
    if not text:
        return
    metrics = QFontMetricsF(plain)
    text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, plot.width() / 2)
    width, height = metrics.horizontalAdvance(text) + theme.SMALL, metrics.height()
    left = at - width - theme.TIGHT if at - width - theme.TIGHT > plot.left() else at + theme.TIGHT
    box = QRectF(left, plot.bottom() - height - theme.TIGHT if low else plot.top() + theme.TIGHT, width, height)
    painter.fillRect(box, QColor(colours.surface))
    painter.setFont(plain)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def paint_words(painter: QPainter, plot: QRectF, text: str) -> None:
    """One muted sentence in the middle."""
    painter.setFont(font(pixels=theme.BODY_PX))
    painter.setPen(QColor(theme.current().muted))
    painter.drawText(plot, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)


def paint_dot(painter: QPainter, at: QPointF, look: Look) -> None:
    """Where the cursor meets a curve."""
    painter.setPen(QPen(QColor(theme.current().surface), 2))
    painter.setBrush(look.color)
    painter.drawEllipse(at, 4.5, 4.5)


def paint_focus(painter: QPainter, area: QRectF) -> None:
    painter.setPen(QPen(QColor(theme.current().accent), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), theme.CONTROL_RADIUS, theme.CONTROL_RADIUS)


def _box(painter: QPainter, box: QRectF) -> None:
    painter.setPen(QPen(QColor(theme.current().line), 1))
    painter.setBrush(QColor(theme.current().surface))
    painter.drawRoundedRect(box, theme.CONTROL_RADIUS, theme.CONTROL_RADIUS)

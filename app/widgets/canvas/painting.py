"""What lies over the picture beside boxes: guides, rubber band, the size of a box."""

from PySide6.QtCore import QLineF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from app import theme
from app.widgets.gallery.overlay import chip_font


def paint_guides(painter: QPainter, room: QRectF, at: QPointF) -> None:
    """Two lines through the pointer, light and dark in turn: seen on any picture."""
    x, y = round(at.x()), round(at.y())
    lines = [QLineF(x, room.top(), x, room.bottom()), QLineF(room.left(), y, room.right(), y)]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for colour, dashes in ((theme.current().surface, None), (theme.current().text, [4, 4])):
        pen = QPen(QColor(colour), 1)
        if dashes is not None:
            pen.setDashPattern(dashes)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.setOpacity(0.7)
        painter.drawLines(lines)
    painter.setOpacity(1.0)


def paint_band(painter: QPainter, where: QRectF) -> None:
    fill = QColor(theme.current().accent)
    fill.setAlphaF(0.12)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(QColor(theme.current().accent), 1, Qt.PenStyle.DashLine))
    painter.setBrush(fill)
    painter.drawRect(where)


def paint_tag(painter: QPainter, box: QRectF, seen: QRectF, text: str, *, caution: bool) -> None:
    """Words below a box, or above its lower edge where there is no room; in ``seen`` in any case."""
    colours = theme.current()
    font = chip_font()
    metrics = QFontMetricsF(font)
    text = f"!  {text}" if caution else text
    size = QSizeF(round(metrics.horizontalAdvance(text)) + 2 * theme.SMALL, round(metrics.height()) + theme.TIGHT)
    x = max(seen.left(), min(round(box.left()) - 1, seen.right() - size.width()))
    y = box.bottom() + theme.SMALL
    if y + size.height() > seen.bottom():
        y = box.bottom() - theme.SMALL - size.height()
    y = max(seen.top(), min(y, seen.bottom() - size.height()))
    where = QRectF(QPointF(round(x), round(y)), size)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(colours.caution if caution else colours.line), 1))
    painter.setBrush(QColor(colours.caution_soft if caution else colours.surface))
    painter.drawRoundedRect(where.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
    painter.setFont(font)
    painter.setPen(QColor(colours.caution if caution else colours.text))
    painter.drawText(where, Qt.AlignmentFlag.AlignCenter, text)

"""Quality against price: a point with whiskers a run, and a line through those that no other one beats."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app import theme
from app.widgets.plots.curve_data import spoken
from app.widgets.plots.pareto_scale import Scale
from app.widgets.plots.plot_looks import BY_KEYBOARD, Look, font, paint_focus, paint_symbol, paint_words
from core.domain.comparison import pareto_front

SYMBOL_PX, NEAR_PX, WHISKER_PX = 11, 14, 4
TICK_PX = (72, 36)  # from tick to tick at least, across and up
LEFT_PX, BOTTOM_PX = 60, 44  # room of the axes
LONGEST_LABEL_PX, MOST_LABELS = 150, 40


@dataclass(frozen=True)
class Point:
    """``x``: the price, in the unit of the axis. ``label`` stands beside the point, ``short`` where that has no room;
    ``told`` stands in its read-out."""

    key: str
    label: str
    short: str
    told: str
    look: Look
    x: float
    y: float
    low: float | None = None
    high: float | None = None


class ParetoPlot(QWidget):
    """``chosen`` tells the key of a point that was clicked, or gone to with the arrow keys.

    Better is up, cheaper is left. Prices that span more than 20 times are drawn on a logarithmic axis.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points: tuple[Point, ...] = ()
        self._titles = ("", "")
        self._empty = ""
        self._x, self._y = Scale(()), Scale(())
        self._current = self._hovered = ""
        self._ring = False
        self.front: list[str] = []  # keys, cheapest first
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Quality against price"))

    def show_points(self, points: Sequence[Point], x_title: str, y_title: str) -> None:
        """In place of all before; the chosen one stays so if it is still there."""
        self._points = tuple(sorted(points, key=lambda point: (point.x, point.y)))
        self._titles = (x_title, y_title)
        self._x = Scale([point.x for point in points], may_be_log=True)
        ends = [end for point in points for end in (point.y, point.low, point.high) if end is not None]
        self._y = Scale(ends)
        flags = pareto_front([(point.x, point.y) for point in self._points])
        self.front = [point.key for point, on_front in zip(self._points, flags, strict=True) if on_front]
        self._hovered = ""
        self.choose(self._current)

    def set_empty(self, text: str) -> None:
        """The sentence that stands here without points."""
        self._empty = text
        self.update()

    @property
    def is_log(self) -> bool:
        return self._x.is_log

    @property
    def current(self) -> str:
        return self._current

    def choose(self, key: str) -> None:
        """Mark a point and tell nobody; a key without a point marks none."""
        self._current = key if any(point.key == key for point in self._points) else ""
        point = self._point(self._current)
        self.setAccessibleDescription(self.words(point) if point else "")
        self.update()

    def words(self, point: Point) -> str:
        """A point as one line."""
        return " · ".join(self._told(point))

    def _told(self, point: Point) -> list[str]:
        quality = f"{self._titles[1]} {spoken(point.y)}"
        if point.low is not None and point.high is not None:
            quality = self.tr("{0} ({1} to {2})").format(quality, f"{point.low:.2f}", f"{point.high:.2f}")
        told = [point.told, quality, f"{self._titles[0]} {spoken(point.x)}"]
        return [*told, self.tr("on the front: none is better and cheaper")] if point.key in self.front else told

    def place_of(self, key: str) -> QPointF:
        """Where the middle of a point is, in pixels."""
        point = self._point(key)
        assert point is not None
        return self._at(point.x, point.y)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(480, 180)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(260, 160)

    # Events

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self._hover(self._near(event.position()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        self._hover("")

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        key = self._near(event.position())
        if event.button() is Qt.MouseButton.LeftButton and key:
            self._go(key)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        keys = [point.key for point in self._points]
        key = Qt.Key(event.key())
        step = {Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1}.get(key, 0)
        if keys and key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._go(keys[0 if key is Qt.Key.Key_Home else -1])
        elif keys and step:
            here = keys.index(self._current) if self._current else (-1 if step > 0 else len(keys))
            self._go(keys[min(max(here + step, 0), len(keys) - 1)])
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        self._ring = event.reason() in BY_KEYBOARD
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        self._ring = False
        super().focusOutEvent(event)

    def _go(self, key: str) -> None:
        self.choose(key)
        self.chosen.emit(key)

    def _hover(self, key: str) -> None:
        if key != self._hovered:
            self._hovered = key
            self.setCursor(Qt.CursorShape.PointingHandCursor if key else Qt.CursorShape.ArrowCursor)
            self.update()

    def _near(self, place: QPointF) -> str:
        """The point under the pointer, the closest of several."""
        far = [((self._at(point.x, point.y) - place).manhattanLength(), point.key) for point in self._points]
        distance, key = min(far, default=(NEAR_PX + 1.0, ""))
        return key if distance <= NEAR_PX else ""

    def _point(self, key: str) -> Point | None:
        return next((point for point in self._points if point.key == key), None)

    # Where things are

    def _area(self) -> QRectF:
        return QRectF(self.rect()).adjusted(LEFT_PX, theme.SMALL, -theme.LARGE, -BOTTOM_PX)

    def _at(self, x: float, y: float) -> QPointF:
        area = self._area()
        return QPointF(area.left() + self._x.share(x) * area.width(), area.bottom() - self._y.share(y) * area.height())

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._points:
            paint_words(painter, QRectF(self.rect()), self._empty)
        else:
            self._paint_axes(painter)
            self._paint_front(painter)
            for point in self._points:
                self._paint_point(painter, point)
            self._paint_labels(painter)
            told = self._point(self._hovered) or (self._point(self._current) if self.hasFocus() else None)
            if told is not None:
                self._paint_words(painter, told)
        if self._ring and self.hasFocus():
            paint_focus(painter, QRectF(self.rect()))

    def _paint_axes(self, painter: QPainter) -> None:
        area, colours, metrics = self._area(), theme.current(), QFontMetricsF(font())
        painter.setFont(font())
        ticks = self._y.ticks(int(area.height() / TICK_PX[1]))
        digits = 2 if any(round(tick * 10) != round(tick * 10, 6) for tick in ticks) else 1
        for tick in ticks:
            y = round(self._at(0 if not self._x.is_log else 1, tick).y()) + 0.5
            painter.setPen(QPen(QColor(colours.line), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(colours.muted))
            box = QRectF(theme.LARGE, y - metrics.height() / 2, LEFT_PX - theme.LARGE - theme.SMALL, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{tick:.{digits}f}")
        for tick in self._x.ticks(int(area.width() / TICK_PX[0])):
            x = area.left() + self._x.share(tick) * area.width()
            painter.setPen(QPen(QColor(colours.line), 1))
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + theme.TIGHT))
            painter.setPen(QColor(colours.muted))
            box = QRectF(x - 40, area.bottom() + 6, 80, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{tick:,.6g}")
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.drawLine(area.topLeft(), area.bottomLeft())
        painter.setPen(QColor(colours.muted))
        below = QRectF(area.left(), self.height() - metrics.height() - 2, area.width(), metrics.height())
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, self._titles[0])
        painter.save()
        painter.translate(metrics.height() / 2 + 2, area.center().y())
        painter.rotate(-90)
        turned = QRectF(-area.height() / 2, -metrics.height() / 2, area.height(), metrics.height())
        painter.drawText(turned, Qt.AlignmentFlag.AlignCenter, self._titles[1])
        painter.restore()

    def _paint_front(self, painter: QPainter) -> None:
        painter.setPen(QPen(QColor(theme.current().muted), 1.5, Qt.PenStyle.DashLine))
        for start, end in self._front_lines():
            painter.drawLine(start, end)

    def _front_lines(self) -> list[tuple[QPointF, QPointF]]:
        """Steps: what can be reached at a price is the best of all that cost no more."""
        places = [self.place_of(key) for key in self.front]
        last = QPointF(self._area().right(), places[-1].y())
        lines = []
        for here, following in zip(places, [*places[1:], last], strict=True):
            corner = QPointF(following.x(), here.y())
            lines += [(here, corner), (corner, following)]
        return lines

    def _paint_point(self, painter: QPainter, point: Point) -> None:
        place = self._at(point.x, point.y)
        if point.low is not None and point.high is not None:
            ends = [self._at(point.x, end) for end in (point.low, point.high)]
            painter.setPen(QPen(point.look.color, 1.5))
            painter.drawLine(ends[0], ends[1])
            for end in ends:
                painter.drawLine(end - QPointF(WHISKER_PX, 0), end + QPointF(WHISKER_PX, 0))
        if point.key == self._current:
            painter.setPen(QPen(point.look.color, 2))
            painter.setBrush(QColor(theme.current().surface))
            painter.drawEllipse(place, SYMBOL_PX, SYMBOL_PX)
        paint_symbol(painter, place, point.look, SYMBOL_PX)

    def _paint_labels(self, painter: QPainter) -> None:
        """Beside the points where there is room; the others are read out by the pointer."""
        half = SYMBOL_PX / 2 + theme.TIGHT
        taken = [QRectF(place.x() - half, place.y() - half, 2 * half, 2 * half) for place in self._places()]
        taken += self._whiskers()
        taken += [QRectF(*line).normalized().adjusted(-1, -1, 1, 1) for line in self._front_lines()]
        painter.setFont(font())
        painter.setPen(QColor(theme.current().text))
        ranks = {key: place for place, key in enumerate(self.front, start=1)} | {self._current: 0}
        unnamed = sorted(self._points, key=lambda point: ranks.get(point.key, len(ranks)))[:MOST_LABELS]
        for text_of in (lambda point: point.label, lambda point: point.short):
            for point in list(unnamed):
                text = QFontMetricsF(font()).elidedText(text_of(point), Qt.TextElideMode.ElideMiddle, LONGEST_LABEL_PX)
                box = self._free_box(point, text, taken)
                if text and box is not None:
                    taken.append(box)
                    unnamed.remove(point)
                    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)

    def _free_box(self, point: Point, text: str, taken: Sequence[QRectF]) -> QRectF | None:
        """Where the text stands beside a point without covering anything."""
        metrics, place = QFontMetricsF(font()), self._at(point.x, point.y)
        width, height = metrics.horizontalAdvance(text), metrics.height()
        beside = SYMBOL_PX / 2 + theme.SMALL + (theme.SMALL if point.key == self._current else 0)
        right, left = place.x() + beside, place.x() - beside - width
        above, below, level = place.y() - height - 2, place.y() + 2, place.y() - height / 2
        for x, y in ((right, above), (right, below), (right, level), (left, above), (left, below), (left, level)):
            box = QRectF(x, y, width, height)
            if self._area().contains(box) and not any(box.intersects(other) for other in taken):
                return box
        return None

    def _places(self) -> list[QPointF]:
        return [self._at(point.x, point.y) for point in self._points]

    def _whiskers(self) -> list[QRectF]:
        found = []
        for point in self._points:
            if point.low is not None and point.high is not None:
                top, bottom = self._at(point.x, point.high), self._at(point.x, point.low)
                found.append(QRectF(top.x() - WHISKER_PX, top.y(), 2 * WHISKER_PX, bottom.y() - top.y()))
        return found

    def _paint_words(self, painter: QPainter, point: Point) -> None:
        """The read-out, in a chip beside the point."""
        area, metrics, colours = QRectF(self.rect()), QFontMetricsF(font()), theme.current()
        lines = self._told(point)
        wide = max(metrics.horizontalAdvance(line) for line in lines) + 2 * theme.SMALL
        box = QRectF(0, 0, min(wide, area.width()), len(lines) * (metrics.height() + 2) + theme.SMALL)
        place = self._at(point.x, point.y)
        left = place.x() + theme.LARGE if place.x() < area.center().x() else place.x() - theme.LARGE - box.width()
        box.moveTopLeft(QPointF(left, place.y() + theme.MEDIUM))
        box.moveLeft(min(max(box.left(), area.left()), area.right() - box.width()))
        box.moveBottom(min(box.bottom(), area.bottom()))
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.setBrush(QColor(colours.surface))
        painter.drawRoundedRect(box, theme.CONTROL_RADIUS, theme.CONTROL_RADIUS)
        painter.setPen(QColor(colours.text))
        for number, line in enumerate(lines):
            painter.setFont(font(strong=number == 0))
            top = box.top() + theme.TIGHT + number * (metrics.height() + 2)
            rect = QRectF(box.left() + theme.SMALL, top, box.width() - 2 * theme.SMALL, metrics.height() + 2)
            shown = QFontMetricsF(painter.font()).elidedText(line, Qt.TextElideMode.ElideMiddle, rect.width())
            painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, shown)

"""How far a line of runs has fallen since its last full training: a point with whiskers a generation."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from app import theme
from app.widgets.metric_words import figure, metric_name
from app.widgets.plots.pareto_scale import Scale
from app.widgets.plots.plot_looks import font
from core.domain.lineage import Drift, DriftPoint
from core.domain.run import number_of

LEFT_PX, TOP_PX, BOTTOM_PX = 44, 24, 40  # room of the axes and of the metric's name
TICK_PX = (56, 24)  # from tick to tick at least, across and up
DOT_PX, WHISKER_PX, NEAR_PX = 4.5, 4, 14


class DriftPlot(QWidget):
    """Runs from left to right; the dashed line is what the last full training reached. Tooltips read a point out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points: tuple[DriftPoint, ...] = ()
        self._x, self._y = Scale(()), Scale(())
        self.setAccessibleName(self.tr("Drift since the last full training"))

    def show_drift(self, drift: Drift) -> None:
        """In place of the one before."""
        self._points = drift.points
        ends = [(one.metric.low, one.metric.value, one.metric.high) for one in drift.points]
        self._x = Scale([one.generation for one in drift.points])
        self._y = Scale([end for three in ends for end in three if end is not None])
        self.setAccessibleDescription("; ".join(map(self.words, drift.points)))
        self.update()

    def words(self, point: DriftPoint) -> str:
        """A point as one line."""
        told = self.tr("Run {0}: {1}").format(number_of(point.run), figure(point.metric.value))
        if point.metric.low is not None and point.metric.high is not None:
            told += self.tr(" ({0} to {1})").format(figure(point.metric.low), figure(point.metric.high))
        return told

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(400, 160)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(220, 136)

    def place_of(self, point: DriftPoint, value: float | None = None) -> QPointF:
        """Where it is, in pixels; ``value`` in place of its metric."""
        area, height = self._area(), point.metric.value if value is None else value
        x = area.left() + self._x.share(point.generation) * area.width()
        return QPointF(x, area.bottom() - self._y.share(height) * area.height())

    def _area(self) -> QRectF:
        return QRectF(self.rect()).adjusted(LEFT_PX, TOP_PX, -theme.SMALL, -BOTTOM_PX)

    # Events

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            at = QPointF(event.pos())
            far = [(abs(self.place_of(point).x() - at.x()), self.words(point)) for point in self._points]
            distance, told = min(far, default=(NEAR_PX + 1.0, ""))
            QToolTip.showText(event.globalPos(), told if distance <= NEAR_PX else "", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        if not self._points:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font())
        self._paint_axes(painter)
        colours = theme.current()
        full = self.place_of(self._points[0])
        painter.setPen(QPen(QColor(colours.muted), 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(full, QPointF(self._area().right(), full.y()))
        painter.setPen(QPen(QColor(colours.accent), 2))
        painter.drawPolyline([self.place_of(point) for point in self._points])
        for point in self._points:
            self._paint_point(painter, point)

    def _paint_axes(self, painter: QPainter) -> None:
        area, colours, metrics = self._area(), theme.current(), QFontMetricsF(font())
        line, muted, height = QPen(QColor(colours.line), 1), QColor(colours.muted), metrics.height()
        ticks = self._y.ticks(int(area.height() / TICK_PX[1]))
        digits = 2 if all(abs(tick - round(tick, 2)) < 1e-9 for tick in ticks) else 3
        for tick in ticks:
            y = round(area.bottom() - self._y.share(tick) * area.height()) + 0.5
            painter.setPen(line)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(muted)
            box = QRectF(0, y - height / 2, LEFT_PX - theme.SMALL, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{tick:.{digits}f}")
        free = area.left() - TICK_PX[0]
        for point in self._points:
            x = self.place_of(point).x()
            if x - free >= TICK_PX[0]:
                free = x
                box = QRectF(x - TICK_PX[0] / 2, area.bottom() + theme.TIGHT, TICK_PX[0], height)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(number_of(point.run)))
        below = QRectF(area.left(), self.height() - height - 2, area.width(), height)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, self.tr("Run, from the last full training on"))
        above = QRectF(0, 0, self.width(), height)
        painter.drawText(above, Qt.AlignmentFlag.AlignLeft, metric_name(self._points[0].metric.name))
        painter.setPen(line)
        painter.drawLine(area.bottomLeft(), area.bottomRight())

    def _paint_point(self, painter: QPainter, point: DriftPoint) -> None:
        colours, metric = theme.current(), point.metric
        color = QColor(colours.caution if point.interval and point.interval.low > 0 else colours.accent)
        if metric.low is not None and metric.high is not None:
            painter.setPen(QPen(color, 1.5))
            ends = [self.place_of(point, end) for end in (metric.low, metric.high)]
            painter.drawLine(*ends)
            for end in ends:
                painter.drawLine(end - QPointF(WHISKER_PX, 0), end + QPointF(WHISKER_PX, 0))
        painter.setPen(QPen(QColor(colours.surface), 2))
        painter.setBrush(color)
        painter.drawEllipse(self.place_of(point), DOT_PX, DOT_PX)

"""The area with axes and curves under every plot: zoom, pan and a cursor that reads the curves out.

The state is small: which stretch of x is zoomed to (``None``: all of it) and at which x the cursor stands.
Everything painted is derived from it and the curves.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from app import theme
from app.widgets.plots.curve_data import CurveBuffer, Numbers, lonely, nearest, spoken, spoken_x, step, thin, trend
from app.widgets.plots.plot_looks import (
    BY_KEYBOARD,
    MARKER_PX,
    Look,
    Row,
    font,
    paint_dot,
    paint_focus,
    paint_marker,
    paint_readout,
    paint_words,
)

FEW = 20  # points up to which each gets a marker
TREND_PX = 6  # of width for each point of a trend
TICK_PX = {"bottom": 64, "left": 48}  # at least, from tick to tick
ZOOM = 0.8  # a notch of the wheel
CLOSEST = 200  # times as large as all of it


@dataclass(frozen=True)
class Curve:
    name: str
    points: CurveBuffer
    look: Look


class _Axis(pg.AxisItem):
    """Ticks at whole numbers where there is nothing between; never 1e+05."""

    def __init__(self, side: str, *, whole: bool = False) -> None:
        super().__init__(side)
        # Width is kept once taken, so that the plot does not jump.
        self.setStyle(tickLength=0, tickTextOffset=6, autoReduceTextSpace=False)
        self._whole = whole
        self.enableAutoSIPrefix(False)

    def count_in_wholes(self, whole: bool) -> None:
        self._whole = whole

    def boundingRect(self) -> QRectF:  # noqa: N802 (Qt's name)
        """With room for labels that reach past the ends, which would be left out else."""
        rect: QRectF = super().boundingRect()
        return rect.adjusted(-theme.WIDE, -theme.SMALL, theme.WIDE, theme.SMALL)

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:  # noqa: N802
        rough = (high - low) / max(size / TICK_PX[self.orientation], 1)
        power = 10.0 ** math.floor(math.log10(rough))
        spacing = next(power * times for times in (1, 2, 5, 10) if power * times >= rough * 0.8)
        return [(max(spacing, 1.0) if self._whole else spacing, 0)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: N802
        digits = max(0, math.ceil(-math.log10(spacing) - 1e-9)) if spacing > 0 else 0
        return [f"{value:,.{digits}f}" if digits < 5 else f"{value:.3g}" for value in values]


class PlotView(pg.PlotWidget):
    """``zoomed`` tells whether only a part is shown. Wheel, drag and double click; arrows, +, -, 0 and Esc."""

    zoomed = Signal(bool)

    def __init__(
        self, x_title: str, y_title: str, *, whole_x: bool, unit_y: bool, parent: QWidget | None = None
    ) -> None:
        self._curves: list[Curve] = []
        self._drawn: dict[str, tuple[pg.PlotCurveItem, pg.PlotCurveItem, pg.ScatterPlotItem]] = {}
        self._zoom: tuple[float, float] | None = None
        self._cursor: float | None = None
        self._pinned = False  # by the keyboard: the pointer's leaving does not take it away
        self._drag: tuple[float, tuple[float, float]] | None = None  # pointer's x and what was shown when it began
        self._ring = False
        self._notes: dict[float, str] = {}
        self._marker: tuple[float, str] | None = None
        self._empty, self._is_empty = "", True
        self._x_end: float | None = None
        self._x_title, self._y_title, self._whole_x, self._unit_y = x_title, y_title, whole_x, unit_y
        self._shown = ((0.0, 1.0), (0.0, 1.0))  # x and y range on the axes
        self._colours: theme.Colours | None = None
        axes = {"bottom": _Axis("bottom", whole=whole_x), "left": _Axis("left")}
        super().__init__(parent, axisItems=axes, enableMenu=False)
        item = self.getPlotItem()
        item.hideButtons()
        item.layout.setContentsMargins(theme.TIGHT, theme.TIGHT, theme.WIDE, theme.TIGHT)
        item.getViewBox().setMouseEnabled(False, False)
        item.getViewBox().disableAutoRange()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(y_title)
        self._dress()
        self.repaint_curves()

    # What is shown

    def show_curves(self, curves: Sequence[Curve]) -> None:
        self._curves = list(curves)
        full = self._full()
        if self._zoom and (self._zoom[0] >= full[1] or self._zoom[1] <= full[0]):
            self.show_all()  # the stretch zoomed to is gone, as with another run
        self.repaint_curves()

    def set_marker(self, x: float | None, text: str) -> None:
        self._marker = None if x is None else (x, text)
        self.viewport().update()

    def set_note(self, x: float, text: str) -> None:
        self._notes[x] = text

    def set_empty(self, text: str) -> None:
        self._empty = text
        self.viewport().update()

    def set_x_end(self, x: float | None) -> None:
        self._x_end = x
        self.repaint_curves()

    def set_x_title(self, title: str, *, whole: bool) -> None:
        """Another meaning of x, as time in place of epochs; all of it is shown then."""
        self._x_title, self._whole_x, self._zoom = title, whole, None
        self.getAxis("bottom").count_in_wholes(whole)
        self._dress()

    @property
    def x_range(self) -> tuple[float, float]:
        return self._shown[0]

    @property
    def y_range(self) -> tuple[float, float]:
        return self._shown[1]

    @property
    def cursor_x(self) -> float | None:
        return self._cursor

    @property
    def is_empty(self) -> bool:
        return self._is_empty

    def marked(self, curve: Curve) -> bool:
        """Whether the curve is drawn with markers."""
        return not curve.look.faded and len(curve.points) <= FEW

    def readout(self) -> str:
        """All curves at the cursor in one line; empty without a cursor."""
        if self._cursor is None:
            return ""
        parts = [f"{row.name} {row.value}" for row in self._rows(self._cursor)]
        return " · ".join([self._spoken_place(self._cursor), *parts])

    # Zoom, pan, cursor

    def show_all(self) -> None:
        self._set_zoom(None)

    def zoom(self, factor: float, at: float) -> None:
        """Below 1 closer, with ``at`` (in x) staying where it is."""
        left, right = self._zoom or self._full()
        least = 2.0 if self._whole_x else (self._full()[1] - self._full()[0]) / CLOSEST
        factor = max(factor, min(least / (right - left), 1.0))
        self._set_zoom((at - (at - left) * factor, at + (right - at) * factor))

    def pan(self, by: float) -> None:
        """``by`` in x; only when zoomed."""
        if self._zoom:
            self._set_zoom((self._zoom[0] + by, self._zoom[1] + by))

    def set_cursor(self, x: float | None, *, pinned: bool = False) -> None:
        """At the nearest point to ``x``; pinned ones are brought into view."""
        self._cursor = None if x is None else nearest((curve.points for curve in self._curves), x)
        self._pinned = pinned and self._cursor is not None
        if self._pinned and self._zoom and self._cursor is not None:
            left, right = self._zoom
            self.pan(min(self._cursor - left, 0.0) + max(self._cursor - right, 0.0))
        self.setAccessibleDescription(self.readout())
        self.viewport().update()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        notches = event.angleDelta().y() / 120
        if self.is_empty or not notches or (notches < 0 and self._zoom is None):
            event.ignore()  # the page may want to scroll
            return
        self.zoom(ZOOM**notches, self._x_of(event.position().x()))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.button() is Qt.MouseButton.LeftButton and self._zoom:
            self._drag = (event.position().x(), self._zoom)
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        place = event.position()
        if self._drag:
            start, (left, right) = self._drag
            by = (start - place.x()) * (right - left) / max(self._plot_area().width(), 1)
            self._set_zoom((left + by, right + by))
        inside = self._plot_area().contains(place) and not self.is_empty
        if inside or not self._pinned:
            self.set_cursor(self._x_of(place.x()) if inside else None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self._drag = None
        self.viewport().unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self.show_all()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        if not self._pinned:
            self.set_cursor(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        key = Qt.Key(event.key())
        self._ring = True
        centre = self._cursor if self._cursor is not None else sum(self.x_range) / 2
        if self.is_empty:
            event.ignore()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self._move(forward=key in (Qt.Key.Key_Right, Qt.Key.Key_PageDown), far=key not in _ARROWS)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.set_cursor(self._full()[key is Qt.Key.Key_End], pinned=True)
        elif key is Qt.Key.Key_Escape and self._cursor is not None:
            self.set_cursor(None)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(ZOOM**2, centre)
        elif key is Qt.Key.Key_Minus:
            self.zoom(ZOOM**-2, centre)
        elif key is Qt.Key.Key_0:
            self.show_all()
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        self._ring = event.reason() in BY_KEYBOARD
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        self._ring = False
        if self._pinned:
            self.set_cursor(None)
        super().focusOutEvent(event)
        self.viewport().update()

    def _move(self, *, forward: bool, far: bool) -> None:
        points = [curve.points for curve in self._curves]
        left, right = self.x_range
        if self._cursor is None:
            self.set_cursor(right, pinned=True)
            return
        target = step(points, self._cursor, forward)
        if far:
            leap = self._cursor + (right - left) / 10 * (1 if forward else -1)
            target = max(target, leap) if forward else min(target, leap)
        self.set_cursor(target, pinned=True)

    def _set_zoom(self, wanted: tuple[float, float] | None) -> None:
        """Within all there is; all of it is no zoom."""
        before, (low, high) = self._zoom, self._full()
        if wanted is not None:
            span = min(wanted[1] - wanted[0], high - low)
            left = min(max(wanted[0], low), high - span)
            wanted = None if span >= (high - low) * (1 - 1e-9) else (left, left + span)
        self._zoom = wanted
        self.repaint_curves()
        if (before is None) != (wanted is None):
            self.zoomed.emit(wanted is not None)

    # Painting

    def repaint_curves(self) -> None:
        """Draw what is in the buffers now: as many points as there are pixels, over what is visible."""
        x_range = self._zoom or self._full()
        pixels = max(int(self._plot_area().width()), 100)
        thinned = [thin(curve.points.x, curve.points.y, pixels, x_range) for curve in self._curves]
        for curve, (x, y) in zip(self._curves, thinned, strict=True):
            self._draw(curve, x, y, x_range)
        self._be_empty(all(np.isnan(curve.points.y).all() for curve in self._curves))
        for name in set(self._drawn) - {curve.name for curve in self._curves}:
            for item in self._drawn.pop(name):
                self.removeItem(item)
        self._shown = (x_range, self._y_range([y for _, y in thinned]))
        self.getPlotItem().getViewBox().setRange(xRange=self._shown[0], yRange=self._shown[1], padding=0)
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        if self._colours is not theme.current():
            self._dress()
            self.repaint_curves()
        super().paintEvent(event)

    def resizeEvent(self, event: QEvent | None) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        if self.plotItem is not None:
            self.repaint_curves()  # another width, other pixel columns

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self.viewport().update()

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:  # noqa: N802 (Qt's name)
        plot = self._plot_area()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.is_empty:
            paint_words(painter, plot, self._empty)
        elif self._marker and self.x_range[0] <= self._marker[0] <= self.x_range[1]:
            text = self._marker[1] if self._cursor is None else ""  # the read-out would cover half of it
            paint_marker(painter, plot, round(self._pixel(self._marker[0], 0).x()) + 0.5, text, low=self._unit_y)
        if self._cursor is not None and self.x_range[0] <= self._cursor <= self.x_range[1]:
            self._paint_cursor(painter, plot, self._cursor)
        if self._ring and self.hasFocus():
            paint_focus(painter, QRectF(self.viewport().rect()))

    def _paint_cursor(self, painter: QPainter, plot: QRectF, x: float) -> None:
        at = round(self._pixel(x, 0).x()) + 0.5  # in the middle of pixels: a sharp line
        painter.setPen(pg.mkPen(theme.current().muted, width=1))
        painter.drawLine(QPointF(at, plot.top()), QPointF(at, plot.bottom()))
        dots = [(curve, y) for curve in self._read() if (y := curve.points.at(x)) is not None]
        places = [self._pixel(x, y) for _, y in dots]
        for (curve, _), place in zip(dots, places, strict=True):
            if plot.contains(place):
                paint_dot(painter, place, curve.look)
        high = sum(place.y() < plot.center().y() for place in places) * 2 > len(places)
        paint_readout(painter, plot, at, self._spoken_place(x), self._rows(x), low=high)

    def _draw(self, curve: Curve, x: Numbers, y: Numbers, x_range: tuple[float, float]) -> None:
        """A line with dashes; where points are too dense for those, all points pale and their trend with dashes."""
        if curve.name not in self._drawn:
            cloud, line = pg.PlotCurveItem(connect="finite"), pg.PlotCurveItem(connect="finite", antialias=True)
            self._drawn[curve.name] = (cloud, line, pg.ScatterPlotItem(size=MARKER_PX, pen=None))
            for item in self._drawn[curve.name]:
                self.addItem(item)
        cloud, line, markers = self._drawn[curve.name]
        depth = -1 if curve.look.faded else 1 if curve.look.strong else 0
        cloud.setZValue(depth - 0.5)
        line.setZValue(depth)
        points, width = curve.points, max(self._plot_area().width(), 100)
        first, last = np.searchsorted(points.x, x_range)
        if last - first > width / 2:
            cloud.setData(x, y, pen=curve.look.pale_pen())
            line.setData(
                *trend(points.x[first:last], points.y[first:last], int(width / TREND_PX)), pen=curve.look.pen()
            )
        else:
            cloud.setData([], [])
            line.setData(x, y, pen=curve.look.pen())
        chosen = ~np.isnan(y) if self.marked(curve) else lonely(y)
        markers.setData(x[chosen], y[chosen], symbol=curve.look.marker, brush=curve.look.color)

    def _be_empty(self, empty: bool) -> None:
        """No numbers and no grid where there is nothing to measure."""
        if empty != self._is_empty:
            self._is_empty = empty
            for side in ("bottom", "left"):
                self.getAxis(side).setStyle(showValues=not empty)
            self.getAxis("left").setGrid(False if empty else 255)

    def _dress(self) -> None:
        """Colours and font of the theme."""
        colours = self._colours = theme.current()
        self.setBackground(colours.surface)
        for side, title in (("bottom", self._x_title), ("left", self._y_title)):
            axis = self.getAxis(side)
            axis.setPen(pg.mkPen(colours.line))
            axis.setTickPen(pg.mkPen(colours.line))
            axis.setTextPen(pg.mkPen(colours.muted))
            axis.setStyle(tickFont=font(), showValues=not self._is_empty)
            axis.setLabel(title, color=colours.muted)
            axis.label.setFont(font())
            axis.setZValue(-1)  # the grid runs behind the curves

    # Where things are

    def _full(self) -> tuple[float, float]:
        """All x there is, with room for half a marker on both sides."""
        ends = [end for curve in self._curves if len(curve.points) for end in (curve.points.x[0], curve.points.x[-1])]
        if self._x_end is not None:
            ends.append(self._x_end)
        low, high = (float(min(ends)), float(max(ends))) if ends else (0.0, 1.0)
        around = (high - low) * 0.015 if high > low else 0.5
        return low - around, high + around

    def _y_range(self, shown: list[Numbers]) -> tuple[float, float]:
        if self._unit_y:
            return -0.02, 1.02
        values = np.concatenate(shown) if shown else np.empty(0)
        values = values[~np.isnan(values)]
        if not len(values):
            return 0.0, 1.0
        low, high = float(values.min()), float(values.max())
        around = (high - low) * 0.06 or max(abs(high) * 0.1, 1e-6)
        return low - around, high + around

    def _read(self) -> list[Curve]:
        return [curve for curve in self._curves if not curve.look.faded]

    def _spoken_place(self, x: float) -> str:
        return ", ".join(filter(None, (f"{self._x_title} {spoken_x(x)}", self._notes.get(x))))

    def _rows(self, x: float) -> list[Row]:
        return [Row(curve.look, curve.name, spoken(curve.points.at(x))) for curve in self._read()]

    def _plot_area(self) -> QRectF:
        area: QRectF = self.getPlotItem().getViewBox().sceneBoundingRect()
        return area

    def _x_of(self, pixel: float) -> float:
        area, (left, right) = self._plot_area(), self.x_range
        return left + (pixel - area.left()) / max(area.width(), 1) * (right - left)

    def _pixel(self, x: float, y: float) -> QPointF:
        area, ((left, right), (low, high)) = self._plot_area(), self._shown
        across, up = (x - left) / (right - left), (y - low) / (high - low)
        return QPointF(area.left() + across * area.width(), area.bottom() - up * area.height())


_ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right)

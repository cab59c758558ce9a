"""Curves over epochs: stored at event rate, painted on a timer."""

from collections.abc import Mapping, Sequence

import pyqtgraph as pg
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QWidget

from app import theme

REPAINT_MS = 100
# Told apart by dash as well as by colour.
DASHES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)


class CurvePlot(pg.PlotWidget):
    """Named curves with a legend; the wheel zooms, a double click shows everything again."""

    def __init__(self, y_title: str, *, from_zero_to_one: bool = False, parent: QWidget | None = None) -> None:
        colours = theme.current()
        super().__init__(parent, background=colours.surface)
        self._points: dict[str, tuple[Sequence[float], Sequence[float]]] = {}
        self._curves: dict[str, pg.PlotDataItem] = {}
        self._stale = False
        self._limits = (0.0, 1.0) if from_zero_to_one else None
        self._dress(y_title, colours)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.paint_now)
        self._timer.start(REPAINT_MS)

    def set_curves(self, curves: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> None:
        """Name -> (x, y); cheap, the next tick paints."""
        self._points = dict(curves)
        self._stale = True

    def points(self, name: str) -> tuple[Sequence[float], Sequence[float]]:
        return self._points.get(name, ((), ()))

    def mouseDoubleClickEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        self._fit()

    def _dress(self, y_title: str, colours: theme.Colours) -> None:
        item = self.getPlotItem()
        item.hideButtons()
        item.setMenuEnabled(False)
        item.showGrid(x=False, y=True, alpha=0.15)
        for side, title in (("bottom", self.tr("epoch")), ("left", y_title)):
            axis = item.getAxis(side)
            axis.setPen(pg.mkPen(colours.line))
            axis.setTextPen(pg.mkPen(colours.muted))
            axis.setLabel(title, color=colours.muted)
            axis.enableAutoSIPrefix(False)
        self._legend = item.addLegend(offset=(-8, 8), labelTextColor=colours.text)
        self._fit()

    def paint_now(self) -> None:
        """Draw what was set since the last tick."""
        if not self._stale:
            return
        self._stale = False
        colours = theme.current()
        for index, (name, (x, y)) in enumerate(self._points.items()):
            curve = self._curves.get(name)
            if curve is None:
                pen = pg.mkPen(colours.classes[index % 5], width=2, style=DASHES[index % 3])
                curve = self._curves[name] = self.plot([], [], name=name, pen=pen, symbolPen=None, antialias=True)
            curve.setData(list(x), list(y), symbol="o" if len(x) == 1 else None, symbolSize=6)
        for name in [name for name in self._curves if name not in self._points]:
            self.removeItem(self._curves.pop(name))

    def _fit(self) -> None:
        view = self.getPlotItem().getViewBox()
        view.enableAutoRange(x=True, y=self._limits is None)
        if self._limits:
            view.setYRange(*self._limits, padding=0.04)

"""One figure of several runs over each other: smoothed on request, with the raw line pale behind."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.widgets.plots.curve_data import CurveBuffer, Numbers, smoothed, spoken
from app.widgets.plots.plot_looks import PALE, Look, Row
from app.widgets.plots.plot_view import Curve, PlotView


@dataclass(frozen=True)
class RunLine:
    """``key`` is unique, ``name`` is read out. ``times``: minutes of training at each epoch."""

    key: str
    name: str
    look: Look
    epochs: Sequence[float]
    times: Sequence[float]
    values: Sequence[float | None]


@dataclass(frozen=True)
class _Raw(Look):
    """The line as it was, behind the smoothed one: of its colour, thin and pale."""

    faded: bool = True

    @property
    def color(self) -> QColor:
        color = Look(self.index).color
        color.setAlphaF(PALE)
        return color

    def pen(self) -> QPen:
        return self.pale_pen()

    def pale_pen(self) -> QPen:
        pen = QPen(self.color, 1)
        pen.setCosmetic(True)
        return pen


class OverlaidCurves(QWidget):
    """Over epochs, or over minutes of training; ``hide_lines`` takes some out. The pointer and the arrow keys read out
    what every run had reached by then."""

    def __init__(self, y_title: str, *, from_zero_to_one: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[RunLine, ...] = ()
        self._hidden: frozenset[str] = frozenset()
        self._strong = ""
        self._weight = 0.0
        self.by_time = False
        self.view = _View(self.tr("epoch"), y_title, whole_x=True, unit_y=from_zero_to_one, parent=self)
        self.view.set_empty(self.tr("No values yet."))
        self.setFocusProxy(self.view)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)

    def show_lines(self, lines: Sequence[RunLine]) -> None:
        """In place of all before."""
        self._lines = tuple(lines)
        self.view.show_all()
        self._show()

    def set_by_time(self, by_time: bool) -> None:
        """Minutes of training on the x axis, else epochs."""
        self.by_time = by_time
        self.view.set_cursor(None)
        self.view.set_x_title(self.tr("training time (min)") if by_time else self.tr("epoch"), whole=not by_time)
        self._show()

    def smooth(self, weight: float) -> None:
        """``weight`` of all before against each new value, 0 (nothing is smoothed) to below 1."""
        self._weight = weight
        self._show()

    def hide_lines(self, keys: Collection[str]) -> None:
        """Draw all but these."""
        self._hidden = frozenset(keys)
        self._show()

    def stress(self, key: str) -> None:
        """Draw one before the others; empty for none."""
        self._strong = key
        self._show()

    def _show(self) -> None:
        curves = []
        for line in self._lines:
            if line.key in self._hidden:
                continue
            points = CurveBuffer.of(line.times if self.by_time else line.epochs, line.values)
            look = replace(line.look, strong=line.key == self._strong)
            if self._weight:
                curves.append(Curve(f"{line.key} raw", points, _Raw(line.look.index)))
                points = CurveBuffer.of(points.x.tolist(), smoothed(points.y, self._weight).tolist())
            curves.append(Curve(line.name, points, look))
        self.view.show_curves(curves)


class _View(PlotView):
    """Reads out what each run had reached: runs have their epochs at different times, and do not end together."""

    def marked(self, curve: Curve) -> bool:
        return False  # markers belong to few points, and runs are told apart by colour and dash

    def _rows(self, x: float) -> list[Row]:
        told = [(curve, _reached(curve.points.x, curve.points.y, x)) for curve in self._read()]
        return [Row(curve.look, curve.name, spoken(value)) for curve, value in told if value is not None]


def _reached(x: Numbers, y: Numbers, at: float) -> float | None:
    """The value at ``at`` or the last one before; ``None`` where the run had not begun, or had ended."""
    place = int(np.searchsorted(x, at, "right")) - 1
    if place < 0 or at > x[-1] or np.isnan(y[place]):
        return None
    return float(y[place])

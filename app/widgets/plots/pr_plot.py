"""Precision over recall at IoU 0.5, one curve a class."""

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.widgets.plots.curve_data import CurveBuffer, spoken
from app.widgets.plots.plot_legend import Entry, PlotLegend
from app.widgets.plots.plot_looks import Look
from app.widgets.plots.plot_view import Curve, PlotView
from core.domain.report import PrCurve

MOST = 8  # classes that are told apart; of more, one at a time
MOST_GREY = 40  # of the others; more would be one grey surface, and a thousand take seconds to draw


class PrPlot(QWidget):
    """The legend tells each class's AP (the mean precision over 101 recalls, COCO). Pointer and arrows read out.

    With more than eight classes one stands before the others, which are grey: the chosen one or else the weakest.
    Of very many, only a selection from the weakest to the best is drawn, and the legend says so.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curves: tuple[PrCurve, ...] = ()
        self._chosen: str | None = None
        self.view = PlotView(self.tr("recall"), self.tr("precision"), whole_x=False, unit_y=True, parent=self)
        self.set_empty(self.tr("No boxes were evaluated."))
        self.setFocusProxy(self.view)
        self._legend = PlotLegend()
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(theme.TIGHT)
        rows.addWidget(self._legend)
        rows.addWidget(self.view, 1)

    def set_curves(self, curves: Sequence[PrCurve]) -> None:
        """In place of all before; what was chosen stays so if it is still there."""
        self._curves = tuple(curve for curve in curves if curve.precision)
        self._show()

    def set_empty(self, text: str) -> None:
        """The sentence that stands here without curves."""
        self.view.set_empty(text)

    def highlight(self, name: str | None) -> None:
        """Bring a class to the front; ``None``, or a class without a curve, gives that up."""
        self._chosen = name
        self._show()

    @property
    def highlighted(self) -> str | None:
        """The class in front; ``None`` when all stand side by side."""
        if any(curve.name == self._chosen for curve in self._curves):
            return self._chosen
        return min(self._curves, key=average_precision).name if len(self._curves) > MOST else None

    def _show(self) -> None:
        front, many = self.highlighted, len(self._curves) > MOST
        drawn, entries = [], []
        grey = _spread([curve for curve in self._curves if curve.name != front]) if many else []
        kept = {curve.name for curve in grey} | {front}
        for index, curve in enumerate(self._curves):
            if many and curve.name not in kept:
                continue
            in_front = curve.name == front
            look = Look(0 if many else index, faded=many and not in_front, strong=in_front)
            recalls = [place / (len(curve.precision) - 1 or 1) for place in range(len(curve.precision))]
            drawn.append(Curve(curve.name, CurveBuffer.of(recalls, curve.precision), look))
            if not look.faded:
                text = self.tr("{name} · AP {value}").format(name=curve.name, value=spoken(average_precision(curve)))
                entries.append(Entry(look, text))
        if many:
            others = len(self._curves) - 1
            text = self.tr("%n other class(es)", "", others)
            if len(grey) < others:
                text = self.tr("{0} of {1}").format(len(grey), text)
            entries.append(Entry(Look(faded=True), text))
        self.view.show_curves(drawn)
        self._legend.show_entries(entries)


def _spread(curves: Sequence[PrCurve]) -> list[PrCurve]:
    """At most ``MOST_GREY``, evenly from the weakest to the best, both among them."""
    ordered = sorted(curves, key=average_precision)
    if len(ordered) <= MOST_GREY:
        return ordered
    return [ordered[place * (len(ordered) - 1) // (MOST_GREY - 1)] for place in range(MOST_GREY)]


def average_precision(curve: PrCurve) -> float:
    """AP at IoU 0.5: precision averaged over the recall points (COCO)."""
    return sum(curve.precision) / len(curve.precision)

"""Curves over epochs or batches: stored at event rate, painted on a timer."""

from collections.abc import Collection, Mapping, Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from app import theme
from app.widgets.plots.curve_data import CurveBuffer
from app.widgets.plots.plot_legend import Entry, PlotLegend
from app.widgets.plots.plot_looks import Look
from app.widgets.plots.plot_view import Curve, PlotView

REPAINT_MS = 100


class CurvePlot(QWidget):
    """Named curves with a legend above; everything set or appended is painted by the next tick.

    The wheel zooms at the pointer, a drag moves, a double click shows everything; the pointer or the arrow keys read
    the curves out. While zoomed, new points do not move the view.
    """

    def __init__(
        self,
        y_title: str,
        *,
        x_title: str | None = None,
        from_zero_to_one: bool = False,
        faded: Collection[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        """``x_title`` counts something (epochs when left out) and stands before the number in the read-out.

        ``faded``: names of curves that stand behind the others in grey and are not read out.
        """
        super().__init__(parent)
        self._buffers: dict[str, CurveBuffer] = {}
        self._faded = faded
        self._stale = False
        x_title = self.tr("epoch") if x_title is None else x_title
        self.view = PlotView(x_title, y_title, whole_x=True, unit_y=from_zero_to_one, parent=self)
        self.view.set_empty(self.tr("No values yet."))
        self.setFocusProxy(self.view)
        self._legend = PlotLegend()
        self.all_button = QToolButton()
        self.all_button.setText(self.tr("Show all"))
        self.all_button.setToolTip(self.tr("Only a part is shown. A double click on the curves shows all, too."))
        self.all_button.setAutoRaise(True)
        self.all_button.setIcon(theme.icon("arrows-out"))
        self.all_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.all_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        policy = self.all_button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.all_button.setSizePolicy(policy)
        self.all_button.setVisible(False)
        self.all_button.clicked.connect(self.view.show_all)
        self.view.zoomed.connect(self.all_button.setVisible)
        self._lay_out()
        self._timer = QTimer(self)  # runs only from a change to its painting, and not while nobody looks
        self._timer.setSingleShot(True)
        self._timer.setInterval(REPAINT_MS)
        self._timer.timeout.connect(self.paint_now)

    def set_curves(self, curves: Mapping[str, tuple[Sequence[float], Sequence[float | None]]]) -> None:
        """Name -> (x, y), in place of all before; ``None`` and NaN are gaps."""
        self._buffers = {name: CurveBuffer.of(x, y) for name, (x, y) in curves.items()}
        self._paint_soon()

    def append(self, name: str, x: float, y: float | None) -> None:
        """One more point; the first of a name makes its curve. An x told before replaces what was told from it on."""
        self._buffers.setdefault(name, CurveBuffer()).append(x, y)
        self._paint_soon()

    def extend(self, name: str, x: Sequence[float], y: Sequence[float]) -> None:
        """Many points at once, as ``append`` would take them one by one."""
        if len(x):
            self._buffers.setdefault(name, CurveBuffer()).extend(x, y)
            self._paint_soon()

    def points(self, name: str) -> tuple[list[float], list[float]]:
        """x and y of a curve, gaps as NaN; empty for unknown names."""
        buffer = self._buffers.get(name, CurveBuffer())
        return buffer.x.tolist(), buffer.y.tolist()

    def set_marker(self, x: float | None, text: str = "") -> None:
        """A dashed vertical line with a name, as for the best epoch; ``None`` takes it away."""
        self.view.set_marker(x, text)

    def set_note(self, x: float, text: str) -> None:
        """A word on the points at ``x`` that the read-out says there."""
        self.view.set_note(x, text)

    def set_empty(self, text: str) -> None:
        """The sentence that stands here before the first value."""
        self.view.set_empty(text)

    def set_x_end(self, x: float | None) -> None:
        """How far the axis reaches at least, as to the last planned epoch."""
        self.view.set_x_end(x)

    def show_all(self) -> None:
        self.view.show_all()

    def paint_now(self) -> None:
        """Draw what was set since the last tick."""
        if not self._stale:
            return
        self._stale = False
        curves, index = [], 0
        for name, points in self._buffers.items():
            curves.append(Curve(name, points, Look(index, faded=name in self._faded)))
            index += name not in self._faded
        self.view.show_curves(curves)
        self._legend.show_entries([Entry(curve.look, curve.name, self.view.marked(curve)) for curve in curves])

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        if self._stale:
            self._timer.start(0)

    def _paint_soon(self) -> None:
        self._stale = True
        if self.isVisible() and not self._timer.isActive():
            self._timer.start(REPAINT_MS)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.SMALL)
        head.addWidget(self._legend, 1)
        head.addWidget(self.all_button, 0, Qt.AlignmentFlag.AlignTop)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(theme.TIGHT)
        rows.addLayout(head)
        rows.addWidget(self.view, 1)

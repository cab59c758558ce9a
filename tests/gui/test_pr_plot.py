"""Precision over recall: what the legend, the read-out and the highlight tell."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.widgets.plots.plot_legend import PlotLegend
from app.widgets.plots.pr_plot import PrPlot, average_precision
from core.domain.report import PrCurve


@pytest.fixture
def plot(qtbot) -> Iterator[PrPlot]:
    made = PrPlot()
    made.resize(640, 360)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    made.deleteLater()
    QApplication.processEvents()


def curve(name: str, reach: int) -> PrCurve:
    """Precision 1 up to recall ``reach`` / 100."""
    return PrCurve(name=name, precision=tuple(1.0 if place <= reach else 0.0 for place in range(101)))


def legend(plot: PrPlot) -> str:
    return plot.findChild(PlotLegend).accessibleName()


def test_that_the_legend_tells_the_average_precision(plot):
    plot.set_curves([curve("oslik", 100), curve("ovecka", 49)])
    assert legend(plot) == "oslik · AP 1.000, ovecka · AP 0.495"
    assert average_precision(curve("x", 49)) == pytest.approx(50 / 101)


def test_that_pointer_and_keys_read_out_the_precision_at_a_recall(plot):
    plot.set_curves([curve("oslik", 100), curve("ovecka", 49)])
    QApplication.processEvents()
    QTest.mouseMove(plot.view.viewport(), plot.view._pixel(0.8, 0.5).toPoint())
    assert plot.view.readout() == "recall 0.80 · oslik 1.000 · ovecka 0.000"
    plot.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(plot.view, Qt.Key.Key_Home)
    assert plot.view.readout() == "recall 0 · oslik 1.000 · ovecka 1.000"


def test_that_of_many_classes_the_weakest_stands_in_front_until_one_is_chosen(plot):
    plot.set_curves([curve(f"class {k}", 90 - k) for k in range(12)])
    assert plot.highlighted == "class 11"
    assert legend(plot).startswith("class 11 · AP")
    assert "11 other class" in legend(plot)
    plot.highlight("class 3")
    assert legend(plot).startswith("class 3 · AP")
    plot.view.set_cursor(0.5)
    assert plot.view.readout() == "recall 0.50 · class 3 1.000"
    plot.highlight("nobody")
    assert plot.highlighted == "class 11"


def test_that_of_few_classes_none_is_hidden(plot):
    plot.set_curves([curve("a", 90), curve("b", 50)])
    assert plot.highlighted is None
    plot.highlight("b")
    assert plot.highlighted == "b"
    assert legend(plot).count("AP") == 2


def test_that_no_curves_are_told_in_words(plot):
    blank = plot.grab().toImage()
    assert plot.view.is_empty
    plot.set_curves([PrCurve(name="never seen", precision=())])
    assert plot.view.is_empty
    plot.set_empty("Only boxes have these curves.")
    assert plot.grab().toImage() != blank


def test_that_of_a_thousand_classes_a_selection_from_weakest_to_best_is_drawn(plot):
    plot.set_curves([curve(f"class {k}", k % 101) for k in range(1000)])
    plot.highlight("class 500")
    assert "40 of 999 other classes" in legend(plot)
    values = [value for drawn in plot.view._curves if drawn.look.faded for value in [drawn.points.y.sum()]]
    assert len(values) == 40
    assert (min(values), max(values)) == (1, 101)
    assert [drawn.name for drawn in plot.view._curves if drawn.look.strong] == ["class 500"]

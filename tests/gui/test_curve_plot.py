"""Curves through real mouse, wheel and key events, judged by what is painted."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app import theme
from app.widgets.plots.curve_plot import CurvePlot
from app.widgets.plots.plot_legend import PlotLegend

EPOCHS = list(range(1, 41))


@pytest.fixture
def plot(qtbot) -> Iterator[CurvePlot]:
    made = CurvePlot("loss")
    yield from shown(qtbot, made)


@pytest.fixture
def metric_plot(qtbot) -> Iterator[CurvePlot]:
    made = CurvePlot("accuracy", from_zero_to_one=True)
    yield from shown(qtbot, made)


def shown(qtbot, made: CurvePlot) -> Iterator[CurvePlot]:
    made.resize(640, 360)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    made.deleteLater()
    QApplication.processEvents()


def fill(plot: CurvePlot) -> None:
    plot.set_curves({"train": (EPOCHS, [40 / x for x in EPOCHS]), "validation": (EPOCHS, [50 / x for x in EPOCHS])})
    plot.paint_now()
    QApplication.processEvents()


def place(plot: CurvePlot, x: float, y: float) -> QPoint:
    return plot.view._pixel(x, y).toPoint()


def wheel(plot: CurvePlot, at: QPoint, notches: int) -> bool:
    """Whether the plot took the event."""
    none = (Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False)
    where = QPointF(plot.view.viewport().mapToGlobal(at))
    event = QWheelEvent(QPointF(at), where, QPoint(), QPoint(0, 120 * notches), *none)
    QApplication.sendEvent(plot.view.viewport(), event)
    return event.isAccepted()


def picture(plot: CurvePlot) -> QImage:
    QApplication.processEvents()
    return plot.view.grab().toImage()


def painted(image: QImage, color: str, column: int, rows: range | None = None, near: int = 2) -> bool:
    """Whether a pixel close to ``color`` stands within ``near`` pixels of a column."""
    wanted = QColor(color)
    for x in range(column - near, column + near + 1):
        for y in rows or range(image.height()):
            seen = image.pixelColor(x, y)
            distance = (seen.red() - wanted.red(), seen.green() - wanted.green(), seen.blue() - wanted.blue())
            if max(map(abs, distance)) < 24:
                return True
    return False


def test_that_axes_start_where_the_data_start(plot):
    fill(plot)
    (left, right), (low, high) = plot.view.x_range, plot.view.y_range
    assert 0 < left <= 1
    assert 40 <= right < 41
    assert 0 < 1 - low < 4
    assert 0 < high - 50 < 4


def test_that_an_accuracy_is_shown_from_nought_to_one(metric_plot):
    metric_plot.set_curves({"accuracy": (EPOCHS, [0.9] * 40)})
    metric_plot.paint_now()
    assert metric_plot.view.y_range == pytest.approx((0, 1), abs=0.03)


def test_that_the_axis_reaches_to_the_planned_end(plot):
    plot.set_x_end(100)
    fill(plot)
    assert 100 <= plot.view.x_range[1] < 103


def test_that_the_timer_paints_what_was_set(plot, qtbot):
    plot.set_curves({"train": ([1, 2], [3, 4])})
    qtbot.waitUntil(lambda: plot.view.x_range[1] > 1.9)
    assert plot.points("train") == ([1, 2], [3, 4])
    assert plot.points("unknown") == ([], [])


def test_that_the_pointer_reads_out_the_nearest_epoch(plot):
    fill(plot)
    QTest.mouseMove(plot.view.viewport(), place(plot, 20.3, 20))
    assert plot.view.readout() == "epoch 20 · train 2.000 · validation 2.500"
    assert plot.view.accessibleDescription() == plot.view.readout()
    with_cursor = picture(plot)
    QTest.mouseMove(plot.view.viewport(), QPoint(2, 2))
    assert plot.view.readout() == ""
    assert picture(plot) != with_cursor


def test_that_a_gap_is_read_out_as_one(plot):
    plot.set_curves({"train": ([1, 2], [0.5, None]), "validation": ([1], [0.7])})
    plot.paint_now()
    QTest.mouseMove(plot.view.viewport(), place(plot, 2, 0.6))
    assert plot.view.readout() == "epoch 2 · train – · validation –"


def test_that_the_keyboard_reads_out_too(plot):
    fill(plot)
    plot.setFocus(Qt.FocusReason.TabFocusReason)
    assert plot.view.hasFocus()
    seen = []
    keys = Qt.Key
    for key in (keys.Key_Home, keys.Key_Right, keys.Key_Right, keys.Key_Left, keys.Key_End, keys.Key_Right):
        QTest.keyClick(plot.view, key)
        seen.append(plot.view.cursor_x)
    assert seen == [1, 2, 3, 2, 40, 40]
    QTest.keyClick(plot.view, keys.Key_Escape)
    assert plot.view.readout() == ""


def test_that_home_and_end_reach_the_ends_of_the_longest_curve(plot):
    plot.set_curves({"train": ([2, 3], [1, 1]), "validation": ([1, 9], [1, 1])})
    plot.paint_now()
    QTest.keyClick(plot.view, Qt.Key.Key_End)
    assert plot.view.cursor_x == 9
    QTest.keyClick(plot.view, Qt.Key.Key_PageUp)
    assert plot.view.cursor_x == 3
    QTest.keyClick(plot.view, Qt.Key.Key_Home)
    assert plot.view.cursor_x == 1


def test_that_focus_is_seen(plot):
    fill(plot)
    plot.view.clearFocus()  # which a new window gave it
    before = picture(plot)
    assert not painted(before, theme.LIGHT.accent, 2, range(100, 110))
    plot.setFocus(Qt.FocusReason.TabFocusReason)
    assert painted(picture(plot), theme.LIGHT.accent, 2, range(100, 110))


def test_that_the_keyboard_zooms_around_the_cursor_and_keeps_it_in_view(plot):
    fill(plot)
    plot.setFocus()
    plot.view.set_cursor(30, pinned=True)
    QTest.keyClick(plot.view, Qt.Key.Key_Plus)
    left, right = plot.view.x_range
    assert right - left == pytest.approx(40.17 * 0.64, rel=0.01)
    assert left < 30 < right
    QTest.keyClick(plot.view, Qt.Key.Key_Home)
    assert plot.view.x_range[0] <= 1
    QTest.keyClick(plot.view, Qt.Key.Key_Minus)
    QTest.keyClick(plot.view, Qt.Key.Key_Plus)
    QTest.keyClick(plot.view, Qt.Key.Key_0)
    assert plot.view.x_range[1] > 40


def test_that_the_wheel_zooms_at_the_pointer_and_a_double_click_shows_all(plot):
    fill(plot)
    full = plot.view.x_range
    at = place(plot, 10, 5)
    under = plot.view._x_of(at.x())
    assert wheel(plot, at, 4)
    left, right = plot.view.x_range
    assert right - left < 0.5 * (full[1] - full[0])
    assert plot.view._x_of(at.x()) == pytest.approx(under)
    assert plot.all_button.isVisible()
    QTest.mouseDClick(plot.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert plot.view.x_range == full
    assert not plot.all_button.isVisible()


def test_that_a_wheel_with_nothing_to_zoom_is_left_to_the_page(plot):
    assert not wheel(plot, QPoint(300, 150), 1)
    fill(plot)
    assert not wheel(plot, place(plot, 10, 5), -1)
    assert wheel(plot, place(plot, 10, 5), 1)


def test_that_zooming_ends_at_a_few_epochs(plot):
    fill(plot)
    for _ in range(60):
        wheel(plot, place(plot, 10, 5), 1)
    left, right = plot.view.x_range
    assert 2 <= right - left < 3


def test_that_a_drag_moves_and_stops_at_the_ends(plot):
    fill(plot)
    full = plot.view.x_range
    wheel(plot, place(plot, 20, 5), 4)
    left, right = plot.view.x_range
    viewport, start = plot.view.viewport(), QPoint(300, 150)
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(viewport, start - QPoint(80, 0))
    moved = plot.view.x_range
    assert moved[0] > left
    assert moved[1] - moved[0] == pytest.approx(right - left)
    QTest.mouseMove(viewport, start + QPoint(5000, 0))
    assert plot.view.x_range[0] == pytest.approx(full[0])
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(viewport, start)
    assert plot.view.x_range[0] == pytest.approx(full[0])


def test_that_new_epochs_do_not_throw_a_zoom_back(plot):
    fill(plot)
    wheel(plot, place(plot, 10, 5), 3)
    zoomed = plot.view.x_range
    plot.append("train", 41, 0.9)
    plot.paint_now()
    assert plot.view.x_range == zoomed
    plot.show_all()
    assert plot.view.x_range[1] >= 41


def test_that_another_run_leaves_a_zoom_that_it_has_nothing_in(plot):
    fill(plot)
    wheel(plot, place(plot, 38, 5), 8)
    plot.set_curves({"train": ([1, 2, 3], [3, 2, 1])})
    plot.paint_now()
    assert plot.view.x_range[0] <= 1
    assert not plot.all_button.isVisible()


def test_that_a_gap_is_not_bridged(metric_plot):
    values = [None if 15 <= x <= 25 else 0.5 for x in EPOCHS]
    metric_plot.set_curves({"accuracy": (EPOCHS, values)})
    metric_plot.paint_now()
    image, color = picture(metric_plot), theme.LIGHT.classes[0]
    assert painted(image, color, place(metric_plot, 10, 0).x())
    assert painted(image, color, place(metric_plot, 30, 0).x())
    assert not painted(image, color, place(metric_plot, 20, 0).x())


def test_that_the_only_epoch_and_one_between_gaps_are_points(metric_plot):
    metric_plot.set_curves({"accuracy": ([1], [0.5])})
    metric_plot.paint_now()
    assert painted(picture(metric_plot), theme.LIGHT.classes[0], place(metric_plot, 1, 0).x())
    metric_plot.set_curves({"accuracy": (EPOCHS, [0.5 if x == 20 else None for x in EPOCHS])})
    metric_plot.paint_now()
    assert painted(picture(metric_plot), theme.LIGHT.classes[0], place(metric_plot, 20, 0).x())


def test_that_before_the_first_epoch_a_sentence_stands_there(plot):
    blank = picture(plot)
    plot.set_empty("The curve begins after the first epoch.")
    told = picture(plot)
    assert told != blank
    fill(plot)
    assert not plot.view.is_empty
    plot.set_curves({"train": ([1, 2], [None, float("nan")])})
    plot.paint_now()
    assert plot.view.is_empty


def test_that_the_best_epoch_is_marked(plot):
    fill(plot)
    plain = picture(plot)
    plot.set_marker(30, "best, epoch 30")
    marked = picture(plot)
    column = place(plot, 30, 0).x()
    assert painted(marked, theme.LIGHT.muted, column, range(20, 120), near=1)
    assert not painted(plain, theme.LIGHT.muted, column, range(20, 120), near=1)
    plot.set_marker(None)
    assert picture(plot) == plain


def test_that_one_spike_among_a_hundred_thousand_batches_is_painted(plot):
    for batch in range(100_000):
        plot.append("train", batch, 1.0 if batch != 61_803 else 5.0)
    plot.paint_now()
    image = picture(plot)
    column, top, bottom = place(plot, 61_803, 0).x(), place(plot, 0, 4.9).y(), place(plot, 0, 2).y()
    dull = QColor(theme.LIGHT.surface)

    def blue(x: int) -> int:
        return sum(image.pixelColor(x, y).red() < dull.red() - 40 for y in range(top, bottom))

    assert max(blue(x) for x in range(column - 1, column + 2)) > 0.9 * (bottom - top)
    assert blue(column + 20) < 0.1 * (bottom - top)


def test_that_the_palette_is_followed(plot, qapp):
    fill(plot)
    family = qapp.font().family()
    try:
        theme.apply(qapp, theme.DARK, family)
        image = picture(plot)
        column = place(plot, 10, 0).x()
        assert image.pixelColor(image.width() - 3, 3) == QColor(theme.DARK.surface)
        assert painted(image, theme.DARK.classes[0], column)
        assert not painted(image, theme.LIGHT.classes[0], column)
    finally:
        theme.apply(qapp, theme.LIGHT, family)
    assert picture(plot).pixelColor(3, 3) == QColor(theme.LIGHT.surface)


def test_that_long_and_many_names_stay_within_the_legend(plot):
    plot.set_curves({f"run {k}, fine-tuned from an earlier run with a long name": ([1], [k]) for k in range(9)})
    plot.paint_now()
    QApplication.processEvents()
    legend = plot.findChild(PlotLegend)
    texts = [text for _, _, text in legend._places()]
    assert texts[-1].startswith("+ ")
    assert int(texts[-1][2:]) + len(texts) - 1 == 9
    assert all("…" in text for text in texts[:-1])
    image = legend.grab().toImage()
    surface = image.pixelColor(image.width() - 1, 0)
    assert all(image.pixelColor(image.width() - 1, y) == surface for y in range(image.height()))
    assert legend.height() == legend.sizeHint().height()


def test_that_curves_are_told_apart_by_more_than_colour(plot):
    fill(plot)
    pens = [plot.view._drawn[name][1].opts["pen"] for name in ("train", "validation")]
    assert pens[0].style() != pens[1].style()


def test_that_a_curve_that_is_gone_is_no_longer_painted(plot):
    fill(plot)
    plot.set_curves({"train": (EPOCHS, [40 / x for x in EPOCHS])})
    plot.paint_now()
    assert not painted(picture(plot), theme.LIGHT.classes[1], place(plot, 3, 0).x())


def test_that_a_right_click_opens_nothing(plot):
    fill(plot)
    QTest.mouseClick(plot.view.viewport(), Qt.MouseButton.RightButton, pos=place(plot, 10, 5))
    QApplication.processEvents()
    assert QApplication.activePopupWidget() is None

"""Runs beside each other: drawn comparisons, read and clicked as a user does."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QStyleOptionViewItem

from app import comparing
from app.comparing import RunCurve
from app.settings import Settings
from app.state import Session
from app.widgets.compare.compare_view import CURVES, CompareView
from app.widgets.compare.curves_panel import CurvesPanel
from app.widgets.compare.lines import lines_of
from app.widgets.sorted_table import ROW_PX
from core.domain.comparison import Comparison, Setting
from core.domain.errors import LensmithError
from core.domain.event import EpochFinished
from core.store.project_store import ProjectStore
from tests.gui.comparisons import comparison, row, three_modes, three_seeds, twelve_long
from tests.gui.pseudo_translation import clipped, speak, untranslated

VIEW = QSize(1048, 666)  # what is left of 1280 × 800
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    made = Session(ProjectStore.create(tmp_path / "díly"), Settings(tmp_path / "settings.ini"))
    yield made
    made.close()


@pytest.fixture
def view(qtbot, session: Session) -> Iterator[CompareView]:
    made = CompareView(session)
    made.resize(VIEW)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.forget()
    made.close()
    made.deleteLater()


def show(qtbot, monkeypatch, view: CompareView, told: Comparison) -> None:
    """As if the runs had just been compared: only the reading is stood in for."""

    def drawn(session, ids, done, failed):
        return session.jobs.run("", lambda progress: told, done=done, failed=failed)

    monkeypatch.setattr(comparing, "compare_runs", drawn)
    with qtbot.waitSignal(view.compared):
        view.compare([one.run for one in told.rows])
    QApplication.processEvents()  # the layout follows


def curves_of(told: Comparison) -> tuple[RunCurve, ...]:
    """Ten epochs a run, noisy, rising to the run's figure."""
    found = []
    for one in told.rows:
        value, seconds = one.metric.value if one.metric else 0.0, (one.seconds or 10) / 10
        epochs = tuple(
            EpochFinished(
                epoch=epoch,
                train_loss=2 / epoch,
                val_loss=None,
                metrics={"mAP50-95": value * epoch / 10 + (epoch % 2) * 0.05},
                learning_rate=0.1,
                seconds=seconds,
                best=epoch == 10,
            )
            for epoch in range(1, 11)
        )
        found.append(RunCurve(run=one.run, epochs=epochs, seconds=tuple(seconds * n for n in range(1, 11))))
    return tuple(found)


def column(view: CompareView, title: str) -> int:
    titles = [one.title for one in view.overview.table._rows.columns]
    return next(place for place, one in enumerate(titles) if one.startswith(title))


def texts(view: CompareView, title: str) -> list[str]:
    model = view.overview.table.model()
    return [model.index(place, column(view, title)).data() for place in range(model.rowCount())]


def click_header(view: CompareView, title: str) -> None:
    header = view.overview.table.horizontalHeader()
    place = QPoint(header.sectionViewportPosition(column(view, title)) + 12, header.height() // 2)
    QTest.mouseClick(header.viewport(), LEFT, pos=place)


def click_row(table, place: int, x: int = 60) -> None:
    QTest.mouseClick(table.viewport(), LEFT, pos=QPoint(x, table.rowViewportPosition(place) + 10))


def test_that_the_table_says_what_was_measured(qtbot, monkeypatch, view):
    show(qtbot, monkeypatch, view, three_modes())
    assert texts(view, "Run") == ["5", "6", "7"]
    assert texts(view, "Mode") == ["From scratch", "Transfer", "Fine-tune"]
    assert texts(view, "mAP50-95") == ["0.147", "0.869", "0.934"]
    assert texts(view, "95 % interval") == ["0.06–0.24", "0.81–0.93", "0.89–0.97"]
    assert texts(view, "Time (min)") == ["3.3", "1.0", "2.1"]
    assert texts(view, "Energy (Wh)") == ["est. 4.4", "est. 1.4", "est. 2.8"]
    assert texts(view, "ONNX (MB)") == ["12.2"] * 3
    assert view.overview._judged.text() == "YOLOv8 nano · mAP50-95 on test pictures"


def test_that_a_column_that_nobody_measured_is_left_out(qtbot, monkeypatch, view):
    told = three_modes()
    show(qtbot, monkeypatch, view, replace(told, rows=tuple(replace(one, kwh=None, cost=None) for one in told.rows)))
    titles = [one.title for one in view.overview.table._rows.columns]
    assert not any(title.startswith(("Energy", "Cost")) for title in titles)
    assert not view.overview.price.buttons["cost"].isEnabled()


def test_that_every_column_sorts_and_unmeasured_runs_come_last(qtbot, monkeypatch, view):
    show(
        qtbot, monkeypatch, view, comparison([row(1, 0.5, seconds=9), row(2, None, seconds=3), row(3, 0.7, seconds=5)])
    )
    click_header(view, "mAP50-95")
    assert texts(view, "Run") == ["3", "1", "2"]
    click_header(view, "mAP50-95")
    assert texts(view, "Run") == ["1", "3", "2"]
    click_header(view, "Time")
    assert texts(view, "Run") == ["1", "3", "2"]


def test_that_seeds_fold_open_below_their_line_and_stay_there_when_sorted(qtbot, monkeypatch, view):
    show(qtbot, monkeypatch, view, three_seeds())
    table = view.overview.table
    assert texts(view, "Run") == ["3 seeds"] * 3
    click_row(table, 1, x=8)
    assert texts(view, "Run") == ["3 seeds", "3 seeds", "4, seed 0", "5, seed 1", "6, seed 2", "3 seeds"]
    click_header(view, "mAP50-95")
    assert texts(view, "Run") == ["3 seeds", "3 seeds", "6, seed 2", "5, seed 1", "4, seed 0", "3 seeds"]
    assert texts(view, "Mode")[1:5] == ["Transfer"] * 4
    click_row(table, 1, x=8)
    assert texts(view, "Run") == ["3 seeds"] * 3


def test_that_seeds_open_and_close_by_key(qtbot, monkeypatch, view):
    show(qtbot, monkeypatch, view, three_seeds())
    table = view.overview.table
    click_row(table, 0)
    qtbot.keyClick(table, Qt.Key.Key_Right)
    assert len(table.rows) == 6
    qtbot.keyClick(table, Qt.Key.Key_Down)
    qtbot.keyClick(table, Qt.Key.Key_Left)
    assert table.chosen_row is table.rows[0]
    qtbot.keyClick(table, Qt.Key.Key_Left)
    assert len(table.rows) == 3


def test_that_best_values_are_heavier_and_not_only_coloured(qtbot, monkeypatch, view):
    show(qtbot, monkeypatch, view, three_modes())
    best = view.overview.table.best
    assert best["mAP50-95"] == {"0007-finetune-yolov8n"}
    assert best["Time (min)"] == {"0006-transfer-yolov8n"}
    assert best["ONNX (MB)"] == set()
    delegate, table = view.overview.table.itemDelegate(), view.overview.table
    weights = []
    for place in range(3):
        option = QStyleOptionViewItem()
        delegate.initStyleOption(option, table.model().index(place, column(view, "mAP50-95")))
        weights.append(option.font.variableAxisValue(QFont.Tag("wght")) > 400)
    assert weights == [False, False, True]


def test_that_a_difference_that_cannot_be_seen_makes_nothing_the_best(qtbot, monkeypatch, view):
    show(qtbot, monkeypatch, view, comparison([row(1, 0.5, seconds=30.01), row(2, 0.50001, seconds=30.02)]))
    assert view.overview.table.best["Time (s)"] == set()
    assert view.overview.table.best["mAP50-95"] == set()


def test_that_runs_on_another_test_set_are_apart_and_never_in_the_chart(qtbot, monkeypatch, view):
    show(qtbot, monkeypatch, view, twelve_long())
    overview = view.overview
    assert overview._elsewhere.isVisible()
    assert "2 runs on another test set" in overview._apart_words.whole
    assert [line.runs[0][:4] for line in overview.apart_table.rows] == ["0001", "0002"]
    assert not {"0001", "0002"} & {line.runs[0][:4] for line in overview.table.rows}
    assert len(overview.chart._points) == 10
    assert "Not drawn: 2 lines of the table" in overview._left_out.text()
    assert overview.advice.judge.text() == "not judged on the same images"
    header = overview.apart_table.horizontalHeader()
    QTest.mouseClick(header.viewport(), LEFT, pos=QPoint(header.sectionViewportPosition(3) + 12, header.height() // 2))
    assert overview.apart_table._rows.order[0] == -1  # figures of different pictures are not ranked


def test_that_a_point_of_the_chart_and_a_line_of_the_table_are_chosen_together(qtbot, monkeypatch, view):
    show(qtbot, monkeypatch, view, three_modes())
    chart, table = view.overview.chart, view.overview.table
    with qtbot.waitSignal(view.run_chosen) as told:
        QTest.mouseClick(chart, LEFT, pos=chart.place_of("0007-finetune-yolov8n").toPoint())
    assert told.args == ["0007-finetune-yolov8n"]
    assert table.chosen_row.key == "0007-finetune-yolov8n"
    with qtbot.waitSignal(view.run_chosen) as told:
        click_row(table, 0)
    assert told.args == [chart.current] == ["0005-scratch-yolov8n"]


def test_that_the_chart_is_walked_by_key_from_cheap_to_dear(qtbot, monkeypatch, view):
    show(qtbot, monkeypatch, view, three_modes())
    chart, walked = view.overview.chart, []
    for _ in range(4):
        qtbot.keyClick(chart, Qt.Key.Key_Right)
        walked.append(chart.current[:4])
    assert walked == ["0006", "0007", "0005", "0005"]
    qtbot.keyClick(chart, Qt.Key.Key_Home)
    assert "on the front" in chart.accessibleDescription()
    assert "0.869" in chart.accessibleDescription()


def test_that_the_pointer_reads_a_point_out(qtbot, monkeypatch, view):
    show(qtbot, monkeypatch, view, three_modes())
    chart = view.overview.chart
    place = chart.place_of("0006-transfer-yolov8n").toPoint()
    QTest.mouseMove(chart, place + QPoint(2, 2))
    QTest.mouseMove(chart, place + QPoint(3, 2))
    assert chart._hovered == "0006-transfer-yolov8n"
    QTest.mouseMove(chart, QPoint(chart.width() // 2, 10))
    assert chart._hovered == ""


def test_that_the_front_is_what_no_run_beats(qtbot, monkeypatch, view):
    show(qtbot, monkeypatch, view, three_modes())
    assert [key[:4] for key in view.overview.chart.front] == ["0006", "0007"]
    before = view.overview.chart.grab().toImage()
    view.overview.chart.front = []
    view.overview.chart._front_lines = list
    assert view.overview.chart.grab().toImage() != before


def test_that_the_chart_changes_to_cost_and_counts_in_powers_of_ten_where_needed(qtbot, monkeypatch, view):
    show(qtbot, monkeypatch, view, twelve_long())
    chart = view.overview.chart
    assert chart.is_log
    assert chart._titles[0] == "time (min)"
    QTest.mouseClick(view.overview.price.buttons["cost"], LEFT)
    assert chart._titles[0] == "cost (EUR)"
    assert chart._points[0].x == pytest.approx(view.overview.table.rows[0].cost)
    show(qtbot, monkeypatch, view, three_modes())
    assert not chart.is_log
    assert chart._titles[0] == "time (min)"  # none of these has a cost


def test_that_the_advice_stands_with_its_warnings_and_differences(qtbot, monkeypatch, view):
    told = three_modes()
    show(qtbot, monkeypatch, view, told)
    advice, differences = view.overview.advice, view.overview.differences
    assert advice.text.text() == told.advice
    assert advice.judge.text() == "same locked test set, 37 images"
    assert advice.warnings == list(told.warnings)
    assert not differences.table.isVisible()
    QTest.mouseClick(differences.head_button, LEFT)
    assert differences.table.isVisible()
    model = differences.table.model()
    assert [model.index(place, 1).data() for place in range(3)] == [
        "Transfer − From scratch",
        "Fine-tune − From scratch",
        "Fine-tune − Transfer",
    ]
    assert model.index(2, 2).data() == "+0.065"
    assert model.index(2, 3).data() == "+0.01 … +0.12"
    assert "Certain" in model.index(2, 0).data(Qt.ItemDataRole.ToolTipRole)


def test_that_only_settings_that_differ_are_listed(qtbot, monkeypatch, view):
    show(qtbot, monkeypatch, view, three_modes())
    QTest.mouseClick(view.tabs.buttons[2], LEFT)
    model = view.settings.table.model()
    assert [model.index(place, 0).data() for place in range(4)] == [
        "Mode",
        "Start weights",
        "Learning rate",
        "Unfreeze after (epochs)",
    ]
    assert [model.index(0, place).data() for place in (1, 2, 3)] == ["From scratch", "Transfer", "Fine-tune"]
    assert [model.index(3, place).data() for place in (1, 2, 3)] == ["–", "automatic", "–"]


@pytest.mark.parametrize(("settings", "words"), [((), "luck"), ((Setting("seed", ("0", "1")),), "seed")])
def test_that_runs_that_differ_in_nothing_but_chance_say_so(qtbot, monkeypatch, view, settings, words):
    show(qtbot, monkeypatch, view, comparison([row(1, 0.5), row(4, 0.6)], settings=settings))
    QTest.mouseClick(view.tabs.buttons[2], LEFT)
    assert view.settings.notice.isVisible()
    assert view.settings.notice.title.text().startswith("They differ in nothing but")
    assert words in view.settings.notice.title.text()


@pytest.fixture
def panel(qtbot, monkeypatch, view) -> CurvesPanel:
    """Of three modes, with the curves already read."""
    told = three_modes()
    show(qtbot, monkeypatch, view, told)
    monkeypatch.setattr(comparing, "read_curves", lambda session, ids, done: done(curves_of(told)))
    monkeypatch.setattr(view, "_take_curves", view._take_curves)
    view.tabs.show_part(CURVES)
    view._take_curves(curves_of(told))
    assert view.curves is not None
    return view.curves


def drawn(panel: CurvesPanel) -> list[str]:
    return [curve.name for curve in panel.metric_plot.view._curves if not curve.look.faded]


def test_that_curves_lie_over_each_other_each_with_its_own_dash(panel):
    assert drawn(panel) == ["5 · From scratch", "6 · Transfer", "7 · Fine-tune"]
    pens = [curve.look.pen() for curve in panel.loss_plot.view._curves]
    assert len({pen.style() for pen in pens}) == 3
    assert len({pen.color().name() for pen in pens}) == 3


def test_that_smoothing_keeps_the_raw_line_pale_behind(panel):
    panel.smoothing.setValue(80)
    curves = panel.metric_plot.view._curves
    raw, smooth = curves[:2]
    assert raw.look.faded
    assert raw.look.color.alphaF() < smooth.look.color.alphaF()
    assert raw.look.color.name() == smooth.look.color.name()
    assert abs(smooth.points.y[-1] - smooth.points.y[-2]) < abs(raw.points.y[-1] - raw.points.y[-2])
    panel.smoothing.setValue(0)
    assert len(panel.metric_plot.view._curves) == 3


def test_that_the_axis_counts_epochs_or_minutes(panel):
    view = panel.metric_plot.view
    assert view._curves[0].points.x[-1] == 10
    QTest.mouseClick(panel.axis.buttons["time"], LEFT)
    assert view._curves[0].points.x[-1] == pytest.approx(200 / 60)
    view.set_cursor(1.0, pinned=True)
    assert view.readout().startswith("training time (min)")
    assert len(view._rows(1.0)) == 3
    assert [told.name for told in view._rows(3.0)] == ["5 · From scratch"]  # the others had ended


def test_that_a_run_is_hidden_and_another_brought_to_the_front(qtbot, panel):
    item = panel.names.item(0)
    box = panel.names.visualItemRect(item).topLeft() + QPoint(18, 15)
    QTest.mouseClick(panel.names.viewport(), LEFT, pos=box)
    assert item.checkState() is Qt.CheckState.Unchecked
    assert drawn(panel) == ["6 · Transfer", "7 · Fine-tune"]
    panel.names.setCurrentRow(2)
    assert [curve.look.strong for curve in panel.metric_plot.view._curves] == [False, True]


def test_that_a_run_without_readable_curves_is_named_and_the_others_stay(view, panel):
    told = list(curves_of(three_modes()))
    told[1] = RunCurve(run=told[1].run, epochs=(), seconds=(), damage="events.jsonl cannot be read.")
    view._take_curves(tuple(told))
    assert drawn(panel) == ["5 · From scratch", "7 · Fine-tune"]
    assert panel.names.item(1).toolTip() == "events.jsonl cannot be read."
    assert not panel.names.item(1).flags() & Qt.ItemFlag.ItemIsEnabled


def test_that_a_comparison_that_fails_says_why_and_leads_back(qtbot, monkeypatch, view):
    def broken(session, ids, done, failed):
        def work(progress):
            raise LensmithError("There is no run 9.", "Look at another one.")

        return session.jobs.run("", work, done=done, failed=failed)

    monkeypatch.setattr(comparing, "compare_runs", broken)
    view.compare(["0009-x", "0010-y"])
    qtbot.waitUntil(lambda: view.notice.title.text() == "There is no run 9.")
    assert view.notice.text.text() == "Look at another one."
    with qtbot.waitSignal(view.closed):
        QTest.mouseClick(view.notice.action, LEFT)


def test_that_a_comparison_under_way_can_be_given_up(qtbot, monkeypatch, view, session):
    def slow(session, ids, done, failed):
        def work(progress):
            while True:
                progress(1, 2, "Reading")

        return session.jobs.run("", work, done=done, failed=failed)

    monkeypatch.setattr(comparing, "compare_runs", slow)
    view.compare(["0001-x", "0002-y"])
    assert view.notice.isVisible()
    with qtbot.waitSignal(view.closed):
        QTest.mouseClick(view.notice.action, LEFT)
    qtbot.waitUntil(lambda: not session.jobs.jobs)
    assert view.comparison is None


def test_that_it_is_saved_where_wanted_and_opened_on_request(qtbot, monkeypatch, view, tmp_path):
    show(qtbot, monkeypatch, view, three_modes())
    target, opened = tmp_path / "srovnání.csv", []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *options: (str(target), ""))
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url))
    QTest.mouseClick(view.export_button, LEFT)
    qtbot.waitUntil(view._saved.isVisible)
    assert "0007-finetune-yolov8n" in target.read_text("utf-8")
    assert opened == []
    QTest.mouseClick(view.open_button, LEFT)
    assert opened == [QUrl.fromLocalFile(str(target))]


def test_that_escape_leads_back(qtbot, monkeypatch, view):
    show(qtbot, monkeypatch, view, three_modes())
    with qtbot.waitSignal(view.closed):
        qtbot.keyClick(view.overview.table, Qt.Key.Key_Escape)


def test_that_ten_thousand_runs_are_a_table_like_others(qtbot, monkeypatch, view):
    rows = [row(number, (number % 1000) / 1000, mode="scratch", model=str(number)) for number in range(1, 10_001)]
    show(qtbot, monkeypatch, view, comparison(rows[:2]))
    lines = lines_of(replace(comparison(rows[:2]), rows=tuple(rows)))
    view.overview.table.show_lines(lines, lines, "EUR")
    view.overview.table.sort_by(3, Qt.SortOrder.DescendingOrder)
    assert view.overview.table.rows[0].metric.value == 0.999
    assert view.overview.height() <= VIEW.height()


@pytest.mark.parametrize("told", [three_modes(), three_seeds(), twelve_long()], ids=["modes", "seeds", "twelve"])
def test_that_every_text_is_translated_and_none_is_cut_off(qtbot, qapp, monkeypatch, session, told):
    translator = speak(qapp)
    view = CompareView(session)
    view.resize(VIEW)
    view.show()
    try:
        show(qtbot, monkeypatch, view, told)
        monkeypatch.setattr(comparing, "read_curves", lambda session, ids, done: None)
        view.overview.differences.head_button.setChecked(True)
        for part in range(3):
            view.tabs.show_part(part)
            if part == CURVES:
                view._take_curves(curves_of(told))
            QApplication.processEvents()
            assert untranslated(view) == []
            assert clipped(view) == []
    finally:
        qapp.removeTranslator(translator)
        view.close()
        view.deleteLater()


def test_that_points_lie_where_their_figures_are(qtbot, monkeypatch, view):
    show(qtbot, monkeypatch, view, three_modes())
    chart = view.overview.chart
    scratch, transfer, finetune = (chart.place_of(one.run) for one in three_modes().rows)
    assert finetune.y() < transfer.y() < scratch.y()
    assert transfer.x() < finetune.x() < scratch.x()
    assert all(chart._area().contains(QPointF(place)) for place in (scratch, transfer, finetune))


def test_that_in_a_narrow_window_no_row_lies_under_the_bar_that_scrolls_across(qtbot, monkeypatch, view):
    show(qtbot, monkeypatch, view, three_seeds())
    view.resize(700, 560)
    table = view.overview.table
    qtbot.waitUntil(lambda: table.horizontalScrollBar().maximum() > 0)
    qtbot.waitUntil(lambda: table.viewport().height() >= 3 * ROW_PX)
    assert table.columnWidth(0) >= table.fontMetrics().horizontalAdvance("3 seeds")


def test_that_only_the_newest_of_two_comparisons_is_shown(qtbot, monkeypatch, view):
    first, second = three_modes(), three_seeds()
    gate = threading.Event()

    def drawn(session, ids, done, failed):
        def work(progress):
            if len(ids) == 3:
                gate.wait(10)  # past the last look at whether it was cancelled
            return first if len(ids) == 3 else second

        return session.jobs.run("", work, done=done, failed=failed, lane=str(len(ids)))

    monkeypatch.setattr(comparing, "compare_runs", drawn)
    view.compare([one.run for one in first.rows])
    with qtbot.waitSignal(view.compared):
        view.compare([one.run for one in second.rows])
    gate.set()
    qtbot.waitUntil(lambda: not view.session.jobs.jobs)
    assert view.comparison is second

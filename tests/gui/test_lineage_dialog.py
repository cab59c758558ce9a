"""The tree of runs in the window, from drawn steps; once from real run directories of the simulated engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.widgets.compare.compare_choice import CompareChoice
from app.widgets.results.lineage_dialog import LineageDialog
from core.domain.comparison import Measured, Setting
from core.domain.errors import LensmithError
from core.domain.lineage import DataChange, Drift, DriftPoint, Effect, Lineage, Step, advise
from core.domain.report import Interval
from core.domain.run import FineTune, RunWeights
from core.domain.task import Split, Task
from core.runs.worker import work
from core.store.files import file_sha256
from core.store.project_store import ProjectStore
from core.store.run_store import RunFolder, RunStore
from tests.gui.results_pages import page_of
from tests.simulated_runs import CLASSES, make_run, project_without_leaks

LONG = "convnextv2_atto_with_a_long_name.fcmae_ft_in1k_384_of_the_second_camera"
NAME, MODE, DATA, SETTINGS, METRIC = range(5)


def step(number: int, parent: Step | None, value: float | None, **more: object) -> Step:
    metric = Measured(name="mAP50-95", value=value, low=value - 0.04, high=value + 0.04) if value is not None else None
    made = Step(
        run=f"{number:04d}-finetune-yolov8n",
        parent=parent.run if parent else None,
        depth=parent.depth + 1 if parent else 0,
        generation=parent.generation + 1 if parent else 0,
        mode="finetune" if parent else "scratch",
        model="yolov8n",
        metric=metric,
        test_hash="t" if metric else "",
    )
    if parent and metric and parent.metric and "effect" not in more:
        difference = metric.value - parent.metric.value
        around = Interval(difference - 0.03, difference + 0.03)
        made = replace(made, effect=Effect(metric="mAP50-95", difference=difference, interval=around))
    return replace(made, **more)


def family(fall: float = 0.05) -> Lineage:
    """A full training and three generations; a second child of the first one, with another model."""
    full = step(1, None, 0.91)
    second = step(2, full, 0.91 - fall, data=DataChange(images_added=40, images_removed=3, relabelled=1))
    settings = (Setting("mode", ("scratch", "finetune")), Setting("learning_rate", ("0.001", "0.0005")))
    third = step(3, second, 0.91 - 2 * fall, data=DataChange(), settings=settings)
    fourth = step(4, third, 0.91 - 3 * fall, data=DataChange(boxes_added=7, classes_added=("scratched edge",)))
    other = step(5, full, 0.6, data=DataChange(), model=LONG, effect=None, test_hash="other")
    line = (full, second, third, fourth)
    points = tuple(
        DriftPoint(
            run=one.run,
            generation=one.generation,
            metric=one.metric,
            drop=at * fall,
            interval=Interval(at * fall - 0.04, at * fall + 0.04) if at else None,
        )
        for at, one in enumerate(line)
        if one.metric
    )
    suggests, advice = advise(points)
    drift = Drift(images=37, points=points, suggests_full_training=suggests, advice=advice)
    return Lineage(steps=(*line, other), drift=(drift,))


@pytest.fixture
def dialog(qtbot) -> Iterator[LineageDialog]:
    made = LineageDialog()
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)  # some tests open it again
    made.resize(900, 560)
    made.open()
    qtbot.waitExposed(made)
    yield made
    made.close()
    made.deleteLater()


def cell(dialog: LineageDialog, row: int, column: int, role: Qt.ItemDataRole = Qt.ItemDataRole.DisplayRole) -> str:
    return dialog.table.model().index(row, column).data(role)


def test_that_each_run_stands_below_the_one_it_came_from_with_what_changed(dialog):
    dialog.show_lineage(family())
    assert [cell(dialog, row, NAME).strip("\u2003") for row in range(4)] == [
        "1 · YOLOv8 nano",
        *(f"└ {number} · YOLOv8 nano" for number in (2, 3, 4)),
    ]
    indents = [len(name) - len(name.lstrip("\u2003")) for name in (cell(dialog, row, NAME) for row in range(5))]
    assert indents == [0, 0, 1, 2, 0]
    assert len(cell(dialog, 4, NAME)) < 40
    assert LONG in cell(dialog, 4, NAME, Qt.ItemDataRole.ToolTipRole)
    assert [cell(dialog, row, DATA) for row in range(4)] == [
        "",
        "pictures +40 −3, 1 picture relabelled",
        "the same",
        "boxes +7 −0, new class “scratched edge”",
    ]
    assert cell(dialog, 2, SETTINGS) == "Learning rate 0.001 → 0.0005"  # the mode has its column
    assert cell(dialog, 1, METRIC) == "0.910 → 0.860  −0.050"
    assert "−0.080 to −0.020." in cell(dialog, 1, METRIC, Qt.ItemDataRole.ToolTipRole)
    assert cell(dialog, 4, METRIC) == "0.600, not comparable"
    assert "other test pictures" in cell(dialog, 4, METRIC, Qt.ItemDataRole.ToolTipRole)


def test_that_the_drift_is_charted_and_a_full_training_suggested_only_when_it_is_certain(dialog, qtbot):
    found = family()
    dialog.show_lineage(found)
    points = found.drift[0].points
    heights = [dialog.plot.place_of(point).y() for point in points]
    assert dialog.plot.isVisible()
    assert heights == sorted(set(heights))  # lower and lower on the screen
    assert "Train once more in full" in dialog.advice.text().replace("\u200b", "")
    with qtbot.waitSignal(dialog.train_wanted):
        QTest.mouseClick(dialog.train_button, Qt.MouseButton.LeftButton)

    dialog.open()
    dialog.show_lineage(family(fall=0.005))
    assert dialog.plot.isVisible()
    assert not dialog.suggestion.isVisible()
    assert not dialog.train_button.isVisible()

    dialog.show_lineage(Lineage(steps=found.steps[:2]))
    assert not dialog.plot.isVisible()


def test_that_a_click_or_an_arrow_key_goes_to_a_run_and_a_header_does_not_sort(dialog):
    gone: list[str] = []
    dialog.run_chosen.connect(gone.append)
    found = family()
    dialog.show_lineage(found)
    table = dialog.table
    place = QPoint(40, table.rowViewportPosition(2) + 10)
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.keyClick(table, Qt.Key.Key_Up)
    assert gone == [found.steps[2].run, found.steps[1].run]
    header = table.horizontalHeader()
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(20, 10))
    assert table.rows == list(found.steps)


def test_that_nothing_to_show_says_what_to_do_and_an_error_what_happened(dialog, qtbot):
    dialog.show_lineage(Lineage(steps=(step(1, None, 0.9), step(2, None, 0.8))))
    assert dialog.notice.title.text() == "No run started from another one yet"
    with qtbot.waitSignal(dialog.train_wanted):
        QTest.mouseClick(dialog.notice.action, Qt.MouseButton.LeftButton)
    dialog.open()
    dialog.show_error(LensmithError("The disk is gone.", "Plug it in."))
    assert (dialog.notice.title.text(), dialog.notice.text.text()) == ("The disk is gone.", "Plug it in.")


def test_that_lineage_is_offered_once_two_runs_have_finished(qtbot):
    choice = CompareChoice()
    qtbot.addWidget(choice)
    choice.show_runs((), ["1"])
    assert choice.lineage_button.isHidden()
    choice.show_runs((), ["1", "2"])
    assert not choice.lineage_button.isHidden()
    with qtbot.waitSignal(choice.lineage_wanted):
        QTest.mouseClick(choice.lineage_button, Qt.MouseButton.LeftButton)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A run and one that started from it."""
    with project_without_leaks(tmp_path, monkeypatch) as folder:
        ProjectStore.create(folder).close()
        splits = ((Split.TRAIN, 4), (Split.VAL, 2), (Split.TEST, 4))
        path = make_run(folder, task=Task.CLASSIFICATION, splits=splits, epochs=1)
        assert work(path, resume=False) == 0
        first = RunFolder(path.name, path)
        start = FineTune(RunWeights(first.id, file_sha256(path / "best.safetensors"), CLASSES))
        child = RunStore(folder).create(replace(first.spec(), start=start), first.snapshot())
        assert work(child.path, resume=False) == 0
        yield folder


def test_that_the_results_page_reads_the_lineage_and_goes_to_the_run_that_is_clicked(qtbot, project, tmp_path):
    first, child = (run.id for run in RunStore(project).list())
    with page_of(qtbot, project, tmp_path / "window.ini") as page:
        QTest.mouseClick(page.choice.lineage_button, Qt.MouseButton.LeftButton)
        dialog = page.lineage
        assert dialog is not None
        qtbot.waitUntil(dialog.table.isVisible)
        assert [(row.run, row.depth) for row in dialog.table.rows] == [(first, 0), (child, 1)]
        place = QPoint(40, dialog.table.rowViewportPosition(0) + 10)
        QTest.mouseClick(dialog.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert page.session.chosen_run == first
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        assert page.lineage is None

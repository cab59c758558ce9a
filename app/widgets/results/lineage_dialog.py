"""Which run came from which, what changed on the way, what that did, and the drift since the last full training."""

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app import theme
from app.translations import said
from app.widgets.metric_words import figure, metric_name
from app.widgets.parts import Card, badge, button, label
from app.widgets.plots.drift_plot import DriftPlot
from app.widgets.results.notice_card import NoticeCard
from app.widgets.run.run_words import mode_title, model_title
from app.widgets.setting_words import setting_title, setting_value
from app.widgets.sorted_table import Column, SortedTable
from app.widgets.trouble import breakable
from core.domain.errors import LensmithError
from core.domain.lineage import DataChange, Drift, Lineage, Step
from core.domain.run import number_of

SMALLEST, LARGEST = QSize(720, 440), QSize(1120, 720)
DEEPEST = 6  # generations that are indented; what comes later stands below the last of them
LONGEST = 28  # letters of a model's name; its tooltip has the whole
_SPACE, _BRANCH = "\u2003", "└ "
translate = QCoreApplication.translate


class LineageDialog(QDialog):
    """To be shown with ``open()``; ``show_lineage`` or ``show_error`` when the runs were read."""

    run_chosen = Signal(str)
    train_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("page")
        self.setWindowTitle(self.tr("Lineage"))
        self.drifts: tuple[Drift, ...] = ()
        self._steps: Mapping[str, Step] = {}
        self.table: SortedTable[Step] = SortedTable(lambda step: step.run)
        self.table.setAccessibleName(self.tr("Runs, each below the one it started from"))
        self.table.horizontalHeader().setSectionsClickable(False)  # another order is no tree
        self.table.chosen.connect(self._tell)
        self.notice, self.plot, self.line_choice = NoticeCard(), DriftPlot(), QComboBox()
        self.line_choice.setAccessibleName(self.tr("Line of runs"))
        self.line_choice.currentIndexChanged.connect(self._show_drift)
        self.advice = label("", wrap=True)
        self.advice.setProperty("data", True)  # a sentence of core
        self.advice.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.suggestion = badge(self.tr("Train in full again"), "caution")
        self.images = label("", "muted", wrap=True)
        self.train_button, self.close_button = button(self.tr("Go to Train"), "graduation-cap"), button("")
        self.close_button.setText(self.tr("Close"))
        self.close_button.setDefault(True)
        self.close_button.clicked.connect(self.accept)
        self.train_button.clicked.connect(self._train)
        self._lay_out()
        self.notice.say("hourglass", self.tr("Comparing each run with the one it started from …"))
        wanted = LARGEST if parent is None else parent.window().size() * 0.85
        self.resize(wanted.boundedTo(LARGEST).expandedTo(SMALLEST))

    def show_lineage(self, lineage: Lineage) -> None:
        """In place of what was shown before."""
        if not any(step.parent for step in lineage.steps):
            title = self.tr("No run started from another one yet")
            text = self.tr(
                "Choose a run under “Start from” on the Train page: what changed since, and what that did, then "
                "stands here."
            )
            self.notice.say("info", title, text, self._train)
            return
        self._steps = {step.run: step for step in lineage.steps}
        self.table.show_rows(lineage.steps, self._columns())
        self.drifts = lineage.drift
        names = [self.tr("Line down to run {0}").format(number_of(one.points[-1].run)) for one in lineage.drift]
        self.line_choice.clear()
        self.line_choice.addItems(names)
        self.line_choice.setVisible(len(names) > 1)
        worst = next((at for at, one in enumerate(lineage.drift) if one.suggests_full_training), len(names) - 1)
        self.line_choice.setCurrentIndex(worst)
        self._drift_card.setVisible(bool(names))
        self._stack.setCurrentIndex(1)
        self.table.setFocus()

    def show_error(self, error: LensmithError) -> None:
        self.notice.say("warning-circle", said(error.cause), said(error.remedy), role="bad")

    # The table

    def _columns(self) -> list[Column[Step]]:
        return [
            Column(self.tr("Run"), self._name, _no_order, tip=lambda step: f"{step.run}\n{model_title(step.model)}"),
            Column(self.tr("Mode"), lambda step: mode_title(step.mode), _no_order),
            Column(self.tr("Data"), self._data, _no_order, about=self.tr("What changed in the labelled pictures")),
            Column(self.tr("Settings that changed"), _settings, _no_order, tip=_settings_in_full, wide=True),
            Column(
                self._metric_title(),
                self._metric,
                _no_order,
                about=self.tr("On the test pictures: before, after, and the difference"),
                tip=self._effect,
                number=True,
            ),
        ]

    def _metric_title(self) -> str:
        name = next((step.metric.name for step in self._steps.values() if step.metric), "")
        return metric_name(name) if name else self.tr("Test")

    def _name(self, step: Step) -> str:
        branch = _SPACE * (min(step.depth, DEEPEST) - 1) + _BRANCH if step.depth else ""
        return f"{branch}{number_of(step.run)} · {_short(model_title(step.model))}"

    def _data(self, step: Step) -> str:
        if step.parent is None:
            return ""
        if step.parent not in self._steps:
            return self.tr("came from run {0}, which is gone").format(number_of(step.parent))
        if step.data is None:
            return self.tr("cannot be read any more")
        return ", ".join(_changes(step.data)) or self.tr("the same")

    def _metric(self, step: Step) -> str:
        parent = self._steps.get(step.parent or "")
        before = parent.metric if parent else None
        if step.metric is None:
            return self.tr("not tested")
        after = figure(step.metric.value)
        if step.effect is None or before is None:
            return self.tr("{0}, not comparable").format(after) if step.parent else after
        values = f"{figure(before.value)} → {after}"
        return f"{values}  {_signed(step.effect.difference)}"

    def _effect(self, step: Step) -> str:
        """The interval, or why there is nothing to compare."""
        parent = self._steps.get(step.parent or "")
        if step.effect is not None:
            around = step.effect.interval
            if around is None:
                return self.tr("No interval can be given: the test pictures are too few, or all agree.")
            told = self.tr("95 % interval of the difference: {0} to {1}.").format(
                _signed(around.low), _signed(around.high)
            )
            certain = around.low > 0 or around.high < 0
            return told if certain else f"{told} {self.tr('Zero lies in it: it may be chance.')}"
        if step.metric is None:
            return self.tr("This run was not judged on test pictures.")
        if step.parent is None:
            return ""
        if parent is None:
            return self.tr("The run it started from is gone.")
        if parent.metric is None:
            return self.tr("The run it started from was not judged on test pictures.")
        if parent.test_hash != step.test_hash:
            return self.tr("The run it started from was judged on other test pictures, or with other labels.")
        return self.tr("Files of one of the two runs cannot be read any more.")

    # What the user does

    def _tell(self, step: Step | None) -> None:
        if step is not None:
            self.run_chosen.emit(step.run)

    def _train(self) -> None:
        self.accept()
        self.train_wanted.emit()

    def _show_drift(self, place: int) -> None:
        if not 0 <= place < len(self.drifts):
            return
        drift = self.drifts[place]
        self.plot.show_drift(drift)
        self.advice.setText(breakable(said(drift.advice)))
        self.suggestion.setVisible(drift.suggests_full_training)
        self.train_button.setVisible(drift.suggests_full_training)
        self.images.setText(self.tr("All judged on the same %n image(s).", "", drift.images))

    # Building

    def _lay_out(self) -> None:
        self._drift_card = Card()
        words, beside = QVBoxLayout(), QHBoxLayout()
        words.setSpacing(theme.SMALL)
        words.addWidget(label(self.tr("Drift since the last full training"), "section", wrap=True))
        words.addWidget(self.line_choice)
        words.addWidget(self.suggestion, alignment=Qt.AlignmentFlag.AlignLeft)
        words.addWidget(self.advice)
        words.addWidget(self.images)
        words.addStretch()
        beside.setSpacing(theme.WIDE)
        beside.addLayout(words, 1)
        beside.addWidget(self.plot, 1)
        self._drift_card.body.addLayout(beside)
        runs, told = Card(self.tr("Runs")), QWidget()
        runs.head.addWidget(label(self.tr("click a run to see its results"), "muted"))
        runs.body.addWidget(self.table)
        both = QVBoxLayout(told)
        both.setContentsMargins(0, 0, 0, 0)
        both.setSpacing(theme.MEDIUM)
        both.addWidget(runs, 1)
        both.addWidget(self._drift_card)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.notice)
        self._stack.addWidget(told)
        foot, column = QHBoxLayout(), QVBoxLayout(self)
        foot.setSpacing(theme.SMALL)
        foot.addStretch()
        foot.addWidget(self.train_button)
        foot.addWidget(self.close_button)
        self.train_button.hide()
        column.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.LARGE)
        column.setSpacing(theme.MEDIUM)
        column.addWidget(self._stack, 1)
        column.addLayout(foot)


def _no_order(step: Step) -> None:
    """The tree is the order."""


def _short(name: str) -> str:
    """One long name would leave the other columns no room."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 10]}…{name[-9:]}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _settings(step: Step) -> str:
    return ", ".join(_each_setting(step))


def _settings_in_full(step: Step) -> str:
    return "\n".join(_each_setting(step))


def _each_setting(step: Step) -> list[str]:
    return [
        f"{setting_title(one.name)} {' → '.join(setting_value(one.name, value) for value in one.values)}"
        for one in step.settings
        if one.name != "mode"  # has a column
    ]


def _changes(change: DataChange) -> list[str]:
    told = []
    if change.images_added or change.images_removed:
        words = translate("LineageWords", "pictures +{0} −{1}")
        told.append(words.format(change.images_added, change.images_removed))
    if change.boxes_added or change.boxes_removed:
        words = translate("LineageWords", "boxes +{0} −{1}")
        told.append(words.format(change.boxes_added, change.boxes_removed))
    if change.relabelled:
        told.append(translate("LineageWords", "%n picture(s) relabelled", "", change.relabelled))
    told += [translate("LineageWords", "new class “{0}”").format(name) for name in change.classes_added]
    return told + [translate("LineageWords", "without class “{0}”").format(name) for name in change.classes_removed]

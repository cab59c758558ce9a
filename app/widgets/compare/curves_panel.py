"""The curves of all compared runs over each other: what they reached on validation, and the loss of training."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.comparing import RunCurve
from app.widgets.compare.lines import Line, short_titles, title_of
from app.widgets.metric_words import metric_name
from app.widgets.parts import Card, label
from app.widgets.plots.overlaid_curves import OverlaidCurves, RunLine
from app.widgets.plots.plot_looks import SAMPLE_PX, Look, paint_sample
from app.widgets.segments import Segments

SMOOTHEST = 99  # percent
NAMES_PX = 264  # of the list of runs
KEY, LOOK = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


class CurvesPanel(QWidget):
    """Runs are ticked in the list at the right; the one gone to there is drawn before the others."""

    def __init__(self, metric: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._metric = metric
        self.metric_plot = OverlaidCurves(metric_name(metric), from_zero_to_one=True)
        self.loss_plot = OverlaidCurves(self.tr("loss"))
        self.axis = Segments({"epoch": self.tr("Epochs"), "time": self.tr("Time")})
        self.smoothing = QSlider(Qt.Orientation.Horizontal)
        self.smoothing.setRange(0, SMOOTHEST)
        self.smoothing.setPageStep(10)
        self.smoothing.setMinimumWidth(64)
        self.smoothing.setMaximumWidth(160)
        self.smoothing.setAccessibleName(self.tr("Smoothing"))
        self._share = label("0 %")
        self._share.setProperty("data", True)
        self._share.setFixedWidth(self._share.fontMetrics().horizontalAdvance("100 %"))
        self.names = QListWidget()
        self.names.setAccessibleName(self.tr("Runs"))
        self.names.setObjectName("plain")
        self.names.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.names.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.names.setIconSize(QSize(SAMPLE_PX, 16))
        self._lay_out()
        self.names.itemChanged.connect(self._show_ticked)
        self.names.currentItemChanged.connect(self._stress)
        self.axis.chosen.connect(self._change_axis)
        self.smoothing.valueChanged.connect(self._smooth)

    @property
    def plots(self) -> tuple[OverlaidCurves, OverlaidCurves]:
        return self.metric_plot, self.loss_plot

    def show_runs(self, lines: Sequence[Line], curves: Sequence[RunCurve]) -> None:
        """``lines``: of runs alone, in the order of the list."""
        by_run = {curve.run: curve for curve in curves}
        shown = [(line, by_run[line.key]) for line in lines if line.key in by_run]
        self.names.blockSignals(True)
        self.names.clear()
        titles = short_titles(lines)
        for line, curve in shown:
            self.names.addItem(self._item(titles[line.key], line, curve))
        self.names.blockSignals(False)
        self._draw_samples()
        self.metric_plot.show_lines([_line(one, titles[one.key], curve, self._values(curve)) for one, curve in shown])
        self.loss_plot.show_lines([_line(one, titles[one.key], curve, _losses(curve)) for one, curve in shown])
        self._show_ticked()

    def _values(self, curve: RunCurve) -> list[float | None]:
        return [epoch.metrics.get(self._metric) for epoch in curve.epochs]

    def _item(self, text: str, line: Line, curve: RunCurve) -> QListWidgetItem:
        item = QListWidgetItem(text)
        item.setData(KEY, line.key)
        if curve.epochs:
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
            item.setData(LOOK, line.look)
            item.setToolTip(title_of(line))
        else:
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            item.setIcon(theme.icon("warning", "caution"))
            item.setToolTip(curve.damage or self.tr("{0}: not one epoch was finished.").format(text))
        return item

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self.names.setFixedWidth(min(NAMES_PX, round(self.width() * 0.28)))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._draw_samples()

    def _draw_samples(self) -> None:
        self.names.blockSignals(True)
        for item in (self.names.item(row) for row in range(self.names.count())):
            if item.data(LOOK) is not None:
                item.setIcon(_sample(Look(item.data(LOOK)), self.devicePixelRatioF()))
        self.names.blockSignals(False)

    def _show_ticked(self) -> None:
        items = [self.names.item(row) for row in range(self.names.count())]
        hidden = [item.data(KEY) for item in items if item.checkState() is Qt.CheckState.Unchecked]
        for plot in self.plots:
            plot.hide_lines(hidden)

    def _stress(self) -> None:
        item = self.names.currentItem()
        for plot in self.plots:
            plot.stress(item.data(KEY) if item is not None else "")

    def _change_axis(self, name: str) -> None:
        for plot in self.plots:
            plot.set_by_time(name == "time")

    def _smooth(self, percent: int) -> None:
        self._share.setText(f"{percent} %")
        for plot in self.plots:
            plot.smooth(percent / 100)

    def _lay_out(self) -> None:
        smoothing = label(self.tr("Smoothing"), "muted")
        smoothing.setToolTip(self.tr("The line as it was stays pale behind the smoothed one."))
        plots, names = Card(self.tr("Validation")), QVBoxLayout()
        for widget in (smoothing, self.smoothing, self._share, self.axis):
            plots.head.addWidget(widget)
        plots.head.setSpacing(theme.SMALL)
        plots.body.addWidget(self.metric_plot, 1)
        plots.body.addWidget(label(self.tr("Loss of training"), "section"))
        plots.body.addWidget(self.loss_plot, 1)
        names.setSpacing(theme.SMALL)
        names.addWidget(self.names, 1)
        names.addWidget(
            label(self.tr("Untick a run to hide it; a click brings it to the front."), "caption", wrap=True)
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.MEDIUM)
        row.addWidget(plots, 1)
        row.addLayout(names)


def _losses(curve: RunCurve) -> list[float | None]:
    return [epoch.train_loss for epoch in curve.epochs]


def _line(line: Line, title: str, curve: RunCurve, values: Sequence[float | None]) -> RunLine:
    """Epoch 0 is the head that fine-tuning trains before."""
    return RunLine(
        key=line.key,
        name=title,
        look=Look(line.look),
        epochs=[epoch.epoch for epoch in curve.epochs],
        times=[seconds / 60 for seconds in curve.seconds],
        values=values,
    )


def _sample(look: Look, ratio: float) -> QIcon:
    picture = QPixmap(QSize(round(SAMPLE_PX * ratio), round(16 * ratio)))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_sample(painter, 0, 8, look, marked=False)
    painter.end()
    return QIcon(picture)

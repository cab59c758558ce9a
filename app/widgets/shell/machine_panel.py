"""How busy the machine is: a small face for the foot of the rail, a card with curves for a run in progress."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.readings import KEPT
from app.widgets.parts import Card, label
from core.actions.readings import GpuReading, MachineReading

GIGABYTE = 2**30  # as makers of memory count
SPARKLINE_HEIGHT = 28
UNKNOWN = "–"


class MachineFoot(QWidget):
    """Name, bar and one line of the card in use, or of the processor; an icon when the rail is narrow."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("This machine"))
        self._name = _ElidedLabel()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 100)
        self._bar.setAccessibleName(self.tr("Share of the device that is in use"))
        self._numbers = _ElidedLabel()
        self._no_gpu = _NoGpu()
        self._icon = QLabel()
        self._icon.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._glyph = ("cpu", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.TIGHT)
        for part in (self._name, self._bar, self._numbers, self._no_gpu, self._icon):
            column.addWidget(part)
        self._collapsed = False
        self._show(self.tr("This machine"), None, UNKNOWN)
        self.set_collapsed(False)

    def set_collapsed(self, collapsed: bool) -> None:
        """Only an icon, with everything else in its tooltip."""
        self._collapsed = collapsed
        for part in (self._name, self._bar, self._numbers):
            part.setVisible(not collapsed)
        self._no_gpu.setVisible(not collapsed and bool(self._no_gpu.text()))
        self._icon.setVisible(collapsed)

    def show_reading(self, reading: MachineReading) -> None:
        """Of several cards, the one with the most memory in use."""
        gpu = _busiest(reading)
        if gpu is not None:
            parts = (_percent(gpu.utilisation), _memory(gpu.memory_used, gpu.memory_total), _degrees(gpu.temperature))
            use, name = gpu.utilisation, self.tr("GPU {0} · {1}").format(gpu.index, _short(gpu.name))
        else:
            parts = (_percent(reading.cpu), _memory(reading.memory_used, reading.memory_total), "")
            use, name = round(reading.cpu), self.tr("CPU · %n core(s)", "", reading.processors)
        self._no_gpu.show_state(reading)
        self._glyph = ("graphics-card" if gpu else "cpu", "caution" if self._no_gpu.is_alarming else "muted")
        told = [part for part in parts if part not in ("", UNKNOWN)]
        self._show(name, use, "   ".join(told) or UNKNOWN)
        lines = [*map(self._line, reading.gpus), self._processor_line(reading), reading.trouble]
        self.setToolTip("\n".join(line for line in lines if line))
        self.setAccessibleDescription(self.toolTip())
        self.set_collapsed(self._collapsed)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._paint_icon()

    def _show(self, name: str, use: int | None, numbers: str) -> None:
        self._name.set_whole(name)
        self._bar.setValue(use or 0)
        self._numbers.set_whole(numbers)
        self._paint_icon()

    def _paint_icon(self) -> None:
        self._icon.setPixmap(theme.picture(*self._glyph, ratio=self.devicePixelRatioF()))

    def _line(self, gpu: GpuReading) -> str:
        values = (
            _percent(gpu.utilisation),
            _memory(gpu.memory_used, gpu.memory_total),
            _degrees(gpu.temperature),
            _watts(gpu.power),
        )
        told = ", ".join(value for value in values if value != UNKNOWN)
        return self.tr("GPU {0}, {1}: {2}").format(gpu.index, gpu.name, told or UNKNOWN)

    def _processor_line(self, reading: MachineReading) -> str:
        return self.tr("Processor: {0}, memory {1}").format(
            _percent(reading.cpu), _memory(reading.memory_used, reading.memory_total)
        )


class MachineCard(Card):
    """Use, memory, temperature and power of the card (or use and memory of the processor) over four minutes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("This machine"), parent)
        self._device = label("", "muted")
        self._device.setProperty("data", True)
        self.head.insertWidget(1, self._device)
        self._no_gpu = _NoGpu()
        self.head.addWidget(self._no_gpu)
        self._trouble = label("", "muted", wrap=True)
        self._trouble.setProperty("data", True)
        self._trouble.hide()
        self.body.addWidget(self._trouble)
        self._use = _Meter(self.tr("Processor"), self.tr("Share of the time in which the processor computes."))
        self._memory = _Meter(self.tr("Memory"), self.tr("Memory that no other program can have."))
        self._gpu_use = _Meter(self.tr("GPU"), self.tr("Share of the time in which the card computes."))
        self._gpu_memory = _Meter(
            self.tr("GPU memory"), self.tr("When it is full, choose a smaller batch or image size.")
        )
        self._heat = _Meter(self.tr("Temperature"), self.tr("Cards slow themselves down from about 85 °C."))
        self._power = _Meter(self.tr("Power"), self.tr("What the card draws now."))
        self._worker = _Meter(self.tr("This run"), self.tr("Share of the processor that this run takes."))
        self._worker_memory = _Meter(self.tr("Memory of this run"), self.tr("Memory that this run takes."))
        row = QHBoxLayout()
        row.setSpacing(theme.LARGE)
        self._of_gpu = (self._gpu_use, self._gpu_memory, self._heat, self._power)
        self._of_processor = (self._use, self._memory)
        self._of_worker = (self._worker, self._worker_memory)
        for meter in (*self._of_gpu, *self._of_processor, *self._of_worker):
            row.addWidget(meter, 1)
        self.body.addLayout(row)
        self._show_meters(self._of_processor)

    def show_readings(self, recent: Sequence[MachineReading]) -> None:
        """``recent``: oldest first, the last one is now."""
        if not recent:
            return
        now = recent[-1]
        gpu = _busiest(now)
        self._no_gpu.show_state(now)
        self._trouble.setText(self._no_gpu.toolTip())
        self._trouble.setVisible(self._no_gpu.is_alarming)
        if gpu is not None:
            self._device.setText(gpu.name)
            self._show_gpu(gpu, [_same_card(reading, gpu) for reading in recent])
        else:
            self._device.setText(self.tr("CPU · %n core(s)", "", now.processors))
            self._show_processor(now, recent)

    def _show_gpu(self, gpu: GpuReading, before: Sequence[GpuReading | None]) -> None:
        self._show_meters(self._of_gpu)
        self._gpu_use.show_value(_percent(gpu.utilisation), [one.utilisation if one else None for one in before], 100)
        self._gpu_memory.show_value(
            _memory(gpu.memory_used, gpu.memory_total),
            [one.memory_used if one else None for one in before],
            gpu.memory_total,
        )
        self._heat.show_value(_degrees(gpu.temperature), [one.temperature if one else None for one in before], 100)
        self._power.show_value(_watts(gpu.power), [one.power if one else None for one in before], None)

    def _show_processor(self, now: MachineReading, before: Sequence[MachineReading]) -> None:
        self._show_meters(self._of_processor + self._of_worker * (now.worker is not None))
        self._use.show_value(_percent(now.cpu), [one.cpu for one in before], 100)
        self._memory.show_value(
            _memory(now.memory_used, now.memory_total), [one.memory_used for one in before], now.memory_total
        )
        if now.worker is not None:
            workers = [one.worker for one in before]
            self._worker.show_value(_percent(now.worker.cpu), [one.cpu if one else None for one in workers], 100)
            self._worker_memory.show_value(
                _gigabytes(now.worker.memory) + " GB",
                [one.memory if one else None for one in workers],
                now.memory_total,
            )

    def _show_meters(self, shown: Sequence["_Meter"]) -> None:
        for meter in (*self._of_gpu, *self._of_processor, *self._of_worker):
            meter.setVisible(meter in shown)


class Sparkline(QWidget):
    """The last four minutes of one value, newest at the right; gaps where it was not told."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumHeight(SPARKLINE_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._values: list[float | None] = []
        self._highest = 1.0

    def set_values(self, values: Iterable[float | None], highest: float | None) -> None:
        """``highest``: the top of the picture; ``None`` takes the highest value."""
        self._values = list(values)[-KEPT:]
        self._highest = float(highest or max((value for value in self._values if value is not None), default=0) or 1)
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(KEPT, SPARKLINE_HEIGHT)

    def stretches(self) -> list[list[QPointF]]:
        """Points in pixels, a list for each stretch without a gap."""
        step, floor = self.width() / (KEPT - 1), self.height() - 1.5
        first = self.width() - step * (len(self._values) - 1)
        found: list[list[QPointF]] = [[]]
        for number, value in enumerate(self._values):
            if value is None:
                found.append([])
            else:
                share = min(max(value / self._highest, 0.0), 1.0)
                found[-1].append(QPointF(first + step * number, floor - share * (floor - 1.5)))
        return [stretch for stretch in found if stretch]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        colours = theme.current()
        painter = QPainter(self)
        painter.fillRect(QRectF(0, self.height() - 1, self.width(), 1), QColor(colours.line))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for stretch in self.stretches():
            foot = [QPointF(stretch[-1].x(), self.height()), QPointF(stretch[0].x(), self.height())]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent_soft))
            painter.drawPolygon(QPolygonF([*stretch, *foot]))
            painter.setPen(QPen(QColor(colours.accent), 1.5))
            painter.drawPolyline(QPolygonF(stretch))
            if len(stretch) == 1:
                painter.drawEllipse(stretch[0] - QPointF(1, 0), 1, 1)


class _Meter(QWidget):
    """Name, value now, and where it came from."""

    def __init__(self, name: str, help_text: str) -> None:
        super().__init__()
        self.setToolTip(help_text)
        self._name, self._value, self._line = label(name, "caption"), label(UNKNOWN, "section"), Sparkline()
        self._value.setProperty("data", True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for part in (self._name, self._value, self._line):
            column.addWidget(part)

    def show_value(self, value: str, before: Sequence[float | None], highest: float | None) -> None:
        self._value.setText(value)
        self._line.set_values(before, highest)
        self.setAccessibleName(f"{self._name.text()}: {value}")


class _NoGpu(QLabel):
    """Says in words that there is no card, or that one was lost; empty when all is well."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)
        self._had_gpu = False
        self.setProperty("data_tip", True)  # the driver's own words
        self.hide()

    @property
    def is_alarming(self) -> bool:
        return self.property("badge") == "caution"

    def show_state(self, reading: MachineReading) -> None:
        self._had_gpu = self._had_gpu or bool(reading.gpus)
        lost = self._had_gpu and bool(reading.trouble)
        words = "" if reading.gpus and not lost else self.tr("GPU lost") if reading.gpus else self.tr("No GPU")
        self.setText(words)
        self.setVisible(bool(words))
        remedy = self.tr("A run on it fails and can be resumed. If the card does not come back, restart the machine.")
        self.setToolTip(f"{reading.trouble} {remedy}" if lost else reading.trouble)
        self.setProperty("badge", "caution" if lost else None)
        self.setProperty("role", None if lost else "caption")
        self.style().polish(self)


class _ElidedLabel(QLabel):
    """A caption of data that ends in … where there is no room; the whole text is then in its tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", "caption")
        self.setProperty("data", True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._whole = ""

    def set_whole(self, text: str) -> None:
        self._whole = text
        self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, self.width()))


def _busiest(reading: MachineReading) -> GpuReading | None:
    return max(reading.gpus, key=lambda gpu: gpu.memory_used or 0, default=None)


def _same_card(reading: MachineReading, gpu: GpuReading) -> GpuReading | None:
    return next((one for one in reading.gpus if one.index == gpu.index), None)


def _short(name: str) -> str:
    return name.removeprefix("NVIDIA ").removeprefix("GeForce ")


def _percent(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f} %"


def _memory(used: int | None, total: int | None) -> str:
    """``18.1 / 24 GB``: what a machine has in all is a round number."""
    if used is None or total is None:
        return UNKNOWN
    return f"{_gigabytes(used)} / {total / GIGABYTE:.{0 if total > 9 * GIGABYTE else 1}f} GB"


def _gigabytes(count: int) -> str:
    return f"{count / GIGABYTE:.1f}"


def _degrees(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f} °C"


def _watts(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f} W"

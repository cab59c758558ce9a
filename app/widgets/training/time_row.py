"""How long the run will take: judged by earlier runs, or measured by some real steps before it starts."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QStackedWidget, QWidget

from app import theme
from app.jobs import Job
from app.translations import said
from app.widgets.parts import button, duration, label
from app.widgets.training.estimates import Estimate
from core.actions.probing import ProbeResult
from core.domain.usage import EnergySource, Prices, Usage, cost

_GB = 1000.0  # of 10**6 bytes
_LEAST_KWH = 0.001  # less is told so


class TimeRow(QWidget):
    """The button, or while it measures a bar with Cancel; ``remark`` is placed beside it by the form."""

    probe_wanted = Signal()
    cancel_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.probe_button = button(self.tr("Try 20 steps"), "gauge")
        self.probe_button.setToolTip(
            self.tr("Does 20 real training steps now, and tells how long the run takes and whether it fits.")
        )
        self.cancel_button = button(self.tr("Cancel"))
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Try 20 steps"))
        self.remark: QLabel = label("", "muted", wrap=True)
        busy = QWidget()
        row = QHBoxLayout(busy)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL)
        row.addWidget(self.bar, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.cancel_button)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.probe_button)
        self._stack.addWidget(busy)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)
        self.probe_button.clicked.connect(self.probe_wanted)
        self.cancel_button.clicked.connect(self.cancel_wanted)

    @property
    def is_measuring(self) -> bool:
        return self._stack.currentIndex() == 1

    def follow(self, job: Job) -> None:
        """Show the progress of a probe until ``stop``."""
        self.bar.setRange(0, 0)
        self.cancel_button.setEnabled(True)
        self._stack.setCurrentIndex(1)
        self._say(self.tr("Trying a few real steps…"))
        job.progressed.connect(self._advance)

    def stop(self) -> None:
        had_focus = self.cancel_button.hasFocus()
        self._stack.setCurrentIndex(0)
        if had_focus:
            self.probe_button.setFocus()

    def show_estimate(self, guess: Estimate | None) -> None:
        """From earlier runs, ``None`` where there were none."""
        if guess is None:
            self._say(self.tr("Not known yet: 20 real steps tell it in half a minute."))
        else:
            words = self.tr("About {0}, between {1} and {2}, judged by earlier runs.")
            self._say(words.format(*(duration(value) for value in (guess.seconds, guess.low, guess.high))))

    def show_result(self, result: ProbeResult, prices: Prices) -> None:
        """What was measured, or why it does not fit."""
        if result.obstacle is not None:
            self._say(f"{said(result.obstacle.cause)} {said(result.obstacle.remedy)}", problem=True)
        else:
            self._say(" · ".join(self._parts(result, prices)))

    def _parts(self, result: ProbeResult, prices: Prices) -> list[str]:
        parts = []
        if result.total_seconds is not None:
            parts.append(self.tr("About {}").format(duration(result.total_seconds)))
        if result.total_low is not None and result.total_high is not None:
            band = self.tr("{0} to {1}").format(duration(result.total_low), duration(result.total_high))
            parts[-1:] = [f"{parts[-1]} ({band})"] if parts else [band]
        if result.seconds_per_epoch is not None:
            parts.append(self.tr("{} s an epoch").format(_short(result.seconds_per_epoch)))
        if result.peak_gpu_memory_mb is not None:
            parts.append(self.tr("{:.1f} GB of the card").format(result.peak_gpu_memory_mb / _GB))
        elif result.peak_memory_mb is not None:
            parts.append(self.tr("{:.1f} GB of memory").format(result.peak_memory_mb / _GB))
        if result.kwh is not None:
            words = self.tr("{} kWh") if result.energy_source is not EnergySource.ESTIMATE else self.tr("≈ {} kWh")
            parts.append(words.format(_short(result.kwh) if result.kwh >= _LEAST_KWH else f"< {_LEAST_KWH}"))
        price = None
        if result.total_seconds is not None:
            price = cost(Usage(seconds=result.total_seconds, kwh=result.kwh), prices)
        if price is not None:
            parts.append(money(price, prices))
        return parts

    def _advance(self, done: int, total: int, what: str) -> None:
        if self.is_measuring:
            self.bar.setRange(0, total)
            self.bar.setValue(done)
            if what:
                self._say(said(what))

    def _say(self, text: str, *, problem: bool = False) -> None:
        self.remark.setText(text)
        if self.remark.property("problem") != problem:
            self.remark.setProperty("problem", problem)
            self.remark.style().polish(self.remark)


def _short(value: float) -> str:
    """Two digits, or all before the point."""
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def money(amount: float, prices: Prices) -> str:
    """``0.06 EUR``; what is less than a hundredth says so."""
    if 0 < amount < 0.01:
        return f"< 0.01 {prices.currency}"
    return f"{amount:.2f} {prices.currency}"

"""The score from which a box counts, by mouse or keys, with its value beside it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSlider, QWidget

from app import theme
from app.widgets.parts import button, label

STEPS = 1000  # of the scale from 0 to 1


class ThresholdSlider(QWidget):
    """Arrow keys move by 0.01, Page Up and Page Down by 0.1."""

    changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._suggested = 0.0
        name = label(self.tr("Threshold"))
        tip = self.tr("Boxes with a lower score are hidden. Lower: fewer misses, more false alarms.")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(1, STEPS - 1)
        self.slider.setSingleStep(STEPS // 100)
        self.slider.setPageStep(STEPS // 10)
        self.slider.setMinimumWidth(96)
        self.slider.setAccessibleName(self.tr("Threshold"))
        self._shown = label("")
        self._shown.setProperty("data", True)
        self._shown.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._shown.setFixedWidth(self._shown.fontMetrics().horizontalAdvance("0.0000"))
        for one in (name, self.slider, self._shown):
            one.setToolTip(tip)
        self.reset_button = button(self.tr("Suggested"))
        self.reset_button.setProperty("quiet", True)
        self.reset_button.setToolTip(self.tr("Back to the threshold that was best on the validation images."))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL)
        row.addWidget(name)
        row.addWidget(self.slider, 1)
        row.addWidget(self._shown)
        row.addWidget(self.reset_button)
        self.slider.valueChanged.connect(self._moved)
        self.reset_button.clicked.connect(lambda: self.set_suggested(self._suggested))

    @property
    def value(self) -> float:
        """Exactly the suggested one until the slider is moved, which knows three digits only."""
        step = self.slider.value()
        return self._suggested if step == _step(self._suggested) else step / STEPS

    def set_suggested(self, value: float) -> None:
        self._suggested = value
        self.slider.setValue(_step(value))
        self._moved()

    def _moved(self) -> None:
        self._shown.setText(f"{self.value:.3f}")
        self.reset_button.setEnabled(self.value != self._suggested)
        self.changed.emit(self.value)


def _step(value: float) -> int:
    return min(max(round(value * STEPS), 1), STEPS - 1)

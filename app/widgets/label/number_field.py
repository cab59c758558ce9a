"""A whole number by slider or by typing, with its unit."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QSlider, QSpinBox, QWidget

from app import theme
from app.widgets.parts import label


class _Spin(QSpinBox):
    """The wheel scrolls the form, never a value by accident."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        event.ignore()


class _Slider(QSlider):
    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        event.ignore()


class NumberField(QWidget):
    """``usual``: how far the slider goes; ``most``: how far typing goes. ``unset``: what 0 says in words."""

    changed = Signal()

    def __init__(
        self, name: str, hint: str, unit: str, *, least: int = 0, usual: int, most: int, unset: str = ""
    ) -> None:
        super().__init__()
        self.slider, self.spin = _Slider(Qt.Orientation.Horizontal), _Spin()
        self.slider.setRange(least, usual)
        self.slider.setPageStep(max(1, usual // 10))
        self.spin.setRange(least, most)
        self.spin.setSuffix(f" {unit}")
        self.spin.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.spin.lineEdit().setTextMargins(0, 0, theme.TIGHT, 0)
        if unset:
            self.spin.setSpecialValueText(unset)
        title = label(name, wrap=True)
        for part in (title, self.slider, self.spin):
            part.setToolTip(hint)
        for field in (self.slider, self.spin):
            field.setAccessibleName(name)
        self.slider.setMinimumWidth(72)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL)
        row.addWidget(title, 3)
        row.addWidget(self.slider, 2)
        row.addWidget(self.spin)
        self.slider.valueChanged.connect(self._take_slide)
        self.spin.valueChanged.connect(self._take_number)

    @property
    def value(self) -> int:
        return self.spin.value()

    def set_value(self, value: int) -> None:
        self.spin.setValue(value)

    def set_width(self, width: int) -> None:
        """Of the number, in pixels, so that those of one form stand in a column."""
        self.spin.setFixedWidth(width)

    def _take_slide(self, value: int) -> None:
        if min(self.spin.value(), self.slider.maximum()) != value:
            self.spin.setValue(value)

    def _take_number(self, value: int) -> None:
        self.slider.setValue(min(value, self.slider.maximum()))
        self.changed.emit()

"""Brightness, contrast and gamma of the canvas: for the eye only, the picture stays what it is."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QSlider, QWidget

from app import theme
from app.widgets.canvas.image_canvas import ImageCanvas
from app.widgets.parts import button, label

_STEPS = 100  # on either side of the middle


class LightPanel(QFrame):
    """To be shown with ``show_above``; a click elsewhere puts it away."""

    def __init__(self, canvas: ImageCanvas) -> None:
        super().__init__(canvas, Qt.WindowType.Popup)
        self._canvas = canvas
        self.setObjectName("card")
        grid = QGridLayout(self)
        grid.setContentsMargins(theme.LARGE, theme.MEDIUM, theme.LARGE, theme.MEDIUM)
        self.sliders: dict[str, QSlider] = {}
        names = {
            "brightness": self.tr("Brightness"),
            "contrast": self.tr("Contrast"),
            "gamma": self.tr("Gamma"),
        }
        for row, (name, title) in enumerate(names.items()):
            slider = self.sliders[name] = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(-_STEPS, _STEPS)
            slider.setFixedWidth(160)
            slider.setAccessibleName(title)
            slider.valueChanged.connect(self._apply)
            grid.addWidget(label(title), row, 0)
            grid.addWidget(slider, row, 1)
        self.reset = button(self.tr("As it is"))
        self.reset.clicked.connect(self._reset)
        grid.addWidget(self.reset, len(names), 0, 1, 2, Qt.AlignmentFlag.AlignRight)

    def show_above(self, anchor: QWidget) -> None:
        self.adjustSize()
        corner = anchor.mapToGlobal(QPoint(anchor.width() - self.width(), -self.height() - theme.TIGHT))
        self.move(corner)
        self.show()
        self.sliders["brightness"].setFocus()

    def _apply(self) -> None:
        share = {name: slider.value() / _STEPS for name, slider in self.sliders.items()}
        # 0 is the middle of each; gamma goes from 1/4 to 4.
        self._canvas.set_light(share["brightness"], share["contrast"], 4 ** share["gamma"])

    def _reset(self) -> None:
        for slider in self.sliders.values():
            slider.setValue(0)

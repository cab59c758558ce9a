"""The settings of contours as fields with units; whatever is typed is a setting that works."""

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.widgets.label.number_field import NumberField
from app.widgets.parts import Card, label
from app.widgets.training.advanced_form import Choice
from core.labelling.contours import ContourSettings

_ADAPTIVE_ONLY = ("window", "offset")


class ContourForm(QWidget):
    """Two cards: what stands out, and what becomes one box."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choices = {"tone": self._tone(), "threshold": self._threshold()}
        self.numbers = self._numbers()
        width = max(field.spin.sizeHint().width() for field in self.numbers.values())
        for field in self.numbers.values():
            field.set_width(width)
            field.changed.connect(self._tell)
        for choice in self.choices.values():
            choice.currentIndexChanged.connect(self._tell)
        stands_out, one_box = Card(self.tr("What stands out")), Card(self.tr("What becomes one box"))
        for name, title in (("tone", self.tr("Objects")), ("threshold", self.tr("Threshold"))):
            caption = label(title, wrap=True)
            caption.setToolTip(self.choices[name].toolTip())
            row = QHBoxLayout()
            row.setSpacing(theme.SMALL)
            row.addWidget(caption, 2)
            row.addWidget(self.choices[name], 3)
            stands_out.body.addLayout(row)
        for name, field in self.numbers.items():
            (stands_out if name in _ADAPTIVE_ONLY else one_box).body.addWidget(field)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.MEDIUM)
        column.addWidget(stands_out)
        column.addWidget(one_box)
        self.set_settings(ContourSettings())

    def settings(self) -> ContourSettings:
        chosen = {name: str(choice.currentData()) for name, choice in self.choices.items()}
        return msgspec.convert(chosen | {name: field.value for name, field in self.numbers.items()}, ContourSettings)

    def set_settings(self, settings: ContourSettings) -> None:
        for name, choice in self.choices.items():
            choice.setCurrentIndex(max(0, choice.findData(getattr(settings, name))))
        for name, field in self.numbers.items():
            field.set_value(getattr(settings, name))
        self._tell()

    def _tell(self) -> None:
        for name in _ADAPTIVE_ONLY:
            self.numbers[name].setVisible(self.choices["threshold"].currentData() == "adaptive")
        self.changed.emit()

    def _tone(self) -> QComboBox:
        return _choice(
            self.tr("Objects"),
            self.tr("Whether objects are darker or lighter than the ground; the picture's edge shows the ground."),
            {
                "auto": self.tr("decide by itself"),
                "dark": self.tr("dark on light"),
                "light": self.tr("light on dark"),
            },
        )

    def _threshold(self) -> QComboBox:
        return _choice(
            self.tr("Threshold"),
            self.tr(
                "The grey level that parts objects from ground: one for all, or one for each place in uneven light."
            ),
            {
                "otsu": self.tr("Otsu (one for all)"),
                "adaptive": self.tr("adaptive (uneven light)"),
            },
        )

    def _numbers(self) -> dict[str, NumberField]:
        px, levels = self.tr("px"), self.tr("levels")
        return {
            "window": NumberField(
                self.tr("Window"),
                self.tr("Side of the square round each pixel that it is compared with; wider than an object."),
                px,
                least=3,
                usual=301,
                most=2001,
            ),
            "offset": NumberField(
                self.tr("Offset"),
                self.tr("How many grey levels, of 255, an object must differ from the mean of its window."),
                levels,
                least=-100,
                usual=100,
                most=200,
            ),
            "smallest": NumberField(
                self.tr("Smallest object"),
                self.tr("Objects whose longer side is shorter than this are left out: dust, noise."),
                px,
                least=1,
                usual=200,
                most=20_000,
            ),
            "largest": NumberField(
                self.tr("Largest object"),
                self.tr("Objects whose longer side is longer than this are left out: frames, shadows."),
                px,
                usual=1000,
                most=20_000,
                unset=self.tr("any"),
            ),
            "merge_distance": NumberField(
                self.tr("Join parts up to"),
                self.tr("Parts with at most this many pixels of ground between them are one object: broken strokes."),
                px,
                usual=50,
                most=500,
            ),
            "margin": NumberField(
                self.tr("Margin"),
                self.tr("How much larger each box becomes on every side."),
                px,
                usual=20,
                most=500,
            ),
            "open_radius": NumberField(
                self.tr("Opening radius"),
                self.tr("Opening takes away what is thinner than twice this radius: hairs, specks, thin bridges."),
                px,
                usual=15,
                most=15,
            ),
            "close_radius": NumberField(
                self.tr("Closing radius"),
                self.tr("Closing fills gaps and holes up to twice this radius before boxes are drawn."),
                px,
                usual=15,
                most=15,
            ),
        }


def _choice(name: str, hint: str, options: dict[str, str]) -> QComboBox:
    made = Choice()
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setAccessibleName(name)
    made.setToolTip(hint)
    for value, words in options.items():
        made.addItem(words, value)
    return made

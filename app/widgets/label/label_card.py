"""What the picture is, in a project of one class per picture: its class and who said so, or what is proposed."""

from collections.abc import Mapping

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from app import theme
from app.widgets.elided import ElidedLabel
from app.widgets.gallery.class_mark import class_mark
from app.widgets.gallery.overlay import ClassLook
from app.widgets.label.box_list import origin_words
from app.widgets.parts import Card, label
from core.domain.labels import ImageLabels

_MARK = 20


class LabelCard(Card):
    """One class, large; below it a sentence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("This picture"), parent)
        self._mark = QLabel()
        self._mark.setFixedSize(_MARK, _MARK)
        self.name, self.remark = ElidedLabel(role="page", data=True), label("", "muted", wrap=True)
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        row.addWidget(self._mark)
        row.addWidget(self.name, 1)
        self.body.addLayout(row)
        self.body.addWidget(self.remark)

    def show_labels(self, labels: ImageLabels | None, looks: Mapping[int, ClassLook]) -> None:
        """``None`` while they are being read."""
        look = None if labels is None or labels.label is None else looks.get(labels.label)
        self._mark.setVisible(look is not None)
        self.name.setVisible(look is not None)
        if look is not None:
            self._mark.setPixmap(class_mark(look.index).pixmap(QSize(_MARK, _MARK), self.devicePixelRatioF()))
            self.name.set_whole(look.name)
        self.remark.setText("" if labels is None else self._remark(labels, looks))

    def _remark(self, labels: ImageLabels, looks: Mapping[int, ClassLook]) -> str:
        if labels.proposals:
            best = max(labels.proposals, key=lambda one: one.score)
            name = looks[best.box.class_id].name if best.box.class_id in looks else "?"
            proposed = self.tr("Proposed: {0}, {1}. Enter accepts, Delete refuses.")
            return proposed.format(name, f"{100 * best.score:.0f} %")
        if labels.label is None:
            return self.tr("Not labelled yet. Press the key of a class.")
        words = origin_words(labels.origin)
        return words[:1].upper() + words[1:]

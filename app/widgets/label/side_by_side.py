"""One picture twice, with two opinions about it; what both say is drawn without a name."""

from collections import Counter
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSizeF, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.translations import said
from app.widgets.elided import ElidedLabel
from app.widgets.gallery.overlay import ClassLook, Overlay, OverlayBox
from app.widgets.gallery.picture_view import Notice, PictureView
from app.widgets.label.picture_desk import PictureDesk
from app.widgets.parts import Glyph, label
from core.domain.annotation import Box
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.labels import ImageLabels


class Side(QFrame):
    """One of the two: a title, the picture, what is on it in words."""

    clicked = Signal()

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("finding")
        self.title, self.words = label(title, "section"), ElidedLabel("", "muted", data=True)
        self.tick = Glyph("check-circle", "accent")
        self.view = PictureView()
        self.view.setAccessibleName(title)
        head = QHBoxLayout()
        head.setSpacing(theme.SMALL)
        head.addWidget(self.title)
        head.addWidget(self.tick)
        head.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SMALL, theme.SMALL, theme.SMALL, theme.SMALL)
        column.setSpacing(theme.TIGHT)
        column.addLayout(head)
        column.addWidget(self.view, 1)
        column.addWidget(self.words)
        self.set_chosen(False)

    def set_chosen(self, chosen: bool) -> None:
        keep = self.tick.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.tick.setSizePolicy(keep)
        self.tick.setVisible(chosen)
        self.setProperty("chosen", chosen)
        self.setAccessibleDescription(self.tr("chosen") if chosen else "")
        self.style().polish(self)

    def show_labels(
        self, labels: ImageLabels | None, same: Counter[Box], looks: Mapping[int, ClassLook], size: QSizeF
    ) -> None:
        """``same``: boxes that both sides have. ``None``: nothing of it can be used."""
        left, drawn = Counter(same), []
        for one in (labels.boxes or ()) if labels is not None else ():
            look = looks.get(one.box.class_id)
            if look is None:
                continue
            is_same = left[one.box] > 0
            left[one.box] -= is_same
            corners = (one.box.x_min, one.box.y_min, one.box.x_max, one.box.y_max)
            drawn.append(OverlayBox(*corners, look.index, text="" if is_same else look.name))
        self.view.expect(size, Overlay(boxes=tuple(drawn)), None)
        self.words.set_whole(self._in_words(labels, looks))

    def _in_words(self, labels: ImageLabels | None, looks: Mapping[int, ClassLook]) -> str:
        if labels is None:
            return self.tr("Nothing in it can be used.")
        if labels.label is not None:
            return looks[labels.label].name if labels.label in looks else ""
        if labels.boxes is None:
            return self.tr("Not labelled yet")
        if not labels.boxes:
            return self.tr("Nothing here") if labels.done else self.tr("In progress")
        counts = Counter(looks[one.box.class_id].name for one in labels.boxes if one.box.class_id in looks)
        words = ", ".join(name if count == 1 else f"{name} ×{count}" for name, count in counts.items())
        return words if labels.done else self.tr("{0}  ·  in progress").format(words)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()


class SideBySide(QWidget):
    """``left`` and ``right`` are the two sides."""

    def __init__(self, left: str, right: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.left, self.right = Side(left), Side(right)
        self._image: Image | None = None
        self._pictures = PictureDesk(self)
        self._pictures.ready.connect(self._show_picture)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.MEDIUM)
        row.addWidget(self.left, 1)
        row.addWidget(self.right, 1)

    def show_image(
        self,
        image: Image,
        left: ImageLabels | None,
        right: ImageLabels | None,
        looks: Mapping[int, ClassLook],
        ahead: Sequence[Image] = (),
    ) -> None:
        """``ahead``: what may be shown next."""
        same = _boxes(left) & _boxes(right)
        for side, labels in ((self.left, left), (self.right, right)):
            side.show_labels(labels, same, looks, QSizeF(image.width, image.height))
        self._image = image
        self._pictures.want(image, ahead)
        self._show_picture(image.hash)

    def _show_picture(self, image_hash: str) -> None:
        if self._image is None or image_hash != self._image.hash:
            return
        found = self._pictures.find(self._image)
        for side in (self.left, self.right):
            if isinstance(found, LensmithError):
                side.view.show_notice(Notice(said(found.cause), said(found.remedy)))
            elif found is not None:
                side.view.show_levels(found.images)


def _boxes(labels: ImageLabels | None) -> Counter[Box]:
    return Counter(one.box for one in (labels.boxes or ())) if labels is not None else Counter()

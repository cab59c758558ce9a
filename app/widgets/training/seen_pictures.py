"""A few training pictures as the squares that the model gets, before augmentation."""

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.widgets.gallery.overlay import ClassLook, Overlay, OverlayBox, looks, overlay_of, paint_overlay
from app.widgets.parts import Card, label
from core.domain.annotation import Boxes, ClassLabel
from core.domain.dataset import Image, ImageClass
from core.domain.errors import LensmithError
from core.domain.task import Split, Task

COUNT = 6
LEAST, MOST = 72, 144  # pixels, side of a square in the window
_CAPTION = 20
_AROUND = 72  # title, caption and margins of the card


class Seen(Struct, frozen=True):
    """One picture as the model gets it; boxes of ``overlay`` in pixels of the square."""

    square: QImage
    overlay: Overlay


def pick(images: Sequence[Image], count: int = COUNT) -> list[Image]:
    """Training images, of as many classes as can be; before any split, of all that are labelled."""
    labelled = [image for image in images if image.is_labelled]
    training = [image for image in labelled if image.split is Split.TRAIN] or labelled
    kinds: defaultdict[int, list[Image]] = defaultdict(list)
    for image in training:
        match image.annotation:
            case ClassLabel(class_id):
                kind = class_id
            case Boxes(boxes) if boxes:
                kind = boxes[0].class_id
            case _:
                continue
        if len(kinds[kind]) < count:
            kinds[kind].append(image)
    found: list[Image] = []
    for turn in range(count):
        found += [kind[turn] for kind in kinds.values() if turn < len(kind)]
    return found[:count]


def seen(images: Sequence[Image], classes: Sequence[ImageClass], task: Task, size: int) -> list[Seen]:
    """The squares of ``size`` pixels, by the very code that training and the shipped model use. For a thread.

    Pictures that cannot be read are left out: the health list tells of them.
    """
    from core.data.images import read  # OpenCV, which the window's start does not wait for
    from core.domain.model_card import ResizeRule
    from core.inference.preprocess import resize

    rule = ResizeRule.LETTERBOX if task is Task.DETECTION else ResizeRule.STRETCH
    known: dict[int, ClassLook] = looks(classes)
    found = []
    for image in pick(images, 2 * COUNT):
        try:
            pixels, placement = resize(read(image.path), size, rule)
        except (LensmithError, OSError):
            continue
        square = QImage(pixels.tobytes(), size, size, 3 * size, QImage.Format.Format_RGB888).copy()
        said = overlay_of(image, known)
        boxes = []
        for box in said.boxes:
            x1, y1, x2, y2 = placement.to_square(box.x_min, box.y_min, box.x_max, box.y_max)
            boxes.append(OverlayBox(float(x1), float(y1), float(x2), float(y2), box.colour, text=box.text))
        found.append(Seen(square, Overlay(caption=said.caption, boxes=tuple(boxes))))
        if len(found) == COUNT:
            break
    return found


class SeenPictures(Card):
    """A row of squares with their labels; hidden while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("What the model will see"), parent)
        self._remark = label("", "muted")
        self.head.addWidget(self._remark)
        self.strip = _Strip()
        self.body.addWidget(self.strip)
        self.setMinimumHeight(LEAST + _AROUND)
        self.setMaximumHeight(MOST + _AROUND)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self.setMaximumHeight(max(LEAST, int(min(MOST, self.strip.across))) + _AROUND)

    def show_pictures(self, pictures: Sequence[Seen], size: int) -> None:
        self.strip.pictures = list(pictures)
        self.strip.setAccessibleName(", ".join(one.overlay.caption for one in pictures))
        self._remark.setText(self.tr("Squares of {0} × {0} px; augmentation then varies them.").format(size))
        self.strip.update()


class _Strip(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[Seen] = []
        self.setMinimumHeight(LEAST + _CAPTION)
        self.setMaximumHeight(MOST + _CAPTION)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(COUNT * LEAST, LEAST + _CAPTION)  # grows where the page leaves room

    @property
    def across(self) -> float:
        """Side of a square when all fill the width."""
        return (self.width() - (COUNT - 1) * theme.MEDIUM) / COUNT

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        font = QFont(self.font())
        font.setPixelSize(theme.CAPTION_PX)
        painter.setFont(font)
        side = min(self.across, self.height() - _CAPTION)
        for number, one in enumerate(self.pictures):
            place = QRectF(round(number * (side + theme.MEDIUM)), 0, side, side)
            # Small squares are enlarged as what they are: the model gets no more than these pixels.
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, one.square.width() > side / 2)
            painter.drawImage(place, one.square)
            extent = QSizeF(one.square.size())
            paint_overlay(painter, place, extent, one.overlay, names=False)
            painter.setPen(QColor(theme.current().muted))
            caption = painter.fontMetrics().elidedText(one.overlay.caption, Qt.TextElideMode.ElideRight, int(side))
            room = QRectF(place.bottomLeft() + QPointF(0, theme.TIGHT), QSizeF(side, _CAPTION - theme.TIGHT))
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, caption)
        painter.end()

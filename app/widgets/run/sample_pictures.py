"""A few validation pictures with the truth and what the model says of them now."""

from functools import cached_property

from PySide6.QtCore import QPointF, QRect, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QApplication, QHBoxLayout, QSizePolicy, QWidget

from app import theme
from app.run_samples import MOST, Sample, Samples
from app.widgets.gallery.notice import paint_notice
from app.widgets.gallery.overlay import Overlay, OverlayBox, paint_overlay
from app.widgets.gallery.picture_dialog import PictureDialog
from core.actions.reviewing import BoxReview
from core.domain.dataset import Image

_LINE, _LINES = 16, 2  # pixels and number of lines below a picture
_FRAME = 3  # pixels around it, for the focus ring


class SamplePictures(QWidget):
    """Up to six pictures in a row; a click or Enter shows one large."""

    opened = Signal(object)  # PictureDialog

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._samples: Samples | None = None
        self.cells = [_Cell(self) for _ in range(MOST)]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL)
        for index, cell in enumerate(self.cells):
            cell.clicked.connect(lambda checked=False, index=index: self.open_picture(index))
            cell.hide()
            row.addWidget(cell, 1)

    def show_samples(self, samples: Samples) -> None:
        if samples is self._samples:
            return
        self._samples = samples
        for index, cell in enumerate(self.cells):
            cell.setVisible(index < len(samples.samples))
            if index < len(samples.samples):
                sample = samples.samples[index]
                cell.show_sample(sample, overlay_of(sample, samples))
        self.update()

    def clear(self) -> None:
        """Ready for another run."""
        self._samples = None
        for cell in self.cells:
            cell.hide()
        self.update()

    @property
    def epoch(self) -> int | None:
        return None if self._samples is None else self._samples.epoch

    def open_picture(self, index: int) -> None:
        assert self._samples is not None
        samples = self._samples
        overlays = {one.review.image.hash: overlay_of(one, samples) for one in samples.samples}
        images = [one.review.image for one in samples.samples]

        def overlay(image: Image) -> Overlay:
            return overlays[image.hash]

        dialog = PictureDialog(images, index, overlay, parent=self)
        self.opened.emit(dialog)
        dialog.open()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        if self._samples is None:
            painter = QPainter(self)
            words = self.tr("After the first epoch, a few validation pictures show here what the model sees.")
            paint_notice(painter, self.rect(), "images", self.tr("No pictures yet"), words)


class _Cell(QAbstractButton):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._sample: Sample | None = None
        self._overlay = Overlay()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    @cached_property
    def _font(self) -> QFont:
        font = QFont(QApplication.font())
        font.setPixelSize(theme.CAPTION_PX)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    @property
    def overlay(self) -> Overlay:
        return self._overlay

    def show_sample(self, sample: Sample, overlay: Overlay) -> None:
        self._sample, self._overlay = sample, overlay
        self.setAccessibleName(overlay.caption.replace("\n", ", "))
        self.setToolTip(overlay.caption)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        if self._sample is None:
            return
        colours, painter = theme.current(), QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        room = QRectF(self.rect()).adjusted(_FRAME, _FRAME, -_FRAME, -_FRAME - _LINE * _LINES)
        image, picture = self._sample.review.image, self._sample.picture
        size = QSizeF(image.width, image.height).scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(room.center() - QPointF(size.width() / 2, size.height() / 2), size).toAlignedRect()
        if picture is None:
            painter.fillRect(place, QColor(colours.line))
            side = 20
            theme.icon("image-broken").paint(
                painter, QRect(place.center().x() - side // 2, place.center().y() - side // 2, side, side)
            )
        else:
            painter.drawImage(QRectF(place), picture)
        paint_overlay(
            painter, QRectF(place), QSizeF(image.width, image.height), self._overlay, names=False, view=QRectF(room)
        )
        painter.setFont(self._font)
        painter.setPen(QColor(colours.text))
        for number, text in enumerate(self._overlay.caption.split("\n")[:_LINES]):
            line = QRectF(room.left(), room.bottom() + number * _LINE + 2, room.width(), _LINE)
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(line.width()))
            painter.drawText(line, Qt.AlignmentFlag.AlignCenter, shown)
            painter.setPen(QColor(colours.muted))
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(place).adjusted(-2, -2, 2, 2))


def overlay_of(sample: Sample, samples: Samples) -> Overlay:
    """Truth in solid lines, the model's opinion dashed; of classes, a verdict and in words what was said."""
    said = sample.review
    if isinstance(said, BoxReview):
        return _box_overlay(said, samples)
    name, truth = samples.classes[said.predicted].name, samples.classes[said.truth].name
    caption = f"{name} {100 * said.probability:.0f} %"
    if said.right:
        return Overlay(caption=caption, mark="good")
    return Overlay(
        caption=QApplication.translate("SamplePictures", "{0}\nit is {1}").format(caption, truth), mark="bad"
    )


def _box_overlay(said: BoxReview, samples: Samples) -> Overlay:
    boxes = []
    for judged in said.boxes:
        if judged.target is not None:
            box = judged.target
            name = samples.classes[judged.truth].name
            boxes.append(OverlayBox(box.x_min, box.y_min, box.x_max, box.y_max, judged.truth, text=name))
        if judged.found is not None:
            found = judged.found
            name = f"{samples.classes[judged.predicted].name} {found.score:.2f}"
            boxes.append(OverlayBox(found.x1, found.y1, found.x2, found.y2, judged.predicted, dashed=True, text=name))
    true = sum(judged.target is not None for judged in said.boxes)
    hits = sum(judged.verdict == "hit" for judged in said.boxes)
    caption = QApplication.translate("SamplePictures", "{0} of {1} found").format(hits, true)
    if said.false_alarms + said.wrong_class:
        wrong = QApplication.translate("SamplePictures", "{} wrong").format(said.false_alarms + said.wrong_class)
        caption = f"{caption}\n{wrong}"
    return Overlay(caption=caption, boxes=tuple(boxes), mark="good" if said.right and true else "")

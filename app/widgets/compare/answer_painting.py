"""A model's boxes over a picture: those that others see otherwise are marked right or wrong. The truth: thin lines."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from app import theme
from app.widgets.compare.answers import ModelAnswer
from app.widgets.gallery.overlay import (
    BADGE,
    CROWDED,
    MARKED_SIDE,
    MARKER,
    Overlay,
    OverlayBox,
    chip_font,
    chip_place,
    chip_size,
    paint_badge,
    paint_chip,
    paint_marker,
    paint_overlay,
    pen_of,
)

_TINT, _SHADE = 0.25, 0.45  # opacity: of boxes that differ, of what is under the line of the truth
_SMALL = 0.65  # size of badges in a crowd


def paint_answer(
    painter: QPainter,
    place: QRectF,
    size: QSizeF,
    answer: ModelAnswer,
    truth: Sequence[OverlayBox] | None,
    view: QRectF,
    *,
    names: bool = True,
) -> None:
    """Over a picture of ``size`` (its own pixels) that fills ``place``, inside ``view``; ``truth``: if it is shown.

    ``names``: there is room for words and marks; else boxes that others see otherwise are tinted.
    """
    seen = place & view
    if seen.isEmpty() or size.isEmpty():
        return
    painter.save()
    painter.setClipRect(view, Qt.ClipOperation.IntersectClip)
    if not names:
        _tint(painter, place, size, answer.marks)
    if truth is not None:
        _paint_truth(painter, place, size, truth, seen)
    paint_overlay(painter, place, size, Overlay(boxes=answer.boxes), names=names, view=view)
    if names:
        _paint_verdicts(painter, place, size, answer, answer.missed if truth is not None else (), seen)
    painter.restore()


def _paint_verdicts(
    painter: QPainter,
    place: QRectF,
    size: QSizeF,
    answer: ModelAnswer,
    missed: Sequence[OverlayBox],
    seen: QRectF,
) -> None:
    """Chips on what is missed, badges on what others see otherwise; small badges for all where those hid too much."""
    painter.setFont(chip_font())
    metrics = QFontMetricsF(painter.font())
    texts = [metrics.elidedText(box.text, Qt.TextElideMode.ElideRight, seen.width() * 0.6) for box in missed]
    chips = [
        (box, text, chip_place(where, chip_size(metrics, text), seen, below=False))
        for box, text in zip(missed, texts, strict=True)
        if (where := _where(place, size, box)).intersects(seen)
    ]
    marks = [(where, right) for box, right in answer.marks if _is_badged(where := _where(place, size, box), seen)]
    covered = sum(chip.width() * chip.height() for *_, chip in chips) + BADGE * BADGE * len(marks)
    crowded = covered > CROWDED * seen.width() * seen.height()
    if crowded:
        places = (_where(place, size, box) for box, *_ in chips)
        _paint_badges(painter, [(where, "caution") for where in places if _is_badged(where, seen)], seen, _SMALL)
    else:
        for box, text, chip in chips:
            paint_chip(painter, chip, text, box.colour)
    verdicts = [(where, "good" if right else "bad") for where, right in marks]
    _paint_badges(painter, verdicts, seen, _SMALL if crowded else 1.0)


def _is_badged(where: QRectF, seen: QRectF) -> bool:
    """Whether enough of a box is in sight."""
    visible = where & seen
    return min(visible.width(), visible.height()) >= min(BADGE, where.width(), where.height()) > 0


def _paint_badges(painter: QPainter, badges: Sequence[tuple[QRectF, str]], seen: QRectF, scale: float) -> None:
    """On the upper right corners of boxes, inside ``seen``."""
    side = BADGE * scale
    for where, mark in badges:
        x = max(seen.left() + 2, min(where.right() - side / 2, seen.right() - side - 2))
        y = max(seen.top() + 2, where.top() - side / 2)
        painter.save()
        painter.translate(x, y)
        painter.scale(scale, scale)
        paint_badge(painter, QPointF(), mark)
        painter.restore()


def _tint(painter: QPainter, place: QRectF, size: QSizeF, marks: Sequence[tuple[OverlayBox, bool]]) -> None:
    """Where there is no room for marks. It changes the picture's colours, so nowhere else."""
    classes = theme.current().classes
    for box, _ in marks:
        tint = QColor(classes[box.colour % len(classes)])
        tint.setAlphaF(_TINT)
        painter.fillRect(_where(place, size, box), tint)


def _paint_truth(painter: QPainter, place: QRectF, size: QSizeF, truth: Sequence[OverlayBox], seen: QRectF) -> None:
    """Pale lines of one pixel on a shade, which no picture hides."""
    colours = theme.current()
    is_light = theme.name_of(colours) == "light"
    pale, shade = QColor(colours.surface if is_light else colours.text), QColor(colours.text)
    if not is_light:
        shade = QColor(colours.background)
    shade.setAlphaF(_SHADE)
    placed = [(box, _where(place, size, box)) for box in truth]
    shown = [(box, where.adjusted(0.5, 0.5, -0.5, -0.5)) for box, where in placed if where.intersects(seen)]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (pen_of(shade, 3), pen_of(pale, 1)):
        painter.setPen(pen)
        painter.drawRects([where for _, where in shown])
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for box, where in shown:
        if min(where.width(), where.height()) >= MARKED_SIDE:
            paint_marker(painter, where.topLeft() + QPointF(MARKER, MARKER), box.colour)


def _where(place: QRectF, size: QSizeF, box: OverlayBox) -> QRectF:
    """On whole pixels of the window."""
    across, down = place.width() / size.width(), place.height() / size.height()
    start = QPointF(round(place.left() + box.x_min * across), round(place.top() + box.y_min * down))
    end = QPointF(round(place.left() + box.x_max * across), round(place.top() + box.y_max * down))
    return QRectF(start, end)

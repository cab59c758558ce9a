"""What is drawn over a picture: boxes, their names, a mark; the same in the gallery and in the large view."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QApplication

from app import theme
from core.domain.annotation import Boxes, ClassLabel
from core.domain.dataset import Image, ImageClass

LINE, HALO = 2, 4  # pixels of the window
MARKER = 7.0
MARKED_SIDE = 20.0  # a box smaller than this would vanish under its marker
CROWDED = 0.15  # share of the picture that names may cover; beyond it they give way to markers
BADGE = 18.0


class OverlayBox(Struct, frozen=True, gc=False):
    """A box in pixels of the upright image. ``colour``: that of the class's look, told apart by colour and by marker.

    ``dashed``: a model's opinion, not the truth.
    """

    x_min: float
    y_min: float
    x_max: float
    y_max: float
    colour: int
    dashed: bool = False
    text: str = ""


class Overlay(Struct, frozen=True):
    """``caption`` stands below a picture in the gallery. ``mark``: "", "good", "bad" or "caution"."""

    caption: str = ""
    boxes: tuple[OverlayBox, ...] = ()
    mark: str = ""


class ClassLook(Struct, frozen=True):
    """How a class appears: the index of its colour and marker, and its name."""

    index: int
    name: str


def looks(classes: Iterable[ImageClass]) -> dict[int, ClassLook]:
    """Class id -> its look, for ``overlay_of``. It stays the same whatever becomes of other classes."""
    return {one.id: ClassLook(look_of(one), one.name) for one in classes}


def look_of(image_class: ImageClass) -> int:
    """Which colour and marker: the one that somebody chose, else by id. No other class has a say in it."""
    return image_class.id - 1 if image_class.look is None else image_class.look


def overlay_of(image: Image, looks: Mapping[int, ClassLook]) -> Overlay:
    """What is known about an image. Classes that ``looks`` does not have are left out."""
    match image.annotation:
        case ClassLabel(class_id) if class_id in looks:
            return Overlay(caption=looks[class_id].name)
        case Boxes(boxes):
            known = [(box, looks[box.class_id]) for box in boxes if box.class_id in looks]
            counts = Counter(look.name for _, look in known)
            return Overlay(
                caption=", ".join(name if count == 1 else f"{name} ×{count}" for name, count in counts.items()),
                boxes=tuple(
                    OverlayBox(box.x_min, box.y_min, box.x_max, box.y_max, look.index, text=look.name)
                    for box, look in known
                ),
            )
    return Overlay()


def paint_overlay(
    painter: QPainter, place: QRectF, size: QSizeF, overlay: Overlay, *, names: bool, view: QRectF | None = None
) -> None:
    """Draw ``overlay`` over a picture of ``size`` (pixels of the image) that fills ``place`` (of the painter).

    ``names``: write the texts of the boxes, else only markers. ``view``: the part of ``place`` that can be seen.
    """
    painter.save()
    if overlay.boxes and not size.isEmpty():
        seen = place if view is None else place & view
        painter.setClipRect(seen, Qt.ClipOperation.IntersectClip)
        _paint_boxes(painter, place, size, overlay.boxes, seen, names)
    painter.restore()
    if overlay.mark:
        seen = place if view is None else place & view
        paint_badge(painter, seen.topRight() + QPointF(-theme.TIGHT - BADGE, theme.TIGHT), overlay.mark)


def _paint_boxes(
    painter: QPainter, place: QRectF, size: QSizeF, boxes: tuple[OverlayBox, ...], seen: QRectF, names: bool
) -> None:
    across, down = place.width() / size.width(), place.height() / size.height()
    left, top, inset = place.left(), place.top(), LINE / 2
    classes = theme.current().classes
    placed: list[tuple[OverlayBox, QRectF]] = []
    groups: defaultdict[tuple[int, bool], list[QRectF]] = defaultdict(list)
    for box in boxes:
        # Whole pixels of the window and the line inside the box: crisp, and never cut off at the picture's edge.
        x, y = round(left + box.x_min * across), round(top + box.y_min * down)
        width, height = round(left + box.x_max * across) - x, round(top + box.y_max * down) - y
        where = QRectF(x + inset, y + inset, max(1, width - LINE), max(1, height - LINE))
        if where.intersects(seen):
            placed.append((box, where))
            groups[box.colour % len(classes), box.dashed].append(where)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    halo = QColor(theme.current().surface)
    halo.setAlphaF(0.5)
    painter.setPen(pen_of(halo, HALO))
    painter.drawRects([where for _, where in placed])
    for (colour, dashed), rects in groups.items():
        painter.setPen(pen_of(QColor(classes[colour]), LINE, dashed))
        painter.drawRects(rects)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if not (names and _paint_names(painter, placed, seen)):
        for box, where in placed:
            if min(where.width(), where.height()) >= MARKED_SIDE:
                paint_marker(painter, where.topLeft() + QPointF(MARKER, MARKER), box.colour)


def _paint_names(painter: QPainter, placed: list[tuple[OverlayBox, QRectF]], seen: QRectF) -> bool:
    """Chips with the names of the boxes, or nothing where they would hide the picture."""
    font = chip_font()
    metrics = QFontMetricsF(font)
    widest = max(40.0, seen.width() * 0.6)
    chips = []
    for box, where in placed:
        text = metrics.elidedText(box.text, Qt.TextElideMode.ElideMiddle, widest)
        chips.append((box, where, text, chip_size(metrics, text)))
    if sum(size.width() * size.height() for *_, size in chips) > CROWDED * seen.width() * seen.height():
        return False
    painter.setFont(font)
    for box, where, text, size in chips:
        if text:
            paint_chip(painter, chip_place(where, size, seen, below=box.dashed), text, box.colour)
    return True


def chip_size(metrics: QFontMetricsF, text: str) -> QSizeF:
    """Of a chip with ``text`` in it."""
    width = round(metrics.horizontalAdvance(text)) + 2 * theme.TIGHT + MARKER + theme.TIGHT
    return QSizeF(width, round(metrics.height()) + theme.TIGHT)


def chip_font() -> QFont:
    font = QFont(QApplication.font())
    font.setPixelSize(theme.CAPTION_PX)
    return font


def chip_place(box: QRectF, size: QSizeF, seen: QRectF, *, below: bool) -> QRectF:
    """On the box's upper edge (a prediction's on the lower one, or both would cover each other), inside ``seen``."""
    edge = LINE / 2
    if below:
        y = box.bottom() + edge
        if y + size.height() > seen.bottom():
            y = box.bottom() - edge - size.height()
    else:
        y = box.top() - edge - size.height()
        if y < seen.top():
            y = box.top() + edge
    x = max(seen.left(), min(box.left() - edge, seen.right() - size.width()))
    y = max(seen.top(), min(y, seen.bottom() - size.height()))
    return QRectF(QPointF(x, y), size)


def paint_chip(painter: QPainter, place: QRectF, text: str, colour: int, *, filled: bool = False) -> None:
    """A name with the marker of its class; ``filled``: of a box that is chosen, light on dark or dark on light."""
    colours = theme.current()
    painter.setPen(pen_of(QColor(colours.classes[colour % len(colours.classes)]), 1))
    painter.setBrush(QColor(colours.text if filled else colours.surface))
    painter.drawRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
    paint_marker(painter, QPointF(place.left() + theme.TIGHT + MARKER / 2, place.center().y()), colour)
    painter.setPen(QColor(colours.surface if filled else colours.text))
    words = place.adjusted(2 * theme.TIGHT + MARKER, 0, 0, 0)
    painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


def paint_marker(painter: QPainter, centre: QPointF, colour: int) -> None:
    """Square, circle, triangle, diamond: neighbouring classes differ for those who do not see the colour."""
    colours = theme.current()
    painter.setPen(pen_of(QColor(colours.surface), 1))
    painter.setBrush(QColor(colours.classes[colour % len(colours.classes)]))
    half = MARKER / 2
    square = QRectF(centre.x() - half, centre.y() - half, MARKER, MARKER)
    shape = colour % 4
    if shape == 0:
        painter.drawRect(square)
    elif shape == 1:
        painter.drawEllipse(square.adjusted(-0.5, -0.5, 0.5, 0.5))
    elif shape == 2:
        tip = QPointF(centre.x(), square.top() - 0.5)
        painter.drawPolygon(QPolygonF([tip, square.bottomRight(), square.bottomLeft()]))
    else:
        wide = half + 1
        corners = [(0.0, -wide), (wide, 0.0), (0.0, wide), (-wide, 0.0)]
        painter.drawPolygon(QPolygonF([centre + QPointF(x, y) for x, y in corners]))


def paint_badge(painter: QPainter, corner: QPointF, mark: str) -> None:
    """A disc of ``BADGE`` pixels with a tick ("good", and "chosen" in the accent), a cross ("bad") or a "!"."""
    colours = theme.current()
    fill = {"good": colours.good, "bad": colours.bad, "caution": colours.caution, "chosen": colours.accent}[mark]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen_of(QColor(colours.surface), 1.5))
    painter.setBrush(QColor(fill))
    painter.drawEllipse(QRectF(corner, QSizeF(BADGE, BADGE)))
    sign = QPainterPath()
    for start, *points in _SIGNS[mark]:
        sign.moveTo(*start)
        for point in points:
            sign.lineTo(*point)
    pen = pen_of(QColor(colours.surface), 1.8)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.translate(corner)
    painter.drawPath(sign)
    painter.restore()


_TICK = [[(5.2, 9.4), (8.0, 12.2), (12.8, 6.4)]]
_SIGNS: dict[str, list[list[tuple[float, float]]]] = {
    "good": _TICK,
    "chosen": _TICK,
    "bad": [[(6.0, 6.0), (12.0, 12.0)], [(12.0, 6.0), (6.0, 12.0)]],
    "caution": [[(9.0, 4.8), (9.0, 9.8)], [(9.0, 12.9), (9.0, 13.0)]],
}


def pen_of(colour: QColor, width: float, dashed: bool = False) -> QPen:
    """Of boxes: mitred corners, and dashes that do not close."""
    pen = QPen(colour, width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    if dashed:
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        pen.setDashPattern([3, 2])  # in line widths
    return pen

"""Boxes as they lie over the picture that they are drawn on: names, handles, and what is chosen or pointed at."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping

from msgspec import Struct
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPixmap

from app import theme
from app.widgets.canvas.box_editing import HANDLES, Edge
from app.widgets.canvas.hit_testing import Item
from app.widgets.gallery.overlay import (
    CROWDED,
    HALO,
    LINE,
    MARKED_SIDE,
    MARKER,
    ClassLook,
    chip_font,
    chip_place,
    chip_size,
    paint_chip,
    paint_marker,
    pen_of,
)
from core.domain.annotation import Box
from core.domain.labels import ImageLabels

SMALL = 8.0  # pixels at the training size, below which a model hardly sees a box
_HANDLE = 8.0  # pixels of the window, side
_HANDLED_SIDE = 28.0  # a box smaller than this has handles at its corners only
_WIDEST = 240  # a name
_LEAST_CHIP = 400  # square pixels; no name takes less
_NAMED = 12  # so many chosen boxes are named even where names are crowded


class BoxLook(Struct, frozen=True):
    """What a box looks like: index of the class's colour and marker, name, and whether it is small in training."""

    colour: int
    text: str
    dashed: bool
    small: bool


class _Placed(Struct, frozen=True):
    item: Item
    where: QRectF  # relative to the corner of the picture
    look: BoxLook


class Focus(Struct, frozen=True):
    """What is chosen, below the pointer, has handles, or is being changed at this moment (with its box by now)."""

    chosen: frozenset[Item] = frozenset()
    hovered: Item | None = None
    handled: Item | None = None
    live: Mapping[Item, Box] = {}
    names: bool = True


class BoxPainter:
    """Paints boxes; where they are and the pictures of their names are kept while nothing changes."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._placed: list[_Placed] = []
        self._factor = 1.0
        self._chips: dict[tuple[object, ...], QPixmap] = {}
        self._chips_of: tuple[object, ...] = ()

    def place(
        self, labels: ImageLabels | None, looks: Mapping[int, ClassLook], factor: float, training: float | None
    ) -> None:
        """``factor``: pixels of the window a pixel of the picture; ``training``: pixels at the training size."""
        key = (labels, looks, factor, training)
        if len(self._key) == 4 and labels is self._key[0] and looks is self._key[1] and key[2:] == self._key[2:]:
            return
        self._key, self._factor = key, factor
        self._placed = []
        if labels is None:
            return
        for index, one in enumerate(labels.boxes or ()):
            look = look_of_box(one.box, looks, training)
            self._placed.append(_Placed(Item(False, index), rect_of(one.box, factor), look))
        for index, proposal in enumerate(labels.proposals):
            look = look_of_box(proposal.box, looks, training, proposal.score)
            self._placed.append(_Placed(Item(True, index), rect_of(proposal.box, factor), look))

    def paint(self, painter: QPainter, seen: QRectF, focus: Focus) -> None:
        """All boxes in ``seen``, which is relative to the corner of the picture, as the painter is."""
        live, chosen = focus.live, focus.chosen
        placed = [one for one in self._placed if one.item not in live] if live else self._placed
        visible = [one for one in placed if one.where.intersects(seen)]
        if live:
            moved = {item: rect_of(box, self._factor) for item, box in live.items()}
            visible += [_Placed(one.item, moved[one.item], one.look) for one in self._placed if one.item in live]
        filled = [one for one in visible if one.item in chosen or one.item == focus.hovered]
        if not live:  # what is inside is what one wants to see now
            _paint_fills(painter, filled, chosen)
        _paint_lines(painter, visible, chosen)
        ratio = painter.device().devicePixelRatioF()
        if not (focus.names and self._paint_names(painter, visible, chosen, seen, ratio)):
            self._paint_markers(painter, visible, ratio)
            if len(filled) <= _NAMED:
                for one in filled:
                    self._paint_name(painter, one, one.item in chosen, seen, ratio)
        for one in filled:
            if one.item == focus.handled:
                _paint_handles(painter, one.where, _colour(one.look.colour))

    def paint_new(
        self, painter: QPainter, box: Box, looks: Mapping[int, ClassLook], factor: float, training: float | None
    ) -> None:
        """A box that is being drawn."""
        look = look_of_box(box, looks, training)
        one = _Placed(Item(False, -1), rect_of(box, factor), look)
        _paint_lines(painter, [one], {one.item})

    def _paint_names(
        self, painter: QPainter, visible: list[_Placed], chosen: Collection[Item], seen: QRectF, ratio: float
    ) -> bool:
        """Chips with the names, or nothing where they would hide the picture."""
        room = CROWDED * seen.width() * seen.height()
        if len(visible) * _LEAST_CHIP > room:
            return False
        sizes = [self._chip(one.look, False, ratio).deviceIndependentSize() for one in visible]
        if sum(size.width() * size.height() for size in sizes) > room:
            return False
        for one in visible:
            self._paint_name(painter, one, one.item in chosen, seen, ratio)
        return True

    def _paint_name(self, painter: QPainter, one: _Placed, chosen: bool, seen: QRectF, ratio: float) -> None:
        chip = self._chip(one.look, chosen, ratio)
        where = chip_place(one.where, chip.deviceIndependentSize(), seen, below=one.look.dashed)
        painter.drawPixmap(QPointF(round(where.left()), round(where.top())), chip)

    def _paint_markers(self, painter: QPainter, visible: Iterable[_Placed], ratio: float) -> None:
        for one in visible:
            if min(one.where.width(), one.where.height()) >= MARKED_SIDE:
                painter.drawPixmap(one.where.topLeft() + QPointF(1, 1), self._marker(one.look.colour, ratio))

    def _chip(self, look: BoxLook, filled: bool, ratio: float) -> QPixmap:
        text, colour = look.text, look.colour

        def draw(painter: QPainter) -> None:
            painter.setFont(font)
            paint_chip(painter, QRectF(QPointF(), size), shown, colour, filled=filled)

        kept = self._kept(ratio).get((text, colour, filled))
        if kept is not None:
            return kept
        font = chip_font()
        metrics = QFontMetricsF(font)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, _WIDEST)
        size = chip_size(metrics, shown)
        return self._keep((text, colour, filled), size.width(), size.height(), ratio, draw)

    def _marker(self, colour: int, ratio: float) -> QPixmap:
        kept = self._kept(ratio).get((colour,))
        if kept is not None:
            return kept
        side = MARKER + 5
        return self._keep(
            (colour,), side, side, ratio, lambda painter: paint_marker(painter, QPointF(side / 2, side / 2), colour)
        )

    def _kept(self, ratio: float) -> dict[tuple[object, ...], QPixmap]:
        """Pictures of names and markers, drawn anew for another palette or screen."""
        if self._chips_of != (theme.current(), ratio) or len(self._chips) > 2000:
            self._chips_of = (theme.current(), ratio)
            self._chips.clear()
        return self._chips

    def _keep(
        self,
        key: tuple[object, ...],
        width: float,
        height: float,
        ratio: float,
        draw: Callable[[QPainter], None],
    ) -> QPixmap:
        picture = QPixmap(round(width * ratio), round(height * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw(painter)
        painter.end()
        self._chips[key] = picture
        return picture


def look_of_box(
    box: Box, looks: Mapping[int, ClassLook], training: float | None, score: float | None = None
) -> BoxLook:
    """``training``: pixels at the training size a pixel of the picture. ``score``: of a proposal."""
    look = looks.get(box.class_id) or ClassLook(box.class_id - 1, "?")
    text = look.name if score is None else f"{look.name} {score * 100:.0f} %"
    small = training is not None and is_small(box, training)
    return BoxLook(look.index, text, score is not None, small)


def is_small(box: Box, training: float) -> bool:
    return min(box.width, box.height) * training < SMALL


def rect_of(box: Box, factor: float) -> QRectF:
    """Where the line of a box is: on whole pixels of the window and inside the box, so never cut off at the edge."""
    x, y = round(box.x_min * factor), round(box.y_min * factor)
    width, height = round(box.x_max * factor) - x, round(box.y_max * factor) - y
    return QRectF(x + LINE / 2, y + LINE / 2, max(1, width - LINE), max(1, height - LINE))


def _paint_fills(painter: QPainter, filled: Iterable[_Placed], chosen: Collection[Item]) -> None:
    groups: defaultdict[tuple[int, bool], list[QRectF]] = defaultdict(list)
    for one in filled:
        groups[one.look.colour, one.item in chosen].append(one.where)
    painter.setPen(Qt.PenStyle.NoPen)
    for (index, is_chosen), rects in groups.items():
        colour = _colour(index)
        colour.setAlphaF(0.12 if is_chosen else 0.06)
        painter.setBrush(colour)
        painter.drawRects(rects)


def _paint_lines(painter: QPainter, visible: Iterable[_Placed], chosen: Collection[Item]) -> None:
    """All halos, then all lines, each colour in one go."""
    groups: defaultdict[tuple[int, bool, bool], list[QRectF]] = defaultdict(list)
    halos: defaultdict[tuple[bool, bool], list[QRectF]] = defaultdict(list)
    for one in visible:
        is_chosen = one.item in chosen
        groups[one.look.colour, one.look.dashed, is_chosen].append(one.where)
        halos[one.look.small, is_chosen].append(one.where)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for (small, is_chosen), rects in halos.items():
        painter.setPen(pen_of(_halo(small), HALO + is_chosen + 2 * small))
        painter.drawRects(rects)
    for (colour, dashed, is_chosen), rects in groups.items():
        painter.setPen(pen_of(_colour(colour), LINE + is_chosen, dashed))
        painter.drawRects(rects)


def _paint_handles(painter: QPainter, where: QRectF, colour: QColor) -> None:
    painter.setPen(pen_of(colour, 1))
    painter.setBrush(QColor(theme.current().surface))
    least = min(where.width(), where.height())
    for edges in HANDLES:
        is_corner = bool(edges & (Edge.LEFT | Edge.RIGHT)) and bool(edges & (Edge.TOP | Edge.BOTTOM))
        if least < _HANDLE or (least < _HANDLED_SIDE and not is_corner):
            continue
        x = where.left() if edges & Edge.LEFT else where.right() if edges & Edge.RIGHT else where.center().x()
        y = where.top() if edges & Edge.TOP else where.bottom() if edges & Edge.BOTTOM else where.center().y()
        painter.drawRect(QRectF(round(x - _HANDLE / 2), round(y - _HANDLE / 2), _HANDLE - 1, _HANDLE - 1))


def _colour(index: int) -> QColor:
    classes = theme.current().classes
    return QColor(classes[index % len(classes)])


def _halo(small: bool) -> QColor:
    colour = QColor(theme.current().caution if small else theme.current().surface)
    if not small:
        colour.setAlphaF(0.5)
    return colour

"""Boxes as they lie over the picture that they are drawn on: lines, names, handles, what is chosen."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from msgspec import Struct
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPixmap

from app import theme
from app.widgets.canvas import raster
from app.widgets.canvas.box_editing import HANDLES, Edge
from app.widgets.canvas.hit_testing import Item
from app.widgets.canvas.view import Point
from app.widgets.gallery.overlay import (
    CROWDED,
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
_DASH, _GAP = 6, 4


class BoxLook(Struct, frozen=True):
    """What a box looks like: index of the class's colour and marker, name, and whether it is small in training."""

    colour: int
    text: str
    dashed: bool
    small: bool


class Scene(Struct, frozen=True, kw_only=True):
    """All that the painting of boxes depends on. ``window``, ``corner`` (of the picture): in pixels of the screen.

    ``scale``: pixels of the screen a pixel of the picture; ``ratio``: pixels of the screen a pixel of the window;
    ``training``: pixels at the training size a pixel of the picture. ``live``: boxes that are being changed.
    """

    window: tuple[int, int]
    corner: tuple[int, int]
    scale: float
    ratio: float
    image: Point
    training: float | None = None
    chosen: frozenset[Item] = frozenset()
    hovered: Item | None = None
    handled: Item | None = None
    live: Mapping[Item, Box] = {}
    new: Box | None = None
    boxes: bool = True
    names: bool = True
    grid: bool = False


class _Sheet(Struct):
    """The boxes of an image as arrays."""

    items: list[Item]
    looks: list[BoxLook]
    boxes: np.ndarray  # float64 [n, 4]
    colours: np.ndarray  # int [n], in the palette
    dashed: np.ndarray  # bool [n]
    small: np.ndarray  # bool [n]
    chosen: np.ndarray  # bool [n]


class BoxPainter:
    """Paints boxes; the painting is kept as long as nothing of the scene changes, and names as pictures for longer."""

    def __init__(self) -> None:
        self._scene: Scene | None = None
        self._labels: ImageLabels | None = None
        self._looks: Mapping[int, ClassLook] = {}
        self._painting: tuple[QImage, np.ndarray] | None = None
        self._chips: dict[tuple[object, ...], QPixmap] = {}
        self._chips_of: tuple[object, ...] = ()

    def painting(self, labels: ImageLabels | None, looks: Mapping[int, ClassLook], scene: Scene) -> QImage:
        """All boxes and what belongs to them, transparent elsewhere, as large as the window."""
        same = labels is self._labels and looks is self._looks and scene == self._scene
        if self._painting is None or not same or self._chips_of != (theme.current(), scene.ratio):
            self._labels, self._looks, self._scene = labels, looks, scene
            if self._chips_of != (theme.current(), scene.ratio) or len(self._chips) > 2000:
                self._chips_of = (theme.current(), scene.ratio)
                self._chips.clear()
            self._painting = self._painted(labels, looks, scene)
        return self._painting[0]

    def _painted(
        self, labels: ImageLabels | None, looks: Mapping[int, ClassLook], scene: Scene
    ) -> tuple[QImage, np.ndarray]:
        width, height = scene.window
        pixels = np.zeros((height, width, 4), np.uint8)
        if scene.grid:
            raster.draw_grid(pixels, scene.image, scene.scale, scene.corner, _grid_colour())
        sheet = _sheet(labels, looks, scene) if scene.boxes else None
        image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(scene.ratio)
        if sheet is not None:
            rects = raster.placed(sheet.boxes, scene.scale, scene.corner)
            seen = raster.in_sight(rects, width, height, round(8 * scene.ratio))
            _draw_boxes(pixels, sheet, rects, seen, scene)
            painter = QPainter(image)
            self._paint_details(painter, sheet, rects, np.flatnonzero(seen).tolist(), scene)
            painter.end()
        return image, pixels

    def _paint_details(
        self, painter: QPainter, sheet: _Sheet, rects: np.ndarray, seen: list[int], scene: Scene
    ) -> None:
        """Names or markers, and handles."""
        room = QRectF(0, 0, scene.window[0] / scene.ratio, scene.window[1] / scene.ratio)
        places = {n: _logical(place, scene.ratio) for n, place in zip(seen, rects[seen].tolist(), strict=True)}
        named = [n for n in seen if sheet.items[n].number >= 0]
        if not (scene.names and self._paint_names(painter, sheet, named, places, room, scene.ratio)):
            self._paint_markers(painter, sheet, named, places, scene.ratio)
            focused = [n for n in named if sheet.chosen[n] or sheet.items[n] == scene.hovered]
            if len(focused) <= _NAMED:
                self._paint_chips(painter, sheet, focused, places, room, scene.ratio)
        for n in seen:
            if sheet.items[n] == scene.handled:
                _paint_handles(painter, places[n], _colour(sheet.looks[n].colour))

    def _paint_names(
        self,
        painter: QPainter,
        sheet: _Sheet,
        seen: list[int],
        places: Mapping[int, QRectF],
        room: QRectF,
        ratio: float,
    ) -> bool:
        """Names of all boxes, or nothing where they would hide the picture."""
        most = CROWDED * room.width() * room.height()
        if len(seen) * _LEAST_CHIP > most:
            return False
        sizes = [self._chip(sheet.looks[n], False, ratio).deviceIndependentSize() for n in seen]
        if sum(size.width() * size.height() for size in sizes) > most:
            return False
        self._paint_chips(painter, sheet, seen, places, room, ratio)
        return True

    def _paint_chips(
        self,
        painter: QPainter,
        sheet: _Sheet,
        several: Iterable[int],
        places: Mapping[int, QRectF],
        room: QRectF,
        ratio: float,
    ) -> None:
        for n in sorted(several, key=lambda n: bool(sheet.chosen[n])):  # those of chosen boxes above the others
            chip = self._chip(sheet.looks[n], bool(sheet.chosen[n]), ratio)
            line = places[n].adjusted(LINE / 2, LINE / 2, -LINE / 2, -LINE / 2)
            where = chip_place(line, chip.deviceIndependentSize(), room, below=sheet.looks[n].dashed)
            painter.drawPixmap(QPointF(round(where.left()), round(where.top())), chip)

    def _paint_markers(
        self, painter: QPainter, sheet: _Sheet, several: Iterable[int], places: Mapping[int, QRectF], ratio: float
    ) -> None:
        for n in several:
            where = places[n]
            if min(where.width(), where.height()) >= MARKED_SIDE:
                painter.drawPixmap(where.topLeft() + QPointF(LINE, LINE), self._marker(sheet.looks[n].colour, ratio))

    def _chip(self, look: BoxLook, filled: bool, ratio: float) -> QPixmap:
        key = (look.text, look.colour, filled)
        if key in self._chips:
            return self._chips[key]
        font = chip_font()
        metrics = QFontMetricsF(font)
        shown = metrics.elidedText(look.text, Qt.TextElideMode.ElideMiddle, _WIDEST)
        size = chip_size(metrics, shown)

        def draw(painter: QPainter) -> None:
            painter.setFont(font)
            paint_chip(painter, QRectF(QPointF(), size), shown, look.colour, filled=filled)

        self._chips[key] = _drawn(size.width(), size.height(), ratio, draw)
        return self._chips[key]

    def _marker(self, colour: int, ratio: float) -> QPixmap:
        key = (colour,)
        if key not in self._chips:
            side = MARKER + 4
            middle = QPointF(side / 2, side / 2)
            self._chips[key] = _drawn(side, side, ratio, lambda painter: paint_marker(painter, middle, colour))
        return self._chips[key]


def look_of_box(
    box: Box, looks: Mapping[int, ClassLook], training: float | None, score: float | None = None
) -> BoxLook:
    """``training``: pixels at the training size a pixel of the picture. ``score``: of a proposal."""
    look = looks.get(box.class_id) or ClassLook(box.class_id - 1, "?")
    text = look.name if score is None else f"{look.name} {score * 100:.0f} %"
    return BoxLook(look.index, text, score is not None, training is not None and is_small(box, training))


def is_small(box: Box, training: float) -> bool:
    """Whether a model would hardly see it."""
    return min(box.width, box.height) * training < SMALL


def _sheet(labels: ImageLabels | None, looks: Mapping[int, ClassLook], scene: Scene) -> _Sheet | None:
    known: list[tuple[Item, Box, float | None]] = []
    if labels is not None:
        known += [(Item(False, n), one.box, None) for n, one in enumerate(labels.boxes or ())]
        known += [(Item(True, n), one.box, one.score) for n, one in enumerate(labels.proposals)]
    if scene.new is not None:
        known.append((Item(False, -1), scene.new, None))
    if not known:
        return None
    items = [item for item, *_ in known]
    boxes = [scene.live.get(item, box) for item, box, _ in known] if scene.live else [box for _, box, _ in known]
    styles = [look_of_box(box, looks, scene.training, score) for box, (_, _, score) in zip(boxes, known, strict=True)]
    colours = len(theme.current().classes)
    return _Sheet(
        items=items,
        looks=styles,
        boxes=np.array([(box.x_min, box.y_min, box.x_max, box.y_max) for box in boxes]),
        colours=np.array([look.colour % colours for look in styles]),
        dashed=np.array([look.dashed for look in styles]),
        small=np.array([look.small for look in styles]),
        chosen=np.array([item in scene.chosen or item.number < 0 for item in items]),
    )


def _draw_boxes(pixels: np.ndarray, sheet: _Sheet, rects: np.ndarray, seen: np.ndarray, scene: Scene) -> None:
    """Fills, then all halos, then all lines: no box hides the line of another."""
    line, rim = max(1, round(LINE * scene.ratio)), max(1, round(scene.ratio))
    hovered = np.array([item == scene.hovered for item in sheet.items])
    if not scene.live and scene.new is None:  # what is inside is what one wants to see while changing it
        for several, strength in ((sheet.chosen, 0.12), (hovered & ~sheet.chosen, 0.07)):
            for colour in np.unique(sheet.colours[several & seen]):
                of_colour = several & seen & (sheet.colours == colour)
                raster.draw_fills(pixels, rects[of_colour], _premultiplied(_colour(int(colour)), strength))
    for is_small in (False, True):
        halo, width = (_premultiplied(QColor(theme.current().surface), 0.5), rim)
        if is_small:
            halo, width = _premultiplied(QColor(theme.current().caution)), 2 * rim
        for is_chosen in (False, True):
            some = rects[seen & (sheet.small == is_small) & (sheet.chosen == is_chosen)]
            outer = rim if is_chosen else 0  # the line of a chosen box is wider
            raster.draw_rings(pixels, some, -outer - width, width, halo)
            raster.draw_rings(pixels, some, line, width, halo)
            # between dashes
            raster.draw_rings(pixels, rects[seen & sheet.dashed & (sheet.small == is_small)], 0, line, halo)
    for index in np.unique(sheet.colours[seen]).tolist():
        colour = _premultiplied(_colour(index))
        for is_chosen in (False, True):
            some = seen & (sheet.colours == index) & (sheet.chosen == is_chosen)
            solid, dashed = rects[some & ~sheet.dashed], rects[some & sheet.dashed]
            outer = rim if is_chosen else 0
            raster.draw_rings(pixels, solid, -outer, line + outer, colour)
            dash, gap = round(_DASH * scene.ratio), round(_GAP * scene.ratio)
            raster.draw_dashed(pixels, dashed, -outer, line + outer, colour, scene.corner, dash, gap)


def _paint_handles(painter: QPainter, where: QRectF, colour: QColor) -> None:
    """Squares on the line at corners and in the middle of edges."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(pen_of(colour, 1))
    painter.setBrush(QColor(theme.current().surface))
    least = min(where.width(), where.height())
    line = where.adjusted(LINE / 2, LINE / 2, -LINE / 2, -LINE / 2)
    for edges in HANDLES:
        is_corner = bool(edges & (Edge.LEFT | Edge.RIGHT)) and bool(edges & (Edge.TOP | Edge.BOTTOM))
        if least < _HANDLE or (least < _HANDLED_SIDE and not is_corner):
            continue
        x = line.left() if edges & Edge.LEFT else line.right() if edges & Edge.RIGHT else line.center().x()
        y = line.top() if edges & Edge.TOP else line.bottom() if edges & Edge.BOTTOM else line.center().y()
        painter.drawRect(QRectF(round(x - _HANDLE / 2), round(y - _HANDLE / 2), _HANDLE - 1, _HANDLE - 1))


def _drawn(width: float, height: float, ratio: float, draw: Callable[[QPainter], None]) -> QPixmap:
    picture = QPixmap(round(width * ratio), round(height * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw(painter)
    painter.end()
    return picture


def _logical(place: list[int], ratio: float) -> QRectF:
    left, top, right, bottom = place
    return QRectF(left / ratio, top / ratio, (right - left) / ratio, (bottom - top) / ratio)


def _colour(index: int) -> QColor:
    classes = theme.current().classes
    return QColor(classes[index % len(classes)])


def _grid_colour() -> raster.Colour:
    return _premultiplied(QColor(theme.current().muted), 0.35)


def _premultiplied(colour: QColor, alpha: float = 1.0) -> raster.Colour:
    blue, green, red = (round(value * alpha) for value in (colour.blue(), colour.green(), colour.red()))
    return blue, green, red, round(255 * alpha)

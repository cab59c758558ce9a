"""Boxes as they lie over the picture that they are drawn on: lines, names, handles, what is chosen."""

from collections.abc import Callable, Collection, Mapping

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
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
    only: frozenset[Item] | None = None  # and a new one
    without: frozenset[Item] = frozenset()
    new: Box | None = None
    boxes: bool = True
    names: bool = True
    grid: bool = False


class _Sheet(Struct):
    """The boxes of an image as arrays: its boxes, then its proposals, then one that is being drawn."""

    own: int  # boxes; what follows are proposals
    looks: list[BoxLook]
    boxes: np.ndarray  # float64 [n, 4]
    colours: np.ndarray  # int [n], in the palette
    dashed: np.ndarray  # bool [n]
    small: np.ndarray  # bool [n]

    def row(self, item: Item | None) -> int:
        return -1 if item is None else item.number + self.own * item.proposed


class _Rows(Struct):
    """What of a sheet is in sight in a scene, by row."""

    rects: np.ndarray  # int [n, 4], in pixels of the screen
    seen: np.ndarray  # bool [n]
    chosen: np.ndarray  # bool [n]
    small: np.ndarray  # bool [n]
    hovered: int
    handled: int
    new: bool  # the last row is a box that is being drawn

    def place(self, row: int, ratio: float) -> QRectF:
        left, top, right, bottom = self.rects[row].tolist()
        return QRectF(left / ratio, top / ratio, (right - left) / ratio, (bottom - top) / ratio)


class _Painting(Struct):
    """What was painted of a scene; ``pixels`` are those of ``image``, which does not keep them alive."""

    of: tuple[object, ...]
    scene: Scene
    image: QImage | None
    pixels: np.ndarray


class BoxPainter:
    """Paints boxes: those at rest once, as long as nothing of them changes, and over them what the mouse is at.

    Names are kept as pictures for longer.
    """

    def __init__(self) -> None:
        self._rest: _Painting | None = None
        self._over: _Painting | None = None
        self._sheet_key: tuple[object, ...] = ()
        self._sheet = _sheet(None, {}, None)
        self._chips: dict[tuple[object, ...], QPixmap] = {}
        self._chips_of: tuple[object, ...] = ()

    def paint(
        self, painter: QPainter, labels: ImageLabels | None, looks: Mapping[int, ClassLook], scene: Scene
    ) -> None:
        """All boxes and what belongs to them, over the whole window."""
        chips_of = (theme.current(), scene.ratio)
        if self._chips_of != chips_of or len(self._chips) > 2000:
            self._chips_of = chips_of
            self._chips.clear()
        focus = frozenset(item for item in (*scene.live, scene.hovered, scene.handled) if item is not None)
        rest = replace(scene, hovered=None, handled=None, live={}, new=None, without=frozenset(scene.live))
        self._rest = self._painted(self._rest, labels, looks, rest)
        over = replace(scene, only=focus, grid=False)
        self._over = self._painted(self._over, labels, looks, over) if focus or scene.new is not None else None
        for painting in (self._rest, self._over):
            if painting is not None and painting.image is not None:
                painter.drawImage(0, 0, painting.image)

    def _painted(
        self, before: _Painting | None, labels: ImageLabels | None, looks: Mapping[int, ClassLook], scene: Scene
    ) -> _Painting:
        of = (labels, looks, theme.current())
        same = before is not None and all(new is old for new, old in zip(of, before.of, strict=True))
        if before is not None and same and scene == before.scene:
            return before
        sheet = self._sheet_of(labels, looks, scene) if scene.boxes else None
        rows = None if sheet is None else _rows_of(sheet, scene)
        if not (scene.grid or (rows is not None and rows.seen.any())):
            return _Painting(of, scene, None, np.zeros(0, np.uint8))
        width, height = scene.window
        pixels = np.zeros((height, width, 4), np.uint8)
        image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(scene.ratio)
        if sheet is not None and rows is not None:
            _draw_fills(pixels, sheet, rows, scene)
        if scene.grid:
            raster.draw_grid(pixels, scene.image, scene.scale, scene.corner, _grid_colour())
        if sheet is not None and rows is not None:
            _draw_lines(pixels, sheet, rows, scene)
            painter = QPainter(image)
            self._paint_details(painter, sheet, rows, scene)
            painter.end()
        return _Painting(of, scene, image, pixels)

    def _sheet_of(self, labels: ImageLabels | None, looks: Mapping[int, ClassLook], scene: Scene) -> _Sheet | None:
        key = (labels, looks, scene.training, theme.current())
        if len(self._sheet_key) != 4 or any(new is not old for new, old in zip(key, self._sheet_key, strict=True)):
            self._sheet_key, self._sheet = key, _sheet(labels, looks, scene.training)
        sheet = self._sheet
        if scene.new is not None:
            sheet = _with_new(sheet, scene.new, looks, scene.training)
        return sheet if sheet.looks else None

    def _paint_details(self, painter: QPainter, sheet: _Sheet, rows: _Rows, scene: Scene) -> None:
        """Names or markers, and handles."""
        room = QRectF(0, 0, scene.window[0] / scene.ratio, scene.window[1] / scene.ratio)
        seen = np.flatnonzero(rows.seen)
        seen = seen[seen < len(sheet.looks) - rows.new]
        if not (scene.names and self._has_room_for_names(sheet, seen, room, scene.ratio)):
            self._paint_markers(painter, sheet, rows, seen, scene.ratio)
            focused = rows.chosen[seen] | (seen == rows.hovered)
            seen = seen[focused] if focused.sum() <= _NAMED else seen[:0]
        for row in seen[np.argsort(rows.chosen[seen], kind="stable")].tolist():  # chosen ones above the others
            self._paint_chip(painter, sheet.looks[row], rows, row, room, scene.ratio)
        if rows.handled >= 0 and rows.seen[rows.handled]:
            _paint_handles(painter, rows.place(rows.handled, scene.ratio), _colour(sheet.looks[rows.handled].colour))

    def _has_room_for_names(self, sheet: _Sheet, seen: np.ndarray, room: QRectF, ratio: float) -> bool:
        """Whether names would not hide the picture."""
        most = CROWDED * room.width() * room.height()
        if len(seen) * _LEAST_CHIP > most:
            return False
        sizes = [self._chip(sheet.looks[row], False, ratio).deviceIndependentSize() for row in seen.tolist()]
        return sum(size.width() * size.height() for size in sizes) <= most

    def _paint_chip(self, painter: QPainter, look: BoxLook, rows: _Rows, row: int, room: QRectF, ratio: float) -> None:
        chip = self._chip(look, bool(rows.chosen[row]), ratio)
        line = rows.place(row, ratio).adjusted(LINE / 2, LINE / 2, -LINE / 2, -LINE / 2)
        where = chip_place(line, chip.deviceIndependentSize(), room, below=look.dashed)
        painter.drawPixmap(QPointF(round(where.left()), round(where.top())), chip)

    def _paint_markers(self, painter: QPainter, sheet: _Sheet, rows: _Rows, seen: np.ndarray, ratio: float) -> None:
        rects = rows.rects[seen]
        seen = seen[(rects[:, 2:] - rects[:, :2]).min(axis=1) >= MARKED_SIDE * ratio]
        for row, (x, y) in zip(seen.tolist(), (rows.rects[seen, :2] / ratio + LINE).tolist(), strict=True):
            painter.drawPixmap(QPointF(x, y), self._marker(sheet.looks[row].colour, ratio))

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


def _sheet(labels: ImageLabels | None, looks: Mapping[int, ClassLook], training: float | None) -> _Sheet:
    own = [] if labels is None else [one.box for one in labels.boxes or ()]
    proposals = () if labels is None else labels.proposals
    boxes = own + [one.box for one in proposals]
    known: dict[tuple[int, bool], BoxLook] = {}
    styles = []
    for box in own:  # boxes of a class look alike: one look for all spares the time of making thousands
        key = (box.class_id, training is not None and is_small(box, training))
        look = known.get(key)
        if look is None:
            look = known[key] = look_of_box(box, looks, training)
        styles.append(look)
    styles += [look_of_box(one.box, looks, training, one.score) for one in proposals]
    colours = len(theme.current().classes)
    return _Sheet(
        own=len(own),
        looks=styles,
        boxes=np.array([(box.x_min, box.y_min, box.x_max, box.y_max) for box in boxes], float).reshape(-1, 4),
        colours=np.array([look.colour % colours for look in styles], int),
        dashed=np.array([look.dashed for look in styles], bool),
        small=np.array([look.small for look in styles], bool),
    )


def _with_new(sheet: _Sheet, box: Box, looks: Mapping[int, ClassLook], training: float | None) -> _Sheet:
    look = look_of_box(box, looks, training)
    return _Sheet(
        own=sheet.own,
        looks=[*sheet.looks, look],
        boxes=np.vstack([sheet.boxes, [(box.x_min, box.y_min, box.x_max, box.y_max)]]),
        colours=np.append(sheet.colours, look.colour % len(theme.current().classes)),
        dashed=np.append(sheet.dashed, False),
        small=np.append(sheet.small, look.small),
    )


def _rows_of(sheet: _Sheet, scene: Scene) -> _Rows:
    boxes, small = sheet.boxes, sheet.small
    if scene.live:
        boxes, small = boxes.copy(), small.copy()
        changed = [sheet.row(item) for item in scene.live]
        boxes[changed] = [(box.x_min, box.y_min, box.x_max, box.y_max) for box in scene.live.values()]
        small[changed] = [scene.training is not None and is_small(box, scene.training) for box in scene.live.values()]
    chosen = _marked(sheet, scene.chosen)
    if scene.new is not None:
        chosen[-1] = True
    rects = raster.placed(boxes, scene.scale, scene.corner)
    seen = raster.in_sight(rects, *scene.window, round(8 * scene.ratio))
    if scene.only is not None:
        meant = _marked(sheet, scene.only)
        meant[len(boxes) - (scene.new is not None) :] = True
        seen &= meant
    seen &= ~_marked(sheet, scene.without)
    return _Rows(
        rects=rects,
        seen=seen,
        chosen=chosen,
        small=small,
        hovered=sheet.row(scene.hovered),
        handled=sheet.row(scene.handled),
        new=scene.new is not None,
    )


def _marked(sheet: _Sheet, items: Collection[Item]) -> np.ndarray:
    """Whether a row is one of ``items``, bool ``[n]``; at once where all are."""
    rows = np.full(len(sheet.boxes), len(items) == len(sheet.boxes))
    if not rows.all():
        rows[[sheet.row(item) for item in items]] = True
    return rows


def _draw_fills(pixels: np.ndarray, sheet: _Sheet, rows: _Rows, scene: Scene) -> None:
    """What is chosen or pointed at; but one wants to see what is inside a box while changing it."""
    if scene.only is None:
        chosen = rows.chosen & rows.seen
        for index in np.unique(sheet.colours[chosen]).tolist():
            colour = _premultiplied(_colour(index), 0.12)
            raster.draw_fills(pixels, rows.rects[chosen & (sheet.colours == index)], colour)
    elif rows.hovered >= 0 and not rows.chosen[rows.hovered]:
        colour = _premultiplied(_colour(int(sheet.colours[rows.hovered])), 0.07)
        raster.draw_fills(pixels, rows.rects[[rows.hovered]], colour)


def _draw_lines(pixels: np.ndarray, sheet: _Sheet, rows: _Rows, scene: Scene) -> None:
    """All halos, then all lines: no box hides the line of another. The line of a chosen box is wider."""
    line, rim = max(1, round(LINE * scene.ratio)), max(1, round(scene.ratio))
    dash, gap = round(_DASH * scene.ratio), round(_GAP * scene.ratio)
    plain, caution = _premultiplied(QColor(theme.current().surface), 0.5), _premultiplied(_caution())
    for small, halo, width in ((False, plain, rim), (True, caution, 2 * rim)):
        some = rows.seen & (rows.small == small)
        raster.draw_rings(pixels, rows.rects[some & sheet.dashed], 0, line, halo)  # between dashes
        for chosen, outer in ((False, 0), (True, rim)):
            rects = rows.rects[some & (rows.chosen == chosen)]
            raster.draw_rings(pixels, rects, -outer - width, width, halo)
            raster.draw_rings(pixels, rects, line, width, halo)
    for index in np.unique(sheet.colours[rows.seen]).tolist():
        colour = _premultiplied(_colour(index))
        for chosen, outer in ((False, 0), (True, rim)):
            some = rows.seen & (sheet.colours == index) & (rows.chosen == chosen)
            solid, dashed = rows.rects[some & ~sheet.dashed], rows.rects[some & sheet.dashed]
            raster.draw_rings(pixels, solid, -outer, line + outer, colour)
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


def _colour(index: int) -> QColor:
    classes = theme.current().classes
    return QColor(classes[index % len(classes)])


def _caution() -> QColor:
    return QColor(theme.current().caution)


def _grid_colour() -> raster.Colour:
    return _premultiplied(QColor(theme.current().muted), 0.35)


def _premultiplied(colour: QColor, alpha: float = 1.0) -> raster.Colour:
    blue, green, red = (round(value * alpha) for value in (colour.blue(), colour.green(), colour.red()))
    return blue, green, red, round(255 * alpha)

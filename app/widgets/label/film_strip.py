"""One row of small pictures below the canvas, each with its boxes and its state; only those in sight cost anything."""

from collections.abc import Callable, Sequence
from html import escape

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, QRect, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from app import theme
from app.thumbnails import Thumbnails
from app.widgets.gallery.overlay import Overlay, paint_overlay
from core.domain.dataset import Image
from core.domain.labels import LabelState

CELL = QSize(112, 84)
GAP = theme.SMALL
EDGE = 3  # room for the frame of the current one
_BADGE = 20
_NOTCH = 120  # of the wheel
_NAMES_ROOM = 400  # overlays remembered
_LOOKS = {  # of a state: icon or sign, colour of the disc
    LabelState.IN_PROGRESS: ("pencil-simple", "accent"),
    LabelState.PROPOSED: ("?", "caution"),
    LabelState.DONE: ("check", "good"),
    LabelState.PROBLEM: ("warning", "bad"),
}


class FilmStrip(QAbstractScrollArea):
    """Positions are indices into ``images``. Not reached by Tab: the keys of the page walk through it."""

    chosen = Signal(int)

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.images: Sequence[Image] = ()
        self.current = -1
        self.is_complete = True  # the last painting showed all pictures sharp
        self._thumbnails = thumbnails
        self._state_of: Callable[[Image], LabelState] = lambda image: LabelState.TO_DO
        self._overlay_of: Callable[[Image], Overlay] = lambda image: Overlay()
        self._overlays: dict[str, tuple[object, Overlay]] = {}
        self._hovered = -1
        self._empty = ""
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Film strip"))
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.setFixedHeight(CELL.height() + 2 * EDGE + self.horizontalScrollBar().sizeHint().height())
        thumbnails.ready.connect(self._show_thumbnail)

    def set_looks(self, state_of: Callable[[Image], LabelState], overlay_of: Callable[[Image], Overlay]) -> None:
        """What stands of an image now, and what to draw over it."""
        self._state_of, self._overlay_of = state_of, overlay_of
        self._overlays.clear()
        self.viewport().update()

    def set_images(self, images: Sequence[Image], current: int, empty: str = "") -> None:
        """Show these; ``empty``: what to say when there are none."""
        self.images, self._empty = images, empty
        self._hovered = -1
        self._lay_out()
        self.set_current(current)
        self.viewport().update()

    def put(self, position: int, image: Image) -> None:
        """One of them has other labels now. ``images`` must be a list then."""
        assert isinstance(self.images, list)
        self.images[position] = image
        self.viewport().update(self.cell_rect(position).adjusted(-EDGE, -EDGE, EDGE, EDGE))

    def set_current(self, position: int) -> None:
        """Bring it into sight, with a neighbour on either side."""
        self.current = position
        if 0 <= position < len(self.images):
            bar, left = self.horizontalScrollBar(), self._left(position)
            step = CELL.width() + GAP
            end = left + CELL.width() + step - self.viewport().width() + EDGE
            bar.setValue(max(end, min(left - step, bar.value())))
        self.viewport().update()

    def cell_rect(self, position: int) -> QRect:
        """Where a cell is on the viewport now, perhaps out of sight."""
        return QRect(QPoint(self._left(position) - self.horizontalScrollBar().value(), EDGE), CELL)

    def visible_positions(self) -> range:
        left, step = self.horizontalScrollBar().value() - EDGE, CELL.width() + GAP
        first = max(0, left // step)
        return range(min(first, len(self.images)), min(len(self.images), (left + self.viewport().width()) // step + 1))

    def position_at(self, point: QPoint) -> int:
        """The picture at a point of the viewport, or -1."""
        position = (point.x() + self.horizontalScrollBar().value() - EDGE) // (CELL.width() + GAP)
        inside = 0 <= position < len(self.images) and self.cell_rect(position).contains(point)
        return position if inside else -1

    def forget(self) -> None:
        """Draw all overlays anew: classes look different."""
        self._overlays.clear()
        self.viewport().update()

    # Events

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        position = self.position_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and position >= 0:
            self.chosen.emit(position)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self._hover(self.position_at(event.position().toPoint()))

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        turned = event.angleDelta().y() or event.angleDelta().x()
        pixels = event.pixelDelta().x() or event.pixelDelta().y()
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - (pixels or turned * (CELL.width() + GAP) // _NOTCH))
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if event.type() == QEvent.Type.Leave:
            self._hover(-1)
        elif isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            position = self.position_at(event.pos())
            if position >= 0:
                QToolTip.showText(
                    event.globalPos(), self._tool_tip(position), self.viewport(), self.cell_rect(position)
                )
            return True
        return bool(super().viewportEvent(event))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        self._lay_out()
        self.set_current(self.current)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.viewport().update()

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802 (Qt's name)
        self.viewport().update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if not self.images:
            if self._empty:
                self._paint_empty(painter)
            return
        room = CELL * self.devicePixelRatioF()
        missing = []
        for position in self.visible_positions():
            image = self.images[position]
            if not self._thumbnails.find(image, room)[1]:
                missing.append(image)
            if event.rect().intersects(self.cell_rect(position).adjusted(-EDGE, -EDGE, EDGE, EDGE)):
                self._paint_cell(painter, position, image, room)
        self.is_complete = not missing
        if missing:
            self._thumbnails.ask(self, missing, room)

    def _paint_empty(self, painter: QPainter) -> None:
        painter.setPen(QColor(theme.current().muted))
        painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, self._empty)

    def _paint_cell(self, painter: QPainter, position: int, image: Image, room: QSize) -> None:
        colours, cell = theme.current(), QRectF(self.cell_rect(position))
        painter.fillRect(cell, QColor(colours.line))
        picture = self._thumbnails.find(image, room)[0]
        factor = min(CELL.width() / image.width, CELL.height() / image.height)
        size = QSizeF(max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        left, top = (CELL.width() - size.width()) // 2, (CELL.height() - size.height()) // 2
        place = QRectF(cell.topLeft() + QPointF(left, top), size)
        if picture is not None:
            painter.drawImage(place, picture)
        elif self._thumbnails.failure(image) is not None:
            middle = cell.center().toPoint()
            theme.icon("image-broken", "muted").paint(painter, QRect(middle.x() - 10, middle.y() - 10, 20, 20))
        paint_overlay(painter, place, QSizeF(image.width, image.height), self._overlay(image), names=False)
        self._paint_badge(painter, cell, self._state_of(image))
        if position in (self.current, self._hovered):
            painter.setPen(QPen(QColor(colours.accent if position == self.current else colours.muted), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawRoundedRect(cell.adjusted(-2, -2, 2, 2), 3, 3)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _overlay(self, image: Image) -> Overlay:
        known = self._overlays.get(image.hash)
        if known is not None and known[0] is image:
            return known[1]
        if len(self._overlays) >= _NAMES_ROOM:
            self._overlays.clear()
        made = self._overlay_of(image)
        self._overlays[image.hash] = (image, made)
        return made

    def _paint_badge(self, painter: QPainter, cell: QRectF, state: LabelState) -> None:
        if state not in _LOOKS:
            return
        name, role = _LOOKS[state]
        disc = QRectF(cell.right() - _BADGE - 3, cell.bottom() - _BADGE - 3, _BADGE, _BADGE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.current().surface), 1.5))
        painter.setBrush(QColor(getattr(theme.current(), role)))
        painter.drawEllipse(disc)
        if len(name) == 1:
            font = QFont(painter.font())
            font.setVariableAxis(QFont.Tag("wght"), 700)
            painter.setFont(font)
            painter.setPen(QColor(theme.current().surface))
            painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, name)
        else:
            theme.icon(name, "surface").paint(painter, disc.adjusted(4, 4, -4, -4).toRect())
        painter.restore()

    # Words

    def _tool_tip(self, position: int) -> str:
        image = self.images[position]
        failure = self._thumbnails.failure(image)
        lines = [image.path, state_title(self._state_of(image)), self._overlay(image).caption]
        if failure is not None:
            lines += [failure.cause, failure.remedy]
        return "<br>".join(escape(line) for line in lines if line)

    # Geometry

    def _left(self, position: int) -> int:
        return EDGE + position * (CELL.width() + GAP)

    def _lay_out(self) -> None:
        bar = self.horizontalScrollBar()
        whole = self._left(len(self.images)) - GAP + EDGE
        bar.setRange(0, max(0, whole - self.viewport().width()))
        bar.setPageStep(self.viewport().width())
        bar.setSingleStep(CELL.width() + GAP)

    def _hover(self, position: int) -> None:
        if position != self._hovered:
            self._hovered = position
            self.viewport().update()

    def _show_thumbnail(self, image_hash: str) -> None:
        if any(self.images[position].hash == image_hash for position in self.visible_positions()):
            self.viewport().update()


def state_title(state: LabelState) -> str:
    """A state in the user's words."""
    titles = {
        LabelState.TO_DO: QCoreApplication.translate("LabelState", "To do"),
        LabelState.IN_PROGRESS: QCoreApplication.translate("LabelState", "In progress"),
        LabelState.PROPOSED: QCoreApplication.translate("LabelState", "Proposed"),
        LabelState.DONE: QCoreApplication.translate("LabelState", "Done"),
        LabelState.PROBLEM: QCoreApplication.translate("LabelState", "Problem"),
    }
    return titles[state]

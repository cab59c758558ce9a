"""One picture with a divider: at its left what one model says, at its right what the other says."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath
from PySide6.QtWidgets import QGridLayout, QWidget

from app import theme
from app.widgets.compare.answers import ModelAnswer
from app.widgets.compare.class_bars import ClassBars
from app.widgets.compare.linked_picture import LinkedPicture
from app.widgets.compare.model_pane import ModelHead, ModelName
from app.widgets.gallery.overlay import OverlayBox, pen_of

STEP = 0.02  # of the width, with a key
_NEAR, _GRIP = 8, 14  # pixels: where the divider can be taken, radius of its grip


class CurtainPicture(LinkedPicture):
    """Drag the divider; everywhere else as ``PictureView``. ``share``: of the width that is at its left."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.share = 0.5
        self._right: ModelAnswer | None = None
        self._is_dragged = False
        self.setMouseTracking(True)

    def show_both(self, left: ModelAnswer, right: ModelAnswer, truth: Sequence[OverlayBox]) -> None:
        self._right = right
        self.show_answer(left, truth)

    def set_share(self, share: float) -> None:
        self.share = max(0.0, min(1.0, share))
        self.setAccessibleDescription(self.tr("The divider is at {} % of the width.").format(round(100 * self.share)))
        self.update()

    @property
    def divider(self) -> float:
        """Pixels from the left edge, a whole number."""
        return round(self.share * self.width())

    def paint_over(self, painter: QPainter, place: QRectF) -> None:
        if self.answer is None or self._right is None:
            return
        at, room = self.divider, QRectF(self.rect())
        self.paint_answer(painter, place, self.answer, QRectF(room.left(), room.top(), at, room.height()))
        self.paint_answer(painter, place, self._right, QRectF(at, room.top(), room.width() - at, room.height()))
        self._paint_divider(painter, at)

    def _paint_divider(self, painter: QPainter, at: float) -> None:
        colours = theme.current()
        edge = QColor(colours.text)
        edge.setAlphaF(0.35)
        painter.fillRect(QRectF(at - 2, 0, 4, self.height()), edge)
        painter.fillRect(QRectF(at - 1, 0, 2, self.height()), QColor(colours.surface))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = QPointF(at, self.height() / 2)
        painter.setPen(pen_of(QColor(colours.accent if self._is_dragged else colours.muted), 1.5))
        painter.setBrush(QColor(colours.surface))
        painter.drawEllipse(middle, _GRIP, _GRIP)
        arrows = QPainterPath()
        for side in (-1, 1):
            arrows.moveTo(middle + QPointF(side * 4, -4))
            arrows.lineTo(middle + QPointF(side * 8, 0))
            arrows.lineTo(middle + QPointF(side * 4, 4))
        painter.setPen(pen_of(QColor(colours.text), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(arrows)

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.button() == Qt.MouseButton.LeftButton and self._is_near(event.position()):
            self._is_dragged = True
            self.update()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if self._is_dragged:
            self.set_share(event.position().x() / max(1, self.width()))
            return
        if not event.buttons():
            if self._is_near(event.position()):
                self.setCursor(Qt.CursorShape.SplitHCursor)
            else:
                self.unsetCursor()
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self._is_dragged = False
        super().mouseReleaseEvent(event)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if self._is_near(event.position()):
            self.set_share(0.5)
        else:
            super().mouseDoubleClickEvent(event)

    def _is_near(self, at: QPointF) -> bool:
        on_grip = abs(at.y() - self.height() / 2) <= _GRIP
        return abs(at.x() - self.divider) <= (_GRIP if on_grip else _NEAR)


class Curtain(QWidget):
    """The picture with both heads above. Only for boxes: two classes cannot share one picture."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture = CurtainPicture()
        self.heads = [ModelHead(), ModelHead()]
        grid = QGridLayout(self)
        grid.setContentsMargins(0, theme.SMALL, 0, 0)
        grid.setHorizontalSpacing(theme.WIDE)
        grid.setVerticalSpacing(theme.TIGHT)
        grid.addWidget(self.picture, 1, 0, 1, 2)
        for column in (0, 1):
            grid.addWidget(self.heads[column], 0, column)
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(1, 1)

    @property
    def views(self) -> list[LinkedPicture]:
        return [self.picture]

    @property
    def bars(self) -> list[ClassBars]:
        return []

    def show_answers(
        self, names: Sequence[ModelName], answers: Sequence[ModelAnswer], truth: Sequence[OverlayBox], swap: bool
    ) -> None:
        left, right = answers[::-1] if swap else answers
        self.picture.show_both(left, right, truth)
        for head, answer in zip(self.heads, (left, right), strict=True):
            head.show_answer(names[answer.model], answer)
        self.picture.setAccessibleName(", ".join(head.accessibleName() for head in self.heads))

"""Which class was taken for which: rows are the truth, columns what was predicted."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from app import theme
from app.widgets.plots.plot_looks import BY_KEYBOARD, font, paint_focus, paint_words
from app.widgets.plots.shades import shade

LARGEST, SMALLEST, SMALLEST_OF_MANY = QSize(72, 44), 6, 14  # a cell, in pixels
MANY = 40  # classes above which cells no longer shrink but scroll
LONGEST_NAME_PX = 120
Cell = tuple[int, int]  # truth, predicted


@dataclass(frozen=True)
class _Measures:
    """Where things are in the viewport, before scrolling."""

    left: float  # of the first cell
    top: float
    cell: QSize
    turned: bool  # names over the columns


class ConfusionMatrix(QAbstractScrollArea):
    """``chosen`` tells the cell (truth, predicted) that was clicked or confirmed with Enter.

    Shade is the share of the row. A last row and column for background are told by one name more than classes.
    """

    chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: tuple[tuple[int, ...], ...] = ()
        self._totals: tuple[int, ...] = ()
        self._largest = 0
        self._names: tuple[str, ...] = ()
        self._has_background = False
        self._empty = self.tr("No test results yet.")
        self._current: Cell | None = None
        self._hovered: Cell | None = None
        self._ring = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Confusion matrix"))
        self.setCornerWidget(QWidget())  # else the style frames the corner between the scroll bars
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)

    def set_matrix(self, counts: Sequence[Sequence[int]], names: Sequence[str], background: str = "") -> None:
        """``counts[truth][predicted]``; a row and column more than ``names`` is called ``background``."""
        self._counts = tuple(tuple(row) for row in counts)
        self._has_background = len(self._counts) == len(names) + 1
        self._names = (*names, background) if self._has_background else tuple(names)
        if len(self._counts) != len(self._names) or any(len(row) != len(self._names) for row in self._counts):
            raise ValueError(f"{len(self._counts)} rows for {len(names)} classes")
        self._totals = tuple(sum(row) for row in self._counts)
        self._largest = max((max(row) for row in self._counts), default=0)
        self._current = self._hovered = None
        self.updateGeometry()
        self._fit_scroll_bars()
        self.viewport().update()

    def set_empty(self, text: str) -> None:
        """The sentence that stands here without a matrix."""
        self._empty = text
        self.viewport().update()

    @property
    def current(self) -> Cell | None:
        """The cell with the outline."""
        return self._current

    def select(self, cell: Cell | None) -> None:
        """Outline a cell and bring it into view, without telling anybody."""
        self._current = cell
        if cell is not None:
            self._scroll_to(cell)
            self.setAccessibleDescription(self.words(*cell))
        self.viewport().update()

    def cell_rect(self, truth: int, predicted: int) -> QRectF:
        """In the viewport, as scrolled now."""
        return self._rect(self._measure(), truth, predicted)

    def words(self, truth: int, predicted: int) -> str:
        """A cell as a phrase."""
        count, total = self._counts[truth][predicted], self._totals[truth]
        names = (self._names[truth], self._names[predicted])
        nowhere = len(self._names) - 1 if self._has_background else -1
        if truth == nowhere and predicted == nowhere:
            return self.tr("Nothing to find and nothing found is not counted.")
        if truth == nowhere:
            return self.tr("{count} of {total} false alarms: {predicted} seen where there is none").format(
                count=count, total=total, predicted=names[1]
            )
        if predicted == nowhere:
            text = self.tr("{count} of {total} {truth} missed")
        elif truth == predicted:
            text = self.tr("{count} of {total} {truth} recognised")
        else:
            text = self.tr("{count} of {total} {truth} taken for {predicted}")
        return text.format(count=count, total=total, truth=names[0], predicted=names[1])

    # Events

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        side = min(max(len(self._names), 4), 10)
        return QSize(LONGEST_NAME_PX + side * LARGEST.width(), 2 * theme.WIDE + theme.SMALL + side * LARGEST.height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(240, 200)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        self._fit_scroll_bars()
        if self._current is not None:
            self._scroll_to(self._current)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self._hover(self._cell_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        self._hover(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        cell = self._cell_at(event.position())
        if event.button() is Qt.MouseButton.LeftButton and cell is not None:
            self.select(cell)
            self.chosen.emit(*cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        key, last = Qt.Key(event.key()), len(self._names) - 1
        truth, predicted = self._current or (0, 0)
        if last < 0:
            event.ignore()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.select((truth, predicted))
            self.chosen.emit(truth, predicted)
        elif key in _STEPS:
            down, right = _STEPS[key] if self._current else (0, 0)
            self._go((min(max(truth + down, 0), last), min(max(predicted + right, 0), last)))
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._go((truth, 0 if key is Qt.Key.Key_Home else last))
        else:
            event.ignore()

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            cell = self._cell_at(QPointF(event.pos()))
            if cell is None:
                QToolTip.hideText()
            else:
                self._tell(cell, event.globalPos())
            return True
        return super().viewportEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        self._ring = event.reason() in BY_KEYBOARD
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        self._ring = False
        super().focusOutEvent(event)
        self.viewport().update()

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802 (Qt's name)
        self.viewport().update()  # the names stay, so nothing can be shifted as a picture

    def _go(self, cell: Cell) -> None:
        self.select(cell)
        self._tell(cell, self.viewport().mapToGlobal(self.cell_rect(*cell).bottomLeft().toPoint()))

    def _tell(self, cell: Cell, place: QPoint) -> None:
        QToolTip.showText(place, f"<qt>{escape(self.words(*cell))}</qt>", self.viewport())

    def _hover(self, cell: Cell | None) -> None:
        if cell != self._hovered:
            self._hovered = cell
            self.viewport().setCursor(Qt.CursorShape.ArrowCursor if cell is None else Qt.CursorShape.PointingHandCursor)
            self.viewport().update()

    # Where things are

    def _measure(self) -> _Measures:
        metrics = QFontMetricsF(font())
        widest = max((metrics.horizontalAdvance(name) for name in self._names), default=0.0)
        names = min(widest, LONGEST_NAME_PX, self.viewport().width() * 0.3)
        left = metrics.height() + theme.SMALL + names + theme.SMALL
        count = max(len(self._names), 1)
        width = self._side((self.viewport().width() - left - 2) / count, LARGEST.width(), count)
        turned = min(widest, LONGEST_NAME_PX) > width - theme.SMALL
        above = min(names, self.viewport().height() * 0.3) if turned else metrics.height()
        top = metrics.height() + theme.TIGHT + above + theme.SMALL
        height = self._side((self.viewport().height() - top - 2) / count, LARGEST.height(), count)
        if count > 15:
            width = height = min(width, height)
        return _Measures(left, top, QSize(width, height), turned)

    def _side(self, room: float, largest: int, count: int) -> int:
        return int(min(max(room, SMALLEST_OF_MANY if count > MANY else SMALLEST), largest))

    def _rect(self, measures: _Measures, truth: int, predicted: int) -> QRectF:
        width, height = measures.cell.width(), measures.cell.height()
        left = measures.left + predicted * width - self.horizontalScrollBar().value()
        return QRectF(left, measures.top + truth * height - self.verticalScrollBar().value(), width, height)

    def _cell_at(self, place: QPointF) -> Cell | None:
        measures = self._measure()
        if place.x() < measures.left or place.y() < measures.top:
            return None
        across = place.x() - measures.left + self.horizontalScrollBar().value()
        down = place.y() - measures.top + self.verticalScrollBar().value()
        truth, predicted = int(down // measures.cell.height()), int(across // measures.cell.width())
        return (truth, predicted) if max(truth, predicted) < len(self._names) else None

    def _fit_scroll_bars(self) -> None:
        measures, count = self._measure(), len(self._names)
        for bar, cell, room in (
            (self.horizontalScrollBar(), measures.cell.width(), self.viewport().width() - measures.left),
            (self.verticalScrollBar(), measures.cell.height(), self.viewport().height() - measures.top),
        ):
            bar.setRange(0, max(round(count * cell + 2 - room), 0))
            bar.setPageStep(max(int(room), 1))
            bar.setSingleStep(cell)

    def _scroll_to(self, cell: Cell) -> None:
        measures, rect = self._measure(), self.cell_rect(*cell)
        for bar, near, far, first, last in (
            (self.horizontalScrollBar(), rect.left(), rect.right(), measures.left, self.viewport().width()),
            (self.verticalScrollBar(), rect.top(), rect.bottom(), measures.top, self.viewport().height()),
        ):
            bar.setValue(bar.value() + round(min(near - first, 0) + max(far + 2 - last, 0)))

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.viewport().rect())
        if not self._names:
            paint_words(painter, area, self._empty)
        else:
            measures = self._measure()
            self._paint_cells(painter, measures, area)
            self._paint_names(painter, measures, area)
            self._paint_titles(painter, measures, area)
        if self._ring and self._current is None:
            paint_focus(painter, area)

    def _visible(self, measures: _Measures, area: QRectF) -> tuple[range, range]:
        """Rows and columns that can be seen."""
        count = len(self._names)
        rows, columns = (
            range(int(bar.value() // cell), min(count, int((bar.value() + room) // cell) + 1))
            for bar, cell, room in (
                (self.verticalScrollBar(), measures.cell.height(), area.height() - measures.top),
                (self.horizontalScrollBar(), measures.cell.width(), area.width() - measures.left),
            )
        )
        return rows, columns

    def _paint_cells(self, painter: QPainter, measures: _Measures, area: QRectF) -> None:
        colours = theme.current()
        painter.save()
        painter.setClipRect(area.adjusted(measures.left - 1, measures.top - 1, 0, 0))
        numbers = _fitting(self._largest, measures.cell)
        gap = 1.0 if min(measures.cell.width(), measures.cell.height()) > 16 else 0.5
        radius = 3.0 if gap == 1 else 0.0
        rows, columns = self._visible(measures, area)
        for truth in rows:
            for predicted in columns:
                count = self._counts[truth][predicted]
                fill, text = shade(count / self._totals[truth] if count else 0, colours)
                rect = self._rect(measures, truth, predicted).adjusted(gap, gap, -gap, -gap)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(fill))
                painter.drawRoundedRect(rect, radius, radius)
                if numbers:
                    painter.setFont(numbers)
                    painter.setPen(QColor(text if count else colours.muted))
                    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, f"{count:,}")
        for cell, width in ((self._hovered, 1.0), (self._current, 2.0)):
            if cell is not None:
                painter.setPen(QPen(QColor(colours.text), width))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(self._rect(measures, *cell).adjusted(1, 1, -1, -1), radius, radius)
        painter.restore()

    def _paint_names(self, painter: QPainter, measures: _Measures, area: QRectF) -> None:
        """Names of the cell under the pointer stand out; where cells are lower than letters, every so many only."""
        rows, columns = self._visible(measures, area)
        metrics = QFontMetricsF(font())
        told = self._hovered or self._current or (-1, -1)
        shift = metrics.height() + theme.SMALL
        painter.save()
        painter.setClipRect(QRectF(0, measures.top - 1, measures.left, area.height()))
        for truth in _spaced(rows, measures.cell.height(), metrics.height(), told[0]):
            rect = self._rect(measures, truth, 0)
            rect = QRectF(shift, rect.center().y() - metrics.height(), measures.left - shift - 6, 2 * metrics.height())
            self._paint_name(painter, rect, Qt.AlignmentFlag.AlignRight, truth, stands_out=truth == told[0])
        painter.setClipRect(QRectF(measures.left - 1, 0, area.width(), measures.top))
        least = metrics.height() if measures.turned else 0
        for predicted in _spaced(columns, measures.cell.width(), least, told[1]):
            rect = self._rect(measures, 0, predicted)
            if measures.turned:
                painter.save()
                painter.translate(rect.center().x(), measures.top - 6)
                painter.rotate(-90)
                across = QRectF(0, -metrics.height(), measures.top - 6 - shift + theme.TIGHT, 2 * metrics.height())
                self._paint_name(
                    painter, across, Qt.AlignmentFlag.AlignLeft, predicted, stands_out=predicted == told[1]
                )
                painter.restore()
            else:
                over = QRectF(rect.left(), measures.top - metrics.height() - 6, rect.width(), metrics.height())
                self._paint_name(
                    painter, over, Qt.AlignmentFlag.AlignHCenter, predicted, stands_out=predicted == told[1]
                )
        painter.restore()

    def _paint_name(
        self, painter: QPainter, rect: QRectF, side: Qt.AlignmentFlag, index: int, *, stands_out: bool
    ) -> None:
        colours = theme.current()
        painter.setFont(font())
        painter.setPen(QColor(colours.text if stands_out else colours.muted))
        text = QFontMetricsF(font()).elidedText(self._names[index], Qt.TextElideMode.ElideMiddle, rect.width())
        painter.drawText(rect, side | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_titles(self, painter: QPainter, measures: _Measures, area: QRectF) -> None:
        """Over the columns and, turned, beside the rows, in the middle of what is seen of them."""
        painter.setFont(font(strong=True))
        painter.setPen(QColor(theme.current().muted))
        height, count = QFontMetricsF(font()).height(), len(self._names)
        right = min(measures.left + count * measures.cell.width(), area.width())
        bottom = min(measures.top + count * measures.cell.height(), area.height())
        centre = Qt.AlignmentFlag.AlignCenter
        over = QRectF(measures.left, 0, right - measures.left, height)
        painter.drawText(over, centre | Qt.TextFlag.TextDontClip, self.tr("predicted"))
        painter.translate(0, bottom)
        painter.rotate(-90)
        beside = QRectF(0, 0, bottom - measures.top, height)
        painter.drawText(beside, centre | Qt.TextFlag.TextDontClip, self.tr("truth"))
        painter.resetTransform()


_STEPS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}


def _fitting(largest: int, cell: QSize) -> QFont | None:
    """The larger font in which every number fits into its cell; ``None`` where none does."""
    longest = f"{largest:,}"
    for pixels in (theme.BODY_PX, theme.CAPTION_PX):
        metrics = QFontMetricsF(font(pixels=pixels))
        if metrics.horizontalAdvance(longest) <= cell.width() - 6 and metrics.height() <= cell.height() - 2:
            return font(pixels=pixels)
    return None


def _spaced(indices: range, cell: int, needed: float, told: int) -> list[int]:
    """Every so many of the indices that their names have room; ``told`` in place of its neighbours."""
    every = max(int(-(-needed // max(cell, 1))), 1)
    near = [index for index in indices if index % every == 0 and (index == told or abs(index - told) >= every)]
    return [*near, told] if told in indices and told not in near else near

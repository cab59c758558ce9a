"""Grey cells where pictures will be: something is on its way."""

from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app import theme
from app.widgets.gallery.grid_layout import CAPTION, CellSize, GridLayout


class Skeleton(QWidget):
    """As the gallery will look, without pictures."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        layout = GridLayout.of(self.width(), 1000, CellSize.MEDIUM)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        colour = QColor(theme.current().background)
        painter.setBrush(colour)
        for index in layout.between(0, self.height()):
            left, top = layout.position(index)
            painter.drawRoundedRect(QRectF(left, top, layout.cell_width, layout.picture_height), 4, 4)
            caption = QRectF(left, top + layout.picture_height + 8, layout.cell_width * 0.5, CAPTION - 16)
            painter.drawRoundedRect(caption, 3, 3)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self.update()

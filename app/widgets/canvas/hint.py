"""A sentence over the picture that goes by itself."""

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QApplication, QWidget

from app import theme

STAYS = 2000  # ms


class Hint(QObject):
    """Belongs to a widget, which paints it last."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self.text = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(STAYS)
        self._timer.timeout.connect(self.clear)
        widget.installEventFilter(self)

    def show(self, text: str) -> None:
        self.text = text
        self._timer.start()
        self._widget.update()

    def clear(self) -> None:
        self.text = ""
        self._timer.stop()
        self._widget.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if event.type() == QEvent.Type.Hide:
            self.clear()
        return False

    def paint(self, painter: QPainter, room: QRect) -> None:
        if not self.text:
            return
        font = QFont(QApplication.font())
        font.setPixelSize(theme.BODY_PX)
        flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        widest = QRectF(0, 0, room.width() - 4 * theme.WIDE, room.height())
        words = QFontMetricsF(font).boundingRect(widest, flags, self.text)
        chip = QRectF(0, 0, words.width() + 2 * theme.LARGE, words.height() + 2 * theme.SMALL)
        chip.moveCenter(room.center())
        chip.moveBottom(room.bottom() - theme.WIDE)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(Qt.PenStyle.NoPen))
        painter.setBrush(QColor(theme.current().text))
        painter.drawRoundedRect(chip, theme.CONTROL_RADIUS, theme.CONTROL_RADIUS)
        painter.setFont(font)
        painter.setPen(QColor(theme.current().surface))
        painter.drawText(chip, flags, self.text)

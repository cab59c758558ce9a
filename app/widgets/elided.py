"""One line of text that ends in … where there is no room; the whole of it is then in its tooltip."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QWidget

from app.widgets.parts import label


class ElidedLabel(QLabel):
    """``data``: the text is a name, a path or a number, which no translation concerns."""

    def __init__(self, text: str = "", role: str = "", *, data: bool = False, middle: bool = False) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        styled = label("", role)
        self.setProperty("role", role or None)
        self.setFont(styled.font())
        self.setProperty("data", data)
        self.setProperty("elides", True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        self._whole = ""
        self.set_whole(text)

    @property
    def whole(self) -> str:
        return self._whole

    def set_whole(self, text: str) -> None:
        self._whole = text
        self.setAccessibleName(text)
        self._elide()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        shown = self.fontMetrics().elidedText(self._whole, self._mode, max(self.contentsRect().width(), 0))
        self.setText(shown)
        self.setToolTip(self._whole if shown != self._whole else "")


class ElidedButton(QPushButton):
    """A button of one or more lines, each cut where the button ends."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[str, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def lines(self) -> tuple[str, ...]:
        return self._lines

    def set_lines(self, *lines: str) -> None:
        if lines != self._lines:
            self._lines = lines
            self.setAccessibleName(", ".join(lines))
            self._elide()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        room = self.width() - (super().sizeHint().width() - self.fontMetrics().size(0, self.text()).width())
        cut = [self.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, max(room, 0)) for line in self._lines]
        self.setText("\n".join(cut))
        self.setToolTip("\n".join(self._lines) if tuple(cut) != self._lines else "")

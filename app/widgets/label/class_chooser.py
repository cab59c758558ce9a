"""A list of classes at the pointer: type a part of the name, Enter takes it."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QVBoxLayout, QWidget

from app import theme
from app.keys import Keys
from app.widgets.label.class_model import ROW, ClassModel, ClassRole, ClassRows, QuietList
from core.domain.dataset import ImageClass

_WIDTH, _ROWS = 240, 10


class ClassChooser(QFrame):
    """To be shown with ``show_at``; it goes away by itself."""

    chosen = Signal(int)  # class id

    def __init__(
        self, classes: Sequence[ImageClass], current: int | None, keys: Keys, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.model = ClassModel(keys)
        self.model.set_classes(classes)
        self.model.set_current(current)
        self.list, self.field = QuietList(), QLineEdit()
        self.list.setModel(self.model)
        self.list.setItemDelegate(ClassRows(self.model, self.list))
        self.field.setPlaceholderText(self.tr("Class…"))
        self.field.setAccessibleName(self.tr("Find a class"))
        self.field.installEventFilter(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SMALL, theme.SMALL, theme.SMALL, theme.SMALL)
        column.addWidget(self.field)
        column.addWidget(self.list)
        self.list.setFixedHeight(ROW * min(max(len(classes), 1), _ROWS) + 2)
        self.setFixedWidth(_WIDTH)
        self.field.textChanged.connect(self._search)
        self.field.returnPressed.connect(lambda: self._take(self.list.currentIndex()))
        self.list.clicked.connect(self._take)
        self._search("")

    def show_at(self, place: QPoint) -> None:
        """``place`` on the screen; wholly on it."""
        self.adjustSize()
        room = self.screen().availableGeometry()
        x = min(place.x(), room.right() - self.width())
        y = min(place.y(), room.bottom() - self.height())
        self.move(max(room.left(), x), max(room.top(), y))
        self.show()
        self.field.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
            if step and self.model.shown:
                row = self.list.currentIndex().row() + step
                self.list.setCurrentIndex(self.model.index(max(0, min(row, len(self.model.shown) - 1))))
                return True
        return bool(super().eventFilter(watched, event))

    def _search(self, text: str) -> None:
        self.model.set_search(text)
        row = next((row for row, one in enumerate(self.model.shown) if one.id == self.model.current), 0)
        self.list.setCurrentIndex(self.model.index(0 if text else row))

    def _take(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self.model.data(index, ClassRole).id)  # type: ignore[attr-defined]
            self.close()

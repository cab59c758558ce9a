"""The classes of a project, beside the canvas: choose one for the next box, and change what there is."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QLineEdit, QMenu, QSizePolicy, QToolButton, QWidget, QWidgetAction

from app import theme
from app.keys import DIGITS, Keys
from app.widgets.gallery.class_mark import class_mark
from app.widgets.gallery.overlay import look_of
from app.widgets.label.class_model import ROW, ClassModel, ClassRole, ClassRows, QuietList
from app.widgets.parts import Card, label
from core.domain.dataset import ImageClass

LOOKS = 20  # as many as colours and markers tell apart


class ClassPanel(Card):
    """One field finds and adds; what else can be done with a class is in its menu."""

    chosen = Signal(int)  # class id
    added = Signal(str)
    renamed = Signal(int, str)
    recoloured = Signal(int, int)  # class id, look
    key_wanted = Signal(int)  # class id: ask the user for its key
    moved = Signal(object)  # class ids in their new order
    merge_wanted = Signal(int)
    remove_wanted = Signal(int)

    def __init__(self, keys: Keys, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Classes"), parent)
        self.model = ClassModel(keys)
        self.model.renamed.connect(self.renamed)
        self.list = QuietList()
        self.list.setModel(self.model)
        self.list.setItemDelegate(ClassRows(self.model, self.list))
        self.list.setAccessibleName(self.tr("Classes"))
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.field = _Field()
        self.field.setAccessibleName(self.tr("Find or add a class"))
        self.hint = label("", "caption", wrap=True)
        for widget in (self.list, self.hint, self.field):
            self.body.addWidget(widget)
        self.list.clicked.connect(self._choose)
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.field.textChanged.connect(self._search)
        self.field.returnPressed.connect(self._enter)
        self.field.left.connect(self.field.clear)
        keys.changed.connect(self.model.touch)
        self._show_hint()

    def set_classes(self, classes: Sequence[ImageClass], *, writable: bool) -> None:
        self.model.is_writable = writable
        if classes != self.model.classes:
            self.model.set_classes(classes)
        many = len(classes) >= DIGITS
        self.field.setVisible(writable or many)
        placeholder = self.tr("Find or add a class…") if many else self.tr("Add a class…")
        self.field.setPlaceholderText(placeholder if writable else self.tr("Find a class…"))
        self._show_hint()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(0, super().minimumSizeHint().height())

    def _choose(self, index: QModelIndex) -> None:
        self.chosen.emit(self.model.data(index, ClassRole).id)  # type: ignore[attr-defined]

    def _search(self, text: str) -> None:
        self.model.set_search(text)
        self._show_hint()

    def _enter(self) -> None:
        """The class of this name, else a new one; while only looking, the first that is found."""
        text = self.field.text().strip()
        same = next((one for one in self.model.classes if one.name.casefold() == text.casefold()), None)
        if same is not None:
            self.chosen.emit(same.id)
        elif text and self.model.is_writable:
            self.added.emit(text)
        elif text and self.model.shown:
            self.chosen.emit(self.model.shown[0].id)
        self.field.clear()
        self.field.left.emit()

    def _show_hint(self) -> None:
        text = self.field.text().strip()
        if not self.model.classes:
            hint = self.tr("No classes yet. Type the name of the first.") if self.model.is_writable else ""
            hint = hint or self.tr("No classes yet.")
        elif text and not self.model.shown:
            hint = self.tr("Enter adds “{}”.").format(text) if self.model.is_writable else self.tr("No such class.")
        else:
            hint = ""
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        rows = len(self.model.shown)
        self.list.setVisible(rows > 0)
        self.list.setMinimumHeight(ROW * min(rows, 3))
        self.list.setMaximumHeight(ROW * max(rows, 1) + 2)

    # The menu of a class

    def _show_menu(self, point: QPoint) -> None:
        index = self.list.indexAt(point)
        if index.isValid() and self.model.is_writable:
            menu = self.make_menu(self.model.shown[index.row()])
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.list.viewport().mapToGlobal(point))

    def make_menu(self, one: ImageClass) -> QMenu:
        """What can be done with a class."""
        menu = QMenu(self)
        menu.addAction(self.tr("Rename"), lambda: self._rename(one))
        self._add_looks(menu.addMenu(self.tr("Colour and marker")), one)
        menu.addAction(self.tr("Key…"), lambda: self.key_wanted.emit(one.id))
        menu.addSeparator()
        order = [other.id for other in self.model.classes]
        place = order.index(one.id)
        up = menu.addAction(self.tr("Move up"), lambda: self._move(one.id, -1))
        down = menu.addAction(self.tr("Move down"), lambda: self._move(one.id, 1))
        up.setEnabled(place > 0)
        down.setEnabled(place + 1 < len(order))
        menu.addSeparator()
        merge = menu.addAction(self.tr("Merge into…"), lambda: self.merge_wanted.emit(one.id))
        merge.setEnabled(len(order) > 1)
        menu.addAction(self.tr("Remove…"), lambda: self.remove_wanted.emit(one.id))
        return menu

    def _add_looks(self, menu: QMenu, one: ImageClass) -> None:
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(theme.SMALL, theme.TIGHT, theme.SMALL, theme.TIGHT)
        grid.setSpacing(2)
        for look in range(LOOKS):
            made = QToolButton()
            made.setIcon(class_mark(look))
            made.setIconSize(QSize(16, 16))
            made.setFixedSize(28, 28)
            made.setAutoRaise(True)
            made.setProperty("switch", True)
            made.setCheckable(True)
            made.setChecked(look == look_of(one) % LOOKS)
            made.setAccessibleName(self.tr("Colour and marker {}").format(look + 1))
            made.clicked.connect(lambda checked=False, look=look: self.recoloured.emit(one.id, look))
            made.clicked.connect(menu.close)
            grid.addWidget(made, look // 5, look % 5)
        action = QWidgetAction(menu)
        action.setDefaultWidget(holder)
        menu.addAction(action)

    def _rename(self, one: ImageClass) -> None:
        row = next((row for row, other in enumerate(self.model.shown) if other.id == one.id), -1)
        if row >= 0:
            self.list.edit(self.model.index(row))

    def _move(self, class_id: int, step: int) -> None:
        order = [one.id for one in self.model.classes]
        place = order.index(class_id) if class_id in order else -1
        if not 0 <= place + step < len(order) or place < 0:
            return  # another window changed them meanwhile
        order[place], order[place + step] = order[place + step], order[place]
        self.moved.emit(order)


class _Field(QLineEdit):
    """Escape leaves it."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)
            event.accept()  # Return would go on to the page, which has the focus by now

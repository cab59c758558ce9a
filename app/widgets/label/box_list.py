"""What is on the picture, as a list: boxes with class and size, proposals with their certainty."""

from collections.abc import Mapping

from PySide6.QtCore import (
    QAbstractListModel,
    QCoreApplication,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    QSizeF,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app import theme
from app.widgets.canvas.image_canvas import ImageCanvas
from app.widgets.gallery.class_mark import class_mark
from app.widgets.gallery.overlay import ClassLook
from app.widgets.label.class_model import QuietList
from app.widgets.parts import Card, label
from core.domain.annotation import Box
from core.domain.labels import ImageLabels, Origin

ROW, LEAST_ROWS = 26, 2
Index = QModelIndex | QPersistentModelIndex


class BoxList(Card):
    """Rows are the boxes, then the proposals, in the order of the labels."""

    selected = Signal(object)  # indices of boxes
    class_wanted = Signal(object)  # QPoint on the screen: another class for what is selected

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Boxes here"), parent)
        self.count = label("", "muted")
        self.count.setProperty("data", True)
        self.head.addWidget(self.count)
        self.model = _Model()
        self.list = QuietList()
        self.list.setModel(self.model)
        self.list.setItemDelegate(_Rows(self.model, self.list))
        self.list.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.list.setAccessibleName(self.tr("Boxes here"))
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.none = label("", "caption", wrap=True)
        self.body.addWidget(self.list)
        self.body.addWidget(self.none)
        self._is_told = False
        self.list.selectionModel().selectionChanged.connect(self._tell)
        self.list.doubleClicked.connect(self._want_class)
        self.list.customContextMenuRequested.connect(self._want_class_at)
        self.show_labels(None, {})

    def show_labels(self, labels: ImageLabels | None, looks: Mapping[int, ClassLook]) -> None:
        """``None`` while they are being read."""
        self._is_told = True
        self.model.show(labels, looks)
        self._is_told = False
        rows = self.model.rowCount()
        boxes = 0 if labels is None or labels.boxes is None else len(labels.boxes)
        self.count.setText(f"{boxes:,}" if labels is not None else "")
        background = labels is not None and labels.boxes == () and labels.done
        said = self.tr("Nothing here: background.") if background else self.tr("Drag on the picture to draw a box.")
        self.none.setText("" if labels is None else said)
        self.none.setVisible(rows == 0)
        self.list.setVisible(rows > 0)
        self.list.setMinimumHeight(ROW * min(rows, LEAST_ROWS))
        self.list.setMaximumHeight(ROW * max(rows, 1) + 2)

    def select_as(self, canvas: ImageCanvas) -> None:
        """What is selected on the canvas."""
        first = len(self.model.boxes)
        rows = [*canvas.selection, *(first + place for place in canvas.proposal_selection)]
        chosen = QItemSelection()
        for row in rows:
            if row < self.model.rowCount():
                chosen.select(self.model.index(row), self.model.index(row))
        self._is_told = True
        self.list.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._is_told = False
        if len(rows) == 1 and rows[0] < self.model.rowCount():
            self.list.scrollTo(self.model.index(rows[0]))

    def _tell(self) -> None:
        if not self._is_told:
            rows = sorted(index.row() for index in self.list.selectedIndexes())
            self.selected.emit([row for row in rows if row < len(self.model.boxes)])

    def _want_class(self, index: QModelIndex) -> None:
        self._want_class_at(self.list.visualRect(index).bottomLeft())

    def _want_class_at(self, point: QPoint) -> None:
        if self.list.selectedIndexes():
            self.class_wanted.emit(self.list.viewport().mapToGlobal(point))


class _Model(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.boxes: list[tuple[Box, Origin]] = []
        self.proposals: list[tuple[Box, float, str]] = []
        self.looks: Mapping[int, ClassLook] = {}

    def show(self, labels: ImageLabels | None, looks: Mapping[int, ClassLook]) -> None:
        boxes = [] if labels is None else [(one.box, one.origin) for one in labels.boxes or ()]
        proposals = [] if labels is None else [(one.box, one.score, one.source) for one in labels.proposals]
        same = (len(boxes), len(proposals)) == (len(self.boxes), len(self.proposals))
        if not same:
            self.beginResetModel()
        self.boxes, self.proposals, self.looks = boxes, proposals, looks
        if not same:
            self.endResetModel()
        elif self.rowCount():
            self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's name and default)
        return 0 if parent.isValid() else len(self.boxes) + len(self.proposals)

    def box(self, row: int) -> Box:
        return self.boxes[row][0] if row < len(self.boxes) else self.proposals[row - len(self.boxes)][0]

    def score(self, row: int) -> float | None:
        return None if row < len(self.boxes) else self.proposals[row - len(self.boxes)][1]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = index.row()
        box = self.box(row)
        name = self.looks[box.class_id].name if box.class_id in self.looks else "?"
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{name}, {size_words(QSizeF(box.width, box.height))}"
        if role == Qt.ItemDataRole.ToolTipRole:
            if row < len(self.boxes):
                return f"{name}\n{origin_words(self.boxes[row][1])}"
            _, score, source = self.proposals[row - len(self.boxes)]
            return f"{name}\n{origin_words(Origin('proposed', source))}  {100 * score:.0f} %"
        return None


class _Rows(QStyledItemDelegate):
    def __init__(self, model: _Model, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(0, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        colours, row = theme.current(), index.row()
        box, score = self._model.box(row), self._model.score(row)
        look = self._model.looks.get(box.class_id)
        room, state = QRect(option.rect), option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            chosen = bool(state & QStyle.StateFlag.State_Selected)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent_soft if chosen else colours.background))
            painter.drawRoundedRect(room, theme.CONTROL_RADIUS, theme.CONTROL_RADIUS)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(room.adjusted(1, 1, -1, -1), theme.CONTROL_RADIUS, theme.CONTROL_RADIUS)
        left = room.left() + theme.SMALL
        if look is not None:
            class_mark(look.index).paint(painter, QRect(left, room.center().y() - 6, 14, 14))
        left += 14 + theme.SMALL
        words = QRect(left, room.top(), room.right() - theme.SMALL - left, ROW)
        font = QFont(painter.font())
        font.setFeature(QFont.Tag("tnum"), 1)
        painter.setFont(font)
        facts = size_words(QSizeF(box.width, box.height))
        if score is not None:
            facts = QCoreApplication.translate("BoxList", "proposed {}").format(f"{100 * score:.0f} %")
        painter.setPen(QColor(colours.caution if score is not None else colours.muted))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, facts)
        words.setRight(words.right() - painter.fontMetrics().horizontalAdvance(facts) - theme.SMALL)
        painter.setPen(QColor(colours.text))
        name = "?" if look is None else look.name
        name = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        painter.restore()


def size_words(size: QSizeF) -> str:
    """``412 × 388 px``"""
    return QCoreApplication.translate("BoxList", "{0} × {1} px").format(f"{size.width():.0f}", f"{size.height():.0f}")


def origin_words(origin: Origin) -> str:
    """Who or what made a box or a label."""
    words = {
        "imported": QCoreApplication.translate("BoxList", "imported"),
        "drawn": QCoreApplication.translate("BoxList", "drawn here"),
        "edited": QCoreApplication.translate("BoxList", "edited here"),
        "pasted": QCoreApplication.translate("BoxList", "pasted here"),
        "accepted": QCoreApplication.translate("BoxList", "accepted here"),
        "proposed": QCoreApplication.translate("BoxList", "waits for review"),
    }
    how = words.get(origin.how, origin.how)
    if not origin.source:
        return how
    return QCoreApplication.translate("BoxList", "{0}, proposed by {1}").format(how, origin.source)

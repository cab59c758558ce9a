"""All keys of the Label page on one sheet; each can be changed by pressing another."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.keys import ACTIONS, GROUPS, PRESETS, Action, Keys, native, title_of
from app.widgets.elided import ElidedLabel
from app.widgets.label.key_dialog import KeyDialog
from app.widgets.parts import Card, button, label
from core.domain.errors import LensmithError

_NAMES = {"labelimg": "labelImg", "cvat": "CVAT"}
_COLUMNS = (("pictures", "classes"), ("boxes", "view"))
assert {group for column in _COLUMNS for group in column} == set(GROUPS)


class KeySheet(QDialog):
    """Two columns of cards; a button per action shows its keys and asks for another."""

    def __init__(self, keys: Keys, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("page")
        self.setWindowTitle(self.tr("Keys of the Label page"))
        self._keys = keys
        self.buttons: dict[str, QPushButton] = {}
        self.presets = QComboBox()
        self.presets.setProperty("data", True)  # names of programs
        for preset in PRESETS:
            self.presets.addItem(_NAMES.get(preset) or self.tr("Lensmith (own)"), preset)
        self.presets.setAccessibleName(self.tr("Keys as in"))
        self.presets.setCurrentIndex(PRESETS.index(keys.preset))
        self.presets.activated.connect(self._choose_preset)
        self.reset_button, self.close_button = button(self.tr("Undo my changes")), button("", primary=True)
        self.close_button.setText(self.tr("Close"))
        self.reset_button.clicked.connect(lambda: keys.set_preset(keys.preset))
        self.close_button.clicked.connect(self.accept)
        self._lay_out()
        keys.changed.connect(self._show)
        self._show()
        self.resize(880, 640)

    def _lay_out(self) -> None:
        titles = {
            "pictures": self.tr("Pictures"),
            "boxes": self.tr("Boxes"),
            "view": self.tr("View"),
            "classes": self.tr("Classes"),
        }
        holder = QWidget()
        cards = QHBoxLayout(holder)
        cards.setContentsMargins(0, 0, 0, 0)
        cards.setSpacing(theme.MEDIUM)
        for groups in _COLUMNS:
            column = QVBoxLayout()
            column.setSpacing(theme.MEDIUM)
            for group in groups:
                column.addWidget(self._card(titles, group))
            column.addStretch()
            cards.addLayout(column, 1)
        area = QScrollArea()
        area.setWidget(holder)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        head = QHBoxLayout()
        head.addWidget(label(self.tr("Keys as in"), "muted"))
        head.addWidget(self.presets)
        head.addWidget(label(self.tr("Click a key to change it."), "muted", wrap=True), 1)
        head.addWidget(self.reset_button)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.LARGE)
        outer.setSpacing(theme.MEDIUM)
        outer.addLayout(head)
        outer.addWidget(area, 1)
        outer.addWidget(self.close_button, alignment=Qt.AlignmentFlag.AlignRight)

    def _card(self, titles: Mapping[str, str], group: str) -> Card:
        card, grid = Card(titles[group]), QGridLayout()
        grid.setVerticalSpacing(theme.TIGHT)
        grid.setColumnStretch(0, 1)
        for row, action in enumerate(one for one in ACTIONS if one.group == group):
            made = self.buttons[action.name] = button("")
            made.setProperty("data", True)
            made.setProperty("keycap", True)
            made.setAutoDefault(False)
            made.clicked.connect(lambda checked=False, action=action: self._ask(action))
            words = ElidedLabel(title_of(action.name))
            made.setAccessibleName(title_of(action.name))
            grid.addWidget(words, row, 0)
            grid.addWidget(made, row, 1, alignment=Qt.AlignmentFlag.AlignRight)
        card.body.addLayout(grid)
        return card

    def _show(self) -> None:
        for name, made in self.buttons.items():
            keys = [native(key) for key in self._keys.of(name)]
            made.setText("   ".join(keys) if keys else "–")
        self.reset_button.setEnabled(self._keys.are_changed)
        self.presets.setCurrentIndex(PRESETS.index(self._keys.preset))

    def _choose_preset(self, index: int) -> None:
        self._keys.set_preset(PRESETS[index])

    def _ask(self, action: Action) -> None:
        """Another key in place of all that this action had."""
        dialog = KeyDialog(title_of(action.name), self)

        def take(key: str) -> None:
            try:
                self._keys.set_keys(action.name, (key,))
            except LensmithError as error:
                dialog.refuse(f"{error.cause} {error.remedy}")
            else:
                dialog.accept()

        def take_none() -> None:
            self._keys.set_keys(action.name, ())
            dialog.accept()

        dialog.pressed.connect(take)
        dialog.none_wanted.connect(take_none)
        dialog.open()

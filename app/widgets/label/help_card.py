"""Help with the drawing: what a machine can do first, and what waits for a person."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from app.widgets.data.export_menu import ExportMenu
from app.widgets.parts import Card, button, label


class HelpCard(Card):
    """``wanted`` names the help that was asked for."""

    wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Help me"), parent)
        self.buttons: dict[str, QPushButton] = {}
        self.review = button("", "question")
        self.review.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.review.setProperty("quiet", True)
        self.review.clicked.connect(lambda checked=False: self.wanted.emit("review"))
        self.review.hide()
        self.body.addWidget(self.review)
        tip = self.tr("A finished run, or any model exported here, draws boxes that you accept or refuse.")
        self._add("propose", self.tr("Propose with a model…"), tip)
        tip = self.tr("Finds things that stand out from an even background, without any model.")
        self._add("contours", self.tr("Boxes from contours…"), tip)
        tip = self.tr("Shows where a model contradicts the labels most, worst first.")
        self._add("check", self.tr("Check labels…"), tip)
        self._add_more()

    def show_state(self, proposed: int, *, boxes: bool, writable: bool) -> None:
        """``proposed``: how many pictures have proposals that nobody looked at."""
        self.review.setText(self.tr("Review %n picture(s)", "", proposed))
        self.review.setVisible(proposed > 0)
        self.buttons["contours"].setVisible(boxes)
        for name in ("propose", "contours"):
            self.buttons[name].setEnabled(writable)
        self.actions_of_menu["track"].setVisible(boxes)
        self.actions_of_menu["track"].setEnabled(writable)
        for name in ("merge", "import_folder", "import_file"):
            self.actions_of_menu[name].setEnabled(writable)

    def _add(self, name: str, text: str, tip: str) -> QPushButton:
        made = self.buttons[name] = button(text)
        made.setToolTip(tip)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.clicked.connect(lambda checked=False: self.wanted.emit(name))
        self.body.addWidget(made)
        return made

    def _add_more(self) -> None:
        more = button(self.tr("More"))
        more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.menu = QMenu(more)
        self.actions_of_menu: dict[str, QAction] = {}
        for name, text in (
            ("track", self.tr("Carry the boxes on to the next picture")),
            ("history", self.tr("History of this picture…")),
            ("import_folder", self.tr("Import a folder…")),
            ("import_file", self.tr("Import a file…")),
            ("mirror", self.tr("Label files for other tools…")),
            ("merge", self.tr("Merge another project…")),
            ("keys", self.tr("Keys…")),
        ):
            action = self.actions_of_menu[name] = self.menu.addAction(text)
            action.triggered.connect(lambda checked=False, name=name: self.wanted.emit(name))
        more.setMenu(self.menu)
        self.menu.insertSeparator(self.actions_of_menu["import_folder"])
        self.buttons["more"] = more
        self.body.addWidget(more)
        self._told = label("", "muted", wrap=True)
        self._told.hide()
        self.body.addWidget(self._told)

    def add_export(self, exports: ExportMenu) -> None:
        """The formats of an export; what came of it is said below."""
        exports.told.connect(self.say)
        self.menu.insertMenu(self.actions_of_menu["import_folder"], exports)

    @property
    def told(self) -> str:
        return self._told.text()

    def say(self, text: str) -> None:
        """What came of help that was asked for."""
        self._told.setText(text)
        self._told.setVisible(bool(text))

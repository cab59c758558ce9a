"""Another person's project comes in: what is new, and whose labels count where both said something different."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.widgets.elided import ElidedLabel
from app.widgets.gallery.overlay import looks
from app.widgets.label.side_by_side import SideBySide
from app.widgets.parts import Card, Glyph, button, label

if TYPE_CHECKING:
    from core.actions.merging import Choice, Comparison

OURS: "Choice" = "ours"
THEIRS: "Choice" = "theirs"


class MergeDialog(QDialog):
    """To be shown with ``open()``; ``merge_wanted`` hands out whose labels count, by hash, for every conflict.

    1 or Left keeps ours, 2 or Right takes theirs, and goes on to the next that is undecided.
    """

    merge_wanted = Signal(object)  # dict[str, Choice]

    def __init__(self, found: "Comparison", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.found = found
        self.choices: dict[str, Choice] = {}
        self.index = -1  # of the conflict shown now
        self._looks = looks(found.classes)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("page")
        self.setWindowTitle(self.tr("Merge with “{0}”").format(found.name))
        self._build()
        if found.conflicts:
            self._add_keys()
            self.go_to(0)
            self.ours_button.setFocus()
        self.resize(QSize(1080, 700) if found.conflicts else QSize(560, 200))
        self._refresh()

    @property
    def undecided(self) -> int:
        return len(self.found.conflicts) - len(self.choices)

    @property
    def is_needless(self) -> bool:
        """Whether the other project has nothing that this one lacks."""
        found = self.found
        return not (found.conflicts or found.taken or found.new_images or found.new_classes)

    def go_to(self, index: int) -> None:
        """Show a conflict; beyond the ends nothing happens."""
        if not 0 <= index < len(self.found.conflicts):
            return
        self.index = index
        one = self.found.conflicts[index]
        self._name.set_whole(Path(one.image.path).name)
        self._name.setToolTip(one.image.path)
        ahead = [following.image for following in self.found.conflicts[index + 1 : index + 3]]
        self.sides.show_image(one.image, one.ours, one.theirs, self._looks, ahead)
        self._refresh()

    def choose(self, choice: "Choice") -> None:
        """Decide about the conflict shown, and go on to the next that is undecided."""
        if self.index >= 0:
            self.choices[self.found.conflicts[self.index].image.hash] = choice
            self._go_on()

    def choose_rest(self, choice: "Choice") -> None:
        """Decide about everything that is undecided yet."""
        for one in self.found.conflicts:
            self.choices.setdefault(one.image.hash, choice)
        self._refresh()

    def accept(self) -> None:
        if self.merge_button.isEnabled():
            self.merge_wanted.emit(dict(self.choices))
            super().accept()

    def _go_on(self) -> None:
        count = len(self.found.conflicts)
        after = [(self.index + step) % count for step in range(1, count)]
        following = next((n for n in after if self.found.conflicts[n].image.hash not in self.choices), self.index)
        self.go_to(following)

    def _refresh(self) -> None:
        conflicts = self.found.conflicts
        self.merge_button.setEnabled(not self.undecided and not self.is_needless)
        if conflicts:
            chosen = self.choices.get(conflicts[self.index].image.hash)
            self.sides.left.set_chosen(chosen == OURS)
            self.sides.right.set_chosen(chosen == THEIRS)
            self._place.setText(self.tr("{0} of {1}").format(self.index + 1, len(conflicts)))
            self.previous.setEnabled(self.index > 0)
            self.following.setEnabled(self.index + 1 < len(conflicts))
            self.bar.setValue(len(self.choices))
            for each in (self.all_ours, self.all_theirs):
                each.setEnabled(self.undecided > 0)
        if self.undecided:
            self._hint.setText(self.tr("%n picture(s) left to decide.", "", self.undecided))
        elif self.is_needless:
            self._hint.setText(self.tr("There is nothing to merge."))
        else:
            self._hint.setText(
                self.tr("One step of undo takes all labels of it back. The other project stays as it is.")
            )
        if self.merge_button.isEnabled():
            self.merge_button.setDefault(True)
            self.merge_button.setFocus()

    # Building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.LARGE, theme.WIDE, theme.LARGE)
        column.setSpacing(theme.MEDIUM)
        head = QVBoxLayout()
        head.setSpacing(2)
        head.addWidget(ElidedLabel(self.tr("Merge with “{0}”").format(self.found.name), "page", middle=True))
        head.addWidget(label(self._news(), "muted", wrap=True))
        column.addLayout(head)
        self.sides = SideBySide(self.tr("1  Ours"), self.tr("2  Theirs"))
        if self.found.conflicts:
            column.addWidget(self._conflicts(), 1)
        else:
            self.sides.hide()
            self.sides.setParent(self)
            column.addLayout(self._no_conflicts())
            column.addStretch()
        column.addLayout(self._foot())

    def _news(self) -> str:
        found = self.found
        parts = []
        if found.new_images:
            parts.append(self.tr("%n new image(s)", "", found.new_images))
        if found.taken:
            parts.append(self.tr("labels of %n image(s)", "", len(found.taken)))
        if found.new_classes:
            parts.append(self.tr("new classes: {0}").format(", ".join(found.new_classes)))
        if found.same:
            parts.append(self.tr("%n image(s) labelled alike", "", found.same))
        return "  ·  ".join(parts) or self.tr("It has nothing that this project lacks.")

    def _no_conflicts(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        row.addWidget(Glyph("check-circle", "good"), alignment=Qt.AlignmentFlag.AlignTop)
        row.addWidget(label(self.tr("No picture is labelled differently in the two projects."), wrap=True), 1)
        return row

    def _conflicts(self) -> Card:
        card = Card()
        count = len(self.found.conflicts)
        title = label(
            self.tr("%n picture(s) labelled differently: whose labels count?", "", count), "section", wrap=True
        )
        self._name, self._place = ElidedLabel("", "muted", data=True, middle=True), label("", "muted")
        self._name.setProperty("data_tip", True)
        self.previous = self._arrow("caret-left", self.tr("Previous picture (Page Up)"), -1)
        self.following = self._arrow("caret-right", self.tr("Next picture (Page Down)"), 1)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, count)
        self.bar.setAccessibleName(self.tr("Pictures decided"))
        head = QHBoxLayout()
        head.setSpacing(theme.SMALL)
        head.addWidget(self._name, 1)
        for each in (self._place, self.previous, self.following):
            head.addWidget(each)
        self.ours_button = self._choice(self.tr("Keep ours"), "1", OURS)
        self.theirs_button = self._choice(self.tr("Take theirs"), "2", THEIRS)
        self.all_ours, self.all_theirs = button(self.tr("Ours for the rest")), button(self.tr("Theirs for the rest"))
        for each in (self.all_ours, self.all_theirs):
            each.setProperty("quiet", True)
            each.setAutoDefault(False)
        self.all_ours.clicked.connect(lambda: self.choose_rest(OURS))
        self.all_theirs.clicked.connect(lambda: self.choose_rest(THEIRS))
        self.sides.left.clicked.connect(lambda: self.choose(OURS))
        self.sides.right.clicked.connect(lambda: self.choose(THEIRS))
        choices = QHBoxLayout()
        choices.setSpacing(theme.MEDIUM)
        for buttons in ((self.ours_button, self.all_ours), (self.theirs_button, self.all_theirs)):
            half = QHBoxLayout()
            half.setSpacing(theme.SMALL)
            for each in buttons:
                half.addWidget(each)
            half.addStretch()
            choices.addLayout(half, 1)
        card.body.addWidget(title)
        if any(one.ours.label is None for one in self.found.conflicts):
            card.body.addWidget(label(self.tr("Boxes with a name are those that differ."), "caption", wrap=True))
        card.body.addLayout(head)
        card.body.addWidget(self.sides, 1)
        card.body.addLayout(choices)
        card.body.addWidget(self.bar)
        return card

    def _choice(self, text: str, key: str, choice: "Choice") -> QPushButton:
        made = button(text)
        made.setAutoDefault(False)
        made.setToolTip(self.tr("Key {0}").format(key))
        made.clicked.connect(lambda: self.choose(choice))
        return made

    def _arrow(self, icon: str, tip: str, step: int) -> QPushButton:
        made = button("", icon)
        made.setProperty("quiet", True)
        made.setAutoDefault(False)
        made.setToolTip(tip)
        made.setAccessibleName(tip)
        made.clicked.connect(lambda: self.go_to(self.index + step))
        return made

    def _foot(self) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setSpacing(theme.SMALL)
        self._hint = label("", "muted", wrap=True)
        self.cancel_button = button(self.tr("Cancel"))
        self.cancel_button.setAutoDefault(False)
        self.cancel_button.clicked.connect(self.reject)
        self.merge_button = button(self.tr("Merge"), "stack", primary=True)
        self.merge_button.clicked.connect(self.accept)
        foot.addWidget(self._hint, 1)
        foot.addWidget(self.cancel_button)
        foot.addWidget(self.merge_button)
        return foot

    def _add_keys(self) -> None:
        key = Qt.Key
        for keys, act in (
            ((key.Key_1, key.Key_Left), lambda: self.choose(OURS)),
            ((key.Key_2, key.Key_Right), lambda: self.choose(THEIRS)),
            ((key.Key_PageUp,), lambda: self.go_to(self.index - 1)),
            ((key.Key_PageDown,), lambda: self.go_to(self.index + 1)),
        ):
            for one in keys:
                shortcut = QShortcut(QKeySequence(one), self)
                shortcut.activated.connect(act)

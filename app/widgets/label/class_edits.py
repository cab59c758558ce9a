"""Verbs on classes: carried out in the background, with a question first where boxes would change hands."""

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject, QPoint
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from app.keys import Keys, native, title_of
from app.label_desk import LabelDesk
from app.state import Session
from app.widgets.label.class_chooser import ClassChooser
from app.widgets.label.class_panel import ClassPanel
from app.widgets.label.key_dialog import KeyDialog
from app.widgets.question import Question
from core.domain.dataset import ImageClass
from core.domain.progress import Progress
from core.store import classes as stored
from core.store.journal import Edited
from core.store.labels import next_steps


class ClassEdits(QObject):
    """``page``: the widget over which questions are asked."""

    def __init__(self, session: Session, desk: LabelDesk, keys: Keys, page: QWidget) -> None:
        super().__init__(page)
        self._session, self._desk, self._keys, self._page = session, desk, keys, page

    def follow(self, panel: ClassPanel) -> None:
        """Do what is asked there."""
        panel.added.connect(self.add)
        panel.renamed.connect(self.rename)
        panel.recoloured.connect(self.recolour)
        panel.key_wanted.connect(self.ask_key)
        panel.moved.connect(self.reorder)
        panel.merge_wanted.connect(self.ask_merge)
        panel.remove_wanted.connect(self.ask_remove)

    def add(self, name: str) -> None:
        def work(progress: Progress) -> Edited | None:
            stored.add(self._session.store, name)
            step, _ = next_steps(self._session.store)
            return None if step is None else Edited(edit=step, labels={}, classes=True)

        self._desk.carry_out("", work)

    def rename(self, class_id: int, name: str) -> None:
        self._carry_out(lambda: stored.rename(self._session.store, class_id, name))

    def recolour(self, class_id: int, look: int) -> None:
        self._carry_out(lambda: stored.set_look(self._session.store, class_id, look))

    def reorder(self, class_ids: Sequence[int]) -> None:
        self._carry_out(lambda: stored.reorder(self._session.store, class_ids))

    def ask_key(self, class_id: int) -> None:
        """A letter for the class; one that the page uses for something else is refused in words."""
        one = self._find(class_id)
        if one is None:
            return
        dialog = KeyDialog(self.tr("Key for {}").format(one.name), self._page)

        def take(key: str) -> None:
            holder = self._keys.holder(key)
            if len(key) > 1 or not key.isalnum():
                dialog.refuse(self.tr("A class gets a letter. Press one alone."))
            elif holder:
                refusal = self.tr("{0} is the key of “{1}” already. Press another letter.")
                dialog.refuse(refusal.format(native(key), title_of(holder)))
            else:
                dialog.accept()
                self._carry_out(lambda: stored.set_shortcut(self._session.store, class_id, key))

        def take_none() -> None:
            dialog.accept()
            self._carry_out(lambda: stored.set_shortcut(self._session.store, class_id, ""))

        dialog.pressed.connect(take)
        dialog.none_wanted.connect(take_none)
        dialog.open()

    def ask_merge(self, class_id: int) -> None:
        """Which class gets everything; then once more, since it concerns all pictures."""
        others = [one for one in self._session.data.classes if one.id != class_id]
        chooser = ClassChooser(others, None, self._keys, self._page)
        chooser.chosen.connect(lambda keep: self._confirm_merge(keep, class_id))
        chooser.show_at(QCursor.pos() - QPoint(chooser.width() // 2, 0))

    def ask_remove(self, class_id: int) -> None:
        """What becomes of its boxes."""
        one = self._find(class_id)
        if one is not None:
            self._count(class_id, partial(self._confirm_remove, one))

    def _confirm_remove(self, one: ImageClass, uses: tuple[int, int]) -> None:
        images, boxes = uses
        answers = [("remove", self.tr("Remove all")), ("stay", self.tr("Cancel"))]
        if images == 0:
            text = self.tr("Nothing has this class. Undo brings it back.")
        else:
            count = self.tr("%n box(es)", "", boxes) if boxes else self.tr("%n label(s)", "", images)
            text = self.tr(
                "{0} on {1} have this class. They are removed with it, or given to another class. "
                "Undo brings everything back; earlier runs keep what they learnt."
            ).format(count, self.tr("%n picture(s)", "", images))
            if len(self._session.data.classes) > 1:
                answers.insert(1, ("merge", self.tr("Give to another class…")))
        question = Question(self.tr("Remove the class “{}”?").format(one.name), text, answers, parent=self._page)

        def act(answer: str) -> None:
            if answer == "merge":
                self.ask_merge(one.id)
            elif answer == "remove":
                self._carry_out(lambda: stored.retire(self._session.store, one.id))

        question.answered.connect(act)
        question.open()

    def _confirm_merge(self, keep: int, gone: int) -> None:
        kept, other = self._find(keep), self._find(gone)
        if kept is None or other is None:
            return
        question = Question(
            self.tr("Merge “{0}” into “{1}”?").format(other.name, kept.name),
            self.tr("All that is {0} becomes {1}, and {0} is no longer a class. Undo takes it back.").format(
                other.name, kept.name
            ),
            (("merge", self.tr("Merge")), ("stay", self.tr("Cancel"))),
            parent=self._page,
        )

        def act(answer: str) -> None:
            if answer == "merge":
                self._carry_out(lambda: stored.merge(self._session.store, keep, [gone]))

        question.answered.connect(act)
        question.open()

    def _count(self, class_id: int, then: Callable[[tuple[int, int]], object]) -> None:
        store = self._session.store

        def done(uses: tuple[int, int]) -> None:
            if isValid(self):
                then(uses)

        self._session.jobs.run("", lambda progress: stored.uses(store, class_id), done=done, lane="labels", quiet=True)

    def _carry_out(self, verb: Callable[[], Edited | None]) -> None:
        self._desk.carry_out(self.tr("Changing classes"), lambda progress: verb())

    def _find(self, class_id: int) -> ImageClass | None:
        """``None``: it is gone since the menu was opened."""
        return next((one for one in self._session.data.classes if one.id == class_id), None)

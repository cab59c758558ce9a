"""Undo, redo and the history of a picture: steps back in the project's diary."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from app.edit_words import sentence
from app.label_desk import LabelDesk
from app.state import Session
from core.store import labels as stored
from core.store.journal import Edited, Version

if TYPE_CHECKING:
    from app.widgets.label.history_dialog import HistoryDialog


class Steps(QObject):
    """``replayed`` tells what an undo or a redo changed, so that the page can show it."""

    replayed = Signal(object)  # Edited or None

    def __init__(self, session: Session, desk: LabelDesk, page: QWidget) -> None:
        super().__init__(page)
        self._session, self._desk = session, desk

    def undo(self) -> None:
        self._replay(stored.undo)

    def redo(self) -> None:
        self._replay(stored.redo)

    def words(self) -> tuple[str, str]:
        """What would be undone and redone; empty where there is nothing."""
        before, after = (
            "" if step is None else sentence(step.verb, step.detail)
            for step in (self._desk.undo_step, self._desk.redo_step)
        )
        return before, after

    def fill(self, dialog: "HistoryDialog", image_hash: str) -> None:
        """Read every state that the image had, after what is being saved now."""

        def take(versions: list[Version]) -> None:
            if isValid(dialog):
                dialog.show_versions(versions)

        store = self._session.store
        self._session.jobs.run("", lambda progress: stored.history(store, image_hash), done=take, quiet=True)

    def _replay(self, verb: Callable[..., Edited | None]) -> None:
        if not self._session.reading_only:
            self._desk.carry_out("", lambda progress: verb(self._session.store), done=self.replayed.emit)

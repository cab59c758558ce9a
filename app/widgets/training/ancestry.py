"""What the runs that a new one may start from have learned from: looked at once for each, in the background."""

from PySide6.QtCore import QObject, Signal

from app import run_edits
from app.run_edits import Acquaintance
from app.state import Session


class Ancestry(QObject):
    """``changed``: another run was looked at."""

    changed = Signal()

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._known: dict[str, Acquaintance | None] = {}  # ``None`` while it is being looked at

    def known(self, run: str) -> Acquaintance | None:
        """What is known about a run; asks for it if nothing is."""
        if run not in self._known:
            self._known[run] = None
            known = self._known

            def keep(found: Acquaintance) -> None:
                known[run] = found
                if known is self._known:
                    self.changed.emit()

            run_edits.look_at_ancestor(self._session, run, done=keep)
        return self._known[run]

    def forget(self) -> None:
        """The data are others now."""
        self._known = {}

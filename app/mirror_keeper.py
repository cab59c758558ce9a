"""The folder of label files of an open project: kept up to date in the background while people label."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication

from app.label_desk import LabelDesk
from app.state import Change, Session
from core.domain.dataset import ImageClass
from core.domain.errors import LensmithError
from core.domain.progress import Progress
from core.store.journal import Edited
from core.store.mirror_record import MIRROR

if TYPE_CHECKING:  # readers of formats, which the window's start does not wait for
    from core.actions.mirroring import Choice, Difference, Mirror


QUICK = 2.0  # seconds of the processor that coming back to the window may cost


class MirrorState(Struct, frozen=True, kw_only=True):
    """What is known about the folder. ``waiting``: what other programs changed there, by name of the file."""

    folder: Path
    form: str  # "yolo" or "voc"
    files: int
    waiting: "tuple[Difference, ...]" = ()
    classes: tuple[ImageClass, ...] = ()  # with those that only the files know; their ids are below zero


class MirrorKeeper(QObject):
    """``state`` is ``None`` where no folder mirrors the project. ``error``: why the files are behind; it is tried
    again with the next change, and by ``look``.
    """

    changed = Signal()  # ``state`` or ``error``
    _seen = Signal(object)  # MirrorState or None, from a background thread

    def __init__(self, session: Session, desk: LabelDesk) -> None:
        super().__init__(session)
        self._session, self._desk = session, desk
        self._mirror: Mirror | None = None
        self._turn = threading.Lock()  # one thread at a time has the mirror
        self._runs = False
        self._again = ""
        self._took = 0.0  # seconds, to look at every file
        self.state: MirrorState | None = None
        self.error: LensmithError | None = None
        self._seen.connect(self._take)
        session.changed.connect(self._follow)
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.applicationStateChanged.connect(self._come_back)
        if session.loaded:
            self.look()

    def look(self) -> None:
        """Compare every file, for others may have changed some."""
        self._run("look")

    def set_up(self, folder: Path, form: str) -> None:
        """Keep label files in ``folder`` from now on; ``error`` says why it cannot be."""

        def work(progress: Progress) -> None:
            from core.actions import mirroring

            with self._turn:
                self._mirror = mirroring.set_up(self._session.store, folder, form, progress)
                self._say()

        title = self.tr("Writing label files")
        self._session.jobs.run(title, work, failed=self._fail, ended=self._finish, lane="mirror")

    def _finish(self) -> None:
        """What was cancelled on the way is written after all: the folder was chosen."""
        if self.state is None and self.error is None:
            self.look()

    def give_up(self) -> None:
        """No longer keep label files; those that are there stay."""

        def work(progress: Progress) -> None:
            from core.actions import mirroring

            with self._turn:
                mirroring.give_up(self._session.store)
                self._mirror = None
                self._say()

        self._session.jobs.run("", work, lane="mirror", quiet=True)

    def settle(self, choices: "Mapping[str, Choice]") -> None:
        """Take what others wrote as one edit, or write ours over it; by name of the file."""

        def work(progress: Progress) -> Edited | None:
            with self._turn:
                if self._mirror is None:
                    return None
                try:
                    return self._mirror.settle(choices, progress)
                finally:
                    self._say()

        self._desk.carry_out(self.tr("Settling label files"), work)

    def _come_back(self, state: Qt.ApplicationState) -> None:
        """The user may have been in another tool; where looking takes long, there is a button for it."""
        if state is Qt.ApplicationState.ApplicationActive and self.state is not None and self._took < QUICK:
            self.look()

    def _follow(self, change: Change) -> None:
        if change & Change.DATA:
            self.look()
        elif change & Change.LABELS and self.state is not None:
            self._run("follow")

    def _run(self, what: str) -> None:
        """One at a time; what comes meanwhile is done together afterwards."""
        if self._runs:
            self._again = "look" if "look" in (what, self._again) else what
            return
        self._runs = True

        def work(progress: Progress) -> None:
            with self._turn:
                if not (self._session.path / MIRROR).exists():
                    self._mirror = None
                elif self._mirror is None:
                    from core.actions import mirroring

                    self._mirror = mirroring.open_mirror(self._session.store)
                try:
                    if self._mirror is not None and what == "look":
                        began = time.monotonic()
                        self._mirror.update(None, progress)
                        self._took = time.monotonic() - began
                    elif self._mirror is not None:
                        self._mirror.follow(progress)
                finally:
                    self._say()

        self._session.jobs.run("", work, failed=self._fail, ended=self._go_on, lane="mirror", quiet=True)

    def _go_on(self) -> None:
        self._runs = False
        if again := self._again:
            self._again = ""
            self._run(again)

    def _say(self) -> None:
        """In a background thread, which has its turn."""
        mirror = self._mirror
        if mirror is None:
            self._seen.emit(None)
            return
        waiting = tuple(sorted(mirror.waiting.values(), key=lambda one: (one.image is None, one.file)))
        self._seen.emit(
            MirrorState(
                folder=mirror.folder,
                form=mirror.form,
                files=mirror.files,
                waiting=waiting,
                classes=mirror.all_classes(),
            )
        )

    def _take(self, state: MirrorState | None) -> None:
        self.state, self.error = state, None
        self.changed.emit()

    def _fail(self, error: LensmithError) -> None:
        self.error = error
        self.changed.emit()

"""When something breaks that nobody foresaw: it is written down and told, and the window lives on.

An exception in a slot goes to ``errors.log`` and to whoever listens to ``broke``. A crash of the whole process leaves
the stacks of its threads in ``crash.log``, which the next start shows.
"""

import faulthandler
import sys
import threading
import traceback
from datetime import datetime
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Signal

LONGEST_LOG = 1 << 20  # bytes; then the log starts over


class CrashReport(QObject):
    """Catches what reaches Python's last hooks, in any thread, and tells it in the window's thread."""

    broke = Signal(str, str)  # one line, whole story

    def __init__(self, folder: Path) -> None:
        super().__init__()
        folder.mkdir(parents=True, exist_ok=True)
        self._errors = folder / "errors.log"
        self._crash = folder / "crash.log"

    def watch(self) -> str:
        """From now on nothing breaks in silence; call once, before the window is made.

        Returns the stacks that an earlier crash left, or nothing.
        """
        earlier = self._crash.read_text("utf-8", "replace") if self._crash.exists() else ""
        if earlier:
            self._crash.replace(self._crash.with_name("crash-before.log"))
        self._file = self._crash.open("a", encoding="utf-8")  # kept open: a dying process can open nothing
        faulthandler.enable(self._file)
        sys.excepthook = self._catch
        threading.excepthook = lambda what: self._catch(what.exc_type, what.exc_value, what.exc_traceback)
        return earlier

    def _catch(self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.exit(1)
        story = "".join(traceback.format_exception(kind, error, trace))
        self._write(story)
        self.broke.emit(self.tr("Something went wrong: {0}").format(f"{kind.__name__}: {error}"), story)

    def _write(self, story: str) -> None:
        full = self._errors.exists() and self._errors.stat().st_size > LONGEST_LOG
        with self._errors.open("w" if full else "a", encoding="utf-8") as file:
            file.write(f"{datetime.now():%Y-%m-%d %H:%M:%S}\n{story}\n")
        if sys.stderr is not None:
            sys.stderr.write(story)

"""Backups while a project is open, and the offer of one where a project cannot be opened."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDateTime, QLocale, QTimer

from app.widgets.question import Question

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.state import Session
    from core.store.backups import DamagedProject, Restored

EVERY = 60 * 60 * 1000  # milliseconds


def keep_backed_up(session: "Session") -> None:
    """Once now and then every hour, in the background; copies are made only of what changed."""
    if session.store.read_only:
        return

    def back_up() -> None:
        session.jobs.run("", lambda progress: session.store.back_up(), lane="backup", quiet=True)

    timer = QTimer(session)
    timer.timeout.connect(back_up)
    timer.start(EVERY)
    back_up()


def offer(window: "MainWindow", error: "DamagedProject") -> None:
    """Ask whether to go back to the newest backup, and do it; without a backup, tell what is wrong."""
    if error.backup is None:
        window.show_error(error)
        return
    made = QDateTime.fromSecsSinceEpoch(int(error.backup.time.timestamp()))
    when = QLocale().toString(made, QLocale.FormatType.ShortFormat)
    question = Question(
        window.tr("Restore the backup of {0}?").format(when),
        window.tr(
            "The data of “{0}” are damaged. Changes since the backup are lost; the damaged file is kept beside it. "
            "Pictures and runs are not touched."
        ).format(error.project.name),
        [("restore", window.tr("Restore")), ("leave", window.tr("Leave it as it is"))],
        icon="warning-circle",
        parent=window,
    )
    question.answered.connect(partial(_answer, window, error.project))
    question.open()


def _answer(window: "MainWindow", project: Path, answer: str) -> None:
    if answer != "restore":
        return

    def work(progress: object) -> "Restored":
        from core.store.project_store import ProjectStore

        return ProjectStore.restore_backup(project)

    def done(restored: "Restored") -> None:
        window.open_soon(project)

    window.jobs.run(window.tr("Restoring the backup"), work, done=done, lane="restore")

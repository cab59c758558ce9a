"""What a user wants done with runs of the list: asks what there is to ask, then calls the verb."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QFileDialog
from shiboken6 import isValid

from app import run_edits
from app.state import Session
from app.widgets.banner import Banner
from app.widgets.run.note_dialog import NoteDialog
from app.widgets.run.run_list import RunList
from app.widgets.run.trash_dialog import TrashDialog
from core.actions.organising import Trash
from core.actions.reporting import RunSummary
from core.domain.run import number_of
from core.domain.run_notes import RunNotes, as_tags

_MOST_TAGS = 12  # reminded of


class RunOrganiser(QObject):
    """Serves ``RunList.wanted``; ``banner`` says what was deleted, with Undo, until something else is done."""

    def __init__(self, session: Session, runs: RunList, banner: Banner) -> None:
        super().__init__(runs)
        self._session, self._list, self.banner = session, runs, banner
        self._deleted: tuple[str, ...] = ()
        self.dialog: NoteDialog | TrashDialog | None = None
        self.undo_button = banner.add_action(self.tr("Undo"), self._undo)
        banner.add_action(self.tr("Close"), lambda: banner.say(""))
        runs.wanted.connect(self._do)

    def notes_of(self, run_id: str) -> RunNotes:
        """What is said of a run, as the session knows it."""
        run = next((run for run in self._session.runs if run.run == run_id), None)
        if run is None:
            return RunNotes()
        return RunNotes(note=run.note, tags=run.tags, star=run.star, archived=run.archived)

    def show_menu(self, run_id: str, place: QPoint) -> None:
        """What can be done with a run, at a point of the screen; nothing before the run was read."""
        run = next((run for run in self._session.runs if run.run == run_id), None)
        if run is not None:
            self._list.show_menu((run,), place)

    def _do(self, verb: str, runs: Sequence[RunSummary]) -> None:
        mark = partial(run_edits.mark_runs, self._session, runs)
        match verb:
            case "star" | "unstar":
                mark(star=verb == "star")
            case "archive" | "unarchive":
                mark(archived=verb == "archive")
            case "notes":
                self._ask_notes(runs[0])
            case "delete":
                run_edits.delete_runs(self._session, runs, self._say_deleted)
            case "curves" | "batches":
                self._save_curves(runs[0].run, batches=verb == "batches")
            case "table":
                self._save_table()
            case "trash":
                self._show_trash()

    # Notes

    def _ask_notes(self, run: RunSummary) -> None:
        known = as_tags(tag for other in reversed(self._session.runs) for tag in other.tags)[:_MOST_TAGS]
        self.dialog = NoteDialog(run, known, self._list.window())
        self.dialog.saved.connect(partial(run_edits.note_run, self._session, run.run))
        self.dialog.open()

    # Trash

    def _say_deleted(self, runs: Sequence[RunSummary]) -> None:
        self._deleted = tuple(run.run for run in runs)
        words = self.tr("%n run(s) moved to the trash.", "", len(runs))
        if len(runs) == 1:
            words = self.tr("Run {} is in the trash.").format(number_of(runs[0].run))
        self.banner.say(words)

    def _undo(self) -> None:
        self.banner.say("")
        run_edits.undelete_runs(self._session, self._deleted)

    def _show_trash(self) -> None:
        dialog = TrashDialog(self._list.window())
        dialog.restore_wanted.connect(self._bring_back)
        dialog.empty_wanted.connect(self._empty)
        self.dialog = dialog
        dialog.open()
        self._look()

    def _look(self) -> None:
        run_edits.look_into_trash(self._session, self._take_trash)

    def _take_trash(self, trash: Trash) -> None:
        if isinstance(self.dialog, TrashDialog) and isValid(self.dialog):
            self.dialog.show_trash(trash)

    def _bring_back(self, runs: Sequence[str]) -> None:
        self.banner.say("")
        run_edits.undelete_runs(self._session, runs)
        self._look()

    def _empty(self, runs: Sequence[str]) -> None:
        self.banner.say("")
        run_edits.empty_trash(self._session, runs, self._look)

    # Files

    def _save_curves(self, run: str, *, batches: bool) -> None:
        what = "batches" if batches else "curves"
        target = self._ask_file(self.tr("Save the curves"), f"{self._session.path.name} {run} {what}.csv")
        if target is not None:
            run_edits.save_curves(self._session, run, target, batches=batches)

    def _save_table(self) -> None:
        target = self._ask_file(self.tr("Save the table of all runs"), f"{self._session.path.name} runs.csv")
        if target is not None:
            run_edits.save_table(self._session, target)

    def _ask_file(self, title: str, name: str) -> Path | None:
        kind = self.tr("Table (*.csv)")
        target, _ = QFileDialog.getSaveFileName(self._list.window(), title, str(Path.home() / name), kind)
        if not target:
            return None
        path = Path(target)
        return path if path.suffix else path.with_suffix(".csv")

"""Keeping many runs in order: notes, tags, star, archive, and a trash that gives back.

A run that another one started from is never deleted alone: resuming, the tree of runs and the forgetting meter all
read the ancestor. Deleted together with all its descendants it may go; brought back, a run brings its ancestors.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from core.domain.errors import LensmithError
from core.domain.run import RunWeights, number_of, weights_of
from core.domain.run_notes import RunNotes, as_tags
from core.runs import supervisor
from core.runs.status import is_alive, locked
from core.store import run_trash
from core.store.queue_file import queue_lock, read_queue
from core.store.run_notes import change_notes
from core.store.run_store import RunFolder, RunStore


class Trash(Struct, frozen=True, kw_only=True):
    """``bytes``: of all its files."""

    runs: tuple[str, ...]
    bytes: int


def change_runs(
    project: Path,
    ids: Sequence[str],
    *,
    star: bool | None = None,
    archived: bool | None = None,
    note: str | None = None,
    add_tags: Collection[str] = (),
    remove_tags: Collection[str] = (),
) -> dict[str, RunNotes]:
    """Say something about runs; ``None`` leaves it as it is. Returns the notes of each run by its id."""
    runs, gone = RunStore(project), {tag.casefold() for tag in as_tags(remove_tags)}

    def change(notes: RunNotes) -> RunNotes:
        kept = [tag for tag in notes.tags if tag.casefold() not in gone]
        return replace(
            notes,
            star=notes.star if star is None else star,
            archived=notes.archived if archived is None else archived,
            note=notes.note if note is None else note.strip(),
            tags=as_tags([*kept, *add_tags]),
        )

    changed = {}
    for run in [runs.get(run_id) for run_id in ids]:
        changed[run.id] = change_notes(run, change)
    return changed


def set_notes(project: Path, run_id: str, notes: RunNotes) -> RunNotes:
    """Replace all that was said about a run."""
    whole = replace(notes, note=notes.note.strip(), tags=as_tags(notes.tags))
    return change_notes(RunStore(project).get(run_id), lambda before: whole)


def delete_runs(project: Path, ids: Sequence[str]) -> tuple[str, ...]:
    """Move runs into the trash; returns their ids.

    Raises:
        LensmithError: one of them is needed or under way, with the reason; none is moved then.
    """
    store = RunStore(project)
    runs = [store.get(run_id) for run_id in ids]
    with queue_lock(project):  # so that none of them is launched meanwhile
        reasons = _why_kept(project, store, runs)
        if reasons:
            raise LensmithError(*next(iter(reasons.values())))
        run_trash.put_into_trash(project, sorted(runs, key=lambda run: -run.number))
    return tuple(run.id for run in runs)


def restore_runs(project: Path, ids: Sequence[str]) -> tuple[str, ...]:
    """Bring runs back from the trash, and with them those in the trash that they started from; returns all ids.

    Raises:
        LensmithError: one is not there, or cannot be moved.
    """
    there = {run.id: run for run in run_trash.trashed(project)}
    wanted: dict[str, None] = {}
    waiting = [_named(there, run_id) for run_id in ids]
    while waiting:
        run_id = waiting.pop()
        if run_id not in wanted:
            wanted[run_id] = None
            parent = _parent(there[run_id])
            waiting += [parent] if parent in there else []
    ordered = sorted(wanted, key=number_of)  # an ancestor before what started from it
    return tuple(run.id for run in run_trash.take_from_trash(project, ordered))


def trash(project: Path) -> Trash:
    """What lies in the trash."""
    return Trash(runs=tuple(run.id for run in run_trash.trashed(project)), bytes=run_trash.trash_size(project))


def empty_trash(project: Path, ids: Sequence[str]) -> None:
    """Delete runs of the trash for good; ``ids`` are those that the user was told of."""
    run_trash.empty(project, ids)


def _why_kept(project: Path, store: RunStore, runs: Sequence[RunFolder]) -> dict[str, tuple[str, str]]:
    """Cause and remedy for each run that cannot be deleted now."""
    doomed, queue = {run.id for run in runs}, read_queue(project)
    children = _children(store.list(), doomed)
    reasons: dict[str, tuple[str, str]] = {}
    for run in runs:
        with locked(run.path):
            alive = is_alive(run.path)
        if alive:
            reasons[run.id] = (f"Run {run.number} is running.", "Stop it first; then delete it.")
        elif queue.find(run.id) is not None:
            reasons[run.id] = (f"Run {run.number} waits in the queue.", "Take it out of the queue; then delete it.")
        elif run.id in children:
            names = ", ".join(str(number_of(child)) for child in children[run.id])
            reasons[run.id] = (
                f"Run {run.number} is what these runs started from: {names}.",
                "Delete them with it, or archive it: then it is out of the way and nothing is lost.",
            )
        else:
            supervisor.settle(run.path)  # its last word, if its process died without one
    return reasons


def _children(runs: Sequence[RunFolder], doomed: Collection[str]) -> Mapping[str, list[str]]:
    """Of each doomed run, those that started from it and are to stay."""
    found: dict[str, list[str]] = {}
    for run in runs:
        parent = _parent(run) if run.id not in doomed else None
        if parent is not None and parent in doomed:
            found.setdefault(parent, []).append(run.id)
    return found


def _parent(run: RunFolder) -> str | None:
    """The run whose weights this one started from."""
    try:
        weights = weights_of(run.spec().start)
    except LensmithError:  # damaged: it starts from nothing any more
        return None
    return weights.run if isinstance(weights, RunWeights) else None


def _named(there: Mapping[str, RunFolder], name: str) -> str:
    """The run of the trash with this id or number."""
    matches = [run.id for run in there.values() if name == run.id or (name.isdigit() and int(name) == run.number)]
    if not matches:
        names = ", ".join(there) or "nothing"
        raise LensmithError(f"There is no run “{name}” in the trash.", f"In it there is: {names}.")
    return matches[0]

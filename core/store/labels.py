"""Labels of images: read, changed one edit at a time, undone and redone; each edit is one transaction and is kept."""

from collections.abc import Iterable, Mapping, Sequence

from core.domain.labels import ImageLabels
from core.store import journal
from core.store.journal import Edit, Edited, Version
from core.store.project_store import ProjectStore


def read_labels(store: ProjectStore, hashes: Iterable[str]) -> dict[str, ImageLabels]:
    """Labels by hash. Raises ``LensmithError`` for an image that the project does not have."""
    with store.reading() as db:
        return {hash_: journal.read(db, journal.image_id(db, hash_)) for hash_ in hashes}


def edit(store: ProjectStore, verb: str, detail: Sequence[str], labels: Mapping[str, ImageLabels]) -> Edited | None:
    """Give images (by hash) these labels, as one edit that can be undone. ``None`` when nothing is different.

    ``verb`` and ``detail``: what the diary says about it, in ``app/edit_words.py``.
    """
    with store.editing() as db:
        return journal.change(db, verb, detail, {journal.image_id(db, hash_): new for hash_, new in labels.items()})


def undo(store: ProjectStore) -> Edited | None:
    """Take the last edit back; ``None`` when there is none. Raises ``LensmithError`` where labels changed since."""
    with store.editing() as db:
        return journal.replay(db, "undo")


def redo(store: ProjectStore) -> Edited | None:
    """Do again what was undone last; ``None`` when there is nothing, or something else was done since."""
    with store.editing() as db:
        return journal.replay(db, "redo")


def next_steps(store: ProjectStore) -> tuple[Edit | None, Edit | None]:
    """What ``undo`` would take back, and what ``redo`` would do again."""
    with store.reading() as db:
        return journal.last_done(db), journal.first_undone(db)


def diary(store: ProjectStore, limit: int = 200) -> list[Edit]:
    """What was done, newest first, undoing and redoing among it."""
    with store.reading() as db:
        return journal.entries(db, "ORDER BY id DESC LIMIT ?", limit)


def history(store: ProjectStore, image_hash: str) -> list[Version]:
    """Every state that an image had, newest first; the first of the list is the present one."""
    with store.reading() as db:
        return journal.versions(db, journal.image_id(db, image_hash))

"""The diary of a project: what each edit changed of labels and classes, on one connection inside one transaction."""

import getpass
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from core.domain.annotation import Box
from core.domain.errors import LensmithError
from core.domain.label_change import ChangeConflict, LabelChange, applied, backwards, difference
from core.domain.labels import ImageLabels, LabelledBox, Origin, Proposal
from core.store.codec import decoder_of


class ClassRow(Struct, frozen=True, array_like=True):
    """A class as the project keeps it, in use or not; the fields as in ``ImageClass``."""

    id: int
    name: str
    position: int
    retired: bool
    look: int | None
    shortcut: str


class ClassChange(Struct, frozen=True, array_like=True):
    before: ClassRow
    after: ClassRow


class ClassChanges(Struct, frozen=True):
    changes: tuple[ClassChange, ...] = ()


class Edit(Struct, frozen=True, kw_only=True):
    """One entry of the project's diary. ``verb`` and ``detail`` are for a sentence about what was done.

    ``kind``: "edit", or "undo" or "redo" of the edit ``of``. ``standing``: "done", "undone", or "left": undone, and
    then something else was done in its place.
    """

    id: int
    time: str  # ISO 8601, UTC
    user: str
    verb: str
    detail: tuple[str, ...]
    kind: str
    of: int | None
    standing: str
    images: int  # how many it changed


class Edited(Struct, frozen=True, kw_only=True):
    """What an edit left: its entry, and the labels that the images it changed have now (by hash)."""

    edit: Edit
    labels: dict[str, ImageLabels]
    classes: bool = False  # whether classes changed too


class Version(Struct, frozen=True, kw_only=True):
    """``labels`` of one image as they were after ``edit``; ``None``: before the first edit."""

    edit: Edit | None
    labels: ImageLabels


def change(
    db: sqlite3.Connection,
    verb: str,
    detail: Sequence[str],
    labels: Mapping[int, ImageLabels],
    classes: Sequence[ClassRow] = (),
) -> Edited | None:
    """Give images (by row id) these labels and classes these rows, as one edit. ``None`` when nothing is different.

    A new class must be in the table already, retired.

    Raises:
        LensmithError: labels of a class that is out of use, as when it was merged or removed a moment ago.
    """
    known = {row.id: row for row in class_rows(db)} if classes else {}
    renewed = tuple(ClassChange(known[row.id], row) for row in classes if known[row.id] != row)
    _write_classes(db, [one.after for one in renewed])
    _refuse_unused(db, labels)
    changes = {}
    for image, new in labels.items():
        changed = difference(read(db, image), new)
        if changed is not None:
            changes[image] = changed
            _write(db, image, changed, new)
    if not changes and not renewed:
        return None
    db.execute("UPDATE edits SET standing = 'left' WHERE kind = 'edit' AND standing = 'undone'")
    return _keep(db, _Done("edit", verb, tuple(detail), changes, renewed), labels)


def replay(db: sqlite3.Connection, kind: str) -> Edited | None:
    """Undo the last edit that stands, or redo the last one undone; ``None`` when there is none.

    Raises:
        LensmithError: what it changed was changed since by something else.
    """
    entry = last_done(db) if kind == "undo" else first_undone(db)
    if entry is None:
        return None
    rows = db.execute("SELECT image, change FROM edit_images WHERE edit = ?", (entry.id,)).fetchall()
    (text,) = db.execute("SELECT classes FROM edits WHERE id = ?", (entry.id,)).fetchone()
    changes = {image: decoder_of(LabelChange).decode(change) for image, change in rows}
    renewed = decoder_of(ClassChanges).decode(text).changes
    if kind == "undo":
        changes = {image: backwards(change) for image, change in changes.items()}
        renewed = tuple(ClassChange(one.after, one.before) for one in renewed)
    labels = {}
    try:
        for image, change in changes.items():
            labels[image] = applied(change, read(db, image))
            _write(db, image, change, labels[image])
    except ChangeConflict as conflict:
        raise LensmithError(
            "Labels of this edit were changed since by something else, so it stays.",
            "Look at the picture's history and restore the state that you want.",
        ) from conflict
    _write_classes(db, [one.after for one in renewed])
    db.execute("UPDATE edits SET standing = ? WHERE id = ?", ("undone" if kind == "undo" else "done", entry.id))
    return _keep(db, _Done(kind, entry.verb, entry.detail, changes, renewed, of=entry.id), labels)


def entries(db: sqlite3.Connection, where: str, *values: object) -> list[Edit]:
    columns = "id, time, user, verb, detail, kind, of, standing, (SELECT count(*) FROM edit_images WHERE edit = id)"
    return [
        Edit(
            id=id_,
            time=time,
            user=user,
            verb=verb,
            detail=tuple(msgspec.json.decode(detail)),
            kind=kind,
            of=of,
            standing=standing,
            images=images,
        )
        for id_, time, user, verb, detail, kind, of, standing, images in db.execute(
            f"SELECT {columns} FROM edits {where}", values
        )
    ]


def last_done(db: sqlite3.Connection) -> Edit | None:
    """The edit to undo next."""
    found = entries(db, "WHERE kind = 'edit' AND standing = 'done' ORDER BY id DESC LIMIT 1")
    return found[0] if found else None


def first_undone(db: sqlite3.Connection) -> Edit | None:
    """The edit to redo next."""
    found = entries(db, "WHERE kind = 'edit' AND standing = 'undone' ORDER BY id LIMIT 1")
    return found[0] if found else None


def versions(db: sqlite3.Connection, image: int) -> list[Version]:
    """Every state that an image had, newest first; the first of the list is the present one."""
    labels = read(db, image)
    rows = db.execute("SELECT edit, change FROM edit_images WHERE image = ? ORDER BY edit DESC", (image,)).fetchall()
    made = {edit.id: edit for edit in entries(db, "WHERE id IN (SELECT edit FROM edit_images WHERE image = ?)", image)}
    found = []
    for edit, text in rows:
        found.append(Version(edit=made[edit], labels=labels))
        labels = applied(backwards(decoder_of(LabelChange).decode(text)), labels)
    return [*found, Version(edit=None, labels=labels)]


# One image


def image_id(db: sqlite3.Connection, image_hash: str) -> int:
    row = db.execute("SELECT id FROM images WHERE hash = ?", (image_hash,)).fetchone()
    if row is None:
        raise LensmithError(f"There is no image {image_hash} in this project.", "Import it first.")
    return int(row[0])


def read(db: sqlite3.Connection, image: int) -> ImageLabels:
    state, label, how, source, done, confirmed = db.execute(
        "SELECT state, class, how, source, done, confirmed FROM images WHERE id = ?", (image,)
    ).fetchone()
    corners = "x_min, y_min, x_max, y_max, class"
    boxes = db.execute(f"SELECT {corners}, how, source FROM boxes WHERE image = ? ORDER BY position", (image,))
    proposals = db.execute(
        f"SELECT {corners}, score, source FROM proposals WHERE image = ? ORDER BY position", (image,)
    )
    return ImageLabels(
        boxes=tuple(LabelledBox(Box(*row[:5]), Origin(*row[5:])) for row in boxes) if state == "boxes" else None,
        label=label,
        origin=Origin(how, source),
        done=bool(done),
        confirmed=bool(confirmed),
        proposals=tuple(Proposal(Box(*row[:5]), *row[5:]) for row in proposals),
    )


def _write(db: sqlite3.Connection, image: int, change: LabelChange, new: ImageLabels) -> None:
    """Bring an image to ``new``, to which ``change`` has led."""
    if change.after is not None:
        state = "boxes" if new.boxes is not None else "unlabelled" if new.label is None else "class"
        db.execute(
            "UPDATE images SET state = ?, class = ?, how = ?, source = ?, done = ?, confirmed = ? WHERE id = ?",
            (state, new.label, new.origin.how, new.origin.source, new.done, new.confirmed, image),
        )
    if change.boxes is not None:
        start = change.boxes.at
        db.execute("DELETE FROM boxes WHERE image = ? AND position >= ?", (image, start))
        boxes = enumerate((new.boxes or ())[start:], start)
        rows = ((image, n, *_columns(one.box), one.origin.how, one.origin.source) for n, one in boxes)
        db.executemany("INSERT INTO boxes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    if change.proposals is not None:
        start = change.proposals.at
        db.execute("DELETE FROM proposals WHERE image = ? AND position >= ?", (image, start))
        proposals = enumerate(new.proposals[start:], start)
        waiting = ((image, n, *_columns(one.box), one.score, one.source) for n, one in proposals)
        db.executemany("INSERT INTO proposals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", waiting)


def _refuse_unused(db: sqlite3.Connection, labels: Mapping[int, ImageLabels]) -> None:
    unused: dict[int | None, str] = dict(db.execute("SELECT id, name FROM classes WHERE retired").fetchall())
    if not unused:
        return
    for one in labels.values():
        boxes = (*(labelled.box for labelled in one.boxes or ()), *(waiting.box for waiting in one.proposals))
        for class_id in (one.label, *(box.class_id for box in boxes)):
            if class_id in unused:
                name = unused[class_id]
                raise LensmithError(f"Not saved: the class “{name}” is not in use any more.", "Choose another class.")


def _columns(box: Box) -> tuple[float, float, float, float, int]:
    return box.x_min, box.y_min, box.x_max, box.y_max, box.class_id


# Classes


def class_rows(db: sqlite3.Connection) -> list[ClassRow]:
    """Every class, retired ones too."""
    rows = db.execute("SELECT id, name, position, retired, look, shortcut FROM classes ORDER BY position, id")
    return [ClassRow(id_, name, position, bool(retired), look, key) for id_, name, position, retired, look, key in rows]


def _write_classes(db: sqlite3.Connection, rows: Sequence[ClassRow]) -> None:
    # Names are taken away first: two classes may have changed theirs for each other's.
    db.executemany("UPDATE classes SET name = ? WHERE id = ?", ((f"\0{row.id}", row.id) for row in rows))
    for row in rows:
        taken = db.execute("SELECT retired FROM classes WHERE name = ?", (row.name,)).fetchone()
        if taken is not None:
            raise LensmithError(f"There is a class “{row.name}” already.", "Choose another name.")
        db.execute(
            "UPDATE classes SET name = ?, position = ?, retired = ?, look = ?, shortcut = ? WHERE id = ?",
            (row.name, row.position, row.retired, row.look, row.shortcut, row.id),
        )


class _Done(Struct, frozen=True):
    """What has been written, by row id of images."""

    kind: str
    verb: str
    detail: tuple[str, ...]
    changes: dict[int, LabelChange]
    classes: tuple[ClassChange, ...]
    of: int | None = None


def _keep(db: sqlite3.Connection, done: _Done, labels: Mapping[int, ImageLabels]) -> Edited:
    """Enter it into the diary; ``labels`` are what the images have now."""
    row = (
        datetime.now(UTC).isoformat(timespec="seconds"),
        _user(),
        done.verb,
        _json(done.detail),
        done.kind,
        done.of,
        _json(ClassChanges(done.classes)),
    )
    insert = "INSERT INTO edits (time, user, verb, detail, kind, of, classes, standing) VALUES (?,?,?,?,?,?,?,'done')"
    id_ = db.execute(insert, row).lastrowid
    db.executemany(
        "INSERT INTO edit_images VALUES (?, ?, ?)", ((id_, image, _json(one)) for image, one in done.changes.items())
    )
    hashes = db.execute("SELECT image, hash FROM edit_images JOIN images ON id = image WHERE edit = ?", (id_,))
    (entry,) = entries(db, "WHERE id = ?", id_)
    return Edited(edit=entry, labels={hash_: labels[image] for image, hash_ in hashes}, classes=bool(done.classes))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return ""

"""Classes of a project: each change is one edit that can be undone, and none of them shifts another class."""

from collections.abc import Mapping, Sequence
from sqlite3 import Connection

from msgspec.structs import replace

from core.domain.dataset import ImageClass
from core.domain.errors import LensmithError
from core.domain.labels import ImageLabels, LabelledBox
from core.store import journal
from core.store.journal import ClassRow, Edited
from core.store.project_store import ProjectStore, check_class_name


def add(store: ProjectStore, name: str) -> int:
    """The id of a new class, which comes after the others; one of that name that was taken out of use comes back."""
    name = " ".join(name.split())
    check_class_name(name)
    with store.editing() as db:
        if any(row.name == name and not row.retired for row in journal.class_rows(db)):
            raise LensmithError(f"There is a class “{name}” already.", "Choose another name.")
        ids, rows = brought_in(db, [name])
        journal.change(db, "add_class", (name,), {}, rows)
        return ids[name]


def brought_in(db: Connection, names: Sequence[str]) -> tuple[dict[str, int], list[ClassRow]]:
    """The id of each name, known or new, and the rows that take those into use that are not; for ``journal.change``."""
    known = {row.name: row for row in journal.class_rows(db)}
    last = max((row.position for row in known.values()), default=-1)
    rows = []
    for name in dict.fromkeys(names):
        row = known.get(name)
        if row is not None and not row.retired:
            continue
        last += 1
        if row is None:
            insert = "INSERT INTO classes (name, position, retired) VALUES (?, ?, 1)"
            id_ = db.execute(insert, (name, last)).lastrowid
            assert id_ is not None
            row = ClassRow(id_, name, last, True, None, "")
        rows.append(replace(row, retired=False, position=last))
    ids = {row.name: row.id for row in (*known.values(), *rows)}
    return {name: ids[name] for name in names}, rows


def rename(store: ProjectStore, class_id: int, name: str) -> Edited | None:
    """Another name; id, boxes and runs stay."""
    name = " ".join(name.split())
    check_class_name(name)
    with store.editing() as db:
        row = _row(db, class_id)
        if any(other.name == name and other.id != class_id for other in journal.class_rows(db)):
            raise LensmithError(f"There is, or was, a class “{name}” already.", "Choose another name, or merge them.")
        return journal.change(db, "rename_class", (row.name, name), {}, [replace(row, name=name)])


def set_look(store: ProjectStore, class_id: int, look: int) -> Edited | None:
    """Another colour and marker: ``look`` is an index into those of the window."""
    with store.editing() as db:
        row = _row(db, class_id)
        return journal.change(db, "recolour_class", (row.name,), {}, [replace(row, look=look)])


def set_shortcut(store: ProjectStore, class_id: int, key: str) -> Edited | None:
    """A letter that gives this class; whichever class had it loses it. Empty: none."""
    with store.editing() as db:
        row = _row(db, class_id)
        others = [replace(one, shortcut="") for one in journal.class_rows(db) if key and one.shortcut == key]
        rows = [one for one in others if one.id != class_id]
        return journal.change(db, "class_key", (row.name, key), {}, [*rows, replace(row, shortcut=key)])


def reorder(store: ProjectStore, class_ids: Sequence[int]) -> Edited | None:
    """The classes in use in this order, which is that of digit keys and of the outputs of later runs."""
    with store.editing() as db:
        live = {row.id: row for row in journal.class_rows(db) if not row.retired}
        if sorted(live) != sorted(class_ids):
            raise LensmithError("The list of classes changed meanwhile.", "Look at it again and try once more.")
        places = sorted(row.position for row in live.values())
        rows = [replace(live[id_], position=place) for id_, place in zip(class_ids, places, strict=True)]
        return journal.change(db, "reorder_classes", (), {}, rows)


def merge(store: ProjectStore, keep: int, others: Sequence[int]) -> Edited | None:
    """Give everything of ``others`` the class ``keep`` and take them out of use. Runs keep what they learnt."""
    gone = set(others) - {keep}
    with store.editing() as db:
        kept, rows = _row(db, keep), [_row(db, class_id) for class_id in sorted(gone)]
        labels = {image: moved(old, dict.fromkeys(gone, keep)) for image, old in _showing(db, gone).items()}
        retired = [replace(row, retired=True, shortcut="") for row in rows]
        return journal.change(db, "merge_classes", (kept.name, *(row.name for row in rows)), labels, retired)


def retire(store: ProjectStore, class_id: int) -> Edited | None:
    """Take a class out of use, and its boxes and labels with it. Earlier runs keep it, and its id is never reused.

    A picture that had this class alone is unlabelled then; one that had boxes of it keeps its other boxes, and is in
    progress if it had none: nobody said that it shows nothing.
    """
    with store.editing() as db:
        row = _row(db, class_id)
        labels = {image: _without(old, class_id) for image, old in _showing(db, {class_id}).items()}
        return journal.change(db, "remove_class", (row.name,), labels, [replace(row, retired=True, shortcut="")])


def uses(store: ProjectStore, class_id: int) -> tuple[int, int]:
    """(images, boxes) that a class has; for classification a label counts as an image."""
    with store.reading() as db:
        (boxes,) = db.execute("SELECT count(*) FROM boxes WHERE class = ?", (class_id,)).fetchone()
        with_it = "SELECT id FROM images WHERE class = :id UNION SELECT image FROM boxes WHERE class = :id"
        (images,) = db.execute(f"SELECT count(*) FROM ({with_it})", {"id": class_id}).fetchone()
        return int(images), int(boxes)


def numbered(store: ProjectStore) -> tuple[tuple[ImageClass, ...], frozenset[int]]:
    """Classes by the number that they have in exports, and the ids of those of them that are out of use.

    The class at position ``n`` has the number ``n``, for ever: whoever needs numbers first gives them, in the order of
    the classes; later classes get the next ones, and no number is ever free again.

    Raises:
        LensmithError: some class has none yet, and the project cannot be written.
    """
    with store.reading() as db:
        missing = db.execute(f"SELECT 1 FROM classes WHERE {_WITHOUT_NUMBER} LIMIT 1").fetchone()
    if missing and store.read_only:
        raise LensmithError(
            f"{store.path} can only be read now, and classes that were never exported get their number in it.",
            "Export once from where it can be written: close other windows that have it, or make a copy.",
        )
    if missing:
        with store.editing() as db:
            (count,) = db.execute("SELECT count(number) FROM classes").fetchone()
            found = db.execute(f"SELECT id FROM classes WHERE {_WITHOUT_NUMBER} ORDER BY position, id").fetchall()
            numbers = ((number, id_) for number, (id_,) in enumerate(found, start=count))
            db.executemany("UPDATE classes SET number = ? WHERE id = ?", numbers)
    with store.reading() as db:
        query = "SELECT id, name, look, shortcut, retired FROM classes WHERE number IS NOT NULL ORDER BY number"
        rows = db.execute(query).fetchall()
    return tuple(ImageClass(*row[:4]) for row in rows), frozenset(row[0] for row in rows if row[4])


_WITHOUT_NUMBER = "number IS NULL AND NOT retired"


def moved(labels: ImageLabels, to: Mapping[int, int]) -> ImageLabels:
    """``labels`` with other classes: class id -> class id, those that are not named staying."""

    def box(one: LabelledBox) -> LabelledBox:
        return replace(one, box=replace(one.box, class_id=to.get(one.box.class_id, one.box.class_id)))

    return replace(
        labels,
        boxes=None if labels.boxes is None else tuple(map(box, labels.boxes)),
        label=None if labels.label is None else to.get(labels.label, labels.label),
        proposals=tuple(
            replace(one, box=replace(one.box, class_id=to.get(one.box.class_id, one.box.class_id)))
            for one in labels.proposals
        ),
    )


def _without(labels: ImageLabels, class_id: int) -> ImageLabels:
    boxes = labels.boxes
    if boxes is not None:
        boxes = tuple(one for one in boxes if one.box.class_id != class_id)
    return replace(
        labels,
        boxes=boxes,
        label=None if labels.label == class_id else labels.label,
        done=labels.done and (bool(boxes) or not labels.boxes),
        proposals=tuple(one for one in labels.proposals if one.box.class_id != class_id),
    )


def _row(db: Connection, class_id: int) -> ClassRow:
    row = next((row for row in journal.class_rows(db) if row.id == class_id and not row.retired), None)
    if row is None:
        raise LensmithError(f"There is no class with the id {class_id} in use.", "Look at the list of classes again.")
    return row


def _showing(db: Connection, class_ids: set[int]) -> dict[int, ImageLabels]:
    """Row id -> labels of every image that has one of these classes, or a proposal of it."""
    marks = ",".join(map(str, sorted(class_ids)))
    query = (
        f"SELECT id FROM images WHERE class IN ({marks}) UNION SELECT image FROM boxes WHERE class IN ({marks})"
        f" UNION SELECT image FROM proposals WHERE class IN ({marks})"
    )
    return {image: journal.read(db, image) for (image,) in db.execute(query).fetchall()}

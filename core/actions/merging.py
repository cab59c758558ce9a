"""Two people labelled the same pictures, each in a project of their own: what one has is brought into the other.

Images are known by hash, classes by name. Nothing is written before the user has decided what both said differently;
then all of it is one edit. The other project is only read.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from core.data.formats.listing import counted
from core.domain.annotation import Annotation, Boxes, Unlabelled
from core.domain.dataset import Image, ImageClass
from core.domain.errors import LensmithError
from core.domain.labels import ImageLabels, labels_of
from core.domain.progress import Progress, silent
from core.domain.source import ImportedImage
from core.domain.task import Task
from core.store import classes, journal
from core.store.importer import same_annotation
from core.store.journal import Edited
from core.store.labels import read_labels
from core.store.project_store import ProjectStore

Choice = Literal["ours", "theirs"]


class Conflict(Struct, frozen=True, kw_only=True):
    """One image about which both said something, and not the same."""

    image: Image  # as this project has it
    ours: ImageLabels
    theirs: ImageLabels


class Comparison(Struct, frozen=True, kw_only=True):
    """What merging would do. Class ids are those of this project; classes that it lacks have ids below zero."""

    name: str  # of the other project
    task: Task | None
    classes: tuple[ImageClass, ...]  # of both
    rows: tuple[ImportedImage, ...]  # files of images that only the other has, without labels
    taken: dict[str, ImageLabels]  # by hash: what only the other said, of known and of new images
    same: int  # images about which both said the same
    conflicts: tuple[Conflict, ...]

    @property
    def new_images(self) -> int:
        return len({row.facts.hash for row in self.rows})

    @property
    def new_classes(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.classes if one.id < 0)


class Merged(Struct, frozen=True, kw_only=True):
    """What merging did; ``edited`` is ``None`` where no label changed."""

    images_added: int
    labels_taken: int  # of images that nobody had labelled here
    ours: int  # conflicts decided either way
    theirs: int
    edited: Edited | None


def compare(store: ProjectStore, other: Path, progress: Progress = silent) -> Comparison:
    """Look at what the project in the folder ``other`` has that ``store`` has not, or has otherwise.

    Raises:
        LensmithError: no project there, the same project, or one for another task.
    """
    if Path(other).resolve() == store.path:
        raise LensmithError(f"“{other}” is the project that is open.", "Choose the other person's project.")
    with ProjectStore.open(Path(other), for_writing=False) as theirs:
        _check_task(store, theirs)
        known = store.classes()
        everything, ids = _both(known, theirs.classes())
        here = {image.hash: image for image in store.images()}
        taken, both, same = [], [], 0
        for image in counted(theirs.images(), progress, "Comparing labels"):
            if _says_nothing(image):
                continue
            mine = here.get(image.hash)
            if mine is None or _says_nothing(mine):
                taken.append(image.hash)
            elif same_annotation(mine.annotation, _moved(image, ids)):
                same += 1
            else:
                both.append(image.hash)
        theirs_said = {
            image_hash: replace(classes.moved(labels, ids), proposals=())
            for image_hash, labels in read_labels(theirs, [*taken, *both]).items()
        }
        ours_said = read_labels(store, both)
        return Comparison(
            name=theirs.info.name,
            task=theirs.info.task,
            classes=everything,
            rows=tuple(row for row in theirs.rows() if row.facts.hash not in here),
            taken={image_hash: theirs_said[image_hash] for image_hash in taken},
            same=same,
            conflicts=tuple(Conflict(image=here[one], ours=ours_said[one], theirs=theirs_said[one]) for one in both),
        )


def merge(store: ProjectStore, found: Comparison, choices: Mapping[str, Choice], progress: Progress = silent) -> Merged:
    """Do it, in one transaction and one edit. ``choices``: whose labels count, by hash, for every conflict.

    Images that come in stay when the edit is undone; they are unlabelled then.

    Raises:
        LensmithError: a conflict is undecided, or labels changed here since ``compare``.
    """
    undecided = [one.image.path for one in found.conflicts if one.image.hash not in choices]
    if undecided:
        raise LensmithError(
            f"{len(undecided)} images are labelled differently in “{found.name}”, such as “{undecided[0]}”.",
            "Decide whose labels count: ours or theirs.",
        )
    chosen = [one for one in found.conflicts if choices[one.image.hash] == "theirs"]
    progress(0, 0, "Merging")
    with store.transaction():
        if store.info.task is None and found.task is not None:
            store.set_task(found.task)
        store.import_images(found.rows)
        edited = _edit(store, found, chosen)
    return Merged(
        images_added=found.new_images,
        labels_taken=len(found.taken),
        ours=len(found.conflicts) - len(chosen),
        theirs=len(chosen),
        edited=edited,
    )


def _edit(store: ProjectStore, found: Comparison, chosen: Sequence[Conflict]) -> Edited | None:
    wanted = found.taken | {one.image.hash: one.theirs for one in chosen}
    before = {one.image.hash: one.ours for one in chosen}
    used = {class_id for labels in wanted.values() for class_id in _classes_of(labels)}
    with store.editing() as db:
        known = {row.name: row for row in journal.class_rows(db)}
        needed = [one.name for one in found.classes if one.id < 0 and (one.id in used or one.name not in known)]
        ids, rows = classes.brought_in(db, needed)
        to = {one.id: ids[one.name] for one in found.classes if one.name in ids}
        labels = {}
        for image_hash, theirs in wanted.items():
            image = journal.image_id(db, image_hash)
            now = journal.read(db, image)
            if _is_blank(now) if image_hash not in before else now == before[image_hash]:
                labels[image] = replace(classes.moved(theirs, to), proposals=now.proposals)
        in_use = {row.id for row in known.values() if not row.retired} | {row.id for row in rows}
        if len(labels) < len(wanted) or not in_use.issuperset(to.get(class_id, class_id) for class_id in used):
            raise LensmithError(
                "Labels or classes were changed here since the two projects were compared; nothing was merged.",
                "Compare them again.",
            )
        return journal.change(db, "merge_project", (found.name, str(len(labels))), labels, rows)


def _check_task(store: ProjectStore, other: ProjectStore) -> None:
    ours, theirs = store.info, other.info
    if None not in (ours.task, theirs.task) and ours.task is not theirs.task:
        raise LensmithError(
            f"“{theirs.name}” is a project for {theirs.task}, but “{ours.name}” is for {ours.task}.",
            "Choose a project for the same task.",
        )


def _both(ours: Sequence[ImageClass], theirs: Sequence[ImageClass]) -> tuple[tuple[ImageClass, ...], dict[int, int]]:
    """The classes of both, by name, and the id here of each class there."""
    by_name = {one.name: one.id for one in ours}
    lacking = [one for one in theirs if one.name not in by_name]
    by_name |= {one.name: -place for place, one in enumerate(lacking, start=1)}
    brought = [ImageClass(by_name[one.name], one.name, look=one.look) for one in lacking]
    return (*ours, *brought), {one.id: by_name[one.name] for one in theirs}


def _says_nothing(image: Image) -> bool:
    """Of a picture begun without a box nobody said that it shows nothing."""
    return isinstance(image.annotation, Unlabelled) or (not image.done and image.annotation == Boxes(()))


def _is_blank(labels: ImageLabels) -> bool:
    return labels.label is None and (labels.boxes is None or (not labels.done and not labels.boxes))


def _moved(image: Image, ids: Mapping[int, int]) -> Annotation:
    return classes.moved(labels_of(image.annotation), ids).annotation


def _classes_of(labels: ImageLabels) -> set[int]:
    found = {one.box.class_id for one in labels.boxes or ()}
    return found if labels.label is None else {*found, labels.label}

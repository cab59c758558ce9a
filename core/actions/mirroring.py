"""A folder of label files (YOLO or VOC) that follows the project, for people who use other tools beside.

Only images labelled to the end have a file. What another program did to a file is never overwritten: it waits as a
difference until the user says whose it shall be.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from core.actions.mirror_folder import Places, check_folder, keep_old
from core.data.formats.convert import to_pixel_boxes
from core.data.formats.label_files import SUFFIXES, Known, beside, content_of, lists_of, read_boxes, read_list
from core.data.formats.listing import counted
from core.domain.annotation import Box
from core.domain.dataset import Image, ImageClass
from core.domain.errors import LensmithError
from core.domain.labels import IMPORTED, ImageLabels, LabelledBox
from core.domain.progress import Progress, silent
from core.domain.source import Problem, SourceImage
from core.domain.task import Task
from core.store import classes, journal
from core.store.files import translated_errors, write_atomic
from core.store.importer import same_annotation, same_box
from core.store.journal import Edited
from core.store.labels import read_labels
from core.store.mirror_record import MirrorRecord, changed_since, read_record, read_some, write_record
from core.store.project_store import ProjectStore

Choice = Literal["theirs", "ours"]
WRITERS = 8
FEW = 200  # images that are looked up one by one; more are read all at once


class Difference(Struct, frozen=True, kw_only=True):
    """A file that another program made or changed. Class ids below zero are of classes that the project lacks.

    ``image`` is ``None`` for a list of classes. ``theirs`` is ``None`` where nothing in the file can be used;
    ``problems`` name its lines.
    """

    file: str  # below the folder
    digest: str  # of its bytes when it was looked at
    image: Image | None = None
    ours: ImageLabels = ImageLabels()
    theirs: ImageLabels | None = None
    new_classes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


class Mirror:
    """The label files of one project, for one thread at a time.

    ``waiting``: by file, what others changed and nobody has decided about.
    """

    def __init__(self, store: ProjectStore, record: MirrorRecord) -> None:
        """For ``open_mirror`` and ``set_up`` only."""
        self._store, self._record = store, record
        self._places = Places(record, SUFFIXES[record.format])
        self._new_ids: dict[str, int] = {}  # classes that only label files know
        self._held: set[str] = set()  # folders whose list of classes others numbered anew: ours would be misread there
        self.folder, self.form = Path(record.folder), record.format
        self.waiting: dict[str, Difference] = {}

    @property
    def files(self) -> int:
        """How many label files there are of ours."""
        return len(set(self._record.files.values()) & self._record.written.keys())

    def all_classes(self) -> tuple[ImageClass, ...]:
        """Those of the project, and those that only differences have."""
        return (*self._store.classes(), *(ImageClass(id_, name) for name, id_ in self._new_ids.items()))

    def follow(self, progress: Progress = silent) -> None:
        """Bring the files up to date with what was edited since the last time."""
        self.update((), progress)

    def update(self, hashes: Collection[str] | None = None, progress: Progress = silent) -> None:
        """Look at the files of these images, or at all; in any case at what was edited and at the lists of classes.

        Raises:
            LensmithError: the folder is gone or cannot be written, or pictures of the project lie in it.
        """
        if not self.folder.is_dir():
            raise LensmithError(
                f"The folder of label files, {self.folder}, is gone; labels are safe in the project.",
                "Put the folder back, or choose another one.",
            )
        edit, edited = changed_since(self._store, self._record.edit)  # first: what is edited meanwhile comes again
        hashes = None if hashes is None else {*hashes, *edited}
        known = Known(*classes.numbered(self._store))
        lists = lists_of(self.form, known, self._folders())
        renamed = any(_digest(text) != self._record.written.get(file) for file, text in lists.items())
        if hashes is None or len(hashes) > FEW or (self.form == "voc" and renamed):
            images = self._store.images()
            check_folder(self._store, self.folder, images)
            self._forget_others({image.hash for image in images})
        else:
            images = read_some(self._store, hashes)
        self._held = self._folders_of_other_numbers(known)
        wanted = self._compare(images, known, progress)
        wanted |= self._compare_lists(lists_of(self.form, known, self._folders()))
        self._write(wanted, edit, progress)

    def settle(self, choices: Mapping[str, Choice], progress: Progress = silent) -> Edited | None:
        """Decide about files that wait: take theirs into the project, as one edit, or write ours over it.

        What is written over stays beside it as ``….bak``. A file that changed once more stays as it is and waits on.
        """
        ready = {
            file: one
            for file, choice in choices.items()
            if (one := self.waiting.get(file)) is not None
            and self._digest_of(file) == one.digest
            and (choice == "ours" or one.theirs is not None or one.image is None)
        }
        ready = {file: one for file, one in ready.items() if one.image or not self._waits_beside(file, ready.keys())}
        edited = self._take([one for file, one in ready.items() if choices[file] == "theirs"])
        for file, one in ready.items():
            if choices[file] == "ours" or one.image is None or _folder_of(file) in self._held:
                keep_old(self.folder / file)
                self._record.written[file] = one.digest
            del self.waiting[file]
        looked_at = (*ready.values(), *self.waiting.values())  # what waits may be of a class that came in just now
        lists = any(one.image is None for one in ready.values())  # with one of them, files that were held go on
        self.update(None if lists else {one.image.hash for one in looked_at if one.image is not None}, progress)
        return edited

    # What is to be written

    def _compare(self, images: Iterable[Image], known: Known, progress: Progress) -> dict[str, bytes | None]:
        """What to write into which files; ``None``: the file goes. Those that others changed are put to ``waiting``."""
        wanted = {}
        for image in counted(images, progress, "Comparing label files"):
            file = self._places.of(image)
            content = content_of(self.form, image, known)
            there = self._digest_of(file)
            self.waiting.pop(file, None)
            if there == (None if content is None else _digest(content)):
                self._note(file, there)
            elif there is None or self._is_own(file, there):
                if _folder_of(file) not in self._held:
                    wanted[file] = content
            elif (difference := self._difference(file, there, image, known)) is not None:
                self.waiting[file] = difference
        return wanted

    def _compare_lists(self, lists: Mapping[str, bytes]) -> dict[str, bytes | None]:
        wanted: dict[str, bytes | None] = {}
        for file, content in lists.items():
            there = self._digest_of(file)
            self.waiting.pop(file, None)
            if there == _digest(content):
                self._note(file, there)
            elif there is None or self._is_own(file, there):
                wanted[file] = content
            else:
                names = read_list(self.folder / file)
                own = Known(*classes.numbered(self._store)).names(self.form)
                if names != own:
                    new = tuple(name for name in names or () if name not in own)
                    self.waiting[file] = Difference(file=file, digest=there, new_classes=new)
        return wanted

    def _write(self, wanted: Mapping[str, bytes | None], edit: int, progress: Progress) -> None:
        record = self._record
        if wanted:
            record.pending = {file: _digest(content) for file, content in wanted.items() if content is not None}
            write_record(self._store.path, record)
        # Each write waits for the disk; side by side they wait together.
        with ThreadPoolExecutor(WRITERS) as pool:
            writes = [pool.submit(self._put, file, content) for file, content in wanted.items()]
            try:
                for write in counted(writes, progress, "Writing label files"):
                    self._note(*write.result())
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        record.pending, record.edit = {}, edit
        write_record(self._store.path, record)

    def _put(self, file: str, content: bytes | None) -> tuple[str, str | None]:
        """In a thread: the file, and the digest of what is in it now."""
        path = self.folder / file
        with translated_errors(path):
            if content is None:
                path.unlink(missing_ok=True)
                return file, None
            path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, content)
        return file, _digest(content)

    def _note(self, file: str, digest: str | None) -> None:
        if digest is None:
            self._record.written.pop(file, None)
        else:
            self._record.written[file] = digest

    def _is_own(self, file: str, digest: str) -> bool:
        return digest in (self._record.written.get(file), self._record.pending.get(file))

    def _digest_of(self, file: str) -> str | None:
        try:
            return _digest((self.folder / file).read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LensmithError(
                f"{self.folder / file} cannot be read ({error.strerror}).", "Check the disk and permissions."
            ) from error

    def _folders(self) -> set[str]:
        return set(self._record.places.values()) or {""}

    def _forget_others(self, hashes: Collection[str]) -> None:
        for image_hash in self._record.files.keys() - hashes:
            self.waiting.pop(self._record.files.pop(image_hash), None)

    # What others wrote

    def _difference(self, file: str, digest: str, image: Image, known: Known) -> Difference | None:
        """``None`` where the file says the same in other words."""
        names = known.names(self.form)
        if self.form == "yolo":
            names = read_list(self.folder / beside(_folder_of(file))) or names
        problems: list[Problem] = []
        names, found = read_boxes(self.form, self.folder / file, names, problems)
        ours = read_labels(self._store, [image.hash])[image.hash]
        theirs = None
        if found is not None:
            boxes, cut = to_pixel_boxes(SourceImage(image.path, boxes=found), image.width, image.height)
            problems += [Problem(one.kind, str(self.folder / file), one.detail) for one in cut]
            ids = self._ids(names)
            theirs = _labelled([Box(x1, y1, x2, y2, ids[label]) for x1, y1, x2, y2, label in boxes], ours)
            theirs = theirs if boxes or not found else None
        if (
            _folder_of(file) not in self._held
            and theirs is not None
            and image.done
            and same_annotation(theirs.annotation, ours.annotation)
        ):
            return None
        found_here = tuple(problems)
        return Difference(file=file, digest=digest, image=image, ours=ours, theirs=theirs, problems=found_here)

    def _folders_of_other_numbers(self, known: Known) -> set[str]:
        """Folders of YOLO files whose list has another class at a number of ours; a longer one does no harm."""
        own, found = known.names(self.form), set()
        for folder in self._folders() if self.form == "yolo" else ():
            file = beside(folder)
            there = self._digest_of(file)
            if there is None or self._is_own(file, there):
                continue
            names = read_list(self.folder / file)
            if names is None or any(name != other for name, other in zip(names, own, strict=False)):
                found.add(folder)
        return found

    def _waits_beside(self, file: str, settled: Collection[str]) -> bool:
        """Whether label files that are read by this list of classes still wait."""
        return any(
            one.image is not None and self.form == "yolo" and beside(_folder_of(other)) == file
            for other, one in self.waiting.items()
            if other not in settled
        )

    def _ids(self, names: Iterable[str]) -> list[int]:
        live = {one.name: one.id for one in self._store.classes()}
        for name in names:
            if name not in live:
                self._new_ids.setdefault(name, min(self._new_ids.values(), default=0) - 1)
        return [live.get(name) or self._new_ids[name] for name in names]

    def _take(self, chosen: Collection[Difference]) -> Edited | None:
        used = {box.box.class_id for one in chosen if one.theirs for box in one.theirs.boxes or ()}
        needed = [name for name, id_ in self._new_ids.items() if id_ in used]
        needed += [name for one in chosen for name in one.new_classes]
        with self._store.editing() as db:
            ids, rows = classes.brought_in(db, needed)
            to = {id_: ids[name] for name, id_ in self._new_ids.items() if name in ids}
            labels = {
                journal.image_id(db, one.image.hash): classes.moved(one.theirs, to)
                for one in chosen
                if one.image is not None and one.theirs is not None
            }
            edited = journal.change(db, "import", (), labels, rows)
        self._new_ids = {name: id_ for name, id_ in self._new_ids.items() if name not in ids}
        return edited


def open_mirror(store: ProjectStore) -> Mirror | None:
    """``None`` where the project has no folder of label files, or somebody else keeps them. Nothing is written yet."""
    record = None if store.read_only else read_record(store.path)
    return None if record is None else Mirror(store, record)


def set_up(store: ProjectStore, folder: Path, form: str, progress: Progress = silent) -> Mirror:
    """Keep label files of the form "yolo" or "voc" in ``folder`` from now on, and write those of all images.

    Files that are there already stay, and wait as differences.

    Raises:
        LensmithError: pictures lie in the folder, or the project has no boxes.
    """
    if store.info.task is not Task.DETECTION:
        raise LensmithError(
            f"Label files hold boxes, and “{store.info.name}” has none.", "Export class folders or CSV instead."
        )
    folder = Path(folder).resolve()
    with store.transaction():  # of a project that somebody else has, only they keep the files
        check_folder(store, folder, store.images())
    with translated_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    record = MirrorRecord(folder=str(folder), format=form)
    write_record(store.path, record)
    mirror = Mirror(store, record)
    mirror.update(None, progress)
    return mirror


def give_up(store: ProjectStore) -> None:
    """No longer keep label files; those that are there stay."""
    with store.transaction():
        write_record(store.path, None)


def _folder_of(file: str) -> str:
    return file.rpartition("/")[0]


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=12).hexdigest()


def _labelled(boxes: Iterable[Box], ours: ImageLabels) -> ImageLabels:
    """``boxes`` as labels; those that are ours as they were keep their corners and their origin."""
    left = list(ours.boxes or ())
    found = []
    for box in boxes:
        known = next((one for one in left if same_box(one.box, box)), None)
        if known is not None:
            left.remove(known)
        found.append(known or LabelledBox(box, IMPORTED))
    return replace(ours, boxes=tuple(found), done=True, confirmed=False)

"""A project folder: opened by one writer and any number of readers, changed one transaction an edit."""

import os
import shutil
import sqlite3
import tempfile
import threading
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from filelock import BaseFileLock
from msgspec.structs import replace

from core.domain.annotation import Boxes, ClassLabel
from core.domain.dataset import Image, ImageClass, Snapshot
from core.domain.errors import LensmithError
from core.domain.project import Holder, ProjectInfo
from core.domain.source import ImportCounts, ImportedImage, Problem
from core.domain.task import Split, Task
from core.store import backups, database, importer, queries
from core.store.files import sync_directory, translated_errors
from core.store.lock import free_lock, read_holder, take_lock
from core.store.migrations import VERSION, migrate, version_of
from core.store.picture_paths import PicturePaths, follow_move
from core.store.run_store import RunStore

DATABASE = "lensmith.db"
RUNS = "runs"
CACHE = "cache"  # always rebuildable, never backed up


class ProjectStore:
    """The data of one project. Every method is one transaction, or one consistent reading; any thread may call.

    ``read_only``: another process has the project (``holder`` says who), or its folder cannot be written (``holder``
    is ``None``). Edits then raise ``LensmithError``. To be closed; also a context manager.
    """

    def __init__(self, path: Path, lock: BaseFileLock | None, holder: Holder | None) -> None:
        """For ``create`` and ``open`` only."""
        self.path = path
        self.read_only = lock is None
        self.holder = holder
        self.on_network = database.on_network(path)
        self._lock = lock
        self._paths = PicturePaths(path)
        self._file = path / DATABASE
        self._mode = "ro"
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        self._writer: sqlite3.Connection | None = None
        self._turn = threading.RLock()  # whoever holds it may write
        self._writing_thread: int | None = None

    @classmethod
    def create(cls, path: Path, name: str = "", task: Task | None = None) -> "ProjectStore":
        """Make a project in a new or empty folder and open it. Without a ``name`` it is called like the folder.

        Raises:
            LensmithError: the folder has other files in it (perhaps pictures), or cannot be written.
        """
        path = Path(path).resolve()
        if (path / DATABASE).exists():
            raise LensmithError(f"{path} is a Lensmith project already.", "Open it, or choose another folder.")
        with translated_errors(path):
            path.mkdir(parents=True, exist_ok=True)
            if any(not _is_ours(entry.name) for entry in path.iterdir()):
                raise LensmithError(f"{path} is not empty.", "Choose a new folder: nothing is put beside other files.")
            lock = take_lock(path)
            if lock is None:
                raise LensmithError(f"{path} is being made a project by another window.", "Choose another folder.")
            try:
                (path / RUNS).mkdir(exist_ok=True)
                (path / CACHE).mkdir(exist_ok=True)
                _build(path, name.strip() or path.name, task)
            finally:
                free_lock(path, lock)
        return cls.open(path)

    @classmethod
    def open(cls, path: Path, *, for_writing: bool = True) -> "ProjectStore":
        """Open a project, for writing if nobody else has it and its folder can be written.

        With ``for_writing`` false it is read-only from the start, and nobody is kept from writing meanwhile.

        Raises:
            LensmithError: no project, or made by a newer Lensmith.
            DamagedProject: the database is damaged; it knows the backup to restore.
        """
        path = Path(path).resolve()
        if not (path / DATABASE).is_file():
            raise LensmithError(f"{path} is not a Lensmith project.", f"Choose the folder that holds {DATABASE}.")
        try:
            lock = take_lock(path) if for_writing else None
            holder = read_holder(path) if for_writing and lock is None else None
        except OSError:
            lock = holder = None
        store = cls(path, lock, holder)
        if not for_writing and os.access(path, os.W_OK) and os.access(path / DATABASE, os.W_OK):
            store._mode = "rw"  # the last to leave then tidies up, which SQLite does not let a mere reader do
        try:
            store._connect()
        except database.DamagedError as error:
            store._leave()
            raise backups.DamagedProject(path, error.cause) from error
        except BaseException:
            store._leave()
            raise
        return store

    @staticmethod
    def restore_backup(path: Path, backup: backups.Backup | None = None) -> backups.Restored:
        """Go back to a backup of a project that nobody has open; without one, to the newest that is whole.

        The damaged database is kept beside it. Raises ``LensmithError``: no backup, or the project is open.
        """
        path = Path(path).resolve()
        return backups.restore(path, path / DATABASE, backup)

    def back_up(self) -> backups.Backup | None:
        """Copy the database if it changed and the newest copy is an hour old. Any thread may call, nobody waits."""
        return None if self.read_only else backups.back_up(self.path, self._file)

    def close(self) -> None:
        """Free the lock and leave one database file, backed up if it is small; may be called twice."""
        if self._writer is not None and self._file.stat().st_size <= backups.SMALL:
            self.back_up()
        self._leave()

    def _leave(self) -> None:
        with self._turn:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            if self._lock is not None:
                free_lock(self.path, self._lock)
                self._lock = None
            if self._copy is not None:
                self._copy.cleanup()
                self._copy = None

    def __enter__(self) -> "ProjectStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Reading

    @property
    def info(self) -> ProjectInfo:
        with self.reading() as db:
            return queries.read_info(db)

    @property
    def cache_dir(self) -> Path:
        """Thumbnails and features: whatever is here may vanish and be made again."""
        return self.path / CACHE

    def classes(self) -> tuple[ImageClass, ...]:
        """The classes in use, in the order of a model's outputs."""
        with self.reading() as db:
            return queries.read_classes(db)

    def images(self) -> list[Image]:
        """Every image that some file is known of, in the order of import; absolute paths."""
        with self.reading() as db:
            return queries.read_images(db, self._paths)

    def count_images(self) -> int:
        """As many as ``images`` would tell, without reading them."""
        with self.reading() as db:
            return queries.count_images(db)

    def files(self) -> list[tuple[str, str]]:
        """(absolute path, image hash) of every known file."""
        with self.reading() as db:
            return queries.read_files(db, self._paths)

    def rows(self) -> list[ImportedImage]:
        """Every known file as another project would import it, without labels."""
        with self.reading() as db:
            return queries.read_rows(db, self._paths)

    def problems(self) -> tuple[Problem, ...]:
        """What imports could not take as it was."""
        with self.reading() as db:
            return queries.read_problems(db)

    def snapshot(self, parts: Mapping[str, Split] | None = None) -> Snapshot:
        """The data a run may train on, frozen: images labelled to the end that have a split, sorted by hash.

        ``parts``: image hash -> split, in place of the images' own.

        Raises:
            LensmithError: the project has no task or no class yet.
        """
        with self.reading() as db:
            info = queries.read_info(db)
            classes = queries.read_classes(db)
            images = queries.read_images(db, self._paths)
        if info.task is None or not classes:
            raise LensmithError(f"“{info.name}” has no labelled images yet.", "Import or label some first.")
        kind = ClassLabel if info.task is Task.CLASSIFICATION else Boxes
        if parts is not None:
            images = [replace(image, split=parts.get(image.hash)) for image in images]
        usable = [
            replace(image, proposals=0, least_score=1.0)
            for image in images
            if image.split is not None and image.done and isinstance(image.annotation, kind)
        ]
        usable.sort(key=lambda image: image.hash)
        return Snapshot(project=info.name, task=info.task, classes=classes, images=tuple(usable))

    # Editing

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Edits made inside become one: all of them, or none when an exception leaves the block.

        Raises:
            LensmithError: the project is read-only, or the disk is full; nothing of the block is saved then.
        """
        with self._turn:
            if self._writer is None:
                raise self._refusal()
            if self._writing_thread is not None:
                with _savepoint(self._writer):
                    yield
                return
            with database.transaction(self._writer, self._file):
                self._writing_thread = threading.get_ident()
                try:
                    yield
                finally:
                    self._writing_thread = None

    def set_task(self, task: Task) -> None:
        """Say what the models of this project answer; refused once images are labelled for the other task."""
        other = "boxes" if task is Task.CLASSIFICATION else "class"
        with self.editing() as db:
            if db.execute("SELECT 1 FROM images WHERE state = ? LIMIT 1", (other,)).fetchone():
                raise LensmithError(
                    f"The images of “{queries.read_info(db).name}” are labelled for another task than {task}.",
                    "Make a new project for it.",
                )
            db.execute("UPDATE project SET task = ?", (task,))

    def add_classes(self, names: Sequence[str], used: Collection[str] | None = None) -> dict[str, int]:
        """Name -> id of each name, known or new; new ones come after the others.

        A retired name comes back; with ``used`` given, only if it is among those: an export lists classes that are out
        of use, and reading it again is no wish to have them.
        """
        with self.editing() as db:
            ids = dict(db.execute("SELECT name, id FROM classes"))
            (last,) = db.execute("SELECT coalesce(max(position), -1) FROM classes").fetchone()
            for name in names:
                check_class_name(name)
                if name in ids and used is not None and name not in used:
                    continue
                if name in ids:
                    db.execute("UPDATE classes SET retired = 0 WHERE id = ? AND retired", (ids[name],))
                else:
                    last += 1
                    ids[name] = db.execute("INSERT INTO classes (name, position) VALUES (?, ?)", (name, last)).lastrowid
            return {name: ids[name] for name in names}

    def import_images(self, rows: Iterable[ImportedImage], problems: Iterable[Problem] = ()) -> ImportCounts:
        """Add what is new, in one transaction; whatever ``rows`` raises leaves the project as it was.

        What the project knows already is kept: an image by its hash, its label and its split. Contradictions
        become problems (``conflicting_labels``, ``duplicate_across_splits``, ``file_replaced``,
        ``undecodable_name``). ``problems`` is read after the last row, so ``rows`` may still be adding to it.
        """
        with self.editing() as db:
            return importer.import_rows(db, self._paths, rows, problems)

    def set_splits(self, splits: Mapping[str, Split | None], unlock: bool = False) -> int:
        """Put images (by hash) into parts and return how many moved.

        The test part is locked once a run exists, since metrics on another test part are not comparable.

        Raises:
            LensmithError: an image would leave or join the locked test part and ``unlock`` is not given.
        """
        with self.editing() as db:
            current = dict(db.execute("SELECT hash, split FROM images"))
            moves = [(split, hash_) for hash_, split in splits.items() if current.get(hash_, split) != split]
            touching = sum(Split.TEST in (split, current[hash_]) for split, hash_ in moves)
            if touching and not unlock and RunStore(self.path).list():
                raise LensmithError(
                    f"The test part is locked because runs were measured on it; this would change {touching} of it.",
                    "Leave the test images where they are, or unlock the test part (new runs are then not "
                    "comparable with the earlier ones).",
                )
            db.executemany("UPDATE images SET split = ? WHERE hash = ?", moves)
            return len(moves)

    # Connections, for what is kept in modules of its own

    @contextmanager
    def editing(self) -> Iterator[sqlite3.Connection]:
        """The writing connection, inside a transaction."""
        with self.transaction():
            assert self._writer is not None
            yield self._writer

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The writing connection within one's own transaction, else a fresh one that sees one moment of the project.

        Opening takes well under a millisecond, and a reader of its own never waits for a long import.
        """
        if self._writer is not None and self._writing_thread == threading.get_ident():
            yield self._writer
            return
        with database.translated_errors(self._file, "Not read"), closing(self._connect_reader()) as db:
            db.execute("BEGIN")
            yield db

    def _connect_reader(self) -> sqlite3.Connection:
        return database.connect(self._file, self._mode)

    def _connect(self) -> None:
        if self._lock is not None:
            backups.check_log(self.path, self._file)
            with database.translated_errors(self._file, "Not opened"):
                self._writer = database.connect(self._file)
            database.check_health(self._writer, self._file)
            _check_version(version_of(self._writer), self.path)
            if version_of(self._writer) < VERSION:
                self._migrate(self._writer)
            with self.transaction():
                follow_move(self._writer, self.path)
            return
        self._find_readable()
        with database.translated_errors(self._file, "Not opened"), closing(self._connect_reader()) as db:
            version = version_of(db)
        _check_version(version, self.path)
        if version < VERSION:
            raise LensmithError(
                f"{self.path} was made by an older Lensmith and must be brought up to date first.",
                "Open it once where it can be written and no other window has it.",
            )

    def _find_readable(self) -> None:
        """Choose how to read without writing: SQLite wants to make files of its own beside a database in WAL mode."""
        with database.translated_errors(self._file, "Not opened"), suppress(sqlite3.OperationalError):
            with closing(self._connect_reader()) as db:
                db.execute("SELECT 1 FROM sqlite_schema").fetchall()
            return
        log = self._file.with_name(DATABASE + "-wal")
        if log.exists() and log.stat().st_size:
            # Committed edits are still in the log, which an immutable database would not look at.
            self._copy = tempfile.TemporaryDirectory(prefix="lensmith-")
            for file in (self._file, log):
                shutil.copy(file, self._copy.name)
            self._file = Path(self._copy.name) / DATABASE
            self._mode = "rw"
        else:
            self._mode = "immutable"

    def _migrate(self, db: sqlite3.Connection) -> None:
        """Bring the database to the present form, keeping a copy of the old one."""
        backup = self._file.with_name(f"{DATABASE}.version-{version_of(db)}")
        backup.unlink(missing_ok=True)
        with database.translated_errors(self._file):
            db.execute("VACUUM INTO ?", (str(backup),))
        with database.transaction(db, self._file):
            migrate(db)

    def _refusal(self) -> LensmithError:
        if self.holder is not None:
            return LensmithError(
                f"Not saved: {self.path} is open in another window or command of {self.holder.user} on "
                f"{self.holder.host} (process {self.holder.pid}, since {self.holder.since}).",
                "Close it there, then open the project again.",
            )
        if self.read_only:
            return LensmithError(
                f"Not saved: {self.path} is open for reading only.",
                "Close other windows that have it, or allow writing to the folder; then open the project again.",
            )
        return LensmithError(f"Not saved: {self.path} is closed.", "Open the project again.")


def _build(path: Path, name: str, task: Task | None) -> None:
    """Write a whole new database under another name first, so that a killed ``create`` leaves no half project."""
    draft = path / f"{DATABASE}.new"
    for leftover in path.glob(f"{draft.name}*"):
        leftover.unlink()
    created = datetime.now(UTC).isoformat(timespec="seconds")
    info = (uuid.uuid4().hex, name, task, created, str(path))
    with (
        database.translated_errors(draft),
        closing(database.connect(draft, "rwc")) as db,
        database.transaction(db, draft),
    ):
        migrate(db)
        db.execute("INSERT INTO project (id, name, task, created, location) VALUES (?, ?, ?, ?, ?)", info)
    draft.replace(path / DATABASE)
    sync_directory(path)


def _check_version(version: int, path: Path) -> None:
    if version > VERSION:
        raise LensmithError(
            f"{path} was made by a newer Lensmith (format {version}; this one knows {VERSION}).",
            "Update Lensmith to open it.",
        )
    if version == 0:
        raise LensmithError(f"{path} is not a Lensmith project: its database is empty.", "Choose another folder.")


def check_class_name(name: str) -> None:
    """Raise ``LensmithError`` for a name that is none."""
    if not name.strip():
        raise LensmithError("A class needs a name.", "Give one with at least one letter.")


def _is_ours(name: str) -> bool:
    """What an interrupted ``create`` or the desktop may have left in a folder that is otherwise empty."""
    return name.startswith((".", "lensmith.")) or name in (RUNS, CACHE, backups.FOLDER, "desktop.ini")


@contextmanager
def _savepoint(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("SAVEPOINT edit")
    try:
        yield
        db.execute("RELEASE edit")
    except BaseException:
        if db.in_transaction:  # a full disk has ended the whole transaction already
            db.execute("ROLLBACK TO edit")
            db.execute("RELEASE edit")
        raise

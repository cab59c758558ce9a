"""How the database of a project came to its present form, one frozen function a version.

These functions import no program code and are never changed once released, so that a project of any age opens. A new
version appends a function; ``tests/unit/store/old_projects`` then gets a project of the version before.
"""

import sqlite3
from collections.abc import Callable

_VERSION_1 = """
CREATE TABLE project (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    task TEXT CHECK (task IN ('classification', 'detection')),
    created TEXT NOT NULL
);
CREATE TABLE classes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    position INTEGER NOT NULL,
    retired INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE images (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    size INTEGER NOT NULL,
    format TEXT NOT NULL,
    orientation INTEGER NOT NULL,
    traits TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('unlabelled', 'class', 'boxes')),
    class INTEGER REFERENCES classes (id),
    split TEXT CHECK (split IN ('train', 'val', 'test')),
    CHECK ((state = 'class') = (class IS NOT NULL))
);
CREATE TABLE files (
    path TEXT PRIMARY KEY,
    image INTEGER NOT NULL REFERENCES images (id),
    mtime_ns INTEGER NOT NULL,
    size INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX files_by_image ON files (image);
CREATE TABLE boxes (
    image INTEGER NOT NULL REFERENCES images (id),
    position INTEGER NOT NULL,
    x_min REAL NOT NULL,
    y_min REAL NOT NULL,
    x_max REAL NOT NULL,
    y_max REAL NOT NULL,
    class INTEGER NOT NULL REFERENCES classes (id),
    PRIMARY KEY (image, position)
) WITHOUT ROWID;
CREATE TABLE problems (
    kind TEXT NOT NULL,
    place TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (kind, place, detail)
);
"""


def to_1(db: sqlite3.Connection) -> None:
    """Project, classes, images, files, boxes, problems."""
    for statement in _VERSION_1.split(";"):
        if statement.strip():
            db.execute(statement)


def to_2(db: sqlite3.Connection) -> None:
    """Where the project folder was when last written, to find pictures after it alone was moved; problems by place."""
    db.execute("ALTER TABLE project ADD COLUMN location TEXT")
    db.execute("CREATE INDEX problems_by_place ON problems (place)")


_VERSION_3 = """
ALTER TABLE images ADD COLUMN done INTEGER NOT NULL DEFAULT 1;
ALTER TABLE images ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE images ADD COLUMN how TEXT NOT NULL DEFAULT 'imported';
ALTER TABLE images ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE boxes ADD COLUMN how TEXT NOT NULL DEFAULT 'imported';
ALTER TABLE boxes ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE classes ADD COLUMN look INTEGER;
ALTER TABLE classes ADD COLUMN shortcut TEXT NOT NULL DEFAULT '';
ALTER TABLE classes ADD COLUMN number INTEGER;
CREATE TABLE proposals (
    image INTEGER NOT NULL REFERENCES images (id),
    position INTEGER NOT NULL,
    x_min REAL NOT NULL,
    y_min REAL NOT NULL,
    x_max REAL NOT NULL,
    y_max REAL NOT NULL,
    class INTEGER NOT NULL REFERENCES classes (id),
    score REAL NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (image, position)
) WITHOUT ROWID;
CREATE TABLE edits (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time TEXT NOT NULL,
    user TEXT NOT NULL,
    verb TEXT NOT NULL,
    detail TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('edit', 'undo', 'redo')),
    of INTEGER REFERENCES edits (id),
    standing TEXT NOT NULL CHECK (standing IN ('done', 'undone', 'left')),
    classes TEXT
);
CREATE INDEX edits_by_standing ON edits (kind, standing, id);
CREATE TABLE edit_images (
    edit INTEGER NOT NULL REFERENCES edits (id),
    image INTEGER NOT NULL REFERENCES images (id),
    change TEXT NOT NULL,
    PRIMARY KEY (edit, image)
) WITHOUT ROWID;
CREATE INDEX edit_images_by_image ON edit_images (image);
"""


def to_3(db: sqlite3.Connection) -> None:
    """Labelling: what is done, where labels came from, proposals, and each edit with what it changed.

    Classes keep the colours that they had by their place; new ones have none until they get one.
    """
    for statement in _VERSION_3.split(";"):
        if statement.strip():
            db.execute(statement)
    live = db.execute("SELECT id FROM classes WHERE NOT retired ORDER BY position, id").fetchall()
    db.executemany("UPDATE classes SET look = ? WHERE id = ?", ((look, id_) for look, (id_,) in enumerate(live)))


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (to_1, to_2, to_3)
VERSION = len(MIGRATIONS)


def version_of(db: sqlite3.Connection) -> int:
    """The version a database is at; 0 is an empty file."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def migrate(db: sqlite3.Connection) -> None:
    """Bring a database to ``VERSION``; to be called inside a transaction."""
    for version, step in enumerate(MIGRATIONS[version_of(db) :], start=version_of(db) + 1):
        step(db)
        db.execute(f"PRAGMA user_version={version}")

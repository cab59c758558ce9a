import ast
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.domain.annotation import Unlabelled
from core.domain.errors import LensmithError
from core.domain.source import Problem
from core.domain.task import Split, Task
from core.store import migrations
from core.store.project_store import ProjectStore
from tests.unit.store.helpers import boxes

OLD_PROJECTS = Path(__file__).parent / "old_projects"


def rebuild(version: int, folder: Path) -> Path:
    """A project as the Lensmith of that version left it."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "lensmith.db")) as db:
        db.executescript((OLD_PROJECTS / f"version-{version}.sql").read_text(encoding="utf-8"))
    return folder


@pytest.mark.parametrize("version", range(1, migrations.VERSION))
def test_that_a_project_of_every_earlier_version_opens_with_all_its_data(tmp_path, version):
    with ProjectStore.open(rebuild(version, tmp_path / "old")) as store:
        assert (store.info.name, store.info.task) == ("Dopravník č. 3", Task.DETECTION)
        assert [(c.id, c.name) for c in store.classes()] == [(1, "šroub"), (2, "matice")]
        first, second, third = store.images()
        assert first.annotation == boxes((10, 20, 30.5, 40.25, 1), (0, 0, 640, 480, 2))
        assert (first.split, second.split, third.split) == (Split.TRAIN, Split.TEST, None)
        assert (second.annotation, second.traits, second.orientation) == (boxes(), ("cmyk", "trailing_bytes"), 6)
        assert third.annotation == Unlabelled()
        assert [Path(path).name for path, _ in store.files()] == ["kopie.jpg", "první.jpg", "prázdný.jpg", "%20 #.jpg"]
        assert store.problems() == (Problem("unreadable", "/fotky/zlý.jpg", "no picture"),)
        store.add_classes(["podložka"])
    with ProjectStore.open(tmp_path / "old") as store:
        assert len(store.classes()) == 3


@pytest.mark.parametrize("version", range(1, migrations.VERSION))
def test_that_migrating_gives_the_same_schema_as_making_anew_and_keeps_a_copy(tmp_path, version):
    def schema(folder: Path) -> list[tuple[str, str]]:
        with closing(sqlite3.connect(folder / "lensmith.db")) as db:
            rows = db.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
            return [(name, "" if sql is None else " ".join(sql.split())) for name, sql in rows]

    ProjectStore.open(rebuild(version, tmp_path / "old")).close()
    ProjectStore.create(tmp_path / "new").close()
    assert schema(tmp_path / "old") == schema(tmp_path / "new")
    with closing(sqlite3.connect(tmp_path / "old" / f"lensmith.db.version-{version}")) as db:
        assert migrations.version_of(db) == version
        assert db.execute("SELECT count(*) FROM files").fetchone() == (4,)


def test_that_a_migration_that_fails_leaves_the_old_project(tmp_path, monkeypatch):
    def broken(db: sqlite3.Connection) -> None:
        db.execute("DROP TABLE boxes")
        raise RuntimeError("out of luck")

    folder = rebuild(1, tmp_path / "old")
    monkeypatch.setattr(migrations, "MIGRATIONS", (migrations.to_1, broken))
    with pytest.raises(RuntimeError):
        ProjectStore.open(folder)
    monkeypatch.undo()
    with ProjectStore.open(folder) as store:
        assert len(store.images()[0].annotation.boxes) == 2


def test_that_an_old_project_that_cannot_be_written_says_what_to_do(tmp_path):
    folder = rebuild(1, tmp_path / "old")
    with ProjectStore.open(folder):
        pass
    (folder / "lensmith.db.version-1").replace(folder / "lensmith.db")
    blocker = ProjectStore(folder, None, None)
    with pytest.raises(LensmithError, match="older Lensmith"):
        blocker._connect()


def test_that_migrations_use_no_program_code():
    tree = ast.parse(Path(migrations.__file__).read_text(encoding="utf-8"))
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    assert sorted(imported) == ["collections.abc", "sqlite3"]

"""Windows that label at random are killed at random moments; what the project holds then is compared with a model."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from core.domain.labels import ImageLabels
from core.domain.task import Task
from core.store import labels as stored
from core.store.project_store import ProjectStore
from tests.unit.store.helpers import boxes, row

IMAGES = 12
LONGEST = 0.25  # seconds that a window labels before it is killed
Labels = dict[str, ImageLabels]
Classes = tuple[tuple[int, str], ...]  # id and name of those in use, in their order
REPOSITORY = Path(__file__).resolve().parents[1]


class Model:
    """What the project should hold: labels, classes and both ways of undo, written down without any of its code."""

    def __init__(self, labels: Labels, classes: Classes) -> None:
        self.labels, self.classes, self._last_id = labels, classes, max(id_ for id_, _ in classes)
        self.done: list[tuple[Labels, Classes]] = []  # the state before each edit that stands
        self.undone: list[tuple[Labels, Classes]] = []  # the state after each that was undone, the next one last

    def copy(self) -> "Model":
        twin = Model(self.labels, self.classes)
        twin._last_id, twin.done, twin.undone = self._last_id, list(self.done), list(self.undone)
        return twin

    def apply(self, told: dict[str, Any]) -> None:
        now = self.labels, self.classes
        match told["do"]:
            case "undo" | "redo" as which:
                stack, other = (self.done, self.undone) if which == "undo" else (self.undone, self.done)
                if stack:
                    self.labels, self.classes = stack.pop()
                    other.append(now)
                return
            case "change":
                new: Labels = msgspec.convert(told["labels"], dict[str, ImageLabels])
                if any(_classes_of(one) - {id_ for id_, _ in self.classes} for one in new.values()):
                    return  # refused: that class was taken back or merged a moment before
                self.labels = {**self.labels, **new}
            case "add":
                self._last_id += 1
                self.classes = (*self.classes, (self._last_id, told["name"]))
            case "rename":
                self.classes = tuple((id_, told["name"] if id_ == told["id"] else name) for id_, name in self.classes)
            case "reorder":
                names = dict(self.classes)
                self.classes = tuple((id_, names[id_]) for id_ in told["ids"])
            case "merge":
                self.classes = tuple(one for one in self.classes if one[0] != told["gone"])
                self.labels = {key: _merged(one, told["gone"], told["keep"]) for key, one in self.labels.items()}
        if (self.labels, self.classes) != now:
            self.done.append(now)
            self.undone.clear()

    def differs(self, store: ProjectStore) -> str:
        """Where the project is not as the model says; empty when it is."""
        if tuple((one.id, one.name) for one in store.classes()) != self.classes:
            return "classes"
        found = stored.read_labels(store, self.labels)
        different = [one for one, labels in self.labels.items() if found[one] != labels]
        if different:
            return f"images {different}"
        with store.reading() as db:
            standing = dict(db.execute("SELECT standing, count(*) FROM edits WHERE kind = 'edit' GROUP BY standing"))
        if (standing.get("done", 0), standing.get("undone", 0)) != (len(self.done), len(self.undone)):
            return "the diary"
        return ""


def _classes_of(labels: ImageLabels) -> set[int]:
    boxes = [one.box for one in labels.boxes or ()] + [one.box for one in labels.proposals]
    return {box.class_id for box in boxes}


def _merged(labels: ImageLabels, gone: int, keep: int) -> ImageLabels:
    def box(one: Any) -> Any:
        return replace(one, box=replace(one.box, class_id=keep)) if one.box.class_id == gone else one

    merged = None if labels.boxes is None else tuple(map(box, labels.boxes))
    return replace(labels, boxes=merged, proposals=tuple(map(box, labels.proposals)))


class Rounds:
    """Projects that are labelled and killed. ``edits``: how many were told as saved; ``ahead``: rounds in which an edit
    had been saved, but not told yet."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.folder, self.chance = folder, random.Random(seed)
        self.edits = self.ahead = self.killed_idle = 0
        self._projects = 0
        self._working: int | None = None
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        command = [sys.executable, "-m", "tests.labelling_robot"]
        self._robot = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def run(self, rounds: int) -> None:
        """``rounds`` windows killed one after another on one new project; raises ``AssertionError`` for whatever is
        not as it should be."""
        self._projects += 1
        project = self.folder / f"project {self._projects}"
        with ProjectStore.create(project, task=Task.DETECTION) as store:
            store.add_classes([f"class {n}" for n in range(6)])
            store.import_images(_rows())
            first = Model(_labels(store), tuple((one.id, one.name) for one in store.classes()))
        model = first.copy()
        for _ in range(rounds):
            model = self._round(project, model)
            _check_diary(project, model, first)

    def _round(self, project: Path, model: Model) -> Model:
        """The model as the project was found."""
        tried, done = self._kill(project, self.chance.uniform(0, LONGEST))
        self.edits += done
        with closing(ProjectStore.open(project)) as store, store.reading() as db:  # opening checks the file as well
            assert not store.read_only
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
            assert [one["try"] for one in tried] == list(range(1, len(tried) + 1))
            for one in tried[:done]:
                model.apply(one)
            self.killed_idle += len(tried) == done
            differs = [model.differs(store)]
            for one in tried[done:]:  # saved, but killed before it was told
                if not differs[-1]:
                    break
                model = model.copy()
                model.apply(one)
                differs.append(model.differs(store))
            assert not differs[-1], f"{project}: after {done} of {len(tried)} edits, {differs}"
            self.ahead += len(differs) > 1
        return model

    def _kill(self, project: Path, after: float) -> tuple[list[dict[str, Any]], int]:
        """What a window tried and how many edits it told as saved, before it was killed ``after`` seconds of work."""
        assert self._robot.stdin is not None
        assert self._robot.stdout is not None
        self._robot.stdin.write(b"%d %b\n" % (self.chance.getrandbits(32), os.fsencode(project)))
        self._robot.stdin.flush()
        tried, done = [], 0
        for line in self._robot.stdout:
            line, _, gone = line.partition(b'{"gone"')  # half a line may be the last word of a killed process
            told = json.loads(line) if line.endswith(b"}\n") else {}
            if "begun" in told:
                self._working = told["begun"]
                threading.Timer(after, os.kill, (told["begun"], signal.SIGKILL)).start()
            elif "try" in told:
                tried.append(told)
            elif "done" in told:
                done = told["done"]
            assert "failed" not in told or "is not in use any more" in told["failed"], told
            if gone:
                self._working = None
                assert json.loads(b'{"gone"' + gone)["gone"] == signal.SIGKILL
                return tried, done
        raise AssertionError("the robot ended")

    def __enter__(self) -> "Rounds":
        return self

    def __exit__(self, *_: object) -> None:
        if self._working is not None:  # an assertion came before its death
            with suppress(ProcessLookupError):
                os.kill(self._working, signal.SIGKILL)
        self._robot.communicate()


class _SeenEnoughError(Exception):
    pass


def _check_diary(project: Path, model: Model, first: Model) -> None:
    """Everything can be undone to the beginning and done again; then all of that is taken back."""
    try:
        with ProjectStore.open(project) as store, store.transaction():
            for _ in model.done:
                assert stored.undo(store) is not None
            assert stored.undo(store) is None
            assert _labels(store) == first.labels
            assert tuple((one.id, one.name) for one in store.classes()) == first.classes
            for _ in model.done:
                assert stored.redo(store) is not None
            assert _labels(store) == model.labels
            raise _SeenEnoughError
    except _SeenEnoughError:
        pass


def _rows() -> list[Any]:
    labelled = boxes((10, 20, 30, 40, 1), (50, 60, 90, 80, 2))
    return [row(n, f"/pictures/{n}.jpg", labelled if n % 2 else None) for n in range(IMAGES)]


def _labels(store: ProjectStore) -> Labels:
    return stored.read_labels(store, [image.hash for image in store.images()])

"""A window without a face that labels at random through the window's own edit functions, and tells what it does.

``python -m tests.labelling_robot`` reads lines "SEED PROJECT" from its input. For each it forks a window that labels
until it is killed, and tells "gone SIGNAL" then: a hundred imports of Qt would take longer than a hundred windows. The
window tells ``{"begun": pid}`` once it has read the project, ``{"try": number, …}`` before it asks for an edit, and
``{"done": number}`` when that edit left the queue of those to be saved.
"""

import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from PySide6.QtCore import QCoreApplication, QObject, QTimer, Slot

from app.jobs import Job
from app.label_desk import LabelDesk
from app.settings import Settings
from app.state import Session
from core.domain.annotation import Box
from core.domain.errors import LensmithError
from core.domain.labels import ImageLabels, LabelledBox, Origin, Proposal
from core.domain.progress import Progress
from core.store import classes
from core.store.journal import Edited
from core.store.project_store import ProjectStore

SIDE = 400  # pixels of the pictures that it labels
MOST = 12  # boxes of an image


def tell(**what: Any) -> None:
    """One line in one piece: whoever is killed leaves a whole last line, or half of one, but no two mixed."""
    os.write(1, json.dumps(what).encode() + b"\n")


class Robot(QObject):
    """Asks for one to four edits at once, waits until they are saved, and goes on."""

    def __init__(self, session: Session, chance: random.Random) -> None:
        super().__init__()
        self.session, self.chance = session, chance
        self.desk = LabelDesk(session)
        self.hashes = [image.hash for image in session.store.images()]
        self.tried = self.ended = 0
        session.jobs.ended.connect(self._count)
        session.failed.connect(self._fail)

    def begin(self) -> None:
        """Once all labels are there."""
        known = [self.desk.get(one) for one in self.hashes]
        if None in known or self.session.jobs.jobs:
            QTimer.singleShot(1, self, self.begin)
            return
        tell(begun=os.getpid())
        self.ended = 0  # the desk has asked what can be undone
        self.go_on()

    def go_on(self) -> None:
        if None in [self.desk.get(one) for one in self.hashes]:  # read anew, since classes changed
            QTimer.singleShot(1, self, self.go_on)
            return
        doings: list[Callable[[], None]] = [self.label] * 8 + [self.undo] * 3 + [self.redo] * 2
        if self.chance.random() < 0.1:
            self.chance.choice([self.add_class, self.rename_class, self.merge_classes, self.reorder_classes])()
            return
        for _ in range(self.chance.choice((1, 1, 1, 2, 4))):
            self.chance.choice(doings)()

    @Slot(object)
    def _count(self, job: Job) -> None:
        if job.lane != "project":
            return
        self.ended += 1
        if self.tried:
            tell(done=self.ended)
        if self.ended == self.tried:
            QTimer.singleShot(0, self, self.go_on)

    @Slot(object)
    def _fail(self, error: LensmithError) -> None:
        tell(failed=str(error))

    def _try(self, do: str, **what: Any) -> None:
        self.tried += 1
        tell(**{"try": self.tried, "do": do, **what})

    # What it does

    def label(self) -> None:
        some = self.chance.sample(self.hashes, self.chance.choice((1, 1, 1, 1, 3)))
        live = [one.id for one in self.session.store.classes()]
        verbs = [self._drawn, self._drawn, self._moved, self._deleted, self._classed, self._proposed, self._accepted]
        verb = self.chance.choice(verbs)
        wanted = {}
        for one in some:
            labels = self.desk.get(one)
            assert labels is not None
            wanted[one] = verb(labels, live)
        self._try("change", labels=msgspec.to_builtins(wanted))
        self.desk.change(verb.__name__.strip("_"), (), wanted)

    def undo(self) -> None:
        self._try("undo")
        self.desk.undo()

    def redo(self) -> None:
        self._try("redo")
        self.desk.redo()

    def add_class(self) -> None:
        name = f"class {self.chance.getrandbits(60)}"
        self._try("add", name=name)

        def add(store: ProjectStore) -> None:
            classes.add(store, name)

        self._carry_out(add)

    def rename_class(self) -> None:
        one = self.chance.choice(self.session.store.classes()).id
        name = f"class {self.chance.getrandbits(60)}"
        self._try("rename", id=one, name=name)
        self._carry_out(lambda store: classes.rename(store, one, name))

    def merge_classes(self) -> None:
        live = [one.id for one in self.session.store.classes()]
        if len(live) < 4:
            self.add_class()
            return
        keep, gone = self.chance.sample(live, 2)
        self._try("merge", keep=keep, gone=gone)
        self._carry_out(lambda store: classes.merge(store, keep, [gone]))

    def reorder_classes(self) -> None:
        ids = [one.id for one in self.session.store.classes()]
        self.chance.shuffle(ids)
        self._try("reorder", ids=ids)
        self._carry_out(lambda store: classes.reorder(store, ids))

    def _carry_out(self, work: Callable[[ProjectStore], Edited | None]) -> None:
        def carry_out(progress: Progress) -> Edited | None:
            return work(self.session.store)

        self.desk.carry_out("Classes", carry_out)

    # Labels after each

    def _box(self, live: list[int]) -> Box:
        x, y = self.chance.uniform(0, SIDE - 40), self.chance.uniform(0, SIDE - 40)
        width, height = self.chance.uniform(4, 40), self.chance.uniform(4, 40)
        return Box(x, y, x + width, y + height, self.chance.choice(live))

    def _drawn(self, labels: ImageLabels, live: list[int]) -> ImageLabels:
        kept = (labels.boxes or ())[-MOST:]
        return replace(labels, boxes=(*kept, LabelledBox(self._box(live), Origin("drawn"))), confirmed=False)

    def _moved(self, labels: ImageLabels, live: list[int]) -> ImageLabels:
        if not labels.boxes:
            return self._drawn(labels, live)
        boxes = list(labels.boxes)
        boxes[self.chance.randrange(len(boxes))] = LabelledBox(self._box(live), Origin("edited"))
        return replace(labels, boxes=tuple(boxes), confirmed=False)

    def _classed(self, labels: ImageLabels, live: list[int]) -> ImageLabels:
        new = self.chance.choice(live)
        boxes = tuple(replace(one, box=replace(one.box, class_id=new)) for one in labels.boxes or ())
        return replace(labels, boxes=boxes, done=self.chance.random() < 0.5)

    def _deleted(self, labels: ImageLabels, live: list[int]) -> ImageLabels:
        boxes = labels.boxes or ()
        keep = self.chance.sample(range(len(boxes)), len(boxes) // 2)
        return replace(labels, boxes=tuple(boxes[one] for one in sorted(keep)))

    def _proposed(self, labels: ImageLabels, live: list[int]) -> ImageLabels:
        new = [Proposal(self._box(live), self.chance.random(), "run 7") for _ in range(3)]
        return replace(labels, proposals=tuple(new))

    def _accepted(self, labels: ImageLabels, live: list[int]) -> ImageLabels:
        taken = [LabelledBox(one.box, Origin("accepted", one.source)) for one in labels.proposals]
        return replace(labels, boxes=(*(labels.boxes or ())[-MOST:], *taken), proposals=())


def work_until_killed(seed: int, project: Path) -> None:
    application = QCoreApplication([])
    session = Session(ProjectStore.open(project), Settings(project / "window.ini"))
    robot = Robot(session, random.Random(seed))
    session.reload()
    robot.begin()
    application.exec()


def main() -> None:
    for line in sys.stdin.buffer:
        seed, project = line.rstrip(b"\n").split(b" ", 1)
        child = os.fork()
        if child == 0:
            work_until_killed(int(seed), Path(os.fsdecode(project)))
            os._exit(0)
        os.write(1, b'{"gone": %d}\n' % os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main()

"""What is on the desk: seen at once, saved in order, never lost where the disk refuses."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.label_desk import LabelDesk
from app.state import Session
from core.domain.annotation import Box, Boxes
from core.domain.labels import ImageLabels, LabelledBox
from core.domain.task import Task
from core.store import classes, labels
from core.store.project_store import ProjectStore
from tests.gui.windows import session_of
from tests.unit.store.helpers import boxes, row

ONE, TWO = f"{1:032x}", f"{2:032x}"
MANY = 400  # boxes: more than the pages that are there have room for


@pytest.fixture
def session(tmp_path: Path, qtbot) -> Iterator[Session]:
    store = ProjectStore.create(tmp_path / "p", task=Task.DETECTION)
    store.add_classes(["bolt", "nut"])
    store.import_images([row(1, tmp_path / "a.jpg", boxes((1, 2, 3, 4, 1))), row(2, tmp_path / "b.jpg")])
    with session_of(store, tmp_path, qtbot) as made:
        yield made


@pytest.fixture
def desk(session: Session, qtbot) -> LabelDesk:
    made = LabelDesk(session)
    made.prepare([ONE, TWO])
    qtbot.waitUntil(lambda: made.get(TWO) is not None)
    return made


def drawn(*corners: tuple[float, float, float, float, int]) -> ImageLabels:
    return ImageLabels(boxes=tuple(LabelledBox(Box(*one)) for one in corners), done=False)


def saved(session: Session, image: str) -> ImageLabels:
    return labels.read_labels(session.store, [image])[image]


def rest(qtbot, session: Session) -> None:
    qtbot.waitUntil(lambda: not session.jobs.jobs)


def set_full(session: Session, full: bool) -> None:
    """A disk that takes no page more than the database has."""
    with session.store.editing() as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count={pages if full else 2**30}")


def test_that_a_change_is_seen_at_once_and_saved_soon(session, desk, qtbot):
    told = []
    desk.changed.connect(told.append)
    desk.change("draw", ("bolt",), {TWO: drawn((0, 0, 9, 9, 1))})
    assert (desk.get(TWO), desk.is_saving, told) == (drawn((0, 0, 9, 9, 1)), True, [frozenset([TWO])])
    qtbot.waitUntil(lambda: not desk.is_saving)
    assert saved(session, TWO) == drawn((0, 0, 9, 9, 1))
    assert session.data.images[1].annotation == Boxes((Box(0, 0, 9, 9, 1),))
    assert session.data.images[1].done is False
    rest(qtbot, session)


def test_that_edits_in_quick_succession_are_steps_of_their_own(session, desk, qtbot):
    for size in range(1, 8):
        desk.change("draw", (), {TWO: drawn(*((0, 0, n, n, 1) for n in range(1, size + 1)))})
    desk.undo()
    desk.undo()
    qtbot.waitUntil(lambda: desk.redo_step is not None and not session.jobs.jobs)
    assert len(desk.get(TWO).boxes) == 5
    desk.redo()
    qtbot.waitUntil(lambda: len(desk.get(TWO).boxes) == 6)
    rest(qtbot, session)
    assert saved(session, TWO) == desk.get(TWO)


def test_that_the_next_steps_are_known_when_a_project_is_opened(session, desk, qtbot):
    assert (desk.undo_step, desk.redo_step) == (None, None)
    desk.change("draw", ("nut",), {TWO: drawn((0, 0, 9, 9, 2))})
    rest(qtbot, session)
    again = LabelDesk(session)
    qtbot.waitUntil(lambda: again.undo_step is not None)
    assert (again.undo_step.verb, again.undo_step.detail) == ("draw", ("nut",))
    rest(qtbot, session)


def test_that_what_a_full_disk_refused_stays_on_the_desk_and_a_later_success_is_not_taken_back(session, desk, qtbot):
    errors = []
    session.failed.connect(errors.append)
    set_full(session, True)
    large = drawn(*((0, 0, n + 1, 9, 1) for n in range(MANY)))
    desk.change("draw", (), {TWO: large})
    qtbot.waitUntil(lambda: len(session.jobs.unsaved) == 1 and bool(errors))
    assert "full" in errors[0].cause
    assert (desk.get(TWO), desk.is_saving, saved(session, TWO)) == (large, True, ImageLabels())
    set_full(session, False)
    larger = replace(large, boxes=(*large.boxes, LabelledBox(Box(5, 5, 9, 9, 2))))
    desk.change("draw", (), {TWO: larger})
    qtbot.waitUntil(lambda: not desk.is_saving)
    assert saved(session, TWO) == larger
    session.jobs.repeat(session.jobs.unsaved[0])
    rest(qtbot, session)
    assert saved(session, TWO) == desk.get(TWO) == larger
    assert not session.jobs.unsaved


def test_that_what_is_discarded_gives_way_to_what_is_stored(session, desk, qtbot):
    set_full(session, True)
    desk.change("draw", (), {TWO: drawn(*((0, 0, n + 1, 9, 1) for n in range(MANY)))})
    qtbot.waitUntil(lambda: len(session.jobs.unsaved) == 1)
    rest(qtbot, session)
    session.jobs.discard(session.jobs.unsaved[0])
    qtbot.waitUntil(lambda: not desk.is_saving)
    assert desk.get(TWO) == ImageLabels()
    set_full(session, False)
    rest(qtbot, session)


def test_that_a_change_that_cannot_be_is_taken_back_and_told(session, desk, qtbot):
    errors = []
    session.failed.connect(errors.append)
    desk.change("draw", (), {TWO: drawn((0, 0, 9, 9, 99))})
    qtbot.waitUntil(lambda: bool(errors) and not desk.is_saving)
    assert desk.get(TWO) == ImageLabels()
    rest(qtbot, session)


def test_that_changed_classes_are_read_anew_and_can_be_undone_from_the_desk(session, desk, qtbot):
    desk.carry_out("Merging", lambda progress: classes.merge(session.store, 2, [1]))
    qtbot.waitUntil(lambda: [one.name for one in session.data.classes] == ["nut"])
    qtbot.waitUntil(lambda: desk.get(ONE) is not None and desk.get(ONE).boxes[0].box.class_id == 2)
    desk.undo()
    qtbot.waitUntil(lambda: [one.name for one in session.data.classes] == ["bolt", "nut"])
    rest(qtbot, session)
    assert desk.get(ONE).boxes[0].box.class_id == 1


def test_that_a_reading_of_the_project_under_way_misses_no_edit(session, desk, qtbot):
    for size in range(1, 20):
        session.reload()
        desk.change("draw", (), {TWO: drawn(*((0, 0, n, n, 1) for n in range(1, size + 1)))})
    rest(qtbot, session)
    assert len(session.data.images[1].annotation.boxes) == 19
    assert len(desk.get(TWO).boxes) == 19
    session.catch_up()
    qtbot.waitUntil(lambda: not session.jobs.jobs)
    assert len(session.data.images[1].annotation.boxes) == 19

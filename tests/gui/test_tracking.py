"""Track to the next, as the window does it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app import edits
from app.label_desk import LabelDesk
from app.state import Session
from core.actions.tracking import Tracked
from core.data.images import inspect
from core.domain.annotation import Box, Boxes
from core.domain.errors import LensmithError
from core.domain.labels import LabelState, state_of
from core.domain.source import ImportedImage
from core.domain.task import Task
from core.store.project_store import ProjectStore
from tests.drawn_sequences import pairs
from tests.gui.pictures import draw_picture
from tests.gui.windows import session_of


@pytest.fixture
def session(tmp_path: Path, qtbot) -> Iterator[Session]:
    pair = next(pairs("motion", 1, seed=1))
    pictures = [
        draw_picture(tmp_path / "9.png", pair.first, Boxes(tuple(Box(*corners, 1) for corners in pair.before))),
        draw_picture(tmp_path / "10.png", pair.second),
    ]
    with ProjectStore.create(tmp_path / "p", task=Task.DETECTION) as store:
        store.add_classes(["gear"])
        store.import_images(
            ImportedImage(facts=inspect(one.path), path=one.path, mtime_ns=1, annotation=one.annotation)
            for one in pictures
        )
        with session_of(store, tmp_path, qtbot) as made:
            yield made


def test_that_the_next_picture_waits_for_review_and_one_undo_takes_it_back(session: Session, qtbot) -> None:
    desk, told = LabelDesk(session), list[Tracked]()
    first, second = session.data.images
    edits.track_to_next(session, desk, first.hash, told.append)
    qtbot.waitUntil(lambda: not session.jobs.jobs)
    ((one,), now) = told, session.data.images[1]
    assert (one.image.hash, one.found, one.lost) == (second.hash, 4, 0)
    assert state_of(now.annotation, done=now.done, proposals=now.proposals) is LabelState.PROPOSED
    desk.undo()
    qtbot.waitUntil(lambda: not session.jobs.jobs)
    assert session.data.images[1].proposals == 0


def test_that_the_last_picture_says_that_none_follows(session: Session, qtbot) -> None:
    failed: list[LensmithError] = []
    session.failed.connect(failed.append)
    edits.track_to_next(session, LabelDesk(session), session.data.images[1].hash, lambda tracked: None)
    qtbot.waitUntil(lambda: not session.jobs.jobs)
    assert [error.cause for error in failed] == ["No picture of the same folder comes after this one."]

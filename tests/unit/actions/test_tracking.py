"""Tracking through a project: which picture follows, what is proposed on it, and one undo."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.actions import tracking
from core.data.images import inspect
from core.domain.annotation import Box, Boxes, Unlabelled
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.labels import ImageLabels, Origin
from core.domain.source import ImportedImage
from core.labelling import proposals
from core.store import labels
from core.store.project_store import ProjectStore
from tests.drawn_sequences import Pair, pairs
from tests.gui.pictures import draw_picture


@pytest.fixture
def pair() -> Pair:
    return next(pairs("motion", 1, seed=1))


@pytest.fixture
def store(tmp_path: Path, pair: Pair) -> Iterator[ProjectStore]:
    boxes = Boxes(tuple(Box(*corners, 1 + number % 2) for number, corners in enumerate(pair.before)))
    pictures = [
        draw_picture(tmp_path / "film" / "frame10.png", pair.second),
        draw_picture(tmp_path / "film" / "frame9.png", pair.first, boxes),
        draw_picture(tmp_path / "other" / "frame9b.png", pair.first[::-1]),
        draw_picture(tmp_path / "film" / "frame11.png", pair.first[:, ::-1]),
    ]
    with ProjectStore.create(tmp_path / "p") as made:
        made.add_classes(["gear", "nut"])
        made.import_images(
            ImportedImage(facts=inspect(one.path), path=one.path, mtime_ns=1, annotation=one.annotation)
            for one in pictures
        )
        yield made


def named(store: ProjectStore, name: str) -> Image:
    return next(image for image in store.images() if Path(image.path).name == name)


def state(store: ProjectStore, name: str) -> ImageLabels:
    image = named(store, name)
    return labels.read_labels(store, [image.hash])[image.hash]


def test_that_names_follow_as_people_count() -> None:
    names = ["b2.png", "a10.png", "A2.png", "a1b20.png", "a1b3.png", "9.png", "10.png", "a.png", "007.png", "7.png"]
    assert sorted(names, key=tracking.natural) == [
        "007.png", "7.png", "9.png", "10.png", "a.png", "a1b3.png", "a1b20.png", "A2.png", "a10.png", "b2.png",
    ]  # fmt: skip


def test_that_the_next_file_of_the_same_folder_follows(store: ProjectStore) -> None:
    def after(name: str) -> str | None:
        found = tracking.following(store.images(), named(store, name).hash)
        return None if found is None else Path(found.path).name

    assert [after(name) for name in ("frame9.png", "frame10.png", "frame11.png", "frame9b.png")] == [
        "frame10.png",
        "frame11.png",
        None,
        None,
    ]
    assert tracking.following(store.images(), "unknown") is None


def test_that_boxes_become_proposals_of_their_class_on_the_next_in_one_edit(store: ProjectStore, pair: Pair) -> None:
    done = tracking.track(store, store.images(), named(store, "frame9.png").hash)
    assert Path(done.image.path).name == "frame10.png"
    assert (done.boxes, done.found, done.lost) == (4, 4, 0)
    target = state(store, "frame10.png")
    assert target.boxes is None
    for number, one in enumerate(target.proposals):
        assert (one.source, one.box.class_id) == ("tracking", 1 + number % 2)
        assert proposals.iou(one.box, Box(*(pair.after[number] or ()), 1)) > 0.8
    assert len(labels.diary(store)) == 1
    labels.undo(store)
    assert state(store, "frame10.png") == ImageLabels()


def test_that_tracking_again_replaces_proposals_and_leaves_accepted_boxes_alone(store: ProjectStore) -> None:
    source, target = named(store, "frame9.png"), named(store, "frame10.png")
    tracking.track(store, store.images(), source.hash)
    labels.edit(store, "accept", ("1",), {target.hash: proposals.accepted(state(store, "frame10.png"), [0])})
    again = tracking.track(store, store.images(), source.hash)
    assert (again.found, again.lost) == (3, 0)
    after = state(store, "frame10.png")
    assert after.boxes is not None
    assert [one.origin for one in after.boxes] == [Origin("accepted", "tracking")]
    assert len(after.proposals) == 3


def test_that_what_cannot_be_tracked_says_why_and_changes_nothing(store: ProjectStore) -> None:
    with pytest.raises(LensmithError, match="No picture of the same folder"):
        tracking.track(store, store.images(), named(store, "frame11.png").hash)
    with pytest.raises(LensmithError, match="no boxes"):
        tracking.track(store, store.images(), named(store, "frame10.png").hash)
    Path(named(store, "frame10.png").path).write_bytes(b"")
    with pytest.raises(LensmithError, match=r"frame10\.png"):
        tracking.track(store, store.images(), named(store, "frame9.png").hash)
    assert labels.diary(store) == []


def test_that_all_lost_is_told_and_nothing_is_proposed(store: ProjectStore) -> None:
    target = named(store, "frame10.png")
    draw_picture(Path(target.path), np.full((480, 480, 3), 128, np.uint8))
    done = tracking.track(store, store.images(), named(store, "frame9.png").hash)
    assert (done.found, done.lost, done.edited) == (0, 4, None)
    assert named(store, "frame10.png").annotation == Unlabelled()

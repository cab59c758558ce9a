"""Contours over a project: proposals or boxes in one edit, pictures that cannot be read, cancelling."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.actions import contouring
from core.data.images import cv2
from core.domain.annotation import Box, Boxes, Unlabelled
from core.domain.dataset import Image
from core.domain.errors import Cancelled
from core.domain.labels import ImageLabels, LabelledBox, LabelState, Origin, Proposal, state_of
from core.domain.source import ImportedImage
from core.labelling.contours import ContourSettings
from core.store import labels
from core.store.project_store import ProjectStore
from tests.gui.pictures import draw_picture

SETTINGS = ContourSettings(margin=0)
SPOTS = ((20, 20, 60, 70), (100, 40, 150, 90))


def spotted(*spots: tuple[int, int, int, int], depth: type = np.uint8) -> np.ndarray:
    scale = 1 if depth is np.uint8 else 257
    pixels = np.full((120, 180, 3), 230 * scale, depth)
    for left, top, right, bottom in spots:
        pixels[top:bottom, left:right] = 20 * scale
    return pixels


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProjectStore]:
    pictures = [
        draw_picture(tmp_path / "pictures" / "two.png", spotted(*SPOTS)),
        draw_picture(tmp_path / "pictures" / "wide.png", spotted(SPOTS[0], depth=np.uint16)),
        draw_picture(tmp_path / "pictures" / "blank.png", spotted()),
        draw_picture(tmp_path / "pictures" / "gone.png", spotted(SPOTS[1])),
        draw_picture(
            tmp_path / "pictures" / "done.png", spotted((30, 30, 90, 90)), Boxes((Box(5.0, 5.0, 20.0, 20.0, 1),))
        ),
    ]
    with ProjectStore.create(tmp_path / "p") as made:
        made.add_classes(["spot", "mark"])
        made.import_images([imported(one) for one in pictures])
        (tmp_path / "pictures" / "gone.png").unlink()
        yield made


def imported(image: Image) -> ImportedImage:
    from core.data.images import inspect

    return ImportedImage(facts=inspect(image.path), path=image.path, mtime_ns=1, annotation=image.annotation)


def named(store: ProjectStore, name: str) -> Image:
    return next(image for image in store.images() if Path(image.path).name == name)


def state(store: ProjectStore, name: str) -> ImageLabels:
    image = named(store, name)
    return labels.read_labels(store, [image.hash])[image.hash]


def to_do(store: ProjectStore) -> list[Image]:
    return [image for image in store.images() if isinstance(image.annotation, Unlabelled)]


def test_that_all_to_do_get_proposals_in_one_edit_and_what_cannot_be_read_is_counted(store: ProjectStore) -> None:
    found = contouring.find(to_do(store), SETTINGS)
    assert len(found.unread) == 1
    assert "gone.png" in found.unread[0]
    done = contouring.add(store, found, 2)
    assert (done.images, done.boxes) == (2, 3)
    two = state(store, "two.png")
    assert two.boxes is None
    assert two.proposals == tuple(Proposal(Box(*map(float, spot), 2), 1.0, "contours") for spot in SPOTS)
    assert len(state(store, "wide.png").proposals) == 1  # 16 bits
    assert state(store, "blank.png") == ImageLabels()
    assert len(labels.diary(store)) == 1
    labels.undo(store)
    assert state(store, "two.png") == ImageLabels()


def test_that_boxes_are_in_progress_until_somebody_looked(store: ProjectStore) -> None:
    contouring.add(store, contouring.find(to_do(store), SETTINGS), 1, as_boxes=True)
    two = state(store, "two.png")
    assert two.boxes == tuple(LabelledBox(Box(*map(float, spot), 1), Origin("accepted", "contours")) for spot in SPOTS)
    image = named(store, "two.png")
    assert state_of(image.annotation, done=image.done, proposals=image.proposals) is LabelState.IN_PROGRESS
    assert named(store, "blank.png").annotation == Unlabelled()


def test_that_boxes_that_are_there_stay_and_are_not_found_again(store: ProjectStore) -> None:
    two = named(store, "two.png")
    kept = LabelledBox(Box(22.0, 20.0, 60.0, 66.0, 1))
    labels.edit(store, "draw", (), {two.hash: ImageLabels(boxes=(kept,), done=False)})
    found = contouring.find([two], SETTINGS)
    for as_boxes in (False, True):
        contouring.add(store, found, 2, as_boxes=as_boxes)
        after = state(store, "two.png")
        assert after.boxes is not None
        assert after.boxes[0] == kept
        fresh = [one.box for one in (after.boxes[1:] if as_boxes else after.proposals)]
        assert fresh == [Box(100.0, 40.0, 150.0, 90.0, 2)]
    assert after.proposals == ()


def test_that_other_settings_replace_what_was_proposed_and_leave_what_models_propose(store: ProjectStore) -> None:
    two = named(store, "two.png")
    of_model = Proposal(Box(1.0, 1.0, 9.0, 9.0, 1), 0.4, "model x.onnx")
    labels.edit(store, "propose", (), {two.hash: ImageLabels(proposals=(of_model,))})
    contouring.add(store, contouring.find([two], SETTINGS), 1)
    contouring.add(store, contouring.find([two], ContourSettings(margin=5)), 2)
    assert state(store, "two.png").proposals == (
        of_model,
        Proposal(Box(15.0, 15.0, 65.0, 75.0, 2), 1.0, "contours"),
        Proposal(Box(95.0, 35.0, 155.0, 95.0, 2), 1.0, "contours"),
    )
    contouring.add(store, contouring.find([two], ContourSettings(smallest=500)), 2)
    assert state(store, "two.png").proposals == (of_model,)


def test_that_a_picture_finished_meanwhile_stays_as_it_is(store: ProjectStore) -> None:
    found = contouring.find(store.images(), SETTINGS)
    before = state(store, "done.png")
    done = contouring.add(store, found, 1)
    assert done.finished == 1
    assert state(store, "done.png") == before
    assert contouring.add(store, found, 1, finished_too=True).boxes >= 1
    assert state(store, "done.png").done


def test_that_a_picture_of_specks_is_left_alone(store: ProjectStore, tmp_path: Path) -> None:
    specks = np.full((400, 400, 3), 255, np.uint8)
    specks[::8, ::8] = 0
    image = draw_picture(tmp_path / "specks.png", specks)
    found = contouring.find([image], ContourSettings(smallest=1, merge_distance=0))
    assert found.crowded == 1
    assert found.boxes == {}


def test_that_cancelling_leaves_everything_as_it_was(store: ProjectStore) -> None:
    def stop(done: int, total: int, what: str) -> None:
        if done == 2:
            raise Cancelled

    before = store.images()
    with pytest.raises(Cancelled):
        contouring.find(store.images(), SETTINGS, stop)
    assert store.images() == before
    assert labels.diary(store) == []


def test_that_a_damaged_picture_is_one_sentence_and_the_rest_goes_on(store: ProjectStore, tmp_path: Path) -> None:
    two = named(store, "two.png")
    data = Path(two.path).read_bytes()
    Path(two.path).write_bytes(data[: len(data) // 2])
    found = contouring.find(to_do(store), SETTINGS)
    assert sorted(Path(line.split(".png")[0]).name for line in found.unread) == ["gone", "two"]
    assert len(found.boxes) == 2


def test_that_pictures_are_decoded_upright(store: ProjectStore, tmp_path: Path) -> None:
    turned = tmp_path / "turned.jpg"
    jpeg = cv2.imencode(".jpg", spotted(SPOTS[0]))[1].tobytes()
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"  # orientation 6: turned to the right
    exif = b"\xff\xe1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01" + entry + bytes(4)
    turned.write_bytes(jpeg[:2] + exif + jpeg[2:])
    image = Image(hash="x", path=str(turned), width=120, height=180, annotation=Unlabelled())
    ((left, top, right, bottom),) = contouring.find([image], SETTINGS).boxes["x"]
    assert abs(left - (120 - 70)) <= 1
    assert abs(top - 20) <= 1
    assert abs(right - (120 - 20)) <= 1
    assert abs(bottom - 60) <= 1

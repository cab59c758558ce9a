"""Pictures of more than 8 bits a channel look the same to labelling, training, the report and the shipped program."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.actions.predicting import predict
from core.actions.thumbnails import picture_levels
from core.data import images
from core.inference.example import python_example
from core.inference.onnx_model import OnnxModel, attach_card
from tests.unit.inference.models import classifier_card, classifier_graph, save

SIDE = 64


def ramp(low: float, high: float) -> np.ndarray:
    return np.linspace(low, high, SIDE * SIDE).reshape(SIDE, SIDE)


def put(folder: Path, name: str, values: np.ndarray) -> Path:
    path = folder / name
    path.write_bytes(cv2.imencode(path.suffix, values)[1].tobytes())
    return path


def hot(values: np.ndarray) -> np.ndarray:
    """Some pixels of a dead or burning sensor, and some that are no numbers."""
    values = values.astype(np.float32)
    values[3, :2], values[5, 5], values[9, 9], values[9, 10] = 1e9, np.nan, np.inf, -np.inf
    return values


DEEP = {
    "12 in 16.png": ramp(0, 4000).astype(np.uint16),
    "12 in 16.tif": ramp(0, 4000).astype(np.uint16),
    "16.png": ramp(0, 65000).astype(np.uint16),
    "16 colour.png": np.dstack([ramp(0, 65000), ramp(65000, 0), ramp(500, 900)]).astype(np.uint16),
    "shares.tif": ramp(0, 1).astype(np.float32),
    "kelvin.tif": ramp(250.5, 320.25).astype(np.float32),
    "hot.tif": hot(ramp(-3, 8)),
    "flat.tif": np.full((SIDE, SIDE), 7, np.float32),
}


@pytest.mark.parametrize("name", DEEP)
def test_that_label_view_training_report_and_the_shipped_program_see_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(tmp_path, name, DEEP[name])
    trained = images.read(path)  # by both engines, the evaluation and the parity check
    assert trained.dtype == np.uint8
    np.testing.assert_array_equal(picture_levels(str(path))[0], trained)
    np.testing.assert_array_equal(images.thumbnail(path, SIDE), trained)
    model = save(classifier_graph(), tmp_path / "model.onnx")
    card = classifier_card()
    attach_card(model, card)
    opened = OnnxModel.open(model)
    (expected,) = opened.predict([("", trained)])
    (answer,) = predict(opened, [path])
    assert answer.probabilities == dict(zip(card.classes, expected.probabilities, strict=True))
    monkeypatch.chdir(tmp_path)
    program = python_example(card, "model.onnx").replace("picture.jpg", name)
    exec(compile(program, "example.py", "exec"), {})
    shares = sorted(zip(expected.probabilities, card.classes, strict=True), reverse=True)
    assert capsys.readouterr().out.splitlines() == [f"{share:.3f} {label}" for share, label in shares]


@pytest.mark.parametrize("name", [name for name in DEEP if name.endswith("tif") and name != "12 in 16.tif"])
def test_that_floating_point_numbers_reach_from_black_to_white_whatever_a_few_pixels_say(
    name: str, tmp_path: Path
) -> None:
    path = put(tmp_path, name, DEEP[name])
    pixels, values = images.read(path), DEEP[name]
    assert images.inspect(path).traits == ("float",)
    assert (pixels[..., 0] == pixels[..., 1]).all()
    if name == "flat.tif":
        assert (pixels == 0).all()
        return
    good = np.isfinite(values) & (values < 1e8)
    expected = np.interp(values[good], np.quantile(values[good], (0.001, 0.999)), (0, 255))
    np.testing.assert_allclose(pixels[..., 0][good], expected, atol=1.01)
    assert pixels.max() == 255
    if name == "hot.tif":
        assert (pixels[5, 5, 0], pixels[9, 9, 0], pixels[9, 10, 0], pixels[3, 0, 0]) == (0, 255, 0, 255)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_that_floating_point_pictures_are_turned_upright_too(tmp_path: Path, orientation: int) -> None:
    from PIL import Image as Pillow

    exif = Pillow.Exif()
    exif[274] = orientation
    values = np.linspace(0, 1, 40 * SIDE, dtype=np.float32).reshape(40, SIDE)
    Pillow.fromarray(values).save(tmp_path / "a.tif", exif=exif)
    Pillow.fromarray((values * 65535).astype(np.uint16)).save(tmp_path / "b.png", exif=exif)
    facts, pixels = images.inspect(tmp_path / "a.tif"), images.read(tmp_path / "a.tif")
    assert pixels.shape[:2] == (facts.height, facts.width) == ((64, 40) if orientation > 4 else (40, 64))
    np.testing.assert_allclose(pixels.astype(int), images.read(tmp_path / "b.png").astype(int), atol=2)


def test_that_a_thumbnail_of_a_deep_picture_is_scaled_by_the_whole_picture(tmp_path: Path) -> None:
    path = put(tmp_path, "a.tif", hot(ramp(-3, 8)))
    small, whole = images.thumbnail(path, 16), images.read(path)
    assert small.shape == (16, 16, 3)
    np.testing.assert_allclose(small, cv2.resize(whole, (16, 16), interpolation=cv2.INTER_AREA), atol=1)

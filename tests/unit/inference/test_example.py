"""The program for other machines, run as it stands, says what Lensmith says."""

from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.domain.model_card import ResizeRule
from core.inference.example import python_example
from core.inference.onnx_model import OnnxModel, attach_card
from tests.unit.inference.models import classifier_card, classifier_graph, detector_card, detector_graph, save

SIZES = ((57, 101), (20, 90), (16, 16), (31, 7))  # height, width; the models take 32 x 32


@pytest.fixture(params=SIZES, ids=str)
def picture(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No two parts of it are alike, so that a wrong cut shows."""
    monkeypatch.chdir(tmp_path)
    height, width = request.param
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack((rows * 255 // height, columns * 255 // width, (rows * columns) % 256), axis=2).astype(np.uint8)
    path = tmp_path / "picture.jpg"
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return path


def said(program: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    exec(compile(program, "example.py", "exec"), {})
    return capsys.readouterr().out.splitlines()


def answer_of(model: Path, picture: Path):
    # The picture itself may be too small for Lensmith's own reader: that is about training, not about arithmetic.
    opened, pixels = OnnxModel.open(model), cv2.imdecode(np.fromfile(picture, np.uint8), cv2.IMREAD_COLOR_RGB)
    (prediction,) = opened.predict([("", pixels)])
    return prediction


@pytest.mark.parametrize(("rule", "how"), list(product(ResizeRule, ("bilinear", "bicubic"))))
def test_that_a_classifier_gets_the_same_square(picture: Path, capsys, rule: ResizeRule, how: str) -> None:
    card = classifier_card(resize=rule, interpolation=how, crop_fraction=0.7)
    model = save(classifier_graph(), picture.parent / "barvy č'.onnx")
    attach_card(model, card)
    shares = answer_of(model, picture).probabilities
    ranked = sorted(zip(shares, card.classes, strict=True), reverse=True)
    assert said(python_example(card, str(model)), capsys) == [f"{share:.3f} {name}" for share, name in ranked]


@pytest.mark.parametrize("rule", list(ResizeRule))
def test_that_boxes_come_back_to_the_same_place(picture: Path, capsys, rule: ResizeRule) -> None:
    rows = [[8, 9, 20, 22, 0.9, 1], [13, 12, 18, 31, 0.5, 0], [12, 12, 20, 20, 0.3, 1], [0, 0, 0, 0, 0, -1]]
    card = detector_card(resize=rule, crop_fraction=0.8)
    model = save(detector_graph(rows), picture.parent / "model.onnx")
    attach_card(model, card)
    found = [box for box in answer_of(model, picture).boxes if box.score >= card.threshold]
    assert len(found) == 2
    lines = [line.split() for line in said(python_example(card, str(model)), capsys)]
    assert [line[5] for line in lines] == [card.classes[box.index] for box in found]
    values = [value for box in found for value in (box.score, box.x1, box.y1, box.x2, box.y2)]
    assert [float(value) for line in lines for value in line[:5]] == pytest.approx(values, abs=0.051)

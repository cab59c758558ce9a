"""Drawn copies of pictures: names that fit every disk, nothing replaced."""

from pathlib import Path

from core.actions.drawing import draw_answers
from core.actions.predicting import ImageAnswer
from core.data.images import read
from core.domain.model_card import ModelCard, ResizeRule
from core.domain.task import Task
from tests.e2e.pictures import draw

CARD = ModelCard(
    task=Task.CLASSIFICATION,
    architecture="any",
    classes=("kočka", "部品"),
    image_size=32,
    resize=ResizeRule.STRETCH,
    run="0001-scratch-any",
    data_hash="",
    licence="",
    made_by="",
)


def answer(path: Path) -> ImageAnswer:
    return ImageAnswer(path=str(path), label="部品", probabilities={"kočka": 0.1, "部品": 0.9})


def test_that_a_name_as_long_as_the_disk_allows_is_drawn(tmp_path: Path) -> None:
    picture = draw(tmp_path / f"{'ž' * 125}.png", 1)
    (drawn,) = draw_answers([answer(picture)], CARD, tmp_path / "out")
    assert read(drawn).shape == (1280, 1280, 3)
    assert picture.stem.startswith(drawn.stem)


def test_that_earlier_files_are_kept_and_unreadable_pictures_passed_over(tmp_path: Path) -> None:
    picture = draw(tmp_path / "a.png", 1)
    answers = [answer(picture), ImageAnswer(path="gone.png", error="gone"), answer(picture)]
    first = draw_answers(answers, CARD, tmp_path / "out")
    bytes_before = [path.read_bytes() for path in first]
    second = draw_answers(answers, CARD, tmp_path / "out")
    assert [path.name for path in first + second] == ["a.jpg", "a-2.jpg", "a-3.jpg", "a-4.jpg"]
    assert [path.read_bytes() for path in first] == bytes_before

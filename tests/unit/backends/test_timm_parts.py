"""The small pure parts of the classification back-end."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score

from core.backends.augmentation import LEVELS, PLAIN, VIEWS, augment, level_of, look, views_of
from core.backends.classifier_data import as_input
from core.backends.classifier_model import SimpleCnn
from core.backends.optimization import make_loss, rate_factor
from core.backends.selection import Score, Standing, score
from core.domain.errors import LensmithError
from core.domain.run import FromScratch, RunSpec
from core.domain.task import Task
from core.inference.preprocess import to_input
from core.training.catalog import find

SPEC = RunSpec(
    task=Task.CLASSIFICATION,
    engine="timm",
    architecture="simple_cnn",
    start=FromScratch(),
    snapshot="",
    epochs=1,
    image_size=64,
)


def picture() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 64, 64)).astype(np.uint8))


def test_that_augmentation_depends_on_seed_epoch_and_image_alone() -> None:
    for name, level in LEVELS.items():
        first = augment(picture(), level, seed=1, epoch=2, image=3)
        assert first.dtype == torch.uint8
        assert first.shape == (3, 64, 64)
        torch.rand(5)  # the global generator moves on, the picture does not
        assert torch.equal(first, augment(picture(), level, seed=1, epoch=2, image=3))
        others = [augment(picture(), level, *numbers) for numbers in ((2, 2, 3), (1, 3, 3), (1, 2, 4))]
        assert all(torch.equal(first, other) for other in others) is (name == "off")


def test_that_stronger_levels_change_pictures_more() -> None:
    symmetric = torch.linspace(-255, 255, 64).abs()  # so that flipping alone changes nothing
    smooth = ((symmetric + symmetric[:, None]) / 2).to(torch.uint8).expand(3, 64, 64).contiguous()

    def change(name: str) -> float:
        variants = [augment(smooth, LEVELS[name], 0, 1, image).float() for image in range(40)]
        return float(torch.stack([(v - smooth).abs().mean() for v in variants]).median())

    assert change("off") == 0.0
    assert change("light") < change("medium") < change("strong")


def test_that_views_are_fixed_and_the_first_is_the_picture_itself() -> None:
    for views in VIEWS.values():
        assert views[0] == PLAIN
        assert len({view.name for view in views}) == len(views)
        assert all(torch.equal(look(picture(), view), look(picture(), view)) for view in views)
    assert torch.equal(look(picture(), PLAIN), picture())
    assert torch.equal(look(picture(), VIEWS["light"][1]), picture().flip(2))


def test_that_pictures_that_must_not_be_mirrored_never_are() -> None:
    ramp = torch.arange(64, dtype=torch.uint8).mul(4).expand(3, 64, 64).contiguous()  # brighter to the right

    def rises(shown: torch.Tensor) -> bool:
        return bool(shown[:, :, 40].float().mean() > shown[:, :, 24].float().mean())

    for name in ("light", "medium", "strong"):
        assert all(rises(augment(ramp, level_of(name, False), 0, 1, image)) for image in range(40))
        assert not all(rises(augment(ramp, level_of(name, True), 0, 1, image)) for image in range(40))
        assert all(rises(look(ramp, view)) for view in views_of(name, False))
        assert views_of(name, True) == VIEWS[name]


def test_that_training_and_the_shipped_model_scale_pixels_alike() -> None:
    pixels = picture()
    batch = as_input(pixels[None], "cpu")
    assert np.array_equal(batch[0].numpy(), to_input(np.ascontiguousarray(pixels.permute(1, 2, 0).numpy())))


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("cosine", {0.0: 1.0, 0.5: 0.5, 1.0: 0.0}),
        ("one_cycle", {0.0: 0.04, 0.3: 1.0, 1.0: 0.0}),
        ("step", {0.59: 1.0, 0.61: 0.1, 0.9: 0.01}),
        ("constant", {0.0: 1.0, 1.0: 1.0}),
    ],
)
def test_that_schedules_pass_through_their_landmarks(schedule: str, expected: dict[float, float]) -> None:
    for progress, factor in expected.items():
        assert rate_factor(schedule, progress, 0.0) == pytest.approx(factor, abs=1e-9)


def test_that_warm_up_rises_to_the_full_rate_and_the_schedule_follows() -> None:
    rising = [rate_factor("cosine", p, 0.2) for p in (0.0, 0.05, 0.1, 0.199)]
    assert rising == sorted(rising)
    assert rate_factor("cosine", 0.2, 0.2) == 1.0
    assert rate_factor("constant", 0.1, 0.2) == 0.5
    with pytest.raises(LensmithError, match="no schedule"):
        rate_factor("zigzag", 0.5, 0.0)


def test_that_class_weights_make_a_rare_class_count_as_much_as_a_common_one() -> None:
    labels = torch.tensor([0] * 9 + [1])
    spec = RunSpec(**{**{f: getattr(SPEC, f) for f in SPEC.__struct_fields__}, "class_weights": True})
    weight = make_loss(spec, labels, 3).weight
    assert weight is not None
    assert float(weight[0]) * 9 == pytest.approx(float(weight[1]))
    assert float(weight[2]) == 0.0  # a class without images
    assert make_loss(SPEC, labels, 3).weight is None


def test_that_metrics_of_an_epoch_equal_scikit_learns() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(50, 5), torch.randint(0, 4, (50,))
    predicted = logits.argmax(1)
    found = score(logits, labels).metrics
    assert found["accuracy"] == pytest.approx(accuracy_score(labels, predicted))
    assert found["macro_f1"] == pytest.approx(f1_score(labels, predicted, average="macro", zero_division=0))


def test_that_of_equally_accurate_epochs_the_one_with_the_lower_loss_is_kept() -> None:
    standing = Standing(3, Score(0.5, {"accuracy": 0.9}))
    assert standing.is_beaten_by(Score(0.4, {"accuracy": 0.9}))
    assert not standing.is_beaten_by(Score(0.6, {"accuracy": 0.9}))
    assert standing.is_beaten_by(Score(0.9, {"accuracy": 0.95}))
    assert not standing.is_beaten_by(Score(0.1, {"accuracy": 0.85}))


def test_that_the_baseline_has_the_size_that_the_catalogue_states() -> None:
    entry = find("simple_cnn")
    network = torch.nn.Sequential(SimpleCnn(entry.image_size), torch.nn.Linear(512, 1000))
    assert sum(p.numel() for p in network.parameters()) == entry.parameters
    assert SimpleCnn(28)(torch.zeros(2, 3, 28, 28)).shape == (2, 512)

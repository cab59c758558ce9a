"""Choices become a whole specification, or a list of what is missing."""

import pytest
from msgspec.structs import replace

from core.domain.annotation import Box, Boxes, ClassLabel
from core.domain.data_choice import DataChoice, PerClass, Share
from core.domain.dataset import Image, ImageClass, Snapshot
from core.domain.run import FineTune, FromScratch, RunSpec, RunWeights, Transfer, VaultWeights
from core.domain.task import Effort, Split, Task
from core.training.catalog import catalogue, find
from core.training.facts import facts_of
from core.training.plan import (
    DIALS,
    MODES,
    Choices,
    Dial,
    Obstacle,
    describe,
    make_spec,
    plan,
    suggested_epochs,
    suggested_size,
)

WEIGHTS = VaultWeights("mine", "ab" * 32)


def snapshot(side: int = 300, classes: int = 2, count: int = 40) -> Snapshot:
    return Snapshot(
        project="p",
        task=Task.CLASSIFICATION,
        classes=tuple(ImageClass(i, f"c{i}") for i in range(classes)),
        images=tuple(
            Image(hash=f"{i:032x}", path=f"/{i}.png", width=side, height=side, annotation=ClassLabel(i % classes),
                  split=Split.VAL if i % 5 == 0 else Split.TRAIN)
            for i in range(count)
        ),
    )  # fmt: skip


def boxed(side: int = 416, boxes: int = 1) -> Snapshot:
    box = Box(10, 10, 50, 50, 0)
    image = Image(
        hash="0" * 32, path="/0.png", width=side, height=side, annotation=Boxes((box,) * boxes), split=Split.TRAIN
    )
    return Snapshot(project="p", task=Task.DETECTION, classes=(ImageClass(0, "part"),), images=(image,))


def spec(choices: Choices, data: Snapshot | None = None, model: str = "resnet18", cuda: bool = False) -> RunSpec:
    made = make_spec(find(model), choices, data or snapshot(), cuda=cuda)
    assert isinstance(made, RunSpec), made
    return made


def obstacles(choices: Choices, data: Snapshot | None = None, model: str = "resnet18") -> list[Obstacle]:
    made = make_spec(find(model), choices, data or snapshot(), cuda=False)
    assert isinstance(made, list)
    return made


def test_that_every_task_mode_and_effort_has_a_dial():
    assert set(DIALS) == {(task, mode, effort) for task in Task for mode in MODES for effort in Effort}


@pytest.mark.parametrize(("mode", "kind"), [("scratch", FromScratch), ("transfer", Transfer), ("finetune", FineTune)])
def test_that_each_mode_becomes_its_own_start(mode, kind):
    assert isinstance(spec(Choices(mode=mode, weights=WEIGHTS)).start, kind)


def test_that_a_value_given_wins_over_the_dial_and_the_rest_is_set():
    made = spec(Choices(mode="finetune", weights=WEIGHTS, epochs=7, learning_rate=3e-5, patience=0))
    dial = DIALS[Task.CLASSIFICATION, "finetune", Effort.BALANCED]
    assert (made.epochs, made.learning_rate, made.patience) == (7, 3e-5, 0)
    assert (made.augmentation, made.optimizer, made.weight_decay) == (
        dial.augmentation,
        dial.optimizer,
        dial.weight_decay,
    )


def test_that_the_warm_up_never_takes_more_than_a_quarter_of_a_run():
    assert spec(Choices(mode="scratch", epochs=2), model="simple_cnn").warmup_epochs == 0.5


def test_that_a_card_leaves_the_batch_to_the_device_and_a_processor_gets_a_number():
    choices = Choices(mode="scratch")
    assert spec(choices, cuda=True).batch_size is None
    assert spec(choices, cuda=False).batch_size == 16  # half of 32 training images
    assert spec(Choices(mode="scratch", batch_size=5), cuda=True).batch_size == 5


@pytest.mark.parametrize(("side", "size"), [(28, 32), (100, 128), (300, 224), (4000, 224)])
def test_that_small_pictures_are_not_blown_up(side, size):
    assert suggested_size(find("resnet18"), Effort.BALANCED, side) == size


def test_that_a_detector_sees_more_with_more_effort_but_not_more_than_there_is():
    entry = next(e for e in catalogue() if e.task is Task.DETECTION)
    assert [suggested_size(entry, effort, 2000) for effort in Effort] == [320, 640, 960]
    assert suggested_size(entry, Effort.THOROUGH, 400) == 416


@pytest.mark.parametrize(("images", "epochs"), [(10, 60), (1000, 60), (4000, 30), (10**6, 12)])
def test_that_large_sets_get_fewer_epochs_but_never_less_than_a_fifth(images, epochs):
    dial = Dial(60, 1e-3, 0, "light")
    assert suggested_epochs(dial, Task.DETECTION, "finetune", images) == epochs
    assert suggested_epochs(dial, Task.CLASSIFICATION, "transfer", images) == 60


def test_that_transfer_without_weights_names_the_weights():
    (found,) = obstacles(Choices(mode="transfer"))
    assert "start weights" in found.cause
    assert found.remedy


def test_that_a_single_class_cannot_be_told_apart():
    assert "one class" in obstacles(Choices(mode="scratch"), snapshot(classes=1))[0].cause


def test_that_nothing_labelled_is_said_and_not_a_crash():
    assert "no labelled training image" in obstacles(Choices(mode="scratch"), snapshot(count=0))[0].cause


def test_that_a_detector_without_a_box_cannot_start():
    assert "box" in obstacles(Choices(mode="scratch"), boxed(boxes=0), model="yolov8n")[0].cause


@pytest.mark.parametrize(
    "choices",
    [
        Choices(mode="scratch", image_size=100),
        Choices(mode="scratch", image_size=0),
        Choices(mode="scratch", epochs=0),
        Choices(mode="scratch", batch_size=-1),
        Choices(mode="scratch", learning_rate=0.0),
        Choices(mode="scratch", patience=-1),
        Choices(mode="scratch", weight_decay=1.0),
        Choices(mode="scratch", label_smoothing=-0.1),
        Choices(mode="scratch", gradient_clip=-1.0),
        Choices(mode="scratch", head_dropout=1.0),
        Choices(mode="scratch", head_layers=(128, 0)),
        Choices(mode="scratch", backbone_lr_scale=0.0),
        Choices(mode="scratch", unfreeze_after=-1),
        Choices(mode="scratch", seed=-1),
        Choices(mode="dream"),
    ],
)
def test_that_every_unusable_number_is_refused_with_a_remedy(choices):
    assert all(found.remedy for found in obstacles(choices))
    assert len(obstacles(choices)) == 1


def test_that_a_model_of_one_size_takes_no_other():
    (found,) = obstacles(Choices(mode="scratch", image_size=256), model="vit_base_patch16_224")
    assert (found.field, "224 px" in found.cause) == ("image_size", True)
    assert spec(Choices(mode="scratch", image_size=224), model="vit_base_patch16_224").image_size == 224


@pytest.mark.parametrize("cuda", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_that_a_plan_from_a_few_facts_is_the_specification_without_its_data(mode, cuda):
    choices, data = Choices(mode=mode, weights=WEIGHTS, effort=Effort.THOROUGH), snapshot(side=1000)
    facts = facts_of(data.task, data.images)
    assert (facts.train, facts.val, facts.test, facts.classes, facts.side) == (32, 8, 0, 2, 1000)
    planned, made = (plan(find("resnet18"), choices, facts, cuda=cuda), spec(choices, data, cuda=cuda))
    assert replace(planned, snapshot=data.data_hash()) == made


def test_that_pictures_are_mirrored_unless_class_names_or_the_user_forbid_it():
    plain, digits = snapshot(), snapshot()
    digits = replace(digits, classes=(ImageClass(0, "0"), ImageClass(1, "1")))
    free, kept, forced = (
        Choices(mode="scratch"),
        Choices(mode="scratch", mirror=False),
        Choices(mode="scratch", mirror=True),
    )
    assert [spec(choices, plain).mirror for choices in (free, kept, forced)] == [True, False, True]
    assert [spec(choices, digits).mirror for choices in (free, kept, forced)] == [False, False, True]
    assert "never mirrored" in describe(spec(free, digits))
    assert "mirrored" not in describe(spec(free, plain))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"device": "auto,cuda:1"}, "device"),
        ({"device": "cpu,cuda:0"}, "device"),
        ({"device": "cuda:0,cuda:0"}, "device"),
        ({"device": "cuda:0,cuda:1", "mode": "transfer", "weights": WEIGHTS}, "device"),
        ({"device": "cuda:0,cuda:1", "batch_size": 7}, "batch_size"),
    ],
)
def test_that_devices_that_cannot_share_a_run_are_refused(changes, field):
    assert [one.field for one in obstacles(Choices(**{"mode": "scratch", **changes}))] == [field]


@pytest.mark.parametrize("device", ["cpu,cpu", "cpu,cpu,cpu"])
def test_that_a_batch_can_be_shared_by_all_devices(device):
    made = spec(Choices(mode="scratch", device=device))
    assert len(made.devices) == len(device.split(","))
    assert made.batch_size % len(made.devices) == 0


def test_that_all_obstacles_are_named_at_once():
    assert len(obstacles(Choices(mode="transfer", image_size=50), snapshot(classes=1))) == 3


def test_that_new_images_and_a_mix_need_a_run_to_start_from_and_a_mix_that_can_be_made():
    run = RunWeights("0001-scratch-resnet18", "ab" * 32, ())
    only_new, no_mix = DataChoice(new_only=True), DataChoice(new_only=True, mix=Share(1.5))
    for choices in (Choices(mode="scratch", data=only_new), Choices(mode="transfer", weights=WEIGHTS, data=only_new)):
        assert [(one.field, "earlier run" in one.cause) for one in obstacles(choices)] == [("data", True)]
    assert [one.field for one in obstacles(Choices(mode="transfer", weights=run, data=no_mix))] == ["data"]
    assert [
        one.field for one in obstacles(Choices(mode="transfer", weights=run, data=DataChoice(mix=PerClass(0))))
    ] == ["data"]
    assert spec(Choices(mode="transfer", weights=run, data=DataChoice(mix=PerClass(1))))


def test_that_images_of_one_class_alone_are_refused_with_the_way_out_that_other_images_train_along():
    choices = Choices(mode="scratch", data=DataChoice(classes=(0,)))
    (found,) = obstacles(choices, snapshot(classes=1))
    assert "one class" in found.cause
    assert "let other images train along" in found.remedy
    assert found.field == "data"

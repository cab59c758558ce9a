from functools import cache
from pathlib import Path

import pytest
import torch

from core.backends import ultralytics_network as networks
from core.domain.dataset import ImageClass
from core.domain.errors import LensmithError

A, B, C = ImageClass(11, "a"), ImageClass(5, "b"), ImageClass(8, "c")
ARCHITECTURES = ["yolov8n", "yolo26n", pytest.param("rtdetr-l", marks=pytest.mark.slow)]


@cache
def weights(architecture: str, classes: int) -> dict[str, torch.Tensor]:
    """Random weights, made once: building takes seconds on a busy machine."""
    return networks.build(architecture, classes).state_dict()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_that_rows_of_known_classes_are_copied_and_those_of_new_ones_are_not(architecture: str) -> None:
    old = weights(architecture, 2)
    new = networks.build(architecture, 3, like=old)
    random = {name: tensor.clone() for name, tensor in new.state_dict().items()}
    networks.start_from(new, old, previous=(A, B), now=(C, B, A))
    per_class = networks.class_tensors(new)
    assert per_class
    for name, tensor in new.state_dict().items():
        before = old[name]
        if name in per_class:
            assert torch.equal(tensor[0], random[name][0]), name
            assert torch.equal(tensor[1], before[1]), name
            assert torch.equal(tensor[2], before[0]), name
        else:
            assert torch.equal(tensor, before), name


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("classes", [2, 80])
def test_that_published_weights_give_all_but_the_class_rows(architecture: str, classes: int) -> None:
    published = weights(architecture, 80)
    now = [ImageClass(i, str(i)) for i in range(classes)]
    new = networks.build(architecture, classes, like=published)
    random = {name: tensor.clone() for name, tensor in new.state_dict().items()}
    networks.start_from(new, published, previous=(), now=now)
    for name, tensor in new.state_dict().items():
        expected = random[name] if name in networks.class_tensors(new) else published[name]
        assert torch.equal(tensor, expected), name
    assert any(".cv2." in name or "bbox" in name for name in published)


def test_that_a_network_answers_with_as_many_classes_as_asked_for() -> None:
    wide = weights("yolov8n", 80)
    network = networks.build("yolov8n", 3, like=wide).eval()
    assert network(torch.zeros(1, 3, 64, 64))[0].shape == (1, 4 + 3, 84)
    assert networks.head_of(network).cv3[0][-1].in_channels == 80  # as wide as the weights are


def test_that_weights_of_another_architecture_are_refused() -> None:
    other = networks.build("yolov8s", 2).state_dict()
    network = networks.build("yolov8n", 2, like=other)
    with pytest.raises(LensmithError, match="do not fit the architecture"):
        networks.start_from(network, other, (), (A, B))


def test_that_an_unknown_architecture_is_told_by_name() -> None:
    with pytest.raises(LensmithError, match="yolov99q"):
        networks.build("yolov99q", 2)


def test_that_saved_weights_are_fp32_and_say_what_they_are(tmp_path: Path) -> None:
    network = networks.build("yolov8n", 2).half()
    networks.save_weights(tmp_path / "best.safetensors", network.state_dict(), "yolov8n", (A, B))
    loaded = networks.load_weights(tmp_path / "best.safetensors")
    assert {t.dtype for t in loaded.values()} == {torch.float32, torch.int64}
    assert all(torch.equal(t, network.state_dict()[name].to(t.dtype)) for name, t in loaded.items())
    with networks.safe_open(tmp_path / "best.safetensors", framework="pt") as file:
        assert file.metadata() == {
            "engine": "ultralytics",
            "architecture": "yolov8n",
            "task": "detection",
            "classes": '["a", "b"]',
            "licence": "AGPL-3.0",
        }


def test_that_damaged_weights_are_told_with_their_path(tmp_path: Path) -> None:
    (tmp_path / "best.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0garbage")
    with pytest.raises(LensmithError, match=r"best\.safetensors cannot be read"):
        networks.load_weights(tmp_path / "best.safetensors")

"""Weights files of all kinds; hostile ones do nothing but get a sentence (fault 44)."""

import argparse
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import timm
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from core.backends.weights_reader import convert, expected_tensors, read
from core.domain.errors import LensmithError


class Evil:
    """A pickle that leaves a file behind when it is opened carelessly."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"echo bitten > '{self.marker}'",)


@pytest.mark.parametrize("name", ["evil.pt", "evil.pth", "plain.pt", "old.pt"])
def test_that_a_file_with_code_inside_is_refused_and_nothing_of_it_runs(tmp_path: Path, name: str) -> None:
    marker, path = tmp_path / "marker", tmp_path / name
    if name == "plain.pt":
        path.write_bytes(pickle.dumps(Evil(marker)))
    else:
        content = {"state_dict": {"fc.weight": torch.zeros(2, 2)}, "extra": Evil(marker)}
        torch.save(content, path, _use_new_zipfile_serialization=name != "old.pt")
    with pytest.raises(LensmithError, match=rf"{name} was not opened"):
        read(str(path))
    assert not marker.exists()
    pickle.loads(pickle.dumps(Evil(marker)))  # noqa: S301 (the proof that it would have bitten)
    assert marker.exists()


@pytest.mark.parametrize("name", ["model.pkl", "model.pt2", "model.onnx"])
def test_that_other_kinds_of_file_are_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"anything")
    with pytest.raises(LensmithError, match="no weights file that Lensmith opens"):
        read(str(tmp_path / name))


@pytest.mark.parametrize("name", ["cut.safetensors", "cut.pth", "empty.pt"])
def test_that_a_damaged_file_is_told_as_damaged(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    tensors = {"fc.weight": torch.rand(50, 50)}
    if name.endswith("safetensors"):
        save_file(tensors, path)
    else:
        torch.save(tensors, path)
    path.write_bytes(b"" if name == "empty.pt" else path.read_bytes()[:-2000])
    with pytest.raises(LensmithError, match=r"damaged|not opened"):
        read(str(path))


def test_that_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    torch.save({"fc.weight": torch.tensor([[float("nan")]])}, tmp_path / "nan.pt")
    with pytest.raises(LensmithError, match=r"no numbers, in fc\.weight"):
        read(str(tmp_path / "nan.pt"))


def test_that_the_packaged_weights_are_those_of_timms_lite0(tmp_path: Path) -> None:
    target = tmp_path / "out.safetensors"
    command = [sys.executable, "-m", "core.backends.weights_reader", "packaged:tf_efficientnet_lite0", str(target)]
    child = subprocess.run(command, capture_output=True, text=True, check=True)
    answer = json.loads(child.stdout.splitlines()[-1])
    assert (answer["architecture"], answer["task"], answer["tensors"]) == (
        "tf_efficientnet_lite0",
        "classification",
        296,
    )
    assert answer["licence"] == "Apache-2.0"
    model = timm.create_model("tf_efficientnet_lite0")
    model.load_state_dict(load_file(target))


def test_that_a_timm_training_checkpoint_is_recognised_by_its_tensors(tmp_path: Path) -> None:
    state = {
        f"module.{name}": tensor
        for name, tensor in timm.create_model("mobilenetv2_100", num_classes=7).state_dict().items()
    }
    torch.save({"epoch": 3, "args": argparse.Namespace(lr=0.1), "state_dict": state}, tmp_path / "checkpoint.pth")
    answer = convert(str(tmp_path / "checkpoint.pth"), tmp_path / "out.safetensors")
    assert (answer["architecture"], answer["task"]) == ("mobilenetv2_100", "classification")
    assert load_file(tmp_path / "out.safetensors")["classifier.weight"].shape == (7, 1280)
    with safe_open(tmp_path / "out.safetensors", framework="pt") as file:
        assert file.metadata()["architecture"] == "mobilenetv2_100"


def test_that_foreign_names_in_timms_order_are_translated(tmp_path: Path) -> None:
    wanted = expected_tensors("mobilenetv2_100")
    foreign = {
        f"features.{i}.{name.rpartition('.')[2]}": torch.rand(shape) for i, (name, shape) in enumerate(wanted.items())
    }
    torch.save(foreign, tmp_path / "foreign.pth")
    weights = read(str(tmp_path / "foreign.pth"))
    assert weights.architecture == "mobilenetv2_100"
    assert list(weights.tensors) == list(wanted)


def test_that_tensors_of_no_known_model_come_in_under_their_own_names(tmp_path: Path) -> None:
    torch.save({"layer.weight": torch.rand(2, 3).half()}, tmp_path / "own.pt")
    weights = read(str(tmp_path / "own.pt"))
    assert weights.architecture is None
    assert weights.tensors["layer.weight"].dtype == torch.float32

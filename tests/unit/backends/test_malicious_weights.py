"""Fault 44: checkpoints that would run code. Each marker file would exist if one byte of it had run."""

import os
import pickle
import zipfile
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest
import torch

from core.backends import ultralytics_network as networks
from core.backends.ultralytics_weights import read_checkpoint
from core.domain.dataset import ImageClass
from core.domain.errors import LensmithError


class Evil:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f'touch "{self.marker}"',)


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "it ran"


@pytest.fixture
def model() -> torch.nn.Module:
    return deepcopy(_built())


@cache
def _built() -> torch.nn.Module:
    return networks.build("yolov8n", 2)


def checkpoint(path: Path, **content: object) -> Path:
    torch.save(content, path)
    return path


def test_that_the_evil_object_would_run_where_pickles_are_trusted(marker: Path) -> None:
    pickle.loads(pickle.dumps(Evil(marker)))  # noqa: S301 - the point of this file
    assert marker.exists()


def test_that_code_beside_a_true_model_is_refused_before_anything_runs(
    tmp_path: Path, marker: Path, model: torch.nn.Module
) -> None:
    path = checkpoint(tmp_path / "best.pt", model=model, train_args=Evil(marker))
    with pytest.raises(LensmithError, match=r"best\.pt was not opened: it asks for more than tensors") as caught:
        read_checkpoint(path)
    assert caught.value.remedy
    assert not marker.exists()


def test_that_code_inside_a_layer_is_refused(tmp_path: Path, marker: Path, model: torch.nn.Module) -> None:
    model.model[0].__dict__["forward"] = Evil(marker)
    with pytest.raises(LensmithError, match="was not opened"):
        read_checkpoint(checkpoint(tmp_path / "best.pt", ema=model))
    assert not marker.exists()


def test_that_a_plain_pickle_with_another_name_is_refused(tmp_path: Path, marker: Path) -> None:
    for name in ("best.pt", "weights.pt"):
        (tmp_path / name).write_bytes(pickle.dumps({"model": Evil(marker)}))
        with pytest.raises(LensmithError, match=f"{name} was not opened"):
            read_checkpoint(tmp_path / name)
    assert not marker.exists()


def test_that_functions_of_allowed_packages_are_no_way_in(tmp_path: Path, marker: Path) -> None:
    class Sneaky:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            from ultralytics.nn.tasks import yaml_model_load

            return yaml_model_load, (str(marker),)

    with pytest.raises(LensmithError, match="was not opened"):
        read_checkpoint(checkpoint(tmp_path / "best.pt", model=Sneaky()))


def test_that_a_true_checkpoint_gives_its_averaged_weights_in_fp32(tmp_path: Path, model: torch.nn.Module) -> None:
    ema = deepcopy(model).half()
    with torch.no_grad():
        model.model[0].conv.weight.add_(1)  # what is live differs from the average
    ema.names = {0: "cat", 1: "dog"}
    read = read_checkpoint(checkpoint(tmp_path / "best.pt", ema=ema, model=model))
    assert (read.architecture, read.classes, read.licence) == ("yolov8n", ("cat", "dog"), "AGPL-3.0")
    assert all(torch.equal(t, ema.state_dict()[name].to(t.dtype)) for name, t in read.tensors.items())
    assert {t.dtype for t in read.tensors.values()} == {torch.float32, torch.int64}
    fresh = networks.build("yolov8n", 2, like=read.tensors)
    networks.start_from(fresh, read.tensors, (), (ImageClass(1, "x"), ImageClass(2, "y")))


@pytest.mark.parametrize("damage", ["empty", "garbage", "truncated", "zip without a pickle", "missing"])
def test_that_damaged_files_are_told_in_a_sentence(tmp_path: Path, damage: str, model: torch.nn.Module) -> None:
    path = tmp_path / "best.pt"
    whole = checkpoint(tmp_path / "whole.pt", model=model).read_bytes()
    if damage == "zip without a pickle":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("readme.txt", "hello")
    elif damage != "missing":
        path.write_bytes({"empty": b"", "garbage": b"\xff\xd8\xff not weights", "truncated": whole[:50_000]}[damage])
    with pytest.raises(LensmithError, match=r"best\.pt"):
        read_checkpoint(path)


def test_that_other_models_are_refused_with_the_reason(tmp_path: Path, model: torch.nn.Module) -> None:
    with pytest.raises(LensmithError, match="holds no detection model"):
        read_checkpoint(checkpoint(tmp_path / "state.pt", model={"weight": torch.zeros(2)}))
    fused = model.eval().fuse()
    with pytest.raises(LensmithError, match="fused"):
        read_checkpoint(checkpoint(tmp_path / "fused.pt", model=fused))

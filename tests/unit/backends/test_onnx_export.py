"""Exported classifiers against PyTorch, in ONNX Runtime."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from core.backends.classifier_model import build
from core.backends.onnx_export import export_classifier
from core.domain.run import FromScratch, RunSpec
from core.domain.task import Task
from core.inference.onnx_model import load_runtime

# "same" padding of TensorFlow, plain convolutions, a transformer, layer norm, our own baseline
NETWORKS = [
    ("tf_efficientnet_lite0", 96),
    ("test_resnet", 64),
    ("test_vit", 160),
    ("test_convnext", 64),
    ("simple_cnn", 28),
]


@pytest.mark.parametrize(("architecture", "size"), NETWORKS)
def test_that_the_file_answers_as_pytorch_does_at_any_batch_size(tmp_path: Path, architecture: str, size: int) -> None:
    torch.manual_seed(0)
    model = build(spec_of(architecture, size), 3).eval()
    export_classifier(model, tmp_path / "model.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    onnx.checker.check_model(str(tmp_path / "model.onnx"), full_check=True)
    session = load_runtime().InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    for count in (1, 3, 8):
        images = torch.rand(count, 3, size, size)
        with torch.inference_mode():
            expected = torch.softmax(model(images), 1).numpy()
        (found,) = session.run(["probabilities"], {"images": images.numpy()})
        assert found.shape == (count, 3)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_that_tensorflows_padding_is_fixed_in_the_file(tmp_path: Path) -> None:
    model = build(spec_of("tf_efficientnet_lite0", 96), 2).eval()
    export_classifier(model, tmp_path / "model.onnx")
    kinds = [node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node]
    assert kinds.count("Conv") == 49
    assert "Shape" not in kinds


def spec_of(architecture: str, size: int) -> RunSpec:
    return RunSpec(
        task=Task.CLASSIFICATION,
        engine="timm",
        architecture=architecture,
        start=FromScratch(),
        snapshot="",
        epochs=1,
        image_size=size,
        head_layers=(8,),
    )

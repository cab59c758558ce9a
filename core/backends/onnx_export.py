"""From a classifier to one ONNX file.

PyTorch has two exporters. The older one, which traces, is taken first: for EfficientNet-Lite0 it needs 0.6 s against
12 s of the newer one ("dynamo") with equal results, and the whole way from folder to file should take seconds. The
newer one stands in where tracing fails. Whichever wrote it, the file is checked and compared with PyTorch afterwards.
"""

import tempfile
import warnings
from copy import deepcopy
from pathlib import Path

import torch
from timm.layers import Conv2dSame
from timm.layers.padding import pad_same_arg
from torch import Tensor, nn

from core.backends.classifier_model import Classifier
from core.store.files import write_atomic

OPSET = 18
INPUT, OUTPUT = "images", "probabilities"


class _Shipped(nn.Module):
    """Images ``[n, 3, size, size]``, 0 to 1 -> probabilities ``[n, classes]``."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        return torch.softmax(self.model(images), 1)


def export_classifier(model: Classifier, target: Path) -> None:
    """Write ``model`` as one ONNX file with a free batch size, atomically."""
    size = model.preprocessing.size
    example = torch.rand(2, 3, size, size)
    shipped = _Shipped(deepcopy(model).cpu().to(memory_format=torch.contiguous_format)).eval()
    _settle_padding(shipped, example)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as folder:
        file = Path(folder) / target.name
        try:
            _trace(shipped, example, file)
        except (RuntimeError, torch.onnx.OnnxExporterError):
            _dynamo(shipped, example, file)
        write_atomic(target, file.read_bytes())


def _trace(shipped: nn.Module, example: Tensor, file: Path) -> None:
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the deprecation, and tracer's remarks on shapes, which are fixed here
        torch.onnx.export(
            shipped,
            (example,),
            file,
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "n"}, OUTPUT: {0: "n"}},
        )


def _dynamo(shipped: nn.Module, example: Tensor, file: Path) -> None:
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            shipped,
            (example,),
            dynamo=True,
            verbose=False,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=({0: torch.export.Dim("n")},),
        )
    assert program is not None
    program.save(file)


def _settle_padding(model: nn.Module, example: Tensor) -> None:
    """Replace TensorFlow's "same" padding, worked out from each input's shape, by the fixed padding of this size.

    Otherwise half of the file's nodes compute paddings, and ONNX Runtime cannot merge them into the convolutions.
    """
    sizes: dict[nn.Module, torch.Size] = {}

    def remember(module: nn.Module, inputs: tuple[Tensor]) -> None:
        sizes[module] = inputs[0].shape[-2:]

    hooks = [m.register_forward_pre_hook(remember) for m in model.modules() if isinstance(m, Conv2dSame)]
    with torch.inference_mode():
        model(example)
    for hook in hooks:
        hook.remove()
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if child in sizes:
                setattr(parent, name, _padded(child, sizes[child]))


def _padded(same: nn.Module, size: torch.Size) -> nn.Module:
    assert isinstance(same, Conv2dSame)
    padding = pad_same_arg(list(size), list(same.weight.shape[-2:]), same.stride, same.dilation)
    plain = nn.Conv2d(
        same.in_channels,
        same.out_channels,
        same.kernel_size,
        same.stride,
        dilation=same.dilation,
        groups=same.groups,
        bias=same.bias is not None,
    )
    plain.weight, plain.bias = same.weight, same.bias
    return nn.Sequential(nn.ZeroPad2d(padding), plain)

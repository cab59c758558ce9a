"""A detection network with decoding and non-maximum suppression inside, for PyTorch and as one ONNX file."""

import warnings
from pathlib import Path
from typing import Any

import torch
import torchvision
from onnxscript import opset20 as op
from torch import Tensor, nn
from ultralytics.nn.tasks import DetectionModel
from ultralytics.utils.tal import dist2bbox, make_anchors

from core.backends.ultralytics_network import head_of, is_rtdetr

MAX_BOXES = 300
MIN_SCORE = 0.001
IOU = 0.7
OPSET = 20


class DetectorWithSuppression(nn.Module):
    """``images`` ``[n, 3, size, size]`` (RGB, 0 to 1) to ``boxes`` ``[n, max_boxes, 6]``.

    Rows are ``x1, y1, x2, y2, score, class`` in pixels of the square by falling score; rows of zeros pad. YOLO boxes
    are suppressed within their class at IoU 0.7, an anchor may answer with several classes; RT-DETR needs none.

    YOLO26 has a second head that needs none either. Trained on few pictures that head is the weaker one (plush, 20
    epochs from recovered weights: mAP50-95 .33 and .58 against .69 and .65), so the first is validated and shipped.
    """

    def __init__(self, network: DetectionModel, architecture: str, size: int) -> None:
        super().__init__()
        self.network = network.float().eval()
        self.size = size
        self.transformer = is_rtdetr(architecture)
        if self.transformer:
            with torch.no_grad():  # the head keeps anchors of the last size it saw: never let it be an export's
                self.network(torch.zeros(1, 3, size, size, device=next(network.parameters()).device))
        else:
            head = head_of(network)
            # In training the head answers with raw maps, which are decoded here with anchors of a fixed size.
            head.training = True
            maps = [torch.empty(1, 1, size // int(s), size // int(s)) for s in head.stride]
            anchors, strides = make_anchors(maps, head.stride, 0.5)
            self.register_buffer("anchors", anchors.T[None].contiguous())
            self.register_buffer("strides", strides.T[None].contiguous())

    def forward(self, images: Tensor) -> Tensor:
        return self._transformer_rows(images) if self.transformer else self._yolo_rows(images)

    def _yolo_rows(self, images: Tensor) -> Tensor:
        head = head_of(self.network)
        raw = self.network(images)
        raw = raw.get("one2many", raw)
        corners = dist2bbox(head.dfl(raw["boxes"]), self.anchors, xywh=False, dim=1) * self.strides
        boxes = corners.transpose(1, 2)
        kept = torch.ops.lensmith.suppress(boxes, raw["scores"].sigmoid())
        n, classes, anchors = kept.shape
        scores, index = kept.reshape(n, classes * anchors).topk(min(MAX_BOXES, classes * anchors), dim=1)
        best = boxes.gather(1, (index % anchors)[..., None].expand(-1, -1, 4))
        return _rows(best, scores, index // anchors)

    def _transformer_rows(self, images: Tensor) -> Tensor:
        answer = self.network(images)[0]  # [n, queries, 6]: centre, size (fractions), score, class, by falling score
        centre, half = answer[..., :2], answer[..., 2:4] / 2
        corners = torch.cat([centre - half, centre + half], dim=2) * self.size
        scores = answer[..., 4]
        return _rows(corners, scores * (scores > MIN_SCORE), answer[..., 5])


def export_onnx(model: DetectorWithSuppression, target: Path) -> None:
    """One file, batch free, everything else fixed; the weights are inside."""
    example = torch.rand(2, 3, model.size, model.size)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of torch.export about itself
        torch.onnx.export(
            model,
            (example,),
            target,
            input_names=["images"],
            output_names=["boxes"],
            dynamic_shapes=({0: torch.export.Dim("n", min=1, max=4096)},),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
            custom_translation_table={torch.ops.lensmith.suppress.default: _suppress_onnx},
        )


@torch.library.custom_op("lensmith::suppress", mutates_args=())
def suppress(boxes: Tensor, scores: Tensor) -> Tensor:
    """Scores ``[n, classes, anchors]`` with those of suppressed boxes set to 0; ``boxes``: ``[n, anchors, 4]``.

    The shape does not depend on what is found, which keeps the batch free in ONNX, where this is one
    ``NonMaxSuppression`` (per image and class, greedy, by falling score) and a scatter.
    """
    kept = torch.zeros_like(scores)
    # Boxes of YOLO26 can be inside out before they are trained; ONNX turns them round, so this does too.
    boxes = torch.cat([torch.minimum(boxes[..., :2], boxes[..., 2:]), torch.maximum(boxes[..., :2], boxes[..., 2:])], 2)
    for i, c in (scores.amax(dim=2) > MIN_SCORE).nonzero().tolist():
        candidates = (scores[i, c] > MIN_SCORE).nonzero().squeeze(1)
        chosen = torchvision.ops.nms(boxes[i, candidates], scores[i, c, candidates], IOU)[:MAX_BOXES]
        kept[i, c, candidates[chosen]] = scores[i, c, candidates[chosen]]
    return kept


@suppress.register_fake
def _(boxes: Tensor, scores: Tensor) -> Tensor:
    return torch.empty_like(scores)


def _suppress_onnx(boxes: Any, scores: Any) -> Any:
    selected = op.NonMaxSuppression(
        boxes,
        scores,
        op.Constant(value_ints=[MAX_BOXES]),
        op.Constant(value_floats=[IOU]),
        op.Constant(value_floats=[MIN_SCORE]),
    )
    return op.ScatterND(op.Sub(scores, scores), selected, op.GatherND(scores, selected))


def _rows(corners: Tensor, scores: Tensor, classes: Tensor) -> Tensor:
    rows = torch.cat([corners, scores[..., None], classes[..., None].to(corners.dtype)], dim=2)
    return rows * (scores > 0)[..., None]

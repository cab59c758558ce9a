"""How to use an ONNX file of Lensmith without Lensmith: a short program that works as it stands."""

from core.domain.model_card import ModelCard, ResizeRule
from core.domain.task import Task

_HEAD = """\
import json
import cv2
import numpy as np
import onnxruntime

def fit(picture, width, height):  # shrinking by area, growing {interpolation}
    inner = min(width, picture.shape[1]), min(height, picture.shape[0])
    picture = cv2.resize(picture, inner, interpolation=cv2.INTER_AREA)
    return cv2.resize(picture, (width, height), interpolation=cv2.{flag})

model = onnxruntime.InferenceSession({file!r}, providers=["CPUExecutionProvider"])
classes = json.loads(model.get_modelmeta().custom_metadata_map["classes"])
picture = cv2.cvtColor(cv2.imread("picture.jpg"), cv2.COLOR_BGR2RGB)
(h, w), size = picture.shape[:2], {size}
"""
_SQUARE = {
    ResizeRule.STRETCH: """\
square = fit(picture, size, size)  # the ratio of the sides is not kept
""",
    ResizeRule.CROP: """\
side = max(1, round(min(w, h) * {crop}))  # the square in the middle of the picture
left, top = (w - side) // 2, (h - side) // 2
square = fit(picture[top : top + side, left : left + side], size, size)
""",
    ResizeRule.LETTERBOX: """\
scale = min(size / w, size / h)  # the whole picture, with grey bars beside it
inner_w, inner_h = max(1, round(w * scale)), max(1, round(h * scale))
left, top = (size - inner_w) // 2, (size - inner_h) // 2
square = np.full((size, size, 3), 114, np.uint8)
square[top : top + inner_h, left : left + inner_w] = fit(picture, inner_w, inner_h)
""",
}
_RUN = """\
inputs = square.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255)
answer = model.run(None, {"images": inputs})[0][0]
"""
_CLASSES = """\
for probability, name in sorted(zip(answer, classes), reverse=True):
    print(f"{probability:.3f}", name)
"""
_BOXES = """\
boxes = answer[answer[:, 4] >= {threshold}]  # rows: x1, y1, x2, y2, score, class; the corners in pixels of the square
boxes[:, [0, 2]] = ({x}).clip(0, w)
boxes[:, [1, 3]] = ({y}).clip(0, h)
for x1, y1, x2, y2, score, index in boxes:
    print(f"{{score:.3f}} {{x1:.1f}} {{y1:.1f}} {{x2:.1f}} {{y2:.1f}}", classes[round(index)])
"""
_BACK = {  # corners of the square in pixels of the picture
    ResizeRule.STRETCH: ("{x} * w / size", "{y} * h / size"),
    ResizeRule.CROP: ("{x} * side / size + left", "{y} * side / size + top"),
    ResizeRule.LETTERBOX: ("({x} - left) * w / inner_w", "({y} - top) * h / inner_h"),
}
_FLAGS = {"bilinear": "INTER_LINEAR", "bicubic": "INTER_CUBIC"}


def python_example(card: ModelCard, file: str) -> str:
    """A program for NumPy, OpenCV and ONNX Runtime that says what ``file`` finds in ``picture.jpg``.

    It prepares the picture exactly as ``core.inference.preprocess`` does.
    """
    head = _HEAD.format(
        interpolation=card.interpolation, flag=_FLAGS[card.interpolation], file=file, size=card.image_size
    )
    square = _SQUARE[card.resize].format(crop=card.crop_fraction)
    if card.task is Task.CLASSIFICATION:
        return head + square + _RUN + _CLASSES
    x, y = (back.format(x="boxes[:, [0, 2]]", y="boxes[:, [1, 3]]") for back in _BACK[card.resize])
    return head + square + _RUN + _BOXES.format(threshold=card.threshold, x=x, y=y)

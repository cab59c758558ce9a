"""How to use an ONNX file of Lensmith without Lensmith: a short program that works as it stands."""

from core.domain.model_card import ModelCard, ResizeRule
from core.domain.task import Task

_HEAD = """\
import json
import cv2
import numpy as np
import onnxruntime

def read(file):  # upright RGB of 8 bits; deeper pictures are scaled as they were for training
    picture = cv2.imread(file, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    if picture is None or picture.dtype == np.float32:
        values = cv2.imread(file, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH).astype(np.float64)
        finite = values[np.isfinite(values)].astype(np.float32)
        black, white = np.quantile(finite, (0.001, 0.999)).astype(np.float64)
        if black == white:
            black, white = float(finite.min()), float(finite.max())
        shares = (values - black) / max(white - black, np.finfo(np.float32).tiny)
        picture = np.rint(np.nan_to_num(shares, nan=0, posinf=1, neginf=0).clip(0, 1) * 255).astype(np.uint8)
        return cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    if picture.dtype == np.uint16:
        bits = next(bits for bits in (8, 10, 12, 14, 16) if picture.max() < 2**bits)
        picture = cv2.convertScaleAbs(picture, alpha=255 / (2**bits - 1))
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)

def fit(picture, width, height):  # shrinking by area, growing {interpolation}
    inner = min(width, picture.shape[1]), min(height, picture.shape[0])
    picture = cv2.resize(picture, inner, interpolation=cv2.INTER_AREA)
    return cv2.resize(picture, (width, height), interpolation=cv2.{flag})

model = onnxruntime.InferenceSession({file!r}, providers=["CPUExecutionProvider"])
classes = json.loads(model.get_modelmeta().custom_metadata_map["classes"])
picture = read("picture.jpg")
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

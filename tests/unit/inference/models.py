"""Tiny ONNX files, made by hand, that keep to the contract of ``ModelCard``."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from core.domain.model_card import ModelCard, ResizeRule
from core.domain.task import Task

SIZE = 32


def classifier_card(**changes: object) -> ModelCard:
    fields: dict = {
        "task": Task.CLASSIFICATION,
        "architecture": "mean_colour",
        "classes": ("red", "green", "modrá"),
        "image_size": SIZE,
        "resize": ResizeRule.STRETCH,
        "run": "run-1",
        "data_hash": "d" * 32,
        "mean": (0.1, 0.2, 0.3),
        "std": (0.5, 0.5, 0.5),
    }
    return ModelCard(**(fields | changes))


def detector_card(**changes: object) -> ModelCard:
    fields: dict = {
        "task": Task.DETECTION,
        "architecture": "constant_boxes",
        "classes": ("bolt", "nut"),
        "image_size": SIZE,
        "resize": ResizeRule.LETTERBOX,
        "run": "run-2",
        "data_hash": "e" * 32,
        "threshold": 0.4,
    }
    return ModelCard(**(fields | changes))


def save(graph: onnx.GraphProto, path: Path) -> Path:
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    return path


def classifier_graph() -> onnx.GraphProto:
    """Softmax of ten times the mean of each colour plane: says which colour a picture has."""
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, SIZE, SIZE])
    answers = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 3])
    nodes = [
        helper.make_node("ReduceMean", ["images", "axes"], ["means"], keepdims=0),
        helper.make_node("Mul", ["means", "ten"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    constants = [
        numpy_helper.from_array(np.array([2, 3], np.int64), "axes"),
        numpy_helper.from_array(np.array(10, np.float32), "ten"),
    ]
    return helper.make_graph(nodes, "mean_colour", [images], [answers], constants)


def detector_graph(rows: list[list[float]]) -> onnx.GraphProto:
    """Answers the same rows for every image of the batch."""
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, SIZE, SIZE])
    boxes = helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["n", len(rows), 6])
    nodes = [
        helper.make_node("Shape", ["images"], ["batch"], start=0, end=1),
        helper.make_node("Concat", ["batch", "row_shape"], ["shape"], axis=0),
        helper.make_node("Expand", ["rows", "shape"], ["boxes"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([len(rows), 6], np.int64), "row_shape"),
        numpy_helper.from_array(np.array([rows], np.float32), "rows"),
    ]
    return helper.make_graph(nodes, "constant_boxes", [images], [boxes], constants)

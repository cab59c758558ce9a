"""What an ONNX file must not contain, looked for before ONNX Runtime sees it.

A model file may come from anywhere. External data can name any file of the machine (CVE-2026-27489, -34446, -34447),
and a few bytes can ask for terabytes of memory; both are refused on the parsed file alone, nothing is allocated.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain.errors import LensmithError

if TYPE_CHECKING:
    import onnx

MAX_FILE_BYTES = 2**31 - 1  # the limit of protobuf, and so of a single-file ONNX
MAX_ELEMENTS = 2**30  # of one tensor: 4 GB in float32, ten times the largest layer of any model in the catalogue
MAX_SIDE = 2**16  # of one dimension that a graph declares for its inputs and outputs
_SIZED_BY_INPUT = {"ConstantOfShape": 0, "Expand": 1, "Reshape": 1, "Tile": 1}  # operator -> input that holds a shape
_SIZED_BY_ATTRIBUTE = {"RandomNormal", "RandomUniform"}
_UNSAFE = "Use only model files from a source you trust; Lensmith's own exports are single, plain files."


def load_checked(path: Path) -> "onnx.ModelProto":
    """Parse an ONNX file without following anything it points to. Raises ``LensmithError`` for what is refused."""
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    _refuse_odd_files(path)
    try:
        model = onnx.load(path, load_external_data=False)
    except (DecodeError, ValueError, OSError) as error:
        raise LensmithError(
            f"{path} cannot be read as an ONNX model.", "The file is damaged or of another kind; export it again."
        ) from error
    if not model.graph.node:
        raise LensmithError(f"{path} holds no ONNX model.", "The file is damaged or of another kind; export it again.")
    graphs = list(_graphs(model))
    for tensor in _tensors(model, graphs):
        _refuse_tensor(path, tensor)
    for value in (*model.graph.input, *model.graph.output):
        dims = [d.dim_value for d in value.type.tensor_type.shape.dim]
        if any(not 0 <= d <= MAX_SIDE for d in dims) or math.prod(max(d, 1) for d in dims) > MAX_ELEMENTS:
            raise LensmithError(f"{path} declares “{value.name}” with the size {dims}, which no model needs.", _UNSAFE)
    for graph in graphs:
        _refuse_bombs(path, graph)
    return model


def _refuse_odd_files(path: Path) -> None:
    if path.is_symlink():
        raise LensmithError(
            f"{path} is a link to another file.", f"Give the file itself: {path.resolve()}, if you trust it."
        )
    if not path.is_file():
        raise LensmithError(f"There is no file {path}.", "Check the path.")
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise LensmithError(f"{path} is larger than an ONNX file can be ({size / 2**30:.1f} GiB).", "Export it again.")


def _graphs(model: "onnx.ModelProto") -> Iterator["onnx.GraphProto | onnx.FunctionProto"]:
    """Every list of nodes in the file: the graph, the functions, and the bodies of If and Loop inside them."""
    waiting = [model.graph, *model.functions]
    while waiting:
        graph = waiting.pop()
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                waiting.extend(attribute.graphs)
                if attribute.HasField("g"):
                    waiting.append(attribute.g)


def _tensors(
    model: "onnx.ModelProto", graphs: list["onnx.GraphProto | onnx.FunctionProto"]
) -> Iterator["onnx.TensorProto"]:
    for training in model.training_info:
        yield from (*training.initialization.initializer, *training.algorithm.initializer)
    for graph in graphs:
        yield from getattr(graph, "initializer", ())
        for sparse in getattr(graph, "sparse_initializer", ()):
            yield from (sparse.values, sparse.indices)
        for node in graph.node:
            for attribute in node.attribute:
                yield from attribute.tensors
                if attribute.HasField("t"):
                    yield attribute.t
                for sparse in (*attribute.sparse_tensors, attribute.sparse_tensor):
                    yield from (sparse.values, sparse.indices)


def _refuse_tensor(path: Path, tensor: "onnx.TensorProto") -> None:
    import onnx

    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
        place = next((entry.value for entry in tensor.external_data if entry.key == "location"), "another file")
        raise LensmithError(
            f"{path} keeps weights outside of itself, in {place}.",
            "Only single-file models are opened; export the model again as one file.",
        )
    elements = math.prod(tensor.dims)
    if any(d < 0 for d in tensor.dims) or elements > MAX_ELEMENTS:
        raise LensmithError(f"{path} holds a tensor of the size {list(tensor.dims)}, which no model needs.", _UNSAFE)
    if elements > 64 and elements > 8 * tensor.ByteSize():
        raise LensmithError(
            f"{path} is incomplete: “{tensor.name}” should have {elements} values, and the file holds fewer.",
            "Export the model again.",
        )


def _refuse_bombs(path: Path, graph: "onnx.GraphProto | onnx.FunctionProto") -> None:
    """Refuse nodes that are told by a constant to make a tensor of a size that no machine has."""
    import onnx

    shapes = {tensor.name: tensor for tensor in getattr(graph, "initializer", ()) if len(tensor.dims) == 1}
    for node in graph.node:
        wanted: list[int] = []
        if node.op_type == "Constant":
            for attribute in node.attribute:
                if attribute.HasField("t") and len(attribute.t.dims) == 1:
                    shapes[node.output[0]] = attribute.t
        elif node.op_type in _SIZED_BY_ATTRIBUTE:
            wanted = [d for attribute in node.attribute if attribute.name == "shape" for d in attribute.ints]
        elif node.op_type in _SIZED_BY_INPUT and len(node.input) > _SIZED_BY_INPUT[node.op_type]:
            shape = shapes.get(node.input[_SIZED_BY_INPUT[node.op_type]])
            if shape is not None and shape.data_type == onnx.TensorProto.INT64 and shape.dims[0] <= 16:
                wanted = [int(d) for d in onnx.numpy_helper.to_array(shape)]
        if math.prod(max(d, 1) for d in wanted) > MAX_ELEMENTS:
            raise LensmithError(f"{path} asks for a tensor of the size {wanted}, which no machine holds.", _UNSAFE)

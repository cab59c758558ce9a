"""Cards, predictions and the refusal of unsafe files, on tiny ONNX files."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from core.domain.errors import LensmithError
from core.domain.model_card import ResizeRule
from core.inference.onnx_model import OnnxModel, attach_card, read_card
from tests.unit.inference.models import (
    classifier_card,
    classifier_graph,
    detector_card,
    detector_graph,
    save,
)

COLOURS = {"r": (255, 0, 0), "g": (0, 255, 0), "b": (0, 0, 255)}


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    path = save(classifier_graph(), tmp_path / "barvy č 模型.onnx")
    attach_card(path, classifier_card())
    return path


def pictures(*keys: str, height: int = 20, width: int = 50):
    return [(key, np.full((height, width, 3), COLOURS[key], np.uint8)) for key in keys]


def test_that_a_card_survives_the_file_and_is_readable_without_lensmith(classifier: Path):
    assert read_card(classifier) == classifier_card()
    assert OnnxModel.open(classifier).card == classifier_card()
    metadata = {entry.key: entry.value for entry in onnx.load(classifier).metadata_props}
    assert metadata["classes"] == '["red", "green", "modrá"]'
    assert metadata["image_size"] == "32"
    assert metadata["colour_order"] == "RGB"
    assert metadata["mean"] == "[0.1, 0.2, 0.3]"
    assert metadata["resize"] == "stretch"
    assert {"lensmith", "std", "run", "data_hash", "threshold"} <= metadata.keys()
    onnx.checker.check_model(onnx.load(classifier))


def test_that_a_second_card_replaces_the_first_and_foreign_metadata_stay(classifier: Path):
    model = onnx.load(classifier)
    model.metadata_props.add(key="author", value="somebody")
    onnx.save(model, classifier)
    attach_card(classifier, classifier_card(run="run-9"))
    entries = [(entry.key, entry.value) for entry in onnx.load(classifier).metadata_props]
    assert ("author", "somebody") in entries
    assert len(entries) == len(dict(entries))
    assert read_card(classifier).run == "run-9"


@pytest.mark.parametrize("batch_size", [1, 2, 8])
def test_that_answers_come_in_order_whatever_the_batch(classifier: Path, batch_size: int):
    keys = ["r", "g", "b", "b", "r"]
    answers = list(OnnxModel.open(classifier).predict(pictures(*keys), batch_size))
    assert [answer.hash for answer in answers] == keys
    assert ["rgb"[int(np.argmax(answer.probabilities))] for answer in answers] == keys
    assert answers[0].probabilities == pytest.approx(np.exp([10, 0, 0]) / np.exp([10, 0, 0]).sum(), abs=1e-6)


def test_that_images_are_taken_only_as_they_are_needed(classifier: Path):
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield pictures("r")[0]

    answers = OnnxModel.open(classifier).predict(endless(), batch_size=4)
    assert taken == []
    next(answers)
    assert len(taken) == 4
    assert list(OnnxModel.open(classifier).predict([])) == []


def test_that_boxes_return_to_image_pixels_sorted_clipped_and_without_padding(tmp_path: Path):
    rows = [
        [4, 8, 12, 16, 0.3, 0],
        [-5, 0, 40, 32, 0.9, 1],  # over every edge
        [0, 0, 32, 7, 0.8, 0],  # wholly in the upper bar
        [0, 10, 8, 20, 0.5, 7],  # no such class
        [0, 0, 0, 0, 0, 0],  # padding
    ]
    path = save(detector_graph(rows), tmp_path / "detector.onnx")
    attach_card(path, detector_card())
    image = np.zeros((50, 100, 3), np.uint8)  # 32 x 16 inside the square, bars of 8 above and below
    first, second = OnnxModel.open(path).predict([("a", image), ("b", image)])
    assert (first.hash, second.hash) == ("a", "b")
    assert first.boxes == second.boxes
    assert [list(box) for box in map(_values, first.boxes)] == [
        [0, 0, 100, 50, pytest.approx(0.9), 1],
        [12.5, 0, 37.5, 25, pytest.approx(0.3), 0],
    ]


def _values(box):
    return box.x1, box.y1, box.x2, box.y2, box.score, box.index


def test_that_a_model_computes_on_the_processor_unless_a_card_is_there_and_asked_for(classifier: Path):
    assert OnnxModel.open(classifier).providers == ("CPUExecutionProvider",)
    assert OnnxModel.open(classifier, cuda=True).providers[-1] == "CPUExecutionProvider"


def test_that_answers_that_are_not_numbers_are_refused(tmp_path: Path):
    path = save(detector_graph([[0, 0, float("nan"), 5, 0.5, 0]]), tmp_path / "nan.onnx")
    attach_card(path, detector_card())
    with pytest.raises(LensmithError, match="not numbers"):
        list(OnnxModel.open(path).predict([("a", np.zeros((9, 9, 3), np.uint8))]))


def test_that_a_file_without_a_card_is_refused_with_what_is_missing(tmp_path: Path):
    path = save(classifier_graph(), tmp_path / "foreign.onnx")
    with pytest.raises(LensmithError, match=r"foreign\.onnx.*“lensmith”.*class names") as caught:
        OnnxModel.open(path)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"image_size": 64}, "input"),
        ({"classes": ("only", "two")}, "output"),
        ({"classes": ()}, "no classes"),
        ({"crop_fraction": 0.0}, "resize rule"),
        ({"interpolation": "lanczos"}, "resize rule"),
        ({"image_size": 10**6}, "pixels"),
    ],
)
def test_that_a_card_that_does_not_fit_the_graph_is_refused(tmp_path: Path, changes: dict, words: str):
    path = save(classifier_graph(), tmp_path / "m.onnx")
    before = path.read_bytes()
    with pytest.raises(LensmithError, match=words):
        attach_card(path, classifier_card(**changes))
    assert path.read_bytes() == before


def test_that_the_wrong_task_is_refused(tmp_path: Path):
    path = save(classifier_graph(), tmp_path / "m.onnx")
    with pytest.raises(LensmithError, match="boxes"):
        attach_card(path, detector_card(resize=ResizeRule.STRETCH))


@pytest.mark.parametrize(
    ("text", "words"),
    [("{broken", "damaged"), ('{"schema_version": 99}', "newer Lensmith"), ('{"task": "poetry"}', "damaged")],
)
def test_that_damaged_and_newer_cards_are_told_apart(classifier: Path, text: str, words: str):
    model = onnx.load(classifier)
    next(entry for entry in model.metadata_props if entry.key == "lensmith").value = text
    onnx.save(model, classifier)
    with pytest.raises(LensmithError, match=words):
        OnnxModel.open(classifier)


@pytest.mark.parametrize("content", [b"", b"not a model", bytes(range(256)) * 40])
def test_that_files_that_are_no_model_are_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "x.onnx"
    path.write_bytes(content)
    with pytest.raises(LensmithError, match=r"x\.onnx"):
        OnnxModel.open(path)
    with pytest.raises(LensmithError, match="no file"):
        OnnxModel.open(tmp_path / "missing.onnx")


def test_that_a_truncated_model_is_refused(classifier: Path):
    content = classifier.read_bytes()
    for end in (len(content) // 3, len(content) // 2, len(content) - 5):
        classifier.write_bytes(content[:end])
        with pytest.raises(LensmithError):
            OnnxModel.open(classifier)


@pytest.mark.parametrize("location", ["weights.bin", "../outside.bin", "/etc/passwd", "link.bin"])
def test_that_external_data_are_refused_wherever_they_lie(tmp_path: Path, location: str):
    folder = tmp_path / "model"
    folder.mkdir()
    for target in (folder / "weights.bin", tmp_path / "outside.bin"):
        target.write_bytes(np.float32([10]).tobytes())
    (folder / "link.bin").symlink_to(tmp_path / "outside.bin")
    graph = classifier_graph()
    ten = graph.initializer[1]
    ten.ClearField("raw_data")
    ten.data_location = TensorProto.EXTERNAL
    ten.external_data.add(key="location", value=location)
    path = save(graph, folder / "m.onnx")
    for action in (lambda: OnnxModel.open(path), lambda: attach_card(path, classifier_card())):
        with pytest.raises(LensmithError, match=r"outside of itself.*" + location):
            action()


def test_that_external_data_hidden_in_a_branch_are_refused(tmp_path: Path):
    hidden = TensorProto(name="h", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    hidden.external_data.add(key="location", value="../secret")
    out = helper.make_tensor_value_info("o", TensorProto.FLOAT, None)
    branch = helper.make_graph([helper.make_node("Constant", [], ["o"], value=hidden)], "b", [], [out])
    graph = classifier_graph()
    graph.node.append(helper.make_node("If", ["c"], ["unused"], then_branch=branch, else_branch=branch))
    with pytest.raises(LensmithError, match="outside of itself"):
        OnnxModel.open(save(graph, tmp_path / "m.onnx"))


def test_that_a_model_that_is_a_link_is_refused(classifier: Path, tmp_path: Path):
    link = tmp_path / "link.onnx"
    link.symlink_to(classifier)
    with pytest.raises(LensmithError, match="link"):
        OnnxModel.open(link)


def _huge_initializer(graph: onnx.GraphProto) -> None:
    graph.initializer.append(TensorProto(name="big", data_type=TensorProto.FLOAT, dims=[2**20, 2**20]))


def _large_initializer_without_data(graph: onnx.GraphProto) -> None:
    graph.initializer.append(TensorProto(name="big", data_type=TensorProto.FLOAT, dims=[2**14, 2**14]))


def _negative_initializer(graph: onnx.GraphProto) -> None:
    graph.initializer.append(TensorProto(name="big", data_type=TensorProto.FLOAT, dims=[-1, 5]))


def _huge_input(graph: onnx.GraphProto) -> None:
    graph.input[0].type.tensor_type.shape.dim[2].dim_value = 2**40


def _bomb_by_initializer(graph: onnx.GraphProto) -> None:
    graph.initializer.append(helper.make_tensor("shape", TensorProto.INT64, [2], [2**30, 2**20]))
    graph.node.append(helper.make_node("ConstantOfShape", ["shape"], ["bomb"]))


def _bomb_by_constant(graph: onnx.GraphProto) -> None:
    value = helper.make_tensor("v", TensorProto.INT64, [3], [2**20, 2**20, 4])
    graph.node.append(helper.make_node("Constant", [], ["shape"], value=value))
    graph.node.append(helper.make_node("Expand", ["ten", "shape"], ["bomb"]))


def _bomb_by_attribute(graph: onnx.GraphProto) -> None:
    graph.node.append(helper.make_node("RandomNormal", [], ["bomb"], shape=[2**30, 2**10]))


@pytest.mark.parametrize(
    "plant",
    [
        _huge_initializer,
        _large_initializer_without_data,
        _negative_initializer,
        _huge_input,
        _bomb_by_initializer,
        _bomb_by_constant,
        _bomb_by_attribute,
    ],
)
def test_that_absurd_sizes_are_refused_before_anything_is_allocated(tmp_path: Path, plant):
    graph = classifier_graph()
    plant(graph)
    with pytest.raises(LensmithError, match=r"no model needs|no machine holds|incomplete"):
        OnnxModel.open(save(graph, tmp_path / "m.onnx"))


def test_that_a_graph_that_onnx_runtime_refuses_is_told_in_a_sentence(tmp_path: Path):
    graph = classifier_graph()
    graph.node[2].op_type = "NoSuchOperator"
    path = save(graph, tmp_path / "m.onnx")
    attach_card(path, classifier_card())
    with pytest.raises(LensmithError, match=r"cannot be run.*NoSuchOperator") as caught:
        OnnxModel.open(path)
    assert "\n" not in str(caught.value)


def test_that_prediction_leaves_no_telemetry_files_in_the_home_folder(classifier: Path, tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    script = (
        "import sys, numpy as np\nfrom pathlib import Path\nfrom core.inference.onnx_model import OnnxModel\n"
        "model = OnnxModel.open(Path(sys.argv[1]))\n"
        "print(len(list(model.predict([('k', np.zeros((9, 9, 3), np.uint8))]))))\n"
    )
    # CI=true would silence the telemetry by itself, and this test with it.
    unwanted = {"CI", "GITHUB_ACTIONS", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"}
    environment = {key: value for key, value in os.environ.items() if key not in unwanted}
    environment |= {"HOME": str(home), "USERPROFILE": str(home), "LOCALAPPDATA": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", script, str(classifier)], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1"
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_that_importing_inference_loads_neither_onnx_nor_its_runtime():
    script = (
        "import sys, core.inference.onnx_model, core.inference.preprocess\n"
        "print({'onnx', 'onnxruntime', 'sklearn', 'pandas', 'torch', 'faster_coco_eval'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

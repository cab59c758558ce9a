"""Box reports against pycocotools and against cases worked out by hand."""

import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from core.domain.annotation import Box, Boxes
from core.domain.dataset import Image
from core.domain.prediction import BoxPrediction, FoundBox
from core.metrics import detection_report
from core.metrics.detection import MAX_DETECTIONS

# Class ids of the project are neither small nor in output order.
IDS = (70, 3, 11)
INDEX = {class_id: index for index, class_id in enumerate(IDS)}
NAMES = ("bolt", "nut", "washer")


def image(name: str, *boxes: tuple) -> Image:
    """Boxes are ``(x1, y1, x2, y2, output index)``."""
    annotation = Boxes(tuple(Box(*map(float, corners), IDS[k]) for *corners, k in boxes))
    return Image(hash=name, path=f"/pictures/{name}.png", width=640, height=480, annotation=annotation)


def found(name: str, *boxes: tuple) -> BoxPrediction:
    """Boxes are ``(x1, y1, x2, y2, score, output index)``."""
    return BoxPrediction(name, tuple(FoundBox(*box) for box in boxes))


def report_of(images, predictions, threshold=None, names=NAMES):
    return detection_report(images, INDEX, predictions, names, threshold)


def drawn_at_random(seed: int, images: int = 12, classes: int = 3, noise: float = 6) -> tuple[list, list]:
    """True boxes, most of them found with jitter, some as a wrong class, some twice, and false alarms."""
    rng = np.random.default_rng(seed)
    truth, answers = [], []
    for number in range(images):
        boxes, seen = [], []
        for _ in range(rng.integers(0, 9)):
            x, y = rng.uniform(0, 400, 2)
            width, height = rng.uniform(5, 120, 2)
            k = int(rng.integers(classes))
            boxes.append((x, y, x + width, y + height, k))
            for _ in range(rng.choice([0, 1, 1, 1, 2])):
                x1, y1, x2, y2 = np.array([x, y, x + width, y + height]) + rng.normal(0, noise, 4)
                answer = k if rng.random() < 0.85 else int(rng.integers(classes))
                seen.append((x1, y1, max(x2, x1 + 1), max(y2, y1 + 1), float(rng.uniform(0.2, 1)), answer))
        for _ in range(rng.integers(0, 5)):
            x, y = rng.uniform(0, 400, 2)
            seen.append((x, y, x + 40, y + 30, float(rng.uniform(0.001, 0.6)), int(rng.integers(classes))))
        truth.append(image(str(number), *boxes))
        answers.append(found(str(number), *seen))
    return truth, answers


def oracle(truth: list[Image], answers: list[BoxPrediction], classes: int) -> np.ndarray:
    """Precision ``[10, 101, classes]`` by pycocotools, -1 where there is no truth."""
    boxes = [
        {"image_id": n, "category_id": INDEX[b.class_id], "bbox": [b.x_min, b.y_min, b.width, b.height]}
        for n, one in enumerate(truth)
        for b in one.annotation.boxes
    ]
    boxes = [
        b | {"id": number, "iscrowd": 0, "area": b["bbox"][2] * b["bbox"][3]} for number, b in enumerate(boxes, start=1)
    ]
    seen = [
        {"image_id": n, "category_id": b.index, "bbox": [b.x1, b.y1, b.x2 - b.x1, b.y2 - b.y1], "score": b.score}
        for n, one in enumerate(answers)
        for b in one.boxes
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "images": [{"id": n} for n in range(len(truth))],
            "categories": [{"id": k} for k in range(classes)],
            "annotations": boxes,
        }
        coco.createIndex()
        evaluator = COCOeval(coco, coco.loadRes(seen), "bbox")
        evaluator.params.maxDets = [MAX_DETECTIONS]
        evaluator.params.areaRng, evaluator.params.areaRngLbl = [[0, 1e10]], ["all"]
        evaluator.evaluate()
        evaluator.accumulate()
    return evaluator.eval["precision"][:, :, :, 0, 0]


@pytest.mark.parametrize("seed", range(12))
def test_that_ap_is_that_of_pycocotools(seed: int):
    truth, answers = drawn_at_random(seed, images=3 + 4 * (seed % 4), noise=2 + 2 * (seed % 5))
    report = report_of(truth, answers)
    precision = oracle(truth, answers, 3)
    assert report.metrics["mAP50-95"] == pytest.approx(precision[precision > -1].mean(), abs=1e-6)
    assert report.metrics["mAP50"] == pytest.approx(precision[0][precision[0] > -1].mean(), abs=1e-6)
    curves = {curve.name: curve.precision for curve in report.curves}
    for k, scores in enumerate(report.classes):
        if scores.count:
            assert scores.ap50_95 == pytest.approx(precision[:, :, k].mean(), abs=1e-6)
            assert scores.ap50 == pytest.approx(precision[0, :, k].mean(), abs=1e-6)
            assert curves[scores.name] == pytest.approx(precision[0, :, k], abs=1e-6)
        else:
            assert (scores.ap50_95, scores.recall) == (None, None)
            assert scores.name not in curves


@pytest.mark.parametrize("seed", range(6))
def test_that_counts_precision_and_recall_agree_with_the_confusion_matrix(seed: int):
    truth, answers = drawn_at_random(seed)
    report = report_of(truth, answers, threshold=0.4)
    table = np.array(report.confusion)
    drawn = [box for one in answers for box in one.boxes if box.score >= 0.4]
    assert table.shape == (4, 4)
    assert table[3, 3] == 0
    assert table[:, :3].sum() == len(drawn)
    assert table[:3].sum() == sum(len(one.annotation.boxes) for one in truth)
    hits = np.trace(table)
    assert report.metrics["precision"] == pytest.approx(hits / len(drawn))
    assert report.metrics["recall"] == pytest.approx(hits / table[:3].sum())
    for k, scores in enumerate(report.classes):
        assert scores.count == table[k].sum()
        assert scores.precision == pytest.approx(table[k, k] / table[:, k].sum())
        assert scores.recall == pytest.approx(table[k, k] / table[k].sum())


@pytest.mark.parametrize("seed", range(4))
def test_that_no_other_threshold_has_a_better_f1(seed: int):
    truth, answers = drawn_at_random(seed, images=9)

    def mean_f1(threshold=None):
        report = report_of(truth, answers, threshold)
        return report.threshold, np.mean([c.f1 for c in report.classes if c.count])

    chosen, best = mean_f1()
    assert 0 < chosen < 1
    others = [mean_f1(threshold)[1] for threshold in np.linspace(0, 1, 41)]
    assert best >= max(others) - 1e-9
    assert min(others) < best


def test_that_the_threshold_lies_in_the_middle_of_the_widest_gap():
    truth = [image("a", (0, 0, 10, 10, 0), (100, 0, 110, 10, 1))]
    answers = [found("a", (0, 0, 10, 10, 0.9, 0), (100, 0, 110, 10, 0.8, 1), (50, 50, 60, 60, 0.3, 0))]
    assert report_of(truth, answers).threshold == 0.55


def test_that_confusions_misses_and_false_alarms_are_told_apart():
    truth = [image("a", (0, 0, 10, 10, 0), (20, 0, 30, 10, 0), (40, 0, 50, 10, 1), (60, 0, 70, 10, 2))]
    answers = [
        found(
            "a",
            (0, 0, 10, 10, 0.9, 1),  # a wrong class on a box that its own class finds as well, with a lower score
            (0, 0, 10, 9, 0.5, 0),
            (20, 0, 30, 10, 0.8, 2),  # a bolt taken for a washer
            (40, 0, 50, 6, 0.7, 1),  # IoU 0.6
            (60, 0, 70, 4, 0.6, 2),  # IoU 0.4: one miss and one false alarm
            (20, 0, 30, 10, 0.39, 0),  # below the threshold
        )
    ]
    report = report_of(truth, answers, threshold=0.4)
    assert report.confusion == ((1, 0, 1, 0), (0, 1, 0, 0), (0, 0, 0, 1), (0, 1, 1, 0))
    assert report.threshold == 0.4
    assert report.metrics["precision"] == pytest.approx(2 / 5)
    assert report.metrics["recall"] == pytest.approx(2 / 4)


def test_that_two_boxes_on_one_object_are_one_hit_and_one_false_alarm():
    truth = [image("a", (0, 0, 10, 10, 0))]
    answers = [found("a", (0, 0, 10, 9, 0.5, 0), (0, 0, 10, 10, 0.9, 0))]  # unsorted on purpose
    report = report_of(truth, answers, threshold=0.1)
    assert report.confusion[0][0] == 1
    assert report.confusion[3][0] == 1
    assert report.metrics["mAP50-95"] == pytest.approx(1)


def test_that_nothing_predicted_is_zero_and_nothing_divides_by_it():
    truth = [image("a", (0, 0, 10, 10, 0)), image("b")]
    report = report_of(truth, [found("a"), found("b")])
    assert report.metrics == {"mAP50-95": 0, "mAP50": 0, "recall": 0}
    bolt, nut, _ = report.classes
    assert (bolt.count, bolt.precision, bolt.recall, bolt.f1, bolt.ap50) == (1, None, 0, 0, 0)
    assert (nut.count, nut.precision, nut.recall, nut.f1, nut.ap50) == (0, None, None, None, None)
    assert report.confusion[0] == (0, 0, 0, 1)
    assert report.threshold == 0.25
    assert report.intervals == {}


def test_that_background_alone_has_no_map_but_its_false_alarms_are_counted():
    images = [image("a"), image("b")]
    report = report_of(images, [found("a", (0, 0, 9, 9, 0.9, 1)), found("b")])
    assert report.metrics == {"precision": 0}
    assert report.confusion[3] == (0, 1, 0, 0)
    assert report.classes[1].precision == 0
    assert report_of(images, [found("a"), found("b")]).metrics == {}


def test_that_no_image_at_all_gives_an_empty_report():
    report = report_of([], [])
    assert (report.images, report.metrics, report.intervals, report.curves) == (0, {}, {}, ())
    assert np.array(report.confusion).tolist() == [[0] * 4] * 4
    assert len(report.classes) == 3


def test_that_a_single_class_is_reported():
    report = report_of([image("a", (0, 0, 10, 10, 0))], [found("a", (0, 0, 10, 10, 0.9, 0))], names=("bolt",))
    assert report.metrics == {"mAP50-95": 1, "mAP50": 1, "precision": 1, "recall": 1}
    assert report.confusion == ((1, 0), (0, 0))


def test_that_an_image_without_its_prediction_is_refused():
    with pytest.raises(ValueError, match=r"/pictures/b\.png"):
        report_of([image("a"), image("b")], [found("a")])


def test_that_more_than_a_hundred_objects_of_a_class_in_one_image_all_count():
    boxes = [(20 * (n % 20), 20 * (n // 20), 20 * (n % 20) + 10, 20 * (n // 20) + 10, 0) for n in range(200)]
    seen = [(*box[:4], 0.9, 0) for box in boxes]
    report = report_of([image("page", *boxes)], [found("page", *seen)])
    assert report.metrics["mAP50-95"] == pytest.approx(1)


def test_that_the_interval_is_that_of_drawing_images_again():
    truth, answers = drawn_at_random(3, images=40)
    report = report_of(truth, answers)
    rng = np.random.default_rng(99)
    redrawn = []
    for _ in range(120):
        pick = rng.integers(0, 40, 40)
        images = [truth[n] for n in pick]
        precision = oracle(images, [answers[n] for n in pick], 3)
        redrawn.append(precision[precision > -1].mean())
    interval = report.intervals["mAP50-95"]
    assert (interval.low, interval.high) == pytest.approx(np.percentile(redrawn, [2.5, 97.5]), abs=0.03)
    assert interval.low < report.metrics["mAP50-95"] < interval.high
    assert report == report_of(truth, answers)


def test_that_intervals_are_left_out_where_they_would_flatter():
    truth, answers = drawn_at_random(1, images=9)
    assert report_of(truth, answers).intervals == {}


def test_that_a_perfect_score_on_few_images_is_not_certain():
    perfect = [image(str(n), (0, 0, 10, 10, 0)) for n in range(20)]
    intervals = report_of(perfect, [found(str(n), (0, 0, 10, 10, 0.9, 0)) for n in range(20)]).intervals
    for name in ("mAP50-95", "mAP50"):
        assert intervals[name].high == 1
        assert 0.8 < intervals[name].low < 0.95

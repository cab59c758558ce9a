"""Names of metrics, what each means in one sentence, and figures as they are written everywhere."""

from PySide6.QtCore import QCoreApplication

from core.domain.report import Interval

UNDEFINED = "–"
translate = QCoreApplication.translate


def metric_name(metric: str) -> str:
    """``metric``: a key of ``SplitReport.metrics``."""
    names = {
        "accuracy": translate("Metric", "Accuracy"),
        "macro_f1": translate("Metric", "Macro-F1"),
        "mAP50-95": translate("Metric", "mAP50-95"),
        "mAP50": translate("Metric", "mAP50"),
    }
    return names.get(metric, metric)


def metric_meaning(metric: str) -> str:
    """One sentence for somebody who meets the word for the first time."""
    meanings = {
        "accuracy": translate("Metric", "Accuracy: the share of pictures whose class was recognised."),
        "macro_f1": translate(
            "Metric",
            "Macro-F1: precision and recall in one figure, where every class counts the same, rare or frequent.",
        ),
        "mAP50-95": translate(
            "Metric",
            "mAP50-95: how completely boxes are found and how exactly they fit, averaged over classes; 1 is perfect.",
        ),
        "mAP50": translate(
            "Metric", "mAP50: how completely boxes are found, where half an overlap with the true box is enough."
        ),
        "precision": translate("Metric", "Precision: of all that was called so, the share that is right."),
        "recall": translate("Metric", "Recall: of all that is there, the share that was found."),
        "f1": translate("Metric", "F1: precision and recall in one figure; it is low when either is low."),
        "interval": translate(
            "Metric",
            "95 % interval: with other pictures of the same kind the figure could as well lie anywhere in it; more "
            "pictures make it narrower.",
        ),
    }
    return meanings[metric]


def figure(value: float | None) -> str:
    """Three digits, as all metrics are written."""
    return UNDEFINED if value is None else f"{value:.3f}"


def span(interval: Interval | None) -> str:
    """``0.77–0.94``; empty where there is none."""
    return "" if interval is None else f"{interval.low:.2f}–{interval.high:.2f}"

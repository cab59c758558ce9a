"""One referee for every engine: reports on stored predictions, nothing else.

scikit-learn and faster-coco-eval are imported when a report is asked for, since they take seconds.
"""

from core.metrics.classification import classification_report
from core.metrics.detection import detection_report

__all__ = ["classification_report", "detection_report"]

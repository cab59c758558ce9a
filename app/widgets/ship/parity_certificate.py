"""The parity certificate: how near the ONNX file comes to the model that was trained."""

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app import theme
from app.widgets.fact_list import Fact, FactList
from app.widgets.parts import Card, Glyph, badge, button, label, set_badge
from core.domain.report import MAIN_METRIC, Parity, Report


class ParityCertificate(Card):
    """What was compared, how far apart both are, and what follows from it."""

    results_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        title = label(self.tr("Parity certificate"), "section")
        title.setToolTip(
            self.tr("Parity: the exported file gives the same answers as the model in PyTorch, where it was trained.")
        )
        self.verdict = badge("", "good")
        self._icon, self._sentence = Glyph("seal-check", "good", 24), label("", wrap=True)
        self._facts = FactList()
        self.results_button = button(self.tr("Look at the results"), "chart-bar")
        self.results_button.clicked.connect(self.results_wanted)
        self.head.addWidget(title)
        self.head.addStretch()
        self.head.addWidget(self.verdict)
        words = QHBoxLayout()
        words.setSpacing(theme.MEDIUM)
        words.addWidget(self._icon, alignment=Qt.AlignmentFlag.AlignTop)
        words.addWidget(self._sentence, 1)
        self.body.addLayout(self.head)
        self.body.addLayout(words)
        self.body.addWidget(self._facts)
        self.body.addWidget(self.results_button, alignment=Qt.AlignmentFlag.AlignLeft)

    @property
    def sentence(self) -> str:
        return self._sentence.text()

    @property
    def facts(self) -> dict[str, str]:
        """Value by name, as shown."""
        return {fact.name: fact.value for fact in self._facts.facts}

    def show_report(self, report: Report, box_tolerance: float) -> None:
        """``box_tolerance``: pixels of the input square."""
        parity = report.parity
        if parity is None:
            self._judge(self.tr("Not compared"), "caution", "question", self._not_compared())
        elif parity.passed:
            self._judge(self.tr("Passed"), "good", "seal-check", self._same())
        else:
            self._judge(self.tr("Failed"), "bad", "warning", self._different())
        facts = self._gaps(parity, report, box_tolerance) if parity is not None else []
        self._facts.set_facts([*facts, *self._test(report)])
        self.results_button.setVisible(parity is None or not parity.passed)

    def _judge(self, verdict: str, kind: str, icon: str, sentence: str) -> None:
        set_badge(self.verdict, verdict, kind)
        self._sentence.setText(sentence)
        self._icon.become(icon, kind)

    def _same(self) -> str:
        return self.tr("The file answers as the trained model does: what was measured is what you ship.")

    def _different(self) -> str:
        return self.tr(
            "The file answers otherwise than the trained model. The test figure below is the file's own: ship it if "
            "that is good enough for you; if not, train again with precision FP32 or with another model."
        )

    def _not_compared(self) -> str:
        return self.tr("There were no pictures to compare the file with the trained model on.")

    def _gaps(self, parity: Parity, report: Report, box_tolerance: float) -> list[Fact]:
        count = parity.images
        compared = (
            self.tr("%n validation image(s)", "", count) if report.val else self.tr("%n training image(s)", "", count)
        )
        allowed = self.tr("{0} of {1} allowed")
        facts = [
            Fact(self.tr("Compared on"), compared),
            Fact(
                self.tr("Scores differ by"),
                allowed.format(plain(parity.max_abs_diff), plain(parity.tolerance)),
                self.tr("The largest difference between two probabilities, on a scale from 0 to 1."),
            ),
        ]
        if parity.max_box_diff is not None:
            shift = self.tr("{0} px of {1} px allowed").format(plain(parity.max_box_diff), plain(box_tolerance))
            facts.append(
                Fact(
                    self.tr("Boxes differ by"),
                    shift,
                    self.tr("The largest shift of a box's edge, in pixels of the model's input."),
                )
            )
        if parity.unmatched:
            facts.append(Fact(self.tr("Found by one only"), self.tr("%n box(es)", "", parity.unmatched)))
        both = self.tr("PyTorch {0} · ONNX {1}").format(f"{parity.metric_torch:.4f}", f"{parity.metric_onnx:.4f}")
        return [*facts, Fact(self._metric(parity.metric), both, self._meaning(parity.metric))]

    def _test(self, report: Report) -> list[Fact]:
        metric = MAIN_METRIC[report.task]
        name = self.tr("On the test set")
        tip = self.tr("Measured on this very file, on pictures that it never saw while training.")
        if report.test is None:
            return [Fact(name, self.tr("Not measured: there are no test images"), tip)]
        facts = [Fact(name, f"{self._metric(metric)} {report.test.metrics[metric]:.3f}", tip)]
        interval = report.test.intervals.get(metric)
        if interval is not None:
            images = self.tr("%n image(s)", "", report.test.images)
            value = self.tr("{0} to {1} on {2}").format(f"{interval.low:.3f}", f"{interval.high:.3f}", images)
            why = self.tr("Chance plays a part with few test pictures; the true figure most likely lies in here.")
            facts.append(Fact(self.tr("95 % interval"), value, why))
        return facts

    def _metric(self, metric: str) -> str:
        return self.tr("Accuracy") if metric == "accuracy" else self.tr("mAP50-95")

    def _meaning(self, metric: str) -> str:
        if metric == "accuracy":
            return self.tr("Accuracy: the share of pictures whose class is right.")
        return self.tr("mAP50-95: how well boxes are found and placed, from 0 to 1, mean over classes and strictness.")


def plain(value: float) -> str:
    """Two digits that count, without an exponent: 4.2e-06 -> 0.0000042."""
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return "∞"
    decimals = max(0, 1 - math.floor(math.log10(abs(value))))
    shown = f"{value:.{min(decimals, 12)}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown

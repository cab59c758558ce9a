"""What an ONNX file says about itself, in words, and how another program uses it."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QWidget

from app import theme
from app.widgets.fact_list import Fact, FactList
from app.widgets.fold import Fold
from app.widgets.parts import button, file_size, label
from core.domain.model_card import ModelCard, ResizeRule
from core.domain.report import Report
from core.domain.task import Task

if TYPE_CHECKING:  # ONNX and OpenCV, which the window does not wait for
    from core.actions.shipping import FileFacts

LINES = 12  # of the example, before it scrolls


class ModelFacts(Fold):
    """The model card in words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("About this file"), parent)
        self._classes: tuple[str, ...] = ()
        self._list = FactList()
        self.copy_button = button(self.tr("Copy the classes"), "copy")
        self.copy_button.setProperty("quiet", True)
        self.copy_button.setIconSize(QSize(16, 16))
        self.copy_button.setToolTip(self.tr("One class a line, in the order of the model's outputs."))
        self.copy_button.clicked.connect(self._copy)
        self.inside.addWidget(self._list)
        self.inside.addWidget(self.copy_button, alignment=Qt.AlignmentFlag.AlignLeft)

    @property
    def facts(self) -> dict[str, str]:
        """Value by name, as shown."""
        return {fact.name: fact.value for fact in self._list.facts}

    def show_file(self, file: "FileFacts", report: Report, licence: str) -> None:
        """``licence`` of the weights, or empty."""
        card = file.card
        self._classes = card.classes
        side = card.image_size
        self.summary.set_whole(
            " · ".join(
                (
                    self.tr("{0} × {0} pixels").format(side),
                    self.tr("%n class(es)", "", len(card.classes)),
                    file_size(file.size),
                )
            )
        )
        facts = [
            Fact(
                self.tr("Input"), self.tr("{0} × {0} pixels, colours in the order {1}").format(side, card.colour_order)
            ),
            Fact(self.tr("Made square"), self._square(card)),
            Fact(self.tr("Classes"), ", ".join(card.classes), data=True),
        ]
        if card.task is Task.DETECTION:
            facts.append(
                Fact(
                    self.tr("Threshold"),
                    self.tr("{:.3g}: boxes with a lower score are better left out").format(card.threshold),
                    self.tr("The score with the best balance of misses and false alarms on the validation images."),
                )
            )
        facts += [
            Fact(self.tr("Model"), card.architecture, data=True),
            Fact(
                self.tr("Opset"),
                str(file.opset),
                self.tr("The version of ONNX's operators; a program that runs the file has to know it."),
                data=True,
            ),
            Fact(self.tr("Licence"), licence or self.tr("Not known"), data=bool(licence)),
            Fact(
                self.tr("Trained on"),
                self.tr("data {}").format(report.data_hash[:12]),
                self.tr("A fingerprint of the images, labels and splits of the run: {}").format(report.data_hash),
            ),
        ]
        self._list.set_facts(facts)

    def _square(self, card: ModelCard) -> str:
        match card.resize:
            case ResizeRule.STRETCH:
                return self.tr("Both sides are scaled to the size; the picture's proportions are not kept")
            case ResizeRule.CROP:
                return self.tr("The square in the middle, {} % of the shorter side, is scaled to the size").format(
                    round(100 * card.crop_fraction)
                )
            case ResizeRule.LETTERBOX:
                return self.tr("The longer side is scaled to the size; grey bars fill the rest")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(self._classes))


class UsageExample(Fold):
    """Input, output and a program for another machine."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Use this file elsewhere"), parent)
        self.summary.set_whole(self.tr("A short program in Python"))
        self._contract = label("", "muted", wrap=True)
        self.code = QPlainTextEdit()
        self.code.setReadOnly(True)
        self.code.setTabChangesFocus(True)
        self.code.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.code.setAccessibleName(self.tr("Example in Python"))
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(theme.CAPTION_PX)
        self.code.setFont(font)
        self.code.setFixedHeight(LINES * self.code.fontMetrics().lineSpacing() + 2 * theme.LARGE)
        needs = label(self.tr("Needs: pip install onnxruntime numpy opencv-python"), "caption", wrap=True)
        self.copy_button = button(self.tr("Copy"), "copy")
        self.copy_button.clicked.connect(self._copy)
        row = QHBoxLayout()
        row.addWidget(needs, 1)
        row.addWidget(self.copy_button)
        self.inside.addWidget(self._contract)
        self.inside.addWidget(self.code)
        self.inside.addLayout(row)

    def show_card(self, card: ModelCard, file: str) -> None:
        """``file``: the path that the program opens."""
        from core.inference.example import python_example

        side = card.image_size
        takes = self.tr("Input “images”: float32 [n, 3, {0}, {0}], RGB, 0 to 1; normalisation is inside.").format(side)
        if card.task is Task.CLASSIFICATION:
            gives = self.tr("Output “probabilities”: float32 [n, {}], one column a class.").format(len(card.classes))
        else:
            gives = self.tr(
                "Output “boxes”: float32 [n, boxes, 6], rows x1, y1, x2, y2, score, class in pixels of the square; "
                "rows of score 0 are padding."
            )
        self._contract.setText(f"{takes} {gives}")
        self.code.setPlainText(python_example(card, file))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.code.toPlainText())

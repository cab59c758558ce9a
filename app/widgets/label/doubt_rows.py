"""Doubtful labels in words, and as rows of a list: what is doubtful, how sure the model is, file name."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QModelIndex, QPersistentModelIndex
from PySide6.QtWidgets import QWidget

from app.widgets.gallery.overlay import ClassLook
from app.widgets.gallery.picture_rows import PictureRows
from core.domain.dataset import Image
from core.labelling.doubts import Doubt, ImageDoubts


def sentence_of(doubt: Doubt, looks: Mapping[int, ClassLook]) -> str:
    """What the label says and what the model says."""
    said = {
        "wrong_class": QCoreApplication.translate("Doubts", "Labelled {0}, rather {1}"),
        "missing_box": QCoreApplication.translate("Doubts", "A box of {1} is missing"),
        "loose_box": QCoreApplication.translate("Doubts", "The box of {0} lies badly"),
        "extra_box": QCoreApplication.translate("Doubts", "Nothing seen in the box of {0}"),
    }[doubt.kind]
    return said.format(name_of(doubt.given, looks), name_of(doubt.answer, looks))


def short_of(doubt: Doubt, looks: Mapping[int, ClassLook]) -> str:
    """The same for a narrow place."""
    said = {
        "wrong_class": "{0} → {1}",
        "missing_box": QCoreApplication.translate("Doubts", "{1} missing"),
        "loose_box": QCoreApplication.translate("Doubts", "{0} lies badly"),
        "extra_box": QCoreApplication.translate("Doubts", "{0} not seen"),
    }[doubt.kind]
    return said.format(name_of(doubt.given, looks), name_of(doubt.answer, looks))


def certainty_of(doubt: Doubt) -> str:
    """How sure the model is of its answer."""
    return QCoreApplication.translate("Doubts", "{} % sure").format(min(99, round(100 * doubt.certainty)))


def name_of(class_id: int | None, looks: Mapping[int, ClassLook]) -> str:
    return looks[class_id].name if class_id is not None and class_id in looks else "?"


class DoubtModel(PictureRows):
    """Images in the order of the ranking."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[ImageDoubts] = []
        self.images: Mapping[str, Image] = {}
        self.looks: Mapping[int, ClassLook] = {}

    def set_rows(self, rows: Sequence[ImageDoubts]) -> None:
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def row_of(self, image_hash: str) -> int:
        return next((row for row, one in enumerate(self.rows) if one.hash == image_hash), -1)

    def touch(self) -> None:
        """Paint the rows anew."""
        if self.rows:
            self.dataChanged.emit(self.index(0), self.index(len(self.rows) - 1))

    def image(self, row: int) -> Image:
        return self.images[self.rows[row].hash]

    def lines(self, row: int) -> tuple[str, str]:
        one = self.rows[row]
        more = len(one.doubts) - 1
        facts = [certainty_of(one.doubts[0]), Path(self.images[one.hash].path).name]
        if more:
            facts.insert(1, QCoreApplication.translate("Doubts", "%n more", "", more))
        return short_of(one.doubts[0], self.looks), "  ·  ".join(facts)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:  # noqa: N802 (Qt's name)
        return len(self.rows)

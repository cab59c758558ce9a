"""A project without pictures: what to do first."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import theme
from app.widgets.parts import button, label

WIDTH = 460  # pixels of the words


class EmptyData(QFrame):
    """One icon, one sentence, one button."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("drop")
        self._icon = QLabel()
        self._icon.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.import_button = button(self.tr("Import folder…"), "folder-plus", primary=True)
        self._title = label(self.tr("Drop a folder of pictures here"), "page", wrap=True)
        self._text = label("", "muted", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.WIDE)
        column.setSpacing(theme.SMALL)
        column.addStretch()
        column.addWidget(self._icon)
        for words in (self._title, self._text):
            words.setAlignment(Qt.AlignmentFlag.AlignCenter)
            words.setFixedWidth(WIDTH)
            row = QHBoxLayout()  # an alignment in the column would forget the height that wrapped words need
            row.addStretch()
            row.addWidget(words)
            row.addStretch()
            column.addLayout(row)
        column.addSpacing(theme.SMALL)
        column.addWidget(self.import_button, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()
        self.show_access("")

    def show_access(self, why: str) -> None:
        """``why``: nothing can be imported; empty when it can."""
        self._title.setText(self.tr("No pictures here") if why else self.tr("Drop a folder of pictures here"))
        self._text.setText(
            why
            or self.tr(
                "One folder a class, YOLO, COCO, Pascal VOC or CSV, or an archive of these. You see what was found "
                "before anything is imported; your pictures stay where they are."
            )
        )
        self._draw("lock" if why else "images")

    def _draw(self, icon: str) -> None:
        self._name = icon
        self._icon.setPixmap(theme.picture(icon, "muted", side=56, ratio=self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_name"):
            self._draw(self._name)

"""The user guide in a window of its own: Markdown pages with pictures, links between them, back and forth."""

from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QColor,
    QDesktopServices,
    QImage,
    QKeyEvent,
    QPainter,
    QPen,
    QResizeEvent,
    QTextBlockFormat,
    QTextCursor,
    QTextDocument,
    QTextTable,
)
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from app import theme
from app.widgets.parts import button

SIZE = QSize(860, 720)
START = "index.md"
LINE_HEIGHT = 125  # per cent
FITTED_AFTER = 150  # milliseconds
_PICTURE = "\ufffc"  # stands in a text where a picture is


class GuideWindow(QWidget):
    """One window for all of the guide; ``open_page`` leads to a page of ``folder``."""

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self._folder = folder
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(self.tr("Lensmith user guide"))
        self.resize(SIZE)
        self.text = _Browser()
        self.text.setOpenLinks(False)
        self.text.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.text.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.text.anchorClicked.connect(self._follow)
        self.text.setAccessibleName(self.tr("User guide"))
        self.back = self._button(self.tr("Back"), "arrow-left", self.text.backward)
        self.forward = self._button(self.tr("Forward"), "arrow-right", self.text.forward)
        self.contents = self._button(self.tr("Contents"), "list", lambda: self.open_page(START))
        self.text.backwardAvailable.connect(self.back.setEnabled)
        self.text.forwardAvailable.connect(self.forward.setEnabled)
        self.back.setEnabled(False)
        self.forward.setEnabled(False)
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        for made in (self.back, self.forward, self.contents):
            row.addWidget(made)
        row.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.LARGE, theme.MEDIUM, theme.LARGE, theme.LARGE)
        column.setSpacing(theme.SMALL)
        column.addLayout(row)
        column.addWidget(self.text, 1)

    def open_page(self, name: str) -> None:
        """``data.md``; the contents where there is no such page."""
        for file in (self._folder / name, self._folder / START):
            if file.is_file():
                self._load(QUrl.fromLocalFile(str(file)))
                return
        self.text.setPlainText(
            self.tr("The guide is not part of this installation: {} is missing.").format(self._folder)
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def _follow(self, link: QUrl) -> None:
        """To another page here; everything else opens where the system opens it."""
        target = self.text.source().resolved(link)
        if target.isLocalFile() and target.toLocalFile().endswith(".md"):
            self._load(target)
        else:
            QDesktopServices.openUrl(target)

    def _load(self, url: QUrl) -> None:
        self.text.setSource(url, QTextDocument.ResourceType.MarkdownResource)
        self.text.setFocus()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and self.text.source().isValid():
            self.text.reload()  # links keep the colour that they were read with

    def _button(self, text: str, icon: str, then: object) -> QPushButton:
        made = button(text, icon)
        made.setProperty("quiet", True)
        made.clicked.connect(then)
        return made


class _Browser(QTextBrowser):
    """Pictures are as wide as the text at most, and of the palette in force; paragraphs, headings and tables get air,
    which Markdown gives them none of."""

    def __init__(self) -> None:
        super().__init__()
        self._fitting = QTimer(self)  # once the user has let go of the window's border
        self._fitting.setSingleShot(True)
        self._fitting.setInterval(FITTED_AFTER)
        self._fitting.timeout.connect(self._fit)

    def doSetSource(  # noqa: N802 (Qt's name)
        self, url: QUrl | str, kind: QTextDocument.ResourceType = QTextDocument.ResourceType.UnknownResource
    ) -> None:
        super().doSetSource(url, kind)
        self.document().setDocumentMargin(theme.WIDE)
        block = self.document().begin()
        while block.isValid():
            cursor, looks = QTextCursor(block), block.blockFormat()
            if cursor.currentTable() is None:
                listed = block.textList() is not None
                looks.setTopMargin(theme.LARGE if looks.headingLevel() > 1 else 0)
                looks.setBottomMargin(theme.TIGHT if listed else theme.MEDIUM)
                if _PICTURE not in block.text():
                    looks.setLineHeight(LINE_HEIGHT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
                cursor.setBlockFormat(looks)
            block = block.next()
        for table in self.document().rootFrame().childFrames():
            if isinstance(table, QTextTable):
                frame = table.format()
                frame.setCellPadding(theme.TIGHT)
                frame.setBorder(0)
                table.setFormat(frame)
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def loadResource(self, kind: int, url: QUrl | str) -> object:  # noqa: N802 (Qt's name)
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return super().loadResource(kind, url)
        image = QImage(self._picture(Path(self.source().resolved(QUrl(url)).toLocalFile())))
        if image.isNull():
            return super().loadResource(kind, url)
        room = self.viewport().width() - 2 * theme.WIDE
        if image.width() > room > 0:
            ratio = self.devicePixelRatioF()
            image = image.scaledToWidth(round(room * ratio), Qt.TransformationMode.SmoothTransformation)
            image.setDevicePixelRatio(ratio)
        return _framed(image)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._fitting.start()

    def _fit(self) -> None:
        """The same place of the same page, with its pictures in the new width."""
        if self.source().isEmpty():
            return
        bar = self.verticalScrollBar()
        share = bar.value() / max(1, bar.maximum())
        self.reload()
        bar.setValue(round(share * bar.maximum()))

    @staticmethod
    def _picture(light: Path) -> str:
        """The same page in the palette in force, where there is such a picture."""
        other = light.with_name(light.name.replace("-light.", f"-{theme.name_of(theme.current())}."))
        return str(other if other.is_file() else light)


def _framed(image: QImage) -> QImage:
    """A line around it: a picture of the window looks like the window otherwise."""
    framed = image.convertToFormat(QImage.Format.Format_RGB32)
    painter = QPainter(framed)
    painter.setPen(QPen(QColor(theme.current().line), 1))
    painter.drawRect(
        0, 0, round(framed.deviceIndependentSize().width()) - 1, round(framed.deviceIndependentSize().height()) - 1
    )
    painter.end()
    return framed

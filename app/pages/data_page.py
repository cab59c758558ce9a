"""Data: drop a folder, see what was found."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QStackedLayout,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app import edits, theme
from app.state import Change, Session
from app.widgets.parts import Card, label
from core.actions.checking import CheckReport
from core.domain.dataset import Finding

SHOWN_FINDINGS = 6


class DataPage(QWidget):
    """What the project holds; asks for a folder when there are no pictures yet."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.setObjectName("page")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(theme.WIDE, theme.LARGE, theme.WIDE, theme.WIDE)
        outer.setSpacing(theme.MEDIUM)
        outer.addLayout(self._header())
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty())
        self._stack.addWidget(self._contents())
        outer.addLayout(self._stack, 1)

    def refresh(self, change: Change) -> None:
        """Show what changed."""
        if change & Change.ACCESS:
            self.import_button.setEnabled(not self.session.reading_only)
        if change & Change.FINDINGS and self.session.report is not None:
            self._show_report(self.session.report)

    def _show_report(self, report: CheckReport) -> None:
        if not report.images:
            self._subtitle.setText(self.tr("No pictures yet."))
            self._stack.setCurrentIndex(0)
            return
        parts = ", ".join(f"{count} {name}" for name, count in report.splits.items() if count)
        self._subtitle.setText(
            self.tr("Images: {} · annotations: {} · {}").format(report.images, report.annotations, parts)
        )
        self._fill_classes(report.classes)
        self._fill_findings(report.findings)
        self._stack.setCurrentIndex(1)

    def _header(self) -> QHBoxLayout:
        row = QHBoxLayout()
        titles = QVBoxLayout()
        titles.setSpacing(2)
        titles.addWidget(label(self.tr("Data"), "page"))
        self._subtitle = label(self.tr("No pictures yet."), "muted")
        titles.addWidget(self._subtitle)
        row.addLayout(titles)
        row.addStretch()
        self.import_button = QPushButton(self.tr("Import a folder…"))
        self.import_button.clicked.connect(self._choose)
        row.addWidget(self.import_button, alignment=Qt.AlignmentFlag.AlignTop)
        return row

    def _empty(self) -> QWidget:
        card = Card()
        card.body.addStretch()
        for text, role in (
            (self.tr("Drop a folder of pictures here"), "page"),
            (
                self.tr(
                    "One folder a class, or YOLO, COCO, Pascal VOC, CSV, or an archive of these. "
                    "Pictures stay where they are."
                ),
                "muted",
            ),
        ):
            card.body.addWidget(label(text, role, wrap=True), alignment=Qt.AlignmentFlag.AlignHCenter)
        card.body.addStretch()
        return card

    def _contents(self) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.MEDIUM)
        classes, findings = Card(self.tr("Classes")), Card(self.tr("Health"))
        self.class_table = QTableWidget(0, 2)
        self.class_table.verticalHeader().hide()
        self.class_table.setShowGrid(False)
        self.class_table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.class_table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, side in enumerate((Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight)):
            title = QTableWidgetItem(self.tr("class") if column == 0 else self.tr("annotations"))
            title.setTextAlignment(side)
            self.class_table.setHorizontalHeaderItem(column, title)
        classes.body.addWidget(self.class_table)
        self._findings = QVBoxLayout()
        self._findings.setSpacing(theme.MEDIUM)
        findings.body.addLayout(self._findings)
        findings.body.addStretch()
        row.addWidget(classes, 1)
        row.addWidget(findings, 1)
        return holder

    def _fill_classes(self, classes: dict[str, int]) -> None:
        self.class_table.setRowCount(len(classes))
        for row, (name, count) in enumerate(classes.items()):
            self.class_table.setItem(row, 0, QTableWidgetItem(name))
            number = QTableWidgetItem(f"{count:,}".replace(",", " "))
            number.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.class_table.setItem(row, 1, number)

    def _fill_findings(self, findings: tuple[Finding, ...]) -> None:
        while (item := self._findings.takeAt(0)) is not None:
            if (shown := item.widget()) is not None:
                shown.deleteLater()
        if not findings:
            self._findings.addWidget(label(self.tr("Nothing to complain about."), "muted"))
        for finding in findings[:SHOWN_FINDINGS]:
            text = f"{finding.kind.replace('_', ' ')} · {finding.count}\n{finding.why} {finding.remedy}"
            line = label(text, wrap=True)
            line.setToolTip("\n".join(finding.images[:20]))
            self._findings.addWidget(line)
        if len(findings) > SHOWN_FINDINGS:
            self._findings.addWidget(label(self.tr("… and {} more").format(len(findings) - SHOWN_FINDINGS), "muted"))

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Folder of pictures"))
        if folder:
            edits.import_source(self.session, Path(folder))

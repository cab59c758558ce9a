"""Data: import folders, look through the pictures, see how they are parted and what is wrong with them."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QStackedLayout, QWidget
from shiboken6 import isValid

from app import edits, theme
from app.state import Change, Session
from app.widgets.banner import Banner
from app.widgets.data.data_gallery import DataGallery
from app.widgets.data.data_panel import DataPanel
from app.widgets.data.empty_data import EmptyData
from app.widgets.data.export_menu import ExportMenu
from app.widgets.data.filter_bar import ClassChoice
from app.widgets.data.gallery_filter import (
    Filter,
    FindingIndex,
    GalleryIndex,
    index_findings,
    index_images,
    missing_folders,
)
from app.widgets.data.health_list import Remedy
from app.widgets.gallery.overlay import look_of
from app.widgets.parts import PageHeader, button, page_column
from app.widgets.question import Question
from core.data.formats.class_names import near_names
from core.domain.dataset import ImageClass
from core.domain.progress import Progress
from core.domain.source import ImportResult
from core.domain.task import Task

if TYPE_CHECKING:  # OpenCV, which the window's start does not wait for
    from core.actions.importing import ImportChoices, OpenedSource
    from core.actions.repairing import Located
    from core.actions.tiling import Tiled


class DataPage(QWidget):
    """What the project holds; asks for a folder while there are no pictures."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.index: GalleryIndex | None = None
        self._findings = FindingIndex()
        self._checked = False  # whether ``session.report`` is about the data shown
        self._before: edits.Parts | None = None  # the last split that was dragged away
        self._questions: list[OpenedSource] = []  # sources whose dialog waits for the one before
        self.dialog: QWidget | None = None
        self._build()
        self._connect()

    # What changed

    def refresh(self, change: Change) -> None:
        """Show what changed."""
        if change & (Change.ACCESS | Change.RUNS | Change.DATA):
            self._show_access()
        if change & Change.DATA and self.session.loaded:
            self._checked = False
            self._index_images()
        if change & Change.FINDINGS and self.session.report is not None:
            self._index_findings()
        if change & Change.RUNS and self.index is not None:
            self._show_split(self.index)
        self._show_state()

    def _index_images(self) -> None:
        data = self.session.data
        if self.index is None and data.images:
            self.gallery.show_first(data.images, data.classes)

        def work(progress: Progress) -> tuple[GalleryIndex, list[str]]:
            return index_images(data.classes, data.images), missing_folders(data.images)

        self.session.jobs.run("", work, done=self._take_index, lane="gallery", quiet=True)

    def _take_index(self, made: tuple[GalleryIndex, list[str]]) -> None:
        if not isValid(self):
            return  # the project was closed meanwhile
        self.index, folders = made
        self._findings = FindingIndex()
        self._show_index(self.index)
        self._show_missing(folders)
        self._show_state()

    def _index_findings(self) -> None:
        report, images = self.session.report, self.session.data.images
        assert report is not None

        def work(progress: Progress) -> FindingIndex:
            return index_findings(images, report.findings)

        self.session.jobs.run("", work, done=self._take_findings, lane="gallery", quiet=True)

    def _take_findings(self, findings: FindingIndex) -> None:
        if not isValid(self) or self.session.report is None:
            return
        self._findings, self._checked = findings, True
        self.panel.health.show_findings(self.session.report.findings, self._remedies())
        if self.index is not None:
            self._show_index(self.index)

    # What is shown

    def _show_state(self) -> None:
        """Reading, empty, or the pictures."""
        if not self.session.loaded or (self.index is None and len(self.session.data.images)):
            self._header.subtitle.setText(self.tr("Reading the project…"))
            self._stack.setCurrentWidget(self.content)
            return
        empty = not self.session.data.images
        self._stack.setCurrentWidget(self.empty if empty else self.content)
        self.export_button.setVisible(not empty)
        self.import_button.setVisible(not empty)  # there is one in the middle then
        self._header.subtitle.setText(self._sentence())

    def _sentence(self) -> str:
        index, data = self.index, self.session.data
        if index is None or not data.images:
            return self.tr("No pictures yet.")
        parts = [self.tr("%n picture(s)", "", len(index.images))]
        if data.info.task is Task.DETECTION:
            parts.append(self.tr("%n box(es)", "", sum(count.annotations for count in index.counts.values())))
        parts.append(self.tr("%n class(es)", "", len(data.classes)))
        sentence = self.tr("{0}.").format(", ".join(parts))
        return sentence if self.session.reading_only else f"{sentence} {self.tr('Drop a folder anywhere to add more.')}"

    def _show_index(self, index: GalleryIndex) -> None:
        classes = [
            ClassChoice(each.id, look_of(each), each.name, index.counts[each.id].images)
            for each in self.session.data.classes
            if each.id in index.counts
        ]
        problems = None if self._findings.problems is None else len(self._findings.problems)
        self.gallery.show_index(index, self._findings, self.session.data.classes, classes, problems)
        self.panel.show_classes(
            self.session.data.classes, index, self.session.data.info.task, self.gallery.filters.filter
        )
        if not self._checked:
            self.panel.health.show_checking()
        self._show_split(index)

    def _show_split(self, index: GalleryIndex) -> None:
        locked, writable = bool(self.session.runs), not self.session.reading_only
        if locked:
            self._before = None
        split = self.panel.split
        split.show_parts(index.labelled_parts, locked=locked, writable=writable)
        split.undo.setVisible(self._before is not None and writable)
        report = self.session.report if self._checked else None
        kinds = ("duplicate_across_splits", "in_two_splits")
        leaks = None if report is None else sum(each.count for each in report.findings if each.kind in kinds)
        split.show_leaks(leaks, is_split=sum(index.labelled_parts[part] > 0 for part in ("train", "val", "test")) > 1)

    def _show_access(self) -> None:
        why = self.session.reading_only
        for each in (self.import_button, self.file_button, self.empty.import_button):
            each.setEnabled(not why)
            each.setToolTip(why)
        self.empty.show_access(why)

    def _show_missing(self, folders: Sequence[str]) -> None:
        if not folders:
            self.offline.say("")
            return
        text = self.tr(
            "%n folder(s) of pictures cannot be found, such as “{0}”. Connect the disk, or say where it is now.",
            "",
            len(folders),
        )
        self.offline.say(text.format(folders[0]))

    # Filters

    def _filter(self, wanted: Filter) -> None:
        """Chosen anywhere, shown everywhere; a finding that names no picture of the project shows all."""
        if wanted.what == "finding" and not len(self._findings.by_kind.get(wanted.kind, ())):
            wanted = Filter()
        self.gallery.set_filter(wanted)
        self.panel.show_filter(wanted)

    # Import

    def choose_folder(self) -> None:
        if not self.session.reading_only:
            folder = QFileDialog.getExistingDirectory(self, self.tr("Folder of pictures"))
            if folder:
                edits.import_source(self.session, Path(folder))

    def choose_file(self) -> None:
        kinds = self.tr("Archives and label files (*.zip *.tar *.tar.gz *.tgz *.yaml *.yml *.json *.csv *.tsv)")
        file, _ = QFileDialog.getOpenFileName(self, self.tr("Archive or label file"), "", kinds)
        if file:
            edits.import_source(self.session, Path(file))

    def _ask(self, opened: "OpenedSource") -> None:
        if self.isEnabled():  # else the project is being closed, and the session puts away what it opened
            self._questions.append(opened)
            self._ask_next()

    def _ask_next(self) -> None:
        if self.dialog is not None or not self._questions:
            return
        from app.widgets.data.import_dialog import ImportDialog

        opened = self._questions.pop(0)
        dialog = self.dialog = ImportDialog(opened, self.session.data.info.task, self)
        dialog.import_wanted.connect(lambda choices: self._import(opened, choices))
        dialog.rejected.connect(lambda: edits.put_away(self.session, opened))
        dialog.finished.connect(self._dialog_over)
        dialog.open()

    def _dialog_over(self) -> None:
        self.dialog = None
        if self.isEnabled():
            self._ask_next()

    def _import(self, opened: "OpenedSource", choices: "ImportChoices") -> None:
        edits.import_opened(self.session, opened, choices, self._tell_import)

    def _tell_import(self, result: ImportResult) -> None:
        if not isValid(self):
            return
        parts = [self.tr("%n image(s) imported", "", result.images_added)]
        if result.images_known:
            parts.append(self.tr("%n known already", "", result.images_known))
        if result.skipped:
            parts.append(self.tr("%n skipped: see Health", "", result.skipped))
        self.told.say(", ".join(parts) + ".")

    # Split, remedies

    def _split(self, parts: tuple[int, int, int]) -> None:
        total = sum(parts)
        edits.split_anew(self.session, parts[1] / total, parts[2] / total, self._remember_split)

    def _remember_split(self, before: edits.Parts) -> None:
        self._before = before

    def _undo_split(self) -> None:
        if self._before is not None:
            edits.restore_split(self.session, self._before)
            self._before = None

    def _remedies(self) -> dict[str, list[Remedy]]:
        """Only those that a click can really do."""
        if self.session.reading_only:
            return {}
        classes = {each.name: each for each in self.session.data.classes}
        split = [Remedy(self.tr("Split now"), lambda: edits.fill_split(self.session))]
        found = {"not_split": split, "image_without_split": split, "no_val_split": split}
        report = self.session.report
        unused = [] if report is None else [f.images for f in report.findings if f.kind == "class_without_images"]
        found["class_without_images"] = [
            Remedy(
                self.tr("Remove “{0}”").format(name),
                partial(edits.remove_class, self.session, classes[name].id),
            )
            for names in unused
            for name in names[:5]
            if name in classes
        ]
        found["near_class_names"] = [
            Remedy(
                self.tr("Merge into “{0}”…").format(group[0]),
                partial(self._ask_merge, [classes[name] for name in group]),
            )
            for group in near_names(list(classes))
        ]
        named = {} if report is None else {finding.kind: finding.images for finding in report.findings}
        if named.get("large_picture") and self.session.data.info.task is not Task.CLASSIFICATION:
            found["large_picture"] = [
                Remedy(self.tr("Cut into tiles…"), partial(self._ask_tiles, named["large_picture"]))
            ]
        if named.get("picture_changed"):
            keep = partial(edits.take_changed, self.session, named["picture_changed"])
            found["picture_changed"] = [Remedy(self.tr("Keep their labels"), keep)]
        return found

    def _ask_tiles(self, paths: Sequence[str]) -> None:
        from core.actions.tiling import OVERLAP, SIZE

        question = Question(
            self.tr("Cut %n picture(s) into tiles?", "", len(paths)),
            self.tr(
                "Tiles of {0} pixels that overlap by {1} take their place, with the boxes cut at the edges. They are "
                "written into the project; your files stay as they are."
            ).format(f"{SIZE:,}", OVERLAP),
            [("cut", self.tr("Cut into tiles")), ("leave", self.tr("Leave them whole"))],
            parent=self,
        )
        question.answered.connect(
            lambda answer: edits.tile_images(self.session, paths, self._tell_tiled) if answer == "cut" else None
        )
        question.open()

    def _tell_tiled(self, tiled: "Tiled") -> None:
        if isValid(self):
            self.told.say(self.tr("%n tile(s) made.", "", tiled.tiles))

    def _ask_merge(self, group: Sequence[ImageClass]) -> None:
        keep, *others = group
        names = ", ".join(f"“{each.name}”" for each in others)
        question = Question(
            self.tr("Merge {0} into “{1}”?").format(names, keep.name),
            self.tr("What is labelled {0} will be “{1}”. Which was which cannot be told afterwards.").format(
                names, keep.name
            ),
            [("merge", self.tr("Merge")), ("keep", self.tr("Keep apart"))],
            parent=self,
        )
        question.answered.connect(
            lambda answer: (
                edits.merge_classes(self.session, keep.id, [each.id for each in others]) if answer == "merge" else None
            )
        )
        question.open()

    def _locate(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Where the pictures are now"))
        if folder:
            edits.locate_images(self.session, Path(folder), self._tell_located)

    def _tell_located(self, located: "Located") -> None:
        if isValid(self):
            text = self.tr("%n picture(s) found again", "", located.found)
            missing = self.tr("%n still missing", "", located.missing)
            self.told.say(f"{text}, {missing}." if located.missing else f"{text}.")

    # Building

    def _build(self) -> None:
        column = page_column(self)
        self._header = PageHeader(self.tr("Data"))
        self.export_button = button(self.tr("Export…"), "export")
        self.export_menu = ExportMenu(self.session, parent=self.export_button)
        self.export_button.setMenu(self.export_menu)
        self.export_button.hide()
        self.file_button = button(self.tr("Import file…"), "file-zip")
        self.import_button = button(self.tr("Import folder…"), "folder-plus", primary=True)
        for action in (self.export_button, self.file_button, self.import_button):
            self._header.add_action(action)
        column.addLayout(self._header)
        self.offline = Banner("wifi-slash")
        self.offline.add_action(self.tr("Locate folder…"), self._locate)
        self.offline.add_action(self.tr("Look again"), self._index_images)
        self.told = Banner("check-circle", "accent")
        self.told.add_action(self.tr("Close"), lambda: self.told.say(""))
        self.export_menu.told.connect(self.told.say)
        column.addWidget(self.offline)
        column.addWidget(self.told)
        self.empty = EmptyData()
        self.gallery = DataGallery(self.session.thumbnails, self.session.settings)
        self.panel = DataPanel()
        self.content = QWidget()
        row = QHBoxLayout(self.content)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.MEDIUM)
        row.addWidget(self.gallery, 1)
        row.addWidget(self.panel)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.content)
        self._stack.addWidget(self.empty)
        column.addLayout(self._stack, 1)

    def _connect(self) -> None:
        self.import_button.clicked.connect(self.choose_folder)
        self.file_button.clicked.connect(self.choose_file)
        self.empty.import_button.clicked.connect(self.choose_folder)
        self.session.source_opened.connect(self._ask)
        self.gallery.filter_chosen.connect(self._filter)
        self.panel.filter_chosen.connect(self._filter)
        self.panel.split.split_wanted.connect(self._split)
        self.panel.split.undo_wanted.connect(self._undo_split)

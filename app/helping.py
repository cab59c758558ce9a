"""What the Help menu does."""

from datetime import datetime
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from app.widgets.question import Question
from app.widgets.shell.error_dialog import versions
from app.widgets.shell.guide_window import GuideWindow
from app.widgets.shell.shortcut_sheet import ShortcutSheet
from core.domain.progress import Progress
from core.store.home import home

if TYPE_CHECKING:
    from app.main_window import MainWindow

GUIDE = Path(str(files("resources") / "docs" / "guide"))
LICENCES = ("PySide6-Essentials", "pyqtgraph", "torch", "timm", "ultralytics", "onnxruntime", "opencv-python")


def logs() -> Path:
    return home() / "logs"


def show_guide(window: "MainWindow") -> None:
    """The page of the guide that tells about the page shown now."""
    if window.guide is None:
        window.guide = GuideWindow(GUIDE, window)
    page = window.workspace.current if window.workspace is not None else "welcome"
    window.guide.open_page(f"{page}.md")
    window.guide.show()
    window.guide.activateWindow()


def show_shortcuts(window: "MainWindow") -> None:
    sheet = ShortcutSheet(window.menus.groups(), window)
    sheet.finished.connect(sheet.deleteLater)
    sheet.open()


def open_logs() -> None:
    logs().mkdir(parents=True, exist_ok=True)
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(logs())))


def make_support_bundle(window: "MainWindow") -> None:
    """Ask where to, gather in the background, say where it lies."""
    name = f"lensmith-support-{datetime.now():%Y-%m-%d}.zip"
    chosen, _ = QFileDialog.getSaveFileName(
        window, window.tr("Save the support bundle"), str(Path.home() / name), window.tr("Zip files (*.zip)")
    )
    if not chosen:
        return
    project = window.session.path if window.session is not None else None

    def work(progress: Progress) -> Path:
        from core.actions.support import support_bundle

        return support_bundle(Path(chosen), project, progress)

    def done(bundle: Path) -> None:
        question = Question(
            window.tr("The support bundle is ready"),
            window.tr("It lies in {}. Nothing was sent anywhere; it holds no pictures and no labels.").format(bundle),
            (("folder", window.tr("Open folder")), ("close", window.tr("Close"))),
            icon="check-circle",
            parent=window,
        )
        question.answered.connect(lambda answer: _open_folder(bundle) if answer == "folder" else None)
        question.open()

    window.active_jobs.run(window.tr("Support bundle"), work, done=done, lane="support")


def show_about(window: "MainWindow") -> None:
    question = Question(
        window.tr("About Lensmith"),
        "\n\n".join(
            (
                window.tr("Turns a folder of labelled pictures into a verified ONNX model, on your own machine."),
                versions(),
                window.tr("Free software under the GNU AGPL, version 3 or later. It stands on:"),
                "\n".join(_licences()),
            )
        ),
        (("close", window.tr("Close")),),
        icon="info",
        parent=window,
    )
    question.open()


def _open_folder(file: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(file.parent)))


def _field(facts: Distribution, name: str) -> str:
    return str(facts.metadata.json.get(name, ""))


def _licences() -> list[str]:
    lines = ["Inter (OFL-1.1) · Phosphor icons (MIT)"]
    for name in LICENCES:
        try:
            facts = distribution(name)
        except PackageNotFoundError:
            continue
        licence = _field(facts, "license_expression") or _field(facts, "license").split("\n")[0]
        lines.append(f"{name} {facts.version}" + (f" ({licence})" if 0 < len(licence) < 60 else ""))
    return lines

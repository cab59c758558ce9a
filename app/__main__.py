"""``python -m app [PROJECT]``: start-up checks that must come before Qt, then the window."""

import argparse
import importlib.metadata
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


def main(arguments: list[str] | None = None) -> int:
    from core.actions.doctor import QT_REMEDY, qt_refusal
    from core.runs.environment import shield

    refusal = qt_refusal(sys.version_info[:2], importlib.metadata.version("PySide6-Essentials"))
    if refusal:
        print(refusal, QT_REMEDY, file=sys.stderr)  # noqa: T201 (no window yet, and no logging either)
        return 1
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    shield()
    if options.screenshots:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    application = QApplication(sys.argv[:1])
    application.setApplicationName("Lensmith")
    if options.screenshots:
        from app.screenshots import take

        for file in take(application, Path(options.project), Path(options.screenshots)):
            print(file)  # noqa: T201 (what the command was asked for)
        return 0
    return _run(application, Path(options.project) if options.project else None, options.page)


def _run(application: "QApplication", project: Path | None, page: str) -> int:
    from PySide6.QtCore import QTimer

    from app import theme, translations
    from app.crash_report import CrashReport
    from app.main_window import MainWindow
    from app.settings import Settings
    from core.store.home import home

    settings = Settings()
    translator = translations.install(application, settings.language)
    theme.apply(application, theme.wanted(settings.theme), theme.load_font())
    report = CrashReport(home() / "logs")
    earlier = report.watch()
    window = MainWindow(settings)
    report.broke.connect(window.show_broken)
    window.show()
    if earlier:
        window.show_crash(earlier, home() / "logs")
    # What is slow comes once the window is there.
    QTimer.singleShot(
        0, window, lambda: window.open_soon(project, page=page) if project else window.welcome.look_at_recent()
    )
    ended = application.exec()
    window.close_project()  # nothing new unless the program was ended by something else than closing the window
    window.jobs.close()
    application.removeTranslator(translator)
    return ended


def _parse(arguments: list[str]) -> argparse.Namespace:
    from app.pages import PAGES

    parser = argparse.ArgumentParser(prog="lensmith window")
    parser.add_argument("project", nargs="?", help="folder of the project to open; made if it is not there")
    parser.add_argument("--page", choices=[name for name, _ in PAGES], default="data", help="the page to show first")
    parser.add_argument("--screenshots", metavar="DIR", help="write pictures of the pages and end")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

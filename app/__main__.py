"""``python -m app [PROJECT]``: start-up checks that must come before Qt, then the window."""

import argparse
import importlib.metadata
import os
import sys
from pathlib import Path


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

    from app import theme
    from app.crash_report import CrashReport
    from app.main_window import MainWindow
    from core.store.home import home

    application = QApplication(sys.argv[:1])
    application.setApplicationName("Lensmith")
    if options.screenshots:
        from app.screenshots import take

        for file in take(application, Path(options.project), Path(options.screenshots)):
            print(file)  # noqa: T201 (what the command was asked for)
        return 0
    theme.apply(application, theme.LIGHT, theme.load_font())
    report = CrashReport(home() / "logs")
    report.watch()
    window = MainWindow()
    window.show()
    window.open_project(Path(options.project))
    return application.exec()


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="lensmith window")
    parser.add_argument("project", nargs="?", default=str(Path.home() / "Lensmith"))
    parser.add_argument("--screenshots", metavar="DIR", help="write pictures of the pages and end")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

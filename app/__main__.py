"""``python -m app [PROJECT]``: start-up checks that must come before Qt, then the window."""

import argparse
import importlib.metadata
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    refusal = unsafe_qt(sys.version_info[:2], importlib.metadata.version("PySide6-Essentials"))
    if refusal:
        print(refusal, file=sys.stderr)  # noqa: T201 (no window yet, and no logging either)
        return 1
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    from core.runs.environment import shield

    shield()
    from PySide6.QtWidgets import QApplication

    from app import theme
    from app.main_window import MainWindow
    from app.state import OpenProject

    application = QApplication(sys.argv[:1])
    application.setApplicationName("Lensmith")
    theme.apply(application, theme.LIGHT, theme.load_font())
    window = MainWindow(OpenProject.at(Path(options.project)))
    window.show()
    return application.exec()


def unsafe_qt(python: tuple[int, ...], qt: str) -> str:
    """Why this pair of Python and PySide6 would end the process, or nothing.

    PySide6 6.12.0 drops references to ``None`` on Python below 3.12 (PYSIDE-3474).
    """
    if python < (3, 12) and qt.startswith("6.12."):
        return f"PySide6 {qt} ends the process on Python {python[0]}.{python[1]}: install PySide6-Essentials 6.11.3."
    return ""


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="lensmith window")
    parser.add_argument("project", nargs="?", default=str(Path.home() / "Lensmith"))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

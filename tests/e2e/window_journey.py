"""The whole way through the window: ``python -m tests.e2e.window_journey PICTURES [--on-a-screen]``.

The program runs as a user starts it, in its own event loop. A script looks every few milliseconds whether what it waits
for has come, and then does the next thing by mouse or key. What happened is printed as one JSON document.

Without a screen, a folder is dropped with Qt's own drag events, and mouse and keys enter where the window system hands
them to Qt, so that Qt finds out for itself which widget lies under the mouse and which one has the focus. On a screen
(``--on-a-screen``), xdotool moves the pointer and presses the keys of the X server. No other program is there to drag a
folder from, so the folder comes by the welcome page's button and the file dialog, which takes typing.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from app.main_window import MainWindow

HEAVY = ("torch", "torchvision", "timm", "ultralytics")
LOOK_EVERY_MS = 20
PATIENCE_MS = 120_000  # for one step; only a journey that hangs meets it
Script = Iterator[tuple[str, Callable[[], Any]]]  # what is waited for next, and whether it is there


class QtHand:
    """Mouse and keys that enter at the window, as if the window system had sent them."""

    def __init__(self) -> None:
        self.clicks = 0
        self.keys = 0

    def click(self, widget: QWidget) -> None:
        self.clicks += 1
        self._click(widget)

    def press(self, key: str) -> None:
        self.keys += 1
        self._press(key)

    def _click(self, widget: QWidget) -> None:
        place = widget.mapTo(widget.window(), widget.rect().center())
        QTest.mouseClick(
            widget.window().windowHandle(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place
        )

    def _press(self, key: str) -> None:
        window = QApplication.activeWindow()
        assert window is not None
        QTest.keyClick(window.windowHandle(), Qt.Key[f"Key_{key}"])


class XHand(QtHand):
    """The pointer and the keyboard of the X server; ``key`` by its X name."""

    def _click(self, widget: QWidget) -> None:
        place = widget.mapToGlobal(widget.rect().center()) * widget.devicePixelRatio()
        self._do("mousemove", "--sync", str(round(place.x())), str(round(place.y())), "click", "1")

    def _press(self, key: str) -> None:
        self._do("key", key)

    def type(self, text: str) -> None:
        self._do("type", "--delay", "2", text)

    def _do(self, *words: str) -> None:
        subprocess.run(["xdotool", *words], check=True, timeout=10)


class Journey(QObject):
    """Steps through a script for as long as the program lives; a step that never comes ends the program."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self._script, self._waited = script, 0
        self.trouble = ""
        self._wanted, self._is_there = "the start", lambda: True
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_EVERY_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def _look(self) -> None:
        """A timer of Qt is never nested in itself, so neither is this."""
        self._waited += LOOK_EVERY_MS
        try:
            if self._is_there():
                self._waited = 0
                self._wanted, self._is_there = next(self._script)
            elif self._waited > PATIENCE_MS:
                raise TimeoutError(f"{self._wanted} never came")
        except StopIteration:
            self._timer.stop()
        except Exception as error:
            self._timer.stop()
            self.trouble = f"{type(error).__name__}: {error} (while waiting for {self._wanted})"
            QApplication.exit(1)


def drop_to_onnx(window: MainWindow, pictures: Path, hand: QtHand, told: dict[str, Any]) -> Script:
    """From a dropped folder to the ONNX file; ``told`` gets what came of it."""
    from tests.gui.windows import drop

    yield "the window", lambda: window.isActiveWindow()
    hand.clicks += 1  # letting the folder go
    told["drop taken"] = drop(window.welcome.drop_zone, pictures)
    yield from take_in(window, hand)
    yield from train_and_ship(window, hand, told)


def take_in(window: MainWindow, hand: QtHand) -> Script:
    """Import what the preview shows."""
    yield "the preview", lambda: window.workspace is not None and _is_ready(window.workspace.page("data").dialog)
    session = window.session
    assert session is not None
    hand.press("Return")
    yield "the pictures", lambda: len(session.data.images) > 0 and not session.jobs.jobs


def train_and_ship(window: MainWindow, hand: QtHand, told: dict[str, Any]) -> Script:
    """A run with what the form proposes, to its ONNX file in the user's documents."""
    workspace, session = window.workspace, window.session
    assert workspace is not None
    assert session is not None
    told["project"] = str(session.path)
    hand.click(workspace.buttons["train"])
    start = workspace.page("train").form.start_button
    yield "a form that is ready", lambda: workspace.current == "train" and _usable(start)
    hand.click(start)
    yield "the run", lambda: session.live is not None
    live = session.live
    assert live is not None
    yield "the end of the run", lambda: not live.is_going and _usable(workspace.page("train").run_view.results_button)
    told["epochs shown"] = [epoch.epoch for epoch in live.history.epochs]
    hand.click(workspace.page("train").run_view.results_button)
    yield "the results", lambda: workspace.current == "results" and not session.jobs.jobs
    hand.click(workspace.buttons["ship"])
    yield "the file to ship", lambda: workspace.current == "ship" and workspace.page("ship").facts is not None
    export = workspace.page("ship").export
    yield "the export button", lambda: _usable(export.export_button)
    hand.click(export.export_button)
    yield "the exported file", lambda: bool(export.told)
    told["run"] = str(live.run.path)
    told["exported"] = str(export.target)
    told["heavy"] = [name for name in HEAVY if name in sys.modules]
    told["clicks"], told["keys"] = hand.clicks, hand.keys
    window.close()


def on_a_screen(window: MainWindow, pictures: Path, hand: XHand, told: dict[str, Any]) -> Script:
    """Focus, keys and a real pointer first, then the same way as without a screen."""
    yield "focus from the window manager", lambda: window.isActiveWindow() and window.isVisible()
    told["platform"] = QApplication.platformName()
    ring = []
    for _ in range(3):
        before = QApplication.focusWidget()
        hand.press("Tab")
        yield "focus by Tab", partial(_has_moved, before)
        ring.append(QApplication.focusWidget())
    told["focused by Tab"] = len({id(widget) for widget in ring})
    hand.press("F11")
    yield "the full screen", lambda: window.isFullScreen() and window.size() == window.screen().size()
    hand.press("F11")
    yield "the window again", lambda: not window.isFullScreen() and window.size() != window.screen().size()
    hand.press("ctrl+o")
    yield "the dialog of Ctrl+O", _has_dialog
    hand.press("Escape")
    yield "no dialog", lambda: _file_dialog() is None and window.isActiveWindow()
    hand.click(window.welcome.folder_button)
    yield "the dialog of the button", _has_dialog
    hand.type(str(pictures))
    hand.press("Return")
    yield "no dialog any more", lambda: _file_dialog() is None
    yield from take_in(window, hand)
    hand.press("ctrl+i")
    yield "the dialog of Ctrl+I", _has_dialog
    hand.press("Escape")
    yield "no dialog again", lambda: _file_dialog() is None and window.isActiveWindow()
    yield from train_and_ship(window, hand, told)


def _has_moved(before: QWidget | None) -> bool:
    return QApplication.focusWidget() not in (None, before)


def _has_dialog() -> bool:
    """Whether a file dialog is there and the window manager gave it the focus."""
    dialog = _file_dialog()
    return dialog is not None and dialog.isActiveWindow()


def _file_dialog() -> QFileDialog | None:
    return next(
        (one for one in QApplication.topLevelWidgets() if isinstance(one, QFileDialog) and one.isVisible()), None
    )


def _is_ready(dialog: QWidget | None) -> bool:
    return dialog is not None and dialog.isVisible() and dialog.isActiveWindow()


def _usable(button: QWidget) -> bool:
    """Whether a user can click it: shown, enabled, and nothing lies over its middle."""
    if not (button.isVisible() and button.isEnabled()):
        return False
    window = button.window()
    return window.childAt(button.mapTo(window, QPoint(button.width() // 2, button.height() // 2))) is button


def main() -> int:
    pictures, screen = Path(sys.argv[1]), "--on-a-screen" in sys.argv
    told: dict[str, Any] = {}
    journeys: list[Journey] = []
    run_loop = QApplication.exec

    def exec_with_journey(*_: object) -> int:
        window = next(one for one in QApplication.topLevelWidgets() if isinstance(one, MainWindow))
        if screen:
            journeys.append(Journey(on_a_screen(window, pictures, XHand(), told)))
        else:
            journeys.append(Journey(drop_to_onnx(window, pictures, QtHand(), told)))
        return run_loop()

    QApplication.exec = exec_with_journey  # type: ignore[method-assign]
    from app.__main__ import main as run_program

    code = run_program([])
    told["code"], told["trouble"] = code, journeys[0].trouble
    told["heavy at the end"] = [name for name in HEAVY if name in sys.modules]
    sys.stdout.write(json.dumps(told))
    return code


if __name__ == "__main__":
    sys.exit(main())

"""``kill -9`` of the window in the middle of a drag: every finished box is there, the half-drawn one is not."""

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from core.store import labels as stored
from core.store.project_store import ProjectStore
from tests.gui.label_pages import corners, make_project

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX")
ROOT = Path(__file__).resolve().parents[2]
# The window as it is, on no screen; a hand draws three boxes, moves the second, and keeps the button pressed over the
# next drag: a new box, or one that is being moved or resized.
WINDOW = """
import json, sys
from pathlib import Path
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from tests.gui.label_pages import at, corners, drag, label_page_of, on_disk, settle, LEFT, NONE

class Patience:
    def waitUntil(self, holds, timeout=0):
        while not holds():
            QTest.qWait(5)
    def waitExposed(self, window):
        pass

application, patience = QApplication([]), Patience()
with label_page_of(Path(sys.argv[1]), patience) as page:
    for start, end in (((10, 10), (40, 40)), ((60, 60), (100, 90)), ((120, 20), (150, 50)), ((130, 30), (126, 40))):
        drag(page, start, end)
        settle(page, patience)
    seen = corners(on_disk(page))
    start, end = json.loads(sys.argv[2])
    first, last = at(page, *start), at(page, *end)
    QTest.mouseMove(page.canvas, first)
    QTest.mousePress(page.canvas, LEFT, NONE, first)
    for step in range(1, 4):
        QTest.mouseMove(page.canvas, first + (last - first) * step / 4)
        QTest.qWait(30)
    page.canvas.grab()
    print(json.dumps([page.image.hash, seen]), flush=True)
    QTest.qWait(60_000)
"""
DRAGS = {
    "drawing": ((20, 80), (50, 110)),
    "moving": ((80, 75), (60, 40)),
    "resizing": ((100, 90), (150, 110)),
}


@pytest.mark.parametrize("drag", DRAGS)
def test_that_a_window_killed_during_a_drag_has_every_finished_box_and_not_the_half_one(
    drag: str, tmp_path: Path
) -> None:
    project = make_project(tmp_path)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "LENSMITH_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", WINDOW, str(project), json.dumps(DRAGS[drag])]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as window:
        assert window.stdout is not None
        image, seen = json.loads(window.stdout.readline())
        window.send_signal(signal.SIGKILL)
    assert len(seen) == 3
    with closing(ProjectStore.open(project)) as store, store.reading() as db:
        assert not store.read_only
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        labels = stored.read_labels(store, [image])[image]
        assert [list(one) for one in corners(labels)] == seen
        assert labels.done is False
        assert [(one.verb, one.standing) for one in stored.diary(store)] == [
            ("move", "done"),
            ("draw", "done"),
            ("draw", "done"),
            ("draw", "done"),
        ]

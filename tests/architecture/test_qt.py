"""PySide6 6.12.0 takes references to ``None`` away on Python below 3.12 (PYSIDE-3474) and then the process dies."""

import subprocess
import sys

import pytest

COUNT = """
import sys
from PySide6.QtWidgets import QApplication, QLabel
application = QApplication([])
label = QLabel()
before = sys.getrefcount(None)
for number in range(200):
    label.setText(str(number))
print(sys.getrefcount(None) - before)
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None cannot be freed from Python 3.12 on")
def test_that_qt_does_not_use_up_none() -> None:
    environment = {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, env=environment, timeout=60)

    assert done.returncode == 0, done.stderr
    assert abs(int(done.stdout)) < 50

"""``kill -9`` of the window at random moments while somebody labels: nothing that was saved is lost, nothing is half.

The same a thousand times over: ``python -m tests.benchmarks.kill_edits``.
"""

import os
from pathlib import Path

import pytest

from tests.killed_labelling import Rounds

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX")


def test_that_a_window_killed_while_somebody_labels_loses_no_saved_edit_and_leaves_no_half_one(tmp_path: Path) -> None:
    with Rounds(tmp_path, seed=1) as windows:
        windows.run(10)
    assert windows.edits > 50, "hardly anything was edited"

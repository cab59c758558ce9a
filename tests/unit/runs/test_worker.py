import subprocess
import sys
from pathlib import Path

from core.runs.environment import worker_environment
from core.runs.supervisor import OUTPUT


def test_that_a_log_that_an_engine_floods_is_cut_and_writing_goes_on(tmp_path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from core.runs import worker
for megabyte in range(worker._LOG_LIMIT // 2**20 + 1):
    os.write(2, b"x" * 2**20)
worker._trim_output(Path(sys.argv[1]))
os.write(2, b"said afterwards")
"""
    with (tmp_path / OUTPUT).open("ab") as output:
        done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], stderr=output, env=worker_environment())
    assert done.returncode == 0
    text = (tmp_path / OUTPUT).read_text()
    assert text.startswith("[what was here before")
    assert text.endswith("said afterwards")
    assert len(text) < 200


def test_that_output_that_goes_elsewhere_is_never_cut(tmp_path: Path) -> None:
    (tmp_path / OUTPUT).touch()
    program = """
import os, sys
from pathlib import Path
from core.runs import worker
worker._LOG_LIMIT = 100
os.write(2, b"x" * 1000)
worker._trim_output(Path(sys.argv[1]))
"""
    with (tmp_path / "elsewhere").open("ab") as output:
        subprocess.run([sys.executable, "-c", program, str(tmp_path)], stderr=output, env=worker_environment())
    assert (tmp_path / "elsewhere").stat().st_size == 1000


def test_that_the_worker_says_how_it_is_used(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "core.runs.worker", "--help"], capture_output=True, text=True, env=worker_environment()
    )
    assert done.returncode == 0
    assert "--resume" in done.stdout

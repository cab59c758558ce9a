import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.runs.environment import prepare_ultralytics, shield, worker_environment


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_that_a_worker_inherits_nothing_that_qt_or_opencv_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", "/x/cv2/qt/plugins")
    monkeypatch.setenv("LD_LIBRARY_PATH", os.pathsep.join(["/x/site-packages/cv2/../../lib", "/opt/cuda/lib64"]))
    environment = worker_environment()
    assert "QT_QPA_PLATFORM_PLUGIN_PATH" not in environment
    assert environment["LD_LIBRARY_PATH"] == "/opt/cuda/lib64"


def test_that_proxies_and_the_users_number_of_threads_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:8080")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    environment = worker_environment()
    assert environment["HTTPS_PROXY"] == "http://proxy:8080"
    assert environment["OMP_NUM_THREADS"] == "3"


def test_that_shield_sets_in_this_process_what_workers_get(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    shield()
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
    assert os.environ["YOLO_OFFLINE"] == "1"


def test_that_ultralytics_takes_our_settings_and_fonts_and_opens_no_socket(tmp_path: Path, own_home: Path) -> None:
    """A real import in a child: settings stay as written, and every look-up of a name or connection is refused."""
    prepare_ultralytics()
    folder = own_home / "yolo" / "Ultralytics"
    before = (folder / "settings.json").read_bytes()
    program = """
import sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        raise RuntimeError(f"{event} {arguments}")
sys.addaudithook(refuse)
from ultralytics.utils import SETTINGS
from ultralytics.utils.checks import check_font
assert SETTINGS["sync"] is False
print(check_font("Arial.ttf"), check_font("Arial.Unicode.ttf"))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=worker_environment(), cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(folder / "Arial.ttf"), str(folder / "Arial.Unicode.ttf")]
    assert (folder / "settings.json").read_bytes() == before


def test_that_preparing_again_repairs_changed_settings_and_leaves_whole_files_alone(own_home: Path) -> None:
    prepare_ultralytics()
    folder = own_home / "yolo" / "Ultralytics"
    font = (folder / "Arial.ttf").stat().st_mtime_ns
    settings = json.loads((folder / "settings.json").read_text())
    (folder / "settings.json").write_text(json.dumps({**settings, "sync": True}))
    prepare_ultralytics()
    assert json.loads((folder / "settings.json").read_text()) == settings
    assert (folder / "Arial.ttf").stat().st_mtime_ns == font
    assert sorted(path.name for path in folder.iterdir()) == ["Arial.Unicode.ttf", "Arial.ttf", "settings.json"]


def test_that_a_worker_opens_pictures_as_large_as_the_window_does() -> None:
    program = "from core.runs import environment; environment.shield(); from core.data import images; import os; "
    program += "assert int(os.environ['OPENCV_IO_MAX_IMAGE_PIXELS']) >= images.MAX_PIXELS"
    subprocess.run([sys.executable, "-c", program], check=True)

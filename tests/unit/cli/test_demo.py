"""What the demo does once it is done: the window where somebody can see it, and never elsewhere."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.cli import demo

SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "CI")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in SCREENS:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("platform", "variables", "there"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}, False),
        ("linux", {"DISPLAY": ":0", "QT_QPA_PLATFORM": "minimal"}, False),
        ("linux", {"DISPLAY": ":0", "CI": "true"}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("win32", {}, True),
        ("darwin", {}, True),
        ("win32", {"CI": "1"}, False),
    ],
)
def test_that_a_screen_is_seen_where_there_is_one(
    bare: pytest.MonkeyPatch, platform: str, variables: dict[str, str], there: bool
) -> None:
    bare.setattr(sys, "platform", platform)
    for name, value in variables.items():
        bare.setenv(name, value)
    assert demo._has_screen() is there


@pytest.fixture
def quick(bare: pytest.MonkeyPatch) -> list[list[str]]:
    """A demo without jobs; returns the commands that it started."""
    started: list[list[str]] = []

    class Window:
        def __init__(self, command: list[str], **options: object) -> None:
            started.append(command)
            assert {options[stream] for stream in ("stdin", "stdout", "stderr")} == {subprocess.DEVNULL}

        def wait(self, timeout: float) -> int:
            raise subprocess.TimeoutExpired("window", timeout)

    bare.setattr(demo, "_do_all", lambda folder: [])
    bare.setattr(demo, "_print_table", lambda reports: None)
    bare.setattr("core.cli.demo.subprocess.Popen", Window)
    bare.setattr(sys, "platform", "linux")
    return started


def test_that_the_window_opens_on_the_finished_runs_at_the_end(
    quick: list[list[str]], bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bare.setenv("DISPLAY", ":0")
    assert demo.run_demo(tmp_path / "demo", as_json=False, window=True) == 0
    (command,) = quick
    assert command == [sys.executable, "-P", "-m", "app", "--page", "results", str(tmp_path / "demo" / "belt")]


@pytest.mark.parametrize(
    ("variables", "as_json", "window"),
    [({}, False, True), ({"DISPLAY": ":0"}, True, True), ({"DISPLAY": ":0"}, False, False)],
)
def test_that_no_window_opens_without_a_screen_with_json_or_when_unwanted(
    quick: list[list[str]],
    bare: pytest.MonkeyPatch,
    tmp_path: Path,
    variables: dict[str, str],
    as_json: bool,
    window: bool,
) -> None:
    for name, value in variables.items():
        bare.setenv(name, value)
    assert demo.run_demo(tmp_path / "demo", as_json=as_json, window=window) == 0
    assert quick == []


def test_that_a_window_that_cannot_open_is_told(
    bare: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A real process: Qt ends it, since there is no such platform."""
    bare.setenv("QT_QPA_PLATFORM", "nowhere")
    bare.setattr(demo, "OPENS_WITHIN", 60)
    assert demo._open_window(tmp_path).returncode != 0
    assert "lensmith doctor" in capfd.readouterr().err


def test_that_the_window_opens_in_a_process_of_its_own_from_any_folder(
    bare: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bare.setenv("QT_QPA_PLATFORM", "offscreen")
    bare.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    bare.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    bare.chdir(tmp_path)
    process = demo._open_window(tmp_path / "project")
    still_there = process.poll() is None
    process.kill()
    process.wait()
    assert still_there
    assert "shows the runs" in capfd.readouterr().out

"""The doctor, on this machine and on machines as told."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.actions import doctor as subject
from core.domain.machine import Card, TorchFacts

CARD = Card(name="RTX A4000", capability=(8, 6), memory_free=15_000_000_000, memory_total=16_000_000_000)


def facts(*, cuda: str | None = "13.0", cards: tuple[Card, ...] = (), obstacle: str | None = "No card.") -> TorchFacts:
    return TorchFacts(
        version="2.14.1", cuda=cuda, architectures=("sm_80", "sm_90"), cards=cards, obstacle=obstacle, threads=2
    )


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_that_this_machine_is_described_in_full_without_importing_torch_here() -> None:
    code = (
        "import sys; from core.actions.doctor import doctor; import msgspec\n"
        "print(msgspec.json.encode(doctor()).decode())\n"
        "print([name for name in ('torch', 'PySide6', 'cv2', 'onnxruntime') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200)

    report, imported = done.stdout.splitlines()
    lines = {line["name"]: line for line in json.loads(report)["lines"]}
    assert imported == "[]"
    assert list(lines) == [
        *("Python", "Machine", "Qt", "Display", "OpenCV", "ONNX Runtime", "PyTorch", "CUDA", "Lensmith's folder"),
        *("Disk", "Weights"),
    ]
    assert all(line["text"] for line in lines.values())
    assert all(line.get("remedy") for line in lines.values() if line["state"] != "ok")
    assert lines["PyTorch"]["state"] == "ok", lines["PyTorch"]
    assert "EfficientNet-Lite0" in lines["Weights"]["text"]


@pytest.mark.parametrize(
    ("python", "qt", "safe"),
    [((3, 11), "6.12.0", False), ((3, 11), "6.11.3", True), ((3, 12), "6.12.0", True), ((3, 14), "6.12.0", True)],
)
def test_that_pyside_6_12_is_refused_below_python_3_12(python: tuple[int, int], qt: str, safe: bool) -> None:
    assert (subject.qt_refusal(python, qt) == "") is safe
    if not safe:
        line = subject.qt_line(python, qt)
        assert line.state == "bad"
        assert "6.11.3" in line.remedy


def test_that_a_qt_that_does_not_load_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "PySide6").mkdir()
    (tmp_path / "PySide6" / "__init__.py").touch()
    (tmp_path / "PySide6" / "QtWidgets.py").write_text("raise ImportError('libEGL.so.1: cannot open shared object')")
    real = subject.run_python
    monkeypatch.setattr(
        subject, "run_python", lambda *arguments, **variables: real(*arguments, **variables, PYTHONPATH=str(tmp_path))
    )

    line = subject.qt_line((3, 12), "6.12.0")

    assert line.state == "bad"
    assert "libEGL.so.1: cannot open shared object" in line.text
    assert "bootstrap.py setup" in line.remedy


def test_that_a_torch_that_does_not_start_is_reported_by_its_own_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "torch.py").write_text("raise OSError('libcudart.so.13: file too short')")
    real = subject.run_python

    def with_broken_torch(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[bytes]":
        folders = f"{tmp_path}:{Path(subject.__file__).parents[2]}"
        return real(*arguments, **variables, PYTHONPATH=folders)

    monkeypatch.setattr(subject, "run_python", with_broken_torch)
    found, complaint = subject.ask_torch()

    assert found is None
    line = subject.torch_line(found, complaint)
    assert line.state == "bad"
    assert "libcudart.so.13: file too short" in line.text


def test_that_a_working_card_is_shown_with_architectures_and_memory() -> None:
    line = subject.cuda_line(facts(cards=(CARD,), obstacle=None), "580.82", ["RTX A4000"])

    assert line.state == "ok"
    for part in ("RTX A4000", "8.6", "sm_80 sm_90", "15.0 of 16.0 GB", "580.82"):
        assert part in line.text


def test_that_no_card_is_a_caution_and_never_an_error() -> None:
    line = subject.cuda_line(facts(), "", [])
    assert line.state == "caution"
    assert "processor" in line.remedy


@pytest.mark.parametrize(
    ("cuda", "driver", "remedy"),
    [
        ("13.0", "550.54.14", "Install NVIDIA driver 580 or newer"),
        ("12.8", "520.61.05", "Install NVIDIA driver 525 or newer"),
        ("13.0", "581.15", "Restart the machine"),
        (None, "581.15", "without --cpu"),
    ],
)
def test_that_a_card_that_pytorch_cannot_use_is_bad_with_a_fitting_remedy(
    cuda: str | None, driver: str, remedy: str
) -> None:
    line = subject.cuda_line(facts(cuda=cuda, obstacle="CUDA does not start."), driver, ["RTX A4000"])

    assert line.state == "bad"
    assert remedy in line.remedy
    assert "RTX A4000" in line.text


def test_that_two_opencv_packages_are_bad() -> None:
    assert subject.opencv_line(["opencv-python"]).state == "ok"
    assert subject.opencv_line(["opencv-python", "opencv-python-headless"]).state == "bad"
    assert subject.opencv_line([]).state == "bad"


def test_that_a_python_without_wheels_is_bad() -> None:
    assert subject.python_line((3, 15, 0)).state == "bad"
    assert subject.python_line((3, 11, 7)).state == "ok"


def test_that_a_missing_display_is_only_a_caution(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject.sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert subject.display_line().state == "caution"


def test_that_a_display_that_does_not_answer_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject.sys, "platform", "linux")
    monkeypatch.setenv("DISPLAY", ":9876")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    assert subject.display_line().state == "bad"

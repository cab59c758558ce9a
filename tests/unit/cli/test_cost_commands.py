"""What the terminal says about cost: prices, and the probe in place of a training."""

import json
from pathlib import Path

import pytest

from core.actions.probing import ProbeResult
from core.cli import cost_commands
from core.cli.main import run
from core.domain.usage import EnergySource
from core.store.project_store import ProjectStore
from core.training.plan import Obstacle

FITS = ProbeResult(
    seconds_per_epoch=20.0,
    low=18.0,
    high=25.0,
    total_seconds=3600.0,
    total_low=3000.0,
    total_high=4000.0,
    peak_memory_mb=2100.0,
    kwh=0.5,
    energy_source=EnergySource.ESTIMATE,
    device="cpu",
    batch_size=16,
)
NO_ROOM = ProbeResult(fits=False, obstacle=Obstacle("The card has no memory left.", "Choose a smaller batch."))


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))


def probed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: ProbeResult, *more: str) -> int:
    with ProjectStore.create(tmp_path / "p"):
        pass
    monkeypatch.setattr(cost_commands, "probe_run", lambda *_: found)
    return run(["train", str(tmp_path / "p"), "--model", "m", "--mode", "scratch", "--probe", *more])


def test_that_prices_are_shown_set_one_by_one_and_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["prices", "--kwh", "0.3"]) == 0
    assert run(["prices", "--hour", "2", "--currency", "CZK", "--json"]) == 0
    shown = capfd.readouterr().out
    assert "0.3 EUR per kWh" in shown
    assert json.loads(shown[shown.index("{") :]) == {"kwh": 0.3, "machine_hour": 2.0, "currency": "CZK"}
    assert run(["prices", "--hour", "-1"]) == 1
    assert "is no price" in capfd.readouterr().err


def test_that_a_probe_says_time_memory_energy_and_cost_and_trains_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run(["prices", "--kwh", "0.3", "--hour", "2"])
    capfd.readouterr()
    assert probed(tmp_path, monkeypatch, FITS) == 0
    shown = capfd.readouterr().out
    for words in ("1 h 00 min", "50 min 00 s", "2.1 GB of memory", "0.5 kWh (estimated)", "2.15 EUR"):
        assert words in shown
    assert not list((tmp_path / "p" / "runs").glob("*"))


def test_that_a_probe_is_one_json_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert probed(tmp_path, monkeypatch, FITS, "--json") == 0
    told = json.loads(capfd.readouterr().out)
    assert told["total_seconds"] == 3600.0
    assert told["energy_source"] == "estimate"
    assert told["cost"] is None  # nothing has a price


def test_that_what_does_not_fit_is_told_with_remedy_and_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert probed(tmp_path, monkeypatch, NO_ROOM) == 1
    said = capfd.readouterr().err
    assert "no memory left" in said
    assert "smaller batch" in said

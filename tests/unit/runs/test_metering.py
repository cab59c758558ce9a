"""What a run takes is counted by the machine's own counters where they can be read, and called an estimate else."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pynvml
import pytest

from core.domain.usage import EnergySource
from core.runs.metering import JOULES_PER_KWH, WATTS_PER_CORE, Meter
from tests.pretended_driver import GIGABYTE, PretendedCard, PretendedDriver

NOWHERE = Path("/nonexistent")


def zone(powercap: Path, name: str, called: str, microjoules: int) -> Path:
    folder = powercap / name
    folder.mkdir(parents=True)
    (folder / "name").write_text(f"{called}\n")
    (folder / "energy_uj").write_text(f"{microjoules}\n")
    (folder / "max_energy_range_uj").write_text("262143328850\n")
    return folder


def work(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_that_without_a_counter_energy_is_an_estimate_from_the_time_of_the_processor() -> None:
    meter = Meter(powercap=NOWHERE)
    before = meter.usage()
    work(0.2)
    after = meter.usage()
    assert after.energy_source is EnergySource.ESTIMATE
    assert after.kwh is not None
    assert before.kwh is not None
    assert (after.kwh - before.kwh) * JOULES_PER_KWH == pytest.approx(0.2 * WATTS_PER_CORE, rel=0.2)


def test_that_the_time_of_children_counts_while_they_live_and_once_they_are_gone() -> None:
    meter = Meter(powercap=NOWHERE)
    joules = (meter.usage().kwh or 0) * JOULES_PER_KWH
    program = "import time\nwhile time.process_time() < 0.4: pass\nprint(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        meter._tree._looked_at = 0.0  # the next look at the list of processes is due
        alive = (meter.usage().kwh or 0) * JOULES_PER_KWH - joules
        child.communicate(b"\n")
    gone = (meter.usage().kwh or 0) * JOULES_PER_KWH - joules
    assert alive >= 0.35 * WATTS_PER_CORE
    assert gone >= alive


def test_that_the_processors_own_counter_goes_before_an_estimate_and_may_begin_again(tmp_path: Path) -> None:
    package = zone(tmp_path, "intel-rapl:0", "package-0", 262_143_000_000)
    zone(tmp_path, "intel-rapl:0:0", "core", 7)  # a part of the package, in its number already
    zone(tmp_path, "intel-rapl:1", "psys", 7)  # the whole machine, the package among it
    meter = Meter(powercap=tmp_path)
    (package / "energy_uj").write_text("35671150")  # over its range, by 36 J
    usage = meter.usage()
    assert usage.energy_source is EnergySource.RAPL
    assert usage.kwh == pytest.approx(36.0 / JOULES_PER_KWH)
    (package / "energy_uj").write_text("71671150")
    assert meter.usage().kwh == pytest.approx(72.0 / JOULES_PER_KWH)


def test_that_a_counter_that_may_not_be_read_leaves_an_estimate(tmp_path: Path) -> None:
    (zone(tmp_path, "intel-rapl:0", "package-0", 1) / "energy_uj").unlink()
    assert Meter(powercap=tmp_path).usage().energy_source is EnergySource.ESTIMATE


def of_the_processor() -> float:
    """kWh that this process took on the processor since it began, which is what a meter counts from."""
    return Meter(powercap=NOWHERE).usage().kwh or 0.0


def test_that_a_cards_energy_and_memory_are_those_of_the_card_that_this_process_is_on() -> None:
    """A pretended driver: not run on CUDA."""
    other, ours = PretendedCard("other"), PretendedCard("ours")
    ours.processes = {1: 9 * GIGABYTE, os.getpid(): GIGABYTE}
    meter = Meter(nvml=PretendedDriver(other, ours), powercap=NOWHERE)
    meter.use_cards("cuda:0")  # CUDA may count cards in another order than the driver
    ours.millijoules += 7_200_000
    ours.processes[os.getpid()] = 3 * GIGABYTE
    meter.sample()
    ours.processes[os.getpid()] = 2 * GIGABYTE
    usage = meter.usage()
    assert usage.energy_source is EnergySource.NVML
    assert usage.kwh is not None
    assert usage.kwh - of_the_processor() == pytest.approx(0.002, abs=1e-4)  # 7,200 J
    assert usage.peak_gpu_memory_mb == pytest.approx(3 * GIGABYTE / 1e6)


def test_that_of_several_cards_all_count_and_cuda_may_be_shown_only_some(monkeypatch: pytest.MonkeyPatch) -> None:
    cards = [PretendedCard(name) for name in "abcd"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,1")
    meter = Meter(nvml=PretendedDriver(*cards), powercap=NOWHERE)
    meter.use_cards("cuda:0,cuda:1")
    for card in cards:
        card.millijoules += 3_600_000
    cards[1].used += 2 * GIGABYTE
    cards[3].used += GIGABYTE
    cards[0].used += 5 * GIGABYTE  # somebody else's
    usage = meter.usage()
    assert usage.kwh is not None
    assert usage.kwh - of_the_processor() == pytest.approx(0.002, abs=1e-4)
    assert usage.peak_gpu_memory_mb == pytest.approx(2 * GIGABYTE / 1e6)


def test_that_a_card_without_a_counter_is_asked_for_its_power() -> None:
    card = PretendedCard("old")
    card.unsupported = {"energy", "processes"}
    meter = Meter(nvml=PretendedDriver(card), powercap=NOWHERE)
    meter.use_cards("cuda:0")
    card.used += GIGABYTE
    time.sleep(0.05)
    usage = meter.usage()
    assert usage.energy_source is EnergySource.NVML
    assert usage.peak_gpu_memory_mb == pytest.approx(GIGABYTE / 1e6)


def test_that_a_card_that_vanishes_has_taken_what_it_had_taken() -> None:
    card = PretendedCard("ours")
    driver = PretendedDriver(card)
    meter = Meter(nvml=driver, powercap=NOWHERE)
    meter.use_cards("cuda:0")
    card.millijoules += 3_600_000
    meter.sample()
    card.error = pynvml.NVML_ERROR_GPU_IS_LOST
    usage = meter.usage()
    assert usage.energy_source is EnergySource.NVML
    assert usage.kwh is not None
    assert usage.kwh >= 0.001


@pytest.mark.parametrize("device", ["cpu", "cuda:5"])
def test_that_without_a_card_nothing_is_said_about_one(device: str) -> None:
    meter = Meter(nvml=PretendedDriver(PretendedCard("ours")), powercap=NOWHERE)
    meter.use_cards(device)
    usage = meter.usage()
    assert usage.energy_source is EnergySource.ESTIMATE
    assert usage.peak_gpu_memory_mb is None


def test_that_the_peak_of_memory_stays_when_the_memory_is_given_back() -> None:
    meter = Meter(powercap=NOWHERE)
    before = meter.usage().peak_memory_mb
    hoard = bytearray(b"x" * 300_000_000)
    meter.sample()
    del hoard
    after = meter.usage().peak_memory_mb
    assert before is not None
    assert after is not None
    assert after > 300


def test_that_time_asleep_is_no_time_of_the_run() -> None:
    meter = Meter(powercap=NOWHERE)
    meter.sleep(100.0)
    assert meter.usage().seconds < 0

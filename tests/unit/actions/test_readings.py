"""Readings of this machine and of pretended NVIDIA cards."""

import os
import subprocess
import sys
import threading

import pynvml
import pytest

from core.actions.readings import RETRY_SECONDS, Driver, GpuReading, read_machine
from tests.pretended_driver import GIGABYTE, PretendedCard, PretendedDriver

LOST = pynvml.NVML_ERROR_GPU_IS_LOST


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_that_this_machine_has_processors_and_memory() -> None:
    reading = read_machine()
    assert reading.processors == os.cpu_count()
    assert 0 <= reading.cpu <= 100
    assert 0 < reading.memory_used < reading.memory_total
    assert reading.worker is None
    assert reading.gpus or reading.trouble


def test_that_a_busy_processor_is_seen_by_the_first_reading_of_a_thread() -> None:
    """Half of the processors at least are busy while as many children count."""
    count = os.cpu_count() or 1
    children = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    readings: list[float] = []
    try:
        for _ in range(5):
            thread = threading.Thread(target=lambda: readings.append(read_machine().cpu))
            thread.start()
            thread.join()
    finally:
        for child in children:
            child.kill()
            child.wait()
    assert max(readings) > 50


def test_that_a_worker_is_read_with_its_children_until_it_ends() -> None:
    code = "import subprocess, sys; x = bytearray(64 << 20); print(flush=True); sys.stdin.read()"
    nested = f"import subprocess, sys; c = subprocess.Popen([sys.executable, '-c', {code!r}]); c.wait()"
    child = subprocess.Popen([sys.executable, "-c", nested], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdout.readline()
    worker = read_machine(child.pid).worker
    assert worker is not None
    assert worker.memory > 64 << 20
    child.communicate()
    assert read_machine(child.pid).worker is None


def test_that_two_cards_are_read_whatever_type_their_names_have() -> None:
    driver = Driver(PretendedDriver(PretendedCard("RTX 4090"), PretendedCard(b"RTX A2000", 12 * GIGABYTE)))
    reading = read_machine(driver=driver)
    assert reading.trouble == ""
    assert reading.gpus[0] == GpuReading(
        index=0,
        name="RTX 4090",
        utilisation=92,
        memory_used=18 * GIGABYTE,
        memory_total=24 * GIGABYTE,
        temperature=71,
        power=212.5,
    )
    assert [gpu.name for gpu in reading.gpus] == ["RTX 4090", "RTX A2000"]


def test_that_the_driver_is_connected_once() -> None:
    api = PretendedDriver(PretendedCard("RTX 4090"))
    driver = Driver(api)
    for _ in range(5):
        driver.read()
    assert api.connections == 1


@pytest.mark.parametrize("value", ["use", "memory", "temperature", "power"])
def test_that_a_value_that_a_card_does_not_have_is_none_and_the_others_are_there(value: str) -> None:
    card = PretendedCard("Tegra")
    card.unsupported = {value}
    (reading,), trouble = Driver(PretendedDriver(card)).read()
    found = {
        "use": reading.utilisation,
        "memory": reading.memory_used,
        "temperature": reading.temperature,
        "power": reading.power,
    }
    assert [name for name, told in found.items() if told is None] == [value]
    assert (reading.memory_total is None) == (value == "memory")
    assert trouble == ""


def test_that_no_driver_is_one_sentence_and_is_not_asked_for_at_every_reading() -> None:
    api, clock = PretendedDriver(), Clock()
    api.error = pynvml.NVML_ERROR_LIBRARY_NOT_FOUND
    driver = Driver(api, clock=clock)
    for _ in range(5):
        assert driver.read() == ((), "No NVIDIA driver answers (NVML Shared Library Not Found).")
        clock.now += RETRY_SECONDS / 10
    assert api.connections == 1


def test_that_a_driver_library_that_is_broken_beyond_its_own_errors_is_no_driver() -> None:
    class Broken(PretendedDriver):
        def nvmlInit(self) -> None:  # noqa: N802
            raise OSError("libnvidia-ml.so.1: invalid ELF header")

    assert Driver(Broken()).read() == ((), "No NVIDIA driver answers (libnvidia-ml.so.1: invalid ELF header).")


def test_that_a_driver_without_a_card_says_so() -> None:
    assert Driver(PretendedDriver()).read() == ((), "The NVIDIA driver lists no card.")


def test_that_a_card_that_vanishes_between_two_readings_leaves_the_other_and_one_sentence() -> None:
    api, clock = PretendedDriver(PretendedCard("RTX 4090"), PretendedCard("RTX A2000")), Clock()
    driver = Driver(api, clock=clock)
    assert len(driver.read()[0]) == 2
    api.cards[0].error = LOST
    cards, trouble = driver.read()
    assert [card.name for card in cards] == ["RTX A2000"]
    assert trouble == "1 of 2 NVIDIA cards no longer answers (GPU is lost)."
    del api.cards[0]
    clock.now += RETRY_SECONDS
    assert driver.read()[1] == "1 of 2 NVIDIA cards no longer answers (it is no longer listed)."


def test_that_a_driver_reset_is_told_and_recovered_from_half_a_minute_later_at_most() -> None:
    api, clock = PretendedDriver(PretendedCard("RTX 4090")), Clock()
    driver = Driver(api, clock=clock)
    driver.read()
    clock.now += 5
    api.open = False  # the reset forgot us
    assert driver.read() == ((), "The NVIDIA driver no longer answers (Uninitialized).")
    clock.now += RETRY_SECONDS - 6
    assert driver.read()[0] == ()
    assert api.connections == 1
    clock.now += 1
    cards, trouble = driver.read()
    assert [card.name for card in cards] == ["RTX 4090"]
    assert trouble == ""
    assert api.connections == 2


def test_that_a_lost_card_is_tried_again_every_half_minute_and_comes_back() -> None:
    api, clock = PretendedDriver(PretendedCard("RTX 4090")), Clock()
    driver = Driver(api, clock=clock)
    driver.read()
    api.cards[0].error = LOST
    for _ in range(60):
        clock.now += 2
        assert driver.read() == ((), "The NVIDIA card no longer answers (GPU is lost).")
    assert api.connections == 1 + 120 / RETRY_SECONDS
    api.cards[0].error = None
    clock.now += RETRY_SECONDS
    assert driver.read()[1] == ""


def test_that_a_driver_that_hangs_keeps_one_thread_waiting_and_no_other() -> None:
    api = PretendedDriver(PretendedCard("RTX 4090"))
    api.wait = threading.Event()
    driver = Driver(api, patience=0.05)
    hanging = threading.Thread(target=driver.read)
    hanging.start()
    try:
        while not driver._turn.locked():
            pass
        assert driver.read() == ((), "The NVIDIA driver does not answer.")
    finally:
        api.wait.set()
        hanging.join()
    assert driver.read()[1] == ""

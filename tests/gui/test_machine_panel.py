"""The machine's faces, fed by real readings with a pretended NVIDIA driver."""

import os
import threading
import time
from collections.abc import Callable, Iterator

import pynvml
import pytest
from PySide6.QtWidgets import QLabel, QProgressBar, QWidget

from app import theme
from app.readings import LONGEST_GOODBYE, Readings
from app.widgets.shell.machine_panel import MachineCard, MachineFoot, Sparkline
from core.actions.readings import RETRY_SECONDS, Driver, GpuReading, MachineReading, WorkerReading, read_machine
from tests.pretended_driver import GIGABYTE, PretendedCard, PretendedDriver

QUICK = 0.01  # seconds between two readings


class Bench:
    """A foot and a card that follow readings of a pretended driver; ``now`` is the driver's clock."""

    def __init__(self, qtbot, *cards: PretendedCard) -> None:
        self.api, self.now = PretendedDriver(*cards), 0.0
        driver = Driver(self.api, clock=lambda: self.now)
        self.readings = Readings(read=lambda pid: read_machine(pid, driver), period=QUICK)
        self.foot, self.card = MachineFoot(), MachineCard()
        for widget in (self.foot, self.card):
            qtbot.addWidget(widget)
        self.foot.setFixedWidth(theme.RAIL_WIDTH - 2 * theme.MEDIUM)
        self.card.resize(900, 140)
        self.foot.show()
        self.card.show()
        self.readings.changed.connect(self.foot.show_reading)
        self.readings.changed.connect(lambda _: self.card.show_readings(self.readings.recent))


@pytest.fixture
def bench(qtbot) -> Iterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def make(*cards: PretendedCard) -> Bench:
        benches.append(Bench(qtbot, *cards))
        return benches[-1]

    yield make
    for one in benches:
        one.readings.stop()


def texts(widget: QWidget) -> list[str]:
    return [part.text() for part in widget.findChildren(QLabel) if part.isVisibleTo(widget) and part.text()]


def reading(*gpus: GpuReading, trouble: str = "", cpu: float = 73.0, worker: WorkerReading | None = None):
    return MachineReading(
        processors=2,
        cpu=cpu,
        memory_used=int(6.1 * GIGABYTE),
        memory_total=24 * GIGABYTE,
        gpus=gpus,
        trouble=trouble,
        worker=worker,
    )


def test_that_a_card_shows_its_name_use_memory_and_temperature(qtbot, bench) -> None:
    it = bench(PretendedCard("NVIDIA GeForce RTX 4090"))
    with qtbot.waitSignal(it.readings.changed):
        it.readings.start()
    assert texts(it.foot) == ["GPU 0 · RTX 4090", "92 %   18.0 / 24 GB   71 °C"]
    assert it.foot.findChild(QProgressBar).value() == 92
    assert "NVIDIA GeForce RTX 4090" in it.foot.toolTip()
    assert {"92 %", "18.0 / 24 GB", "71 °C", "212 W"} <= set(texts(it.card))


def test_that_a_card_that_vanishes_is_told_as_no_gpu_and_the_window_lives_until_it_is_back(qtbot, bench) -> None:
    it = bench(PretendedCard("NVIDIA GeForce RTX 4090"))
    it.readings.start()
    qtbot.waitUntil(lambda: "GPU 0 · RTX 4090" in texts(it.foot))

    it.api.cards[0].error = pynvml.NVML_ERROR_GPU_IS_LOST
    qtbot.waitUntil(lambda: "No GPU" in texts(it.foot))
    assert texts(it.foot)[0].startswith("CPU")
    assert "No GPU" in texts(it.card)
    assert any("no longer answers (GPU is lost)." in text and "resumed" in text for text in texts(it.card))

    it.api.cards[0].error = None
    it.now += RETRY_SECONDS
    qtbot.waitUntil(lambda: "GPU 0 · RTX 4090" in texts(it.foot))
    assert "No GPU" not in texts(it.foot) + texts(it.card)


def test_that_a_driver_that_dies_altogether_is_told_as_no_gpu(qtbot, bench) -> None:
    it = bench(PretendedCard("NVIDIA RTX A2000"), PretendedCard("NVIDIA RTX A2000"))
    it.readings.start()
    qtbot.waitUntil(lambda: "GPU 0 · RTX A2000" in texts(it.foot))
    it.api.error = pynvml.NVML_ERROR_UNKNOWN
    qtbot.waitUntil(lambda: "No GPU" in texts(it.foot))
    assert "no longer answers" in it.foot.toolTip()


def test_that_a_machine_without_a_card_shows_its_processor_and_says_no_gpu_without_alarm(qtbot) -> None:
    foot, card = MachineFoot(), MachineCard()
    qtbot.addWidget(foot)
    qtbot.addWidget(card)
    foot.resize(theme.RAIL_WIDTH, 80)
    now = reading(trouble="No NVIDIA driver answers (NVML Shared Library Not Found).")
    foot.show_reading(now)
    card.show_readings([now])
    assert "73 %   6.1 / 24 GB" in texts(foot)
    assert "No GPU" in texts(foot)
    assert not any(part.property("badge") for part in foot.findChildren(QLabel) + card.findChildren(QLabel))
    assert now.trouble not in texts(card)  # the tooltip says it
    assert now.trouble in foot.toolTip()


def test_that_the_run_is_shown_beside_the_processor_while_it_lives(qtbot) -> None:
    card = MachineCard()
    qtbot.addWidget(card)
    card.show_readings([reading(), reading(worker=WorkerReading(cpu=61.0, memory=2 * GIGABYTE))])
    assert {"This run", "61 %", "2.0 GB"} <= set(texts(card))
    card.show_readings([reading()])
    assert not {"This run", "61 %"} & set(texts(card))


def test_that_values_that_a_card_does_not_tell_are_dashes(qtbot, bench) -> None:
    silent = PretendedCard("Orin (nvgpu)")
    silent.unsupported = {"use", "memory", "temperature", "power"}
    it = bench(silent)
    with qtbot.waitSignal(it.readings.changed):
        it.readings.start()
    assert texts(it.foot) == ["GPU 0 · Orin (nvgpu)", "–"]
    assert texts(it.card).count("–") == 4


def test_that_of_two_cards_the_one_in_use_is_shown_and_both_are_in_the_tooltip(qtbot, bench) -> None:
    idle, busy = PretendedCard("NVIDIA T400"), PretendedCard("NVIDIA RTX 6000 Ada Generation", 48 * GIGABYTE)
    idle.used, busy.used = GIGABYTE // 2, 30 * GIGABYTE
    it = bench(idle, busy)
    with qtbot.waitSignal(it.readings.changed):
        it.readings.start()
    name = texts(it.foot)[0]
    assert name.startswith("GPU 1 · RTX 6000")
    assert name.endswith("…")  # too long for the rail, and whole in the tooltip
    assert "RTX 6000 Ada Generation" in it.foot.toolTip()
    assert "NVIDIA T400" in it.foot.toolTip()


def test_that_a_narrow_rail_has_an_icon_whose_tooltip_tells_all(qtbot) -> None:
    foot = MachineFoot()
    qtbot.addWidget(foot)
    foot.set_collapsed(True)
    foot.show_reading(reading(trouble="No NVIDIA driver answers (NVML Shared Library Not Found)."))
    shown = [part for part in foot.findChildren(QWidget) if not part.isHidden()]
    assert len(shown) == 1
    assert not shown[0].pixmap().isNull()
    assert "6.1 / 24 GB" in foot.toolTip()
    assert foot.sizeHint().width() <= 48
    foot.set_collapsed(False)
    assert "No GPU" in texts(foot)


def test_that_a_curve_keeps_four_minutes_and_leaves_gaps(qtbot) -> None:
    line = Sparkline()
    qtbot.addWidget(line)
    line.resize(238, 28)
    line.set_values([50.0] * 200, 100)
    (stretch,) = line.stretches()
    assert (stretch[0].x(), stretch[-1].x()) == (0, 238)
    line.set_values([10.0, None, 20.0, 30.0], 100)
    assert [len(stretch) for stretch in line.stretches()] == [1, 2]
    assert line.stretches()[1][-1].x() == 238
    line.set_values([None, None], None)
    assert line.stretches() == []
    assert not line.grab().isNull()


def test_that_readings_are_taken_only_while_somebody_looks(qtbot, bench) -> None:
    it = bench(PretendedCard("RTX 4090"))
    seen: list[MachineReading] = []
    it.readings.changed.connect(seen.append)
    it.readings.stop()
    for _ in range(2):
        it.readings.start()
        it.readings.start()
        assert sum(thread.name == "readings" for thread in threading.enumerate()) == 1
        qtbot.waitUntil(lambda: len(seen) > 2)
        it.readings.stop()
        it.readings.stop()
        told = len(seen)
        assert not any(thread.name == "readings" for thread in threading.enumerate())
        qtbot.wait(5 * int(1000 * QUICK))
        assert len(seen) == told
    assert list(it.readings.recent) == seen


def test_that_a_driver_that_hangs_does_not_keep_the_window_from_closing(qtbot, bench) -> None:
    it = bench(PretendedCard("RTX 4090"))
    it.api.wait = threading.Event()
    seen: list[MachineReading] = []
    it.readings.changed.connect(seen.append)
    it.readings.start()
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "readings"]
    began = time.monotonic()
    it.readings.stop()
    assert time.monotonic() - began < 20 * LONGEST_GOODBYE  # it would wait for ever
    it.api.wait.set()
    thread.join()
    qtbot.wait(20)
    assert seen == []  # too late


def test_that_the_worker_asked_about_is_read(qtbot, bench) -> None:
    it = bench(PretendedCard("RTX 4090"))
    it.readings.worker = os.getpid()
    with qtbot.waitSignal(it.readings.changed) as told:
        it.readings.start()
    assert told.args[0].worker.memory > 0

"""The probe, on the real PyTorch of this machine and on a pretended card."""

import subprocess
import sys

import msgspec

from core.backends.probe import probe
from core.domain.machine import Card, TorchFacts
from tests.unit.backends.test_devices import PretendedCuda


def test_that_the_probe_prints_one_json_line_about_this_machine() -> None:
    done = subprocess.run([sys.executable, "-m", "core.backends.probe"], capture_output=True, timeout=200)

    facts = msgspec.json.decode(done.stdout, type=TorchFacts)
    assert facts.version
    assert facts.threads >= 1
    assert (facts.obstacle is None) == (len(facts.cards) > 0)


def test_that_a_card_is_described_after_a_kernel_ran_on_it() -> None:
    cuda = PretendedCuda()

    facts = probe(cuda, memory=lambda index: (7, 8))

    assert facts.cards == (Card(name="Pretended 0", capability=(8, 6), memory_free=7, memory_total=8),)
    assert facts.obstacle is None
    assert cuda.kernels == [0]


def test_that_a_card_whose_kernel_fails_is_listed_with_the_obstacle() -> None:
    facts = probe(PretendedCuda(failure=RuntimeError("no kernel image")), memory=lambda index: (7, 8))

    assert len(facts.cards) == 1
    assert "no kernel image" in (facts.obstacle or "")


def test_that_a_build_without_cuda_is_not_asked_for_cards() -> None:
    facts = probe(PretendedCuda(build=None), memory=lambda index: (7, 8))

    assert facts.cards == ()
    assert facts.cuda is None

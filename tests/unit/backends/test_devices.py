"""Devices, on the real processor and on pretended cards."""

import time

import pytest
import torch

from core.backends.devices import (
    Device,
    choose_device,
    choose_precision,
    in_pieces,
    is_built_for,
    largest_batch,
    obstacle_to_cuda,
    reuse_memory,
)
from core.domain.errors import LensmithError


class PretendedCuda:
    """A card as told; ``failure`` is what its first kernel raises."""

    def __init__(
        self,
        *,
        build: str | None = "13.0",
        cards: int = 1,
        complaint: str = "",
        capability: tuple[int, int] = (8, 6),
        failure: Exception | None = None,
    ) -> None:
        self.cards, self.complaint, self.failure = cards, complaint, failure
        self._build, self._capability = build, capability
        self.kernels: list[int] = []

    def build(self) -> str | None:
        return self._build

    def count(self) -> tuple[int, str]:
        return self.cards, self.complaint

    def name(self, index: int) -> str:
        return f"Pretended {index}"

    def capability(self, index: int) -> tuple[int, int]:
        return self._capability

    def architectures(self) -> list[str]:
        return ["sm_75", "sm_80", "sm_90", "sm_120", "compute_120"]

    def run_kernel(self, index: int) -> None:
        self.kernels.append(index)
        if self.failure:
            raise self.failure


def test_that_auto_takes_a_card_only_after_a_kernel_ran_on_it() -> None:
    cuda = PretendedCuda()
    device = choose_device("auto", cuda)
    assert (device.name, cuda.kernels) == ("cuda:0", [0])
    assert "Pretended 0" in device.why


@pytest.mark.parametrize(
    ("cuda", "said"),
    [
        (PretendedCuda(build=None), "built without CUDA"),
        (PretendedCuda(cards=0), "No NVIDIA card"),
        (PretendedCuda(cards=0, complaint="The NVIDIA driver on your system is too old."), "too old"),
        (PretendedCuda(capability=(6, 1)), "sm_61"),
        (PretendedCuda(failure=RuntimeError("no kernel image is available\nfor the device")), "no kernel image"),
        (PretendedCuda(failure=torch.OutOfMemoryError("CUDA out of memory.")), "out of memory"),
    ],
)
def test_that_auto_says_in_one_sentence_why_the_processor_computes(cuda: PretendedCuda, said: str) -> None:
    device = choose_device("auto", cuda)
    assert device.name == "cpu"
    assert said in device.why
    assert "\n" not in device.why
    with pytest.raises(LensmithError, match=said):
        choose_device("cuda:0", cuda)


def test_that_a_card_that_is_not_there_is_refused_by_number() -> None:
    with pytest.raises(LensmithError, match="no card 1: this machine has 1"):
        choose_device("cuda:1", PretendedCuda())
    with pytest.raises(LensmithError, match="no device “tpu”"):
        choose_device("tpu", PretendedCuda())


def test_that_this_machine_gets_a_device_that_computes() -> None:
    device = choose_device("auto")
    assert float(torch.ones(2, 2, device=device.name).sum()) == 4
    assert choose_device("cpu").name == "cpu"


@pytest.mark.parametrize(
    ("capability", "architectures", "runs"),
    [
        ((8, 6), ["sm_80"], True),  # same major, newer minor
        ((8, 0), ["sm_86"], False),  # older minor
        ((9, 0), ["sm_86"], False),
        ((12, 1), ["sm_86", "compute_90"], True),  # compiled by the driver
        ((7, 5), ["compute_90"], False),
        ((9, 0), ["sm_90a"], True),
    ],
)
def test_that_a_build_is_compared_with_the_card(
    capability: tuple[int, int], architectures: list[str], runs: bool
) -> None:
    assert is_built_for(capability, architectures) is runs


def test_that_a_reduced_precision_is_taken_only_when_it_is_measured_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.backends.devices.reduced_precision", lambda device: "bf16")
    cpu = Device("cpu", "")

    def steps(fp32: float, bf16: float) -> str:
        pauses = {"fp32": fp32, "bf16": bf16}
        return choose_precision("auto", cpu, lambda name: time.sleep(pauses[name])).name

    assert steps(0.04, 0.004) == "bf16"
    assert steps(0.004, 0.04) == "fp32"
    assert choose_precision("fp16", cpu, lambda name: pytest.fail("measured without being asked")).name == "fp16"


def test_that_the_batch_grows_until_memory_ends_and_leaves_half_of_it_free() -> None:
    tried: list[int] = []

    def attempt(batch: int) -> None:
        tried.append(batch)
        if batch > 40:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    assert largest_batch(attempt, limit=256) == 16
    assert tried == [4, 8, 16, 32, 64]
    assert largest_batch(lambda batch: None, limit=32) == 32


def test_that_a_missing_driver_has_no_say_on_the_real_layer() -> None:
    reuse_memory()
    if not torch.cuda.is_available():
        from core.backends.devices import Cuda

        assert obstacle_to_cuda(Cuda()) is not None


def test_that_work_without_gradients_goes_on_in_halves_when_memory_runs_out() -> None:
    """A pretended shortage: not run on CUDA."""
    seen = []

    def double(rows: torch.Tensor) -> torch.Tensor:
        if len(rows) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        seen.append(len(rows))
        return rows * 2

    whole = torch.arange(10)
    assert torch.equal(in_pieces(double, whole), whole * 2)
    assert seen == [3, 2, 3, 2]
    with pytest.raises(torch.OutOfMemoryError):
        in_pieces(lambda rows: double(torch.zeros(4)), whole)

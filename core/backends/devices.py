"""Where a run computes, in which precision and how many images at a time.

Nothing here trusts a claim: CUDA is taken after a kernel gave the right answer on the card, a reduced precision after
it was measured to be faster. The ``Cuda`` layer is thin so that tests can put a pretended card in its place.
"""

import contextlib
import ctypes
import sys
import time
import warnings
from collections.abc import Callable
from typing import Protocol

import torch
from msgspec import Struct

from core.domain.errors import LensmithError

AUTOCAST_GAIN = 1.25  # a reduced precision must be that much faster, since it costs accuracy of the arithmetic
_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Device(Struct, frozen=True):
    """``name`` as PyTorch takes it (``cpu``, ``cuda:0``); ``why`` is one sentence for the user."""

    name: str
    why: str

    @property
    def is_cuda(self) -> bool:
        return self.name.startswith("cuda")


class CudaLayer(Protocol):
    """What must be known about CUDA; ``index`` counts cards from 0."""

    def build(self) -> str | None:
        """The CUDA version that PyTorch was built for, ``None`` for a build without CUDA."""

    def count(self) -> tuple[int, str]:
        """Usable cards, and what the driver complained about, if it did."""

    def name(self, index: int) -> str: ...

    def capability(self, index: int) -> tuple[int, int]: ...

    def architectures(self) -> list[str]:
        """What this build has kernels for: ``sm_86`` (binary), ``compute_90`` (compiled by the driver)."""

    def run_kernel(self, index: int) -> None:
        """Multiply two matrices on the card; raises when the answer is wrong or does not come."""


class Cuda:
    """The real card, through PyTorch. Not run on CUDA where Lensmith is developed: kept as thin as can be."""

    def build(self) -> str | None:
        return torch.version.cuda

    def count(self) -> tuple[int, str]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        return count, str(caught[0].message).splitlines()[0] if caught else ""

    def name(self, index: int) -> str:
        return torch.cuda.get_device_name(index)

    def capability(self, index: int) -> tuple[int, int]:
        return torch.cuda.get_device_capability(index)

    def architectures(self) -> list[str]:
        return torch.cuda.get_arch_list()

    def run_kernel(self, index: int) -> None:
        ones = torch.ones(64, 64, device=f"cuda:{index}")
        if float((ones @ ones).sum()) != 64.0**3:
            raise RuntimeError("the card multiplied two matrices wrongly")


def choose_device(asked: str, cuda: CudaLayer | None = None) -> Device:
    """``auto`` takes the first card that really computes, else the processor and says why not.

    Raises:
        LensmithError: a card was asked for by name and cannot be used.
    """
    if asked == "cpu":
        return Device("cpu", "The processor was asked for.")
    cuda = cuda or Cuda()
    index = _card_index(asked)
    obstacle = obstacle_to_cuda(cuda, index)
    if obstacle is None:
        return Device(f"cuda:{index}", f"{cuda.name(index)} ran a test kernel.")
    if asked == "auto":
        return Device("cpu", f"The processor computes. {obstacle}")
    raise LensmithError(f"{asked} cannot be used. {obstacle}", "Choose the device auto or cpu.")


def obstacle_to_cuda(cuda: CudaLayer, index: int = 0) -> str | None:
    """One sentence why card ``index`` cannot be used, or ``None`` after a kernel ran on it."""
    build = cuda.build()
    if build is None:
        return "This PyTorch is built without CUDA."
    count, complaint = cuda.count()
    if count == 0 and complaint:
        return f"CUDA {build} does not start: {complaint.rstrip('.')}."
    if count == 0:
        return "No NVIDIA card with a working driver was found."
    if index >= count:
        return f"There is no card {index}: this machine has {count}."
    name, capability, architectures = cuda.name(index), cuda.capability(index), cuda.architectures()
    if not is_built_for(capability, architectures):
        mine = "sm_{}{}".format(*capability)
        return f"{name} is {mine}, and this PyTorch has kernels for {', '.join(architectures)} only."
    try:
        cuda.run_kernel(index)
    except RuntimeError as error:
        return f"A test kernel on {name} failed: {str(error).splitlines()[0].rstrip('.')}."
    return None


def is_built_for(capability: tuple[int, int], architectures: list[str]) -> bool:
    """Binaries (``sm_``) run on the same major version from their minor version up, PTX (``compute_``) on anything
    newer. Source: CUDA C++ Programming Guide, "Binary Compatibility" and "PTX Compatibility"."""
    for architecture in architectures:
        kind, _, digits = architecture.rstrip("af").partition("_")
        built = (int(digits[:-1]), int(digits[-1]))
        if kind == "compute" and built <= capability:
            return True
        if kind == "sm" and built[0] == capability[0] and built[1] <= capability[1]:
            return True
    return False


def _card_index(asked: str) -> int:
    if asked in ("auto", "cuda"):
        return 0
    kind, _, digits = asked.partition(":")
    if kind != "cuda" or not digits.isdigit():
        raise LensmithError(f"There is no device “{asked}”.", "Choose auto, cpu, or cuda:0 for the first NVIDIA card.")
    return int(digits)


class Precision(Struct, frozen=True):
    """``name`` fp32, bf16 or fp16; ``why`` is one sentence."""

    name: str
    why: str


def choose_precision(asked: str, device: Device, step: Callable[[str], object], rounds: int = 3) -> Precision:
    """``auto`` measures ``step`` (one training step in the named precision) in fp32 and in the device's reduced
    precision, and takes the latter only where it is clearly faster."""
    if asked != "auto":
        return Precision(asked, f"{asked} was asked for.")
    reduced = reduced_precision(device)
    if reduced is None:
        return Precision("fp32", "This device has no faster reduced precision.")
    best = {"fp32": float("inf"), reduced: float("inf")}
    for _ in range(rounds + 1):  # the first round warms up; taking turns spreads other load evenly
        for name in best:
            best[name] = min(best[name], _seconds(step, name, device))
    gain = best["fp32"] / best[reduced]
    measured = f"a step takes {best[reduced] * 1e3:.0f} ms in {reduced} and {best['fp32'] * 1e3:.0f} ms in fp32"
    return Precision(reduced if gain >= AUTOCAST_GAIN else "fp32", f"Measured: {measured}.")


def reduced_precision(device: Device) -> str | None:
    """The reduced precision that ``device`` may be fast in: bf16 where the hardware has it, else fp16 on CUDA."""
    if device.is_cuda:
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    return "bf16" if torch.ops.mkldnn._is_mkldnn_bf16_supported() else None


def autocast(device: Device, precision: str) -> contextlib.AbstractContextManager[object]:
    """The context in which forward passes run."""
    if precision == "fp32":
        return contextlib.nullcontext()
    return torch.autocast("cuda" if device.is_cuda else "cpu", dtype=_TYPES[precision])


def largest_batch(attempt: Callable[[int], object], limit: int, start: int = 4) -> int:
    """The largest power of two up to ``limit`` that ``attempt(batch)`` survives twice over, so that half of the
    memory stays free for the peaks of real batches; at least 1."""
    batch, fitting = start, 0
    while batch <= 2 * limit:
        try:
            attempt(batch)
        except torch.OutOfMemoryError:
            free_memory()
            break
        fitting, batch = batch, batch * 2
    return max(1, min(fitting // 2, limit))


def in_pieces(compute: Callable[[torch.Tensor], torch.Tensor], batch: torch.Tensor) -> torch.Tensor:
    """``compute(batch)``, row by row the same; where memory runs out, half of the rows at a time, and so on."""
    try:
        return compute(batch)
    except torch.OutOfMemoryError:
        if len(batch) < 2:
            raise
    free_memory()
    return torch.cat([in_pieces(compute, half) for half in batch.tensor_split(2)])


def free_memory() -> None:
    """Give back what PyTorch keeps on the card, after an allocation has failed."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def reuse_memory() -> None:
    """Stop glibc from returning every large tensor to the system at once and fetching zeroed pages for the next.

    A forward pass of EfficientNet-Lite0 on two cores, batch 32, went from 20-27 ms to 6-7 ms an image, a training
    step from 80 to 32 ms. Numbers are the parameters of ``mallopt(3)``; other C libraries are left alone.
    """
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        trim_threshold, top_pad, mmap_max = -1, -2, -4
        mallopt(mmap_max, 0)
        mallopt(trim_threshold, 2**31 - 1)
        mallopt(top_pad, 64 << 20)


def _seconds(step: Callable[[str], object], precision: str, device: Device) -> float:
    if device.is_cuda:
        torch.cuda.synchronize(device.name)
    begun = time.perf_counter()
    step(precision)
    if device.is_cuda:
        torch.cuda.synchronize(device.name)
    return time.perf_counter() - begun

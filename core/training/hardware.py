"""What the planner may know about the machine without importing torch."""

from functools import cache


def has_nvidia_card() -> bool:
    """True when the NVIDIA driver answers and names a card; whether torch can use it, only the worker can tell."""
    return nvidia_cards() > 0


@cache
def nvidia_cards() -> int:
    """How many cards the NVIDIA driver names. Not run on CUDA where Lensmith is developed."""
    try:
        import pynvml

        pynvml.nvmlInit()
        count: int = pynvml.nvmlDeviceGetCount()
        pynvml.nvmlShutdown()
    except Exception:  # any failure of the driver library means the same here: no card to plan for
        return 0
    return count

"""What the planner may know about the machine without importing torch."""

from functools import cache


@cache
def has_nvidia_card() -> bool:
    """True when the NVIDIA driver answers and names a card; whether torch can use it, only the worker can tell."""
    try:
        import pynvml

        pynvml.nvmlInit()
        count: int = pynvml.nvmlDeviceGetCount()
        pynvml.nvmlShutdown()
    except Exception:  # any failure of the driver library means the same here: no card to plan for
        return False
    return count > 0

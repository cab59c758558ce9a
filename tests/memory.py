"""How much memory this process has taken at most."""

import resource
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak() -> int:
    """Bytes. What ``getrusage`` tells on Linux would include the process that this one was started from."""
    if STATUS.exists():
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS: bytes

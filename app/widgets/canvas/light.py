"""Brightness, contrast and gamma for the eye only: a table from stored to shown values."""

import numpy as np
from msgspec import Struct


class Light(Struct, frozen=True):
    """``brightness``, ``contrast``: -1 to 1, 0 leaves as it is. ``gamma``: over 1 lifts the dark parts."""

    brightness: float = 0.0
    contrast: float = 0.0
    gamma: float = 1.0


def table(light: Light) -> np.ndarray | None:
    """uint8 ``[256]``; ``None`` where nothing changes. It never falls: what was darker is never shown lighter."""
    if light == Light():
        return None
    values = np.linspace(0.0, 1.0, 256) ** (1.0 / max(0.05, light.gamma))
    # The slope of a line through the middle: 0 at contrast -1, 1 at 0, nearly upright at 1.
    slope = np.tan((max(-1.0, min(0.98, light.contrast)) + 1) * np.pi / 4)
    values = (values - 0.5) * slope + 0.5 + light.brightness
    return np.round(np.clip(values, 0.0, 1.0) * 255).astype(np.uint8)

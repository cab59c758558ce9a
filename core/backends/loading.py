"""From an engine's name to its module. Only a worker calls this: it may import torch."""

from importlib import import_module
from typing import cast

from core.domain.errors import LensmithError
from core.training.contract import Backend

MODULES = {"timm": "timm_classifier", "ultralytics": "ultralytics_detector", "simulated": "simulated"}


def load(engine: str) -> Backend:
    """The back-end of ``RunSpec.engine``: a module whose functions are those of ``Backend``.

    Raises ``LensmithError`` for an engine that this Lensmith does not have, ``ImportError`` for a broken library.
    """
    if engine not in MODULES:
        raise LensmithError(
            f"This Lensmith has no training engine “{engine}”.", f"Choose one of: {', '.join(MODULES)}."
        )
    return cast(Backend, import_module(f"core.backends.{MODULES[engine]}"))

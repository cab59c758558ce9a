"""Where Lensmith keeps what belongs to the user and not to one project."""

import os
from pathlib import Path

import platformdirs


def home() -> Path:
    """The user's data directory for Lensmith; the variable ``LENSMITH_HOME`` names another one."""
    chosen = os.environ.get("LENSMITH_HOME")
    return Path(chosen).absolute() if chosen else Path(platformdirs.user_data_dir("lensmith", appauthor=False))

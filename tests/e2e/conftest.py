"""Every test gets a place with a difficult name, from which it calls commands."""

from pathlib import Path

import pytest

from tests.e2e.commands import Lensmith


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder whose name has a space, Czech, Polish, Cyrillic, Chinese, an emoji, a percent sign and a hash."""
    folder = tmp_path / "díly łódź Шестерня 部品 🔧 100% #1"
    folder.mkdir()
    return folder


@pytest.fixture
def lensmith(place: Path) -> Lensmith:
    return Lensmith(place)

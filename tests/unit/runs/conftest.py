"""Every test gets its own Lensmith home, and must not leave a worker behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulated_runs import project_without_leaks


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with project_without_leaks(tmp_path, monkeypatch) as folder:
        yield folder

"""Pictures of hundreds of megapixels: shown and imported with the memory that a workstation can spare."""

import json
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from core.actions.thumbnails import picture_levels
from core.data import images

REPOSITORY = Path(__file__).resolve().parents[3]
SIDE = 20_000
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="measures memory as POSIX does")

# What each step tells, and the peak of memory after all, in a process of its own.
LOOK = """
import json, sys
from tests.memory import peak
from core.actions.thumbnails import picture_levels
from core.data import images
path, *steps = sys.argv[1:]
can = {
    "thumbnail": lambda: images.thumbnail(path, 320).shape,
    "view": lambda: [level.shape for level in picture_levels(path)][0],
    "import": lambda: images.inspect(path).width,
}
told = [can[step]() for step in steps]
print(json.dumps([peak(), *told]))
"""


def looked_at(path: Path, *steps: str) -> list[object]:
    command = [sys.executable, "-c", LOOK, path, *steps]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=300)
    found: list[object] = json.loads(done.stdout)
    return found


def png_scan(path: Path, side: int, rows: int = 100) -> Path:
    """A colour scan: ``rows`` rows of noise that follow one another again and again; quick to write, slow to read."""
    line = np.random.default_rng(0).integers(0, 256, (rows, 1 + 3 * side // 8), dtype=np.uint8)
    block = np.ascontiguousarray(np.repeat(line, 8, axis=1)[:, : 1 + 3 * side])
    block[:, 0] = 0  # the filter of the row
    squeeze = zlib.compressobj(1)
    once = squeeze.compress(block.tobytes()) + squeeze.flush(zlib.Z_FULL_FLUSH)  # stands alone, so it may be repeated
    head, body = once[:2], once[2:]
    check = 1
    for _ in range(side // rows):
        check = zlib.adler32(block, check)
    data = head + body * (side // rows) + b"\x03\x00" + check.to_bytes(4, "big")
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        size = side.to_bytes(4, "big")
        for name, content in ((b"IHDR", size + size + bytes((8, 2, 0, 0, 0))), (b"IDAT", data), (b"IEND", b"")):
            crc = zlib.crc32(content, zlib.crc32(name)).to_bytes(4, "big")
            file.write(len(content).to_bytes(4, "big") + name + content + crc)
    return path


WRITE_JPEG = """
import sys, cv2, numpy as np
block = np.random.default_rng(0).integers(0, 256, (125, 125, 3), dtype=np.uint8)
block = cv2.resize(block, (2000, 2000))
side = int(sys.argv[2])
cv2.imwrite(sys.argv[1], np.tile(block, (side // 2000, side // 2000, 1)))
"""


@posix_only
@pytest.mark.slow
def test_that_a_jpeg_of_400_megapixels_takes_less_than_two_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "scan.jpg"
    subprocess.run([sys.executable, "-c", WRITE_JPEG, path, str(SIDE)], cwd=REPOSITORY, check=True)
    peak, thumbnail, view, width = looked_at(path, "thumbnail", "view", "import")
    assert (thumbnail, view, width) == ([320, 320, 3], [SIDE // 2, SIDE // 2, 3], SIDE)
    assert isinstance(peak, int)
    assert peak < 1.2e9, f"{peak / 1e9:.2f} GB"


@posix_only
@pytest.mark.slow
def test_that_a_png_of_400_megapixels_takes_less_than_two_gigabytes(tmp_path: Path) -> None:
    peak, view = looked_at(png_scan(tmp_path / "scan.png", SIDE), "view")  # thumbnail and import decode it likewise
    assert view == [SIDE // 2, SIDE // 2, 3]
    assert isinstance(peak, int)
    assert peak < 2e9, f"{peak / 1e9:.2f} GB"


def test_that_a_view_of_a_large_picture_shows_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = png_scan(tmp_path / "scan.png", 1200)
    whole = images.read(path)
    monkeypatch.setattr(images, "VIEW_PIXELS", 1000 * 1000)
    levels = picture_levels(str(path), 256)
    assert [level.shape[:2] for level in levels] == [(600, 600), (300, 300)]
    halved = whole.reshape(600, 2, 600, 2, 3).mean(axis=(1, 3))
    assert np.abs(levels[0] - halved).max() <= 1

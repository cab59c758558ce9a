"""Pictures as every part sees them: one decoder for labelling, training, report and ONNX.

Upright (EXIF orientation applied exactly once), RGB, 8 bits. The file is only ever read.
"""

import hashlib
import os
from pathlib import Path

import numpy as np

from core.data.headers import Header, parse, sniff
from core.domain.dataset import ImageFacts
from core.domain.errors import LensmithError

MAX_PIXELS = 2**28  # 16,384 x 16,384: 805 MB decoded
MIN_SIDE = 10  # pixels; smaller pictures show nothing that a network could learn
EXTENSIONS = {
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".jpe": "jpeg",
    ".jfif": "jpeg",
    ".mpo": "jpeg",
    ".png": "png",
    ".apng": "png",
    ".bmp": "bmp",
    ".dib": "bmp",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".webp": "webp",
    ".gif": "gif",
}

os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))  # OpenCV reads it once, when it loads
_QT_AND_LOADER = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR", "LD_LIBRARY_PATH")
_before = {name: os.environ.get(name) for name in _QT_AND_LOADER}
import cv2  # noqa: E402

# opencv-python points Qt and the loader at its own Qt 5; children and the window's Qt 6 must not see that.
for _name, _value in _before.items():
    if _value is None:
        os.environ.pop(_name, None)
    else:
        os.environ[_name] = _value
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # damaged pictures become findings

_FLAGS = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH
_REDUCED = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}
_LARGE_JPEG = 512 * 512  # pixels from which a reduced decode is worth it


class UnreadableImage(LensmithError):
    """A picture that cannot be used. ``kind`` is the kind of finding it becomes:

    ``missing_file``, ``unreadable_file`` (no permission, device error), ``empty_file``, ``not_an_image``,
    ``truncated``, ``gif``, ``too_small``, ``too_many_pixels`` or ``unsupported_depth``.
    """

    def __init__(self, kind: str, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.kind = kind


def read(path: str | Path) -> np.ndarray:
    """The picture as uint8 ``[h, w, 3]``, RGB, upright; raises ``UnreadableImage``."""
    return decode(_bytes_of(path), str(path))


def decode(data: bytes, name: str = "The picture") -> np.ndarray:
    """Like ``read`` for the bytes of a file; ``name`` is for messages.

    16-bit pictures are scaled by the smallest of 8, 10, 12, 14 and 16 bits that holds their largest value, since
    cameras store 10 or 12 bits in 16 and would else come out black. Transparency is dropped, the colours below kept.
    """
    _header(data, name)
    return _to_8_bits(_pixels(data, name))


def inspect(path: str | Path) -> ImageFacts:
    """Hash, upright size and traits of a file that is proven to decode to its end; raises ``UnreadableImage``.

    Safe in threads; hashing and decoding run outside the interpreter lock.
    """
    name = str(path)
    data = _bytes_of(path)
    header = _header(data, name)
    width, height, wide = _prove(data, header, name)
    traits = set(header.traits)
    if wide:
        traits.add("16_bit")
    if EXTENSIONS.get(Path(path).suffix.lower()) != header.format:
        traits.add("wrong_extension")
    if "alpha" in traits and _all_transparent(data):
        traits.add("all_transparent")
    if header.format == "jpeg" and not data.endswith(b"\xff\xd9"):
        traits.add("trailing_bytes")
    return ImageFacts(
        hash=hashlib.blake2b(data, digest_size=16).hexdigest(),
        width=width,
        height=height,
        size=len(data),
        format=header.format,
        orientation=header.orientation,
        traits=tuple(sorted(traits)),
    )


def thumbnail(path: str | Path, side: int) -> np.ndarray:
    """A small copy, uint8 ``[h, w, 3]``, RGB, upright, long side at most ``side``; raises ``UnreadableImage``."""
    data = _bytes_of(path)
    pixels = None
    header = _header(data, str(path))
    if header.format == "jpeg":
        factor = next((f for f in (8, 4, 2) if max(header.width, header.height) >= f * side), 1)
        pixels = _imdecode(data, _REDUCED[factor] | cv2.IMREAD_COLOR_RGB) if factor > 1 else None
    if pixels is None:
        pixels = _to_8_bits(_pixels(data, str(path)))
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _bytes_of(path: str | Path) -> bytes:
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise UnreadableImage(
            "missing_file", f"{path} is not there.", "Bring the file back or point the project to where it went."
        ) from error
    except OSError as error:
        raise UnreadableImage(
            "unreadable_file",
            f"{path} cannot be read ({error.strerror}).",
            "Check that you may read the file and that its disk is connected.",
        ) from error
    if not data:
        raise UnreadableImage("empty_file", f"{path} is empty (0 bytes).", "Copy it again from where it came from.")
    return data


def _truncated(name: str) -> UnreadableImage:
    return UnreadableImage(
        "truncated",
        f"{name} is cut off or damaged: it cannot be decoded to its end.",
        "Copy it again from where it came from; it is left out meanwhile.",
    )


def _header(data: bytes, name: str) -> Header:
    """Format, size and traits; refuses what no decoder should be asked to open.

    GIF is refused: in data sets it is a placeholder ("image not found") or an animation, and neither torchvision's
    nor ultralytics' readers take it.
    """
    kind = sniff(data)
    if kind is None:
        raise UnreadableImage(
            "not_an_image",
            f"{name} is no picture in a format that Lensmith reads (JPEG, PNG, BMP, TIFF, WebP).",
            "Remove it, or convert it to PNG or JPEG.",
        )
    if kind == "gif":
        raise UnreadableImage(
            "gif",
            f"{name} is a GIF, the format of animations and of “image not found” placeholders.",
            "If it shows what you want to teach, save it as PNG and import that.",
        )
    try:
        header = parse(data, kind)
    except ValueError as error:
        raise _truncated(name) from error
    _refuse_size(header.width, header.height, name)
    if header.max_bits > 16 or not header.integer:
        raise UnreadableImage(
            "unsupported_depth",
            f"{name} holds floating-point, signed or {header.max_bits}-bit values, whose white is not known.",
            "Export it as an 8-bit or 16-bit picture from the program that made it.",
        )
    return header


def _refuse_size(width: int, height: int, name: str) -> None:
    if width * height > MAX_PIXELS:
        raise UnreadableImage(
            "too_many_pixels",
            f"{name} has {width:,} × {height:,} pixels; Lensmith opens up to {MAX_PIXELS / 1e6:.0f} megapixels.",
            "Cut it into tiles or scale it down, then import those.",
        )
    if min(width, height) < MIN_SIDE:
        raise UnreadableImage(
            "too_small",
            f"{name} has only {width} × {height} pixels; the shorter side must have at least {MIN_SIDE}.",
            "Import the original picture instead of an icon or preview of it.",
        )


def _imdecode(data: bytes, flags: int) -> np.ndarray | None:
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None


def _pixels(data: bytes, name: str) -> np.ndarray:
    """uint8 or uint16 ``[h, w, 3]``, RGB, upright."""
    pixels = _imdecode(data, _FLAGS)
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16):
        raise _truncated(name)
    return pixels


def _prove(data: bytes, header: Header, name: str) -> tuple[int, int, bool]:
    """Upright width and height as the decoder gives them, and whether it gave 16 bits."""
    width, height = header.upright_size
    if header.format == "jpeg" and width * height > _LARGE_JPEG:
        small = _imdecode(data, cv2.IMREAD_REDUCED_GRAYSCALE_8)  # reads to the end, computes an eighth
        if small is not None and small.shape == (-(-height // 8), -(-width // 8)):
            return width, height, False
    pixels = _pixels(data, name)
    return pixels.shape[1], pixels.shape[0], pixels.dtype == np.uint16


def _all_transparent(data: bytes) -> bool:
    pixels = _imdecode(data, cv2.IMREAD_UNCHANGED)
    return pixels is not None and pixels.ndim == 3 and pixels.shape[2] == 4 and not pixels[..., 3].any()


def _to_8_bits(pixels: np.ndarray) -> np.ndarray:
    if pixels.dtype == np.uint8:
        return pixels
    largest = int(pixels.max())
    bits = next(bits for bits in (8, 10, 12, 14, 16) if largest < 2**bits)
    return cv2.convertScaleAbs(pixels, alpha=255 / (2**bits - 1))

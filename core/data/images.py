"""Pictures as every part sees them: one decoder for labelling, training, report and ONNX.

Upright (EXIF orientation applied exactly once), RGB, 8 bits. The file is only ever read.
"""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from core.data.headers import Header, parse, sniff
from core.domain.dataset import ImageFacts
from core.domain.errors import LensmithError

MAX_PIXELS = 2**29  # a scan of 20,000 x 20,000 is 1.2 GB decoded; 30,000 x 30,000 is refused
LARGE = 2**26  # pixels, 200 MB decoded: from here on one at a time is decoded, and tiles are better to work with
VIEW_PIXELS = 2**27  # 400 MB: what is shown of a larger one is a halved copy
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

_FLAGS, _GREY_FLAGS = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH
# OpenCV 5 refuses IMREAD_REDUCED_COLOR_* together with RGB: they say BGR.
_REDUCED = {
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2 | cv2.IMREAD_COLOR_RGB,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4 | cv2.IMREAD_COLOR_RGB,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8 | cv2.IMREAD_COLOR_RGB,
}
_LARGE_JPEG = 512 * 512  # pixels from which a reduced decode is worth it
_BLACK, _WHITE = 0.001, 0.999  # quantiles of a floating-point picture: a few hot pixels must not darken all others
_one_large = threading.Lock()


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
    data, name = _bytes_of(path), str(path)
    return _to_8_bits(_pixels(data, _header(data, name), name, name))


def decode(data: bytes, name: str = "The picture") -> np.ndarray:
    """Like ``read`` for the bytes of a file; ``name`` is for messages.

    16-bit pictures are scaled by the smallest of 8, 10, 12, 14 and 16 bits that holds their largest value, since
    cameras store 10 or 12 bits in 16 and would else come out black. Grey pictures of 32-bit floating-point numbers are
    scaled from their 0.1 % quantile (black) to their 99.9 % quantile (white); what is no number is black. Transparency
    is dropped, the colours below kept.
    """
    return _to_8_bits(_pixels(data, _header(data, name), name))


def view(path: str | Path) -> np.ndarray:
    """Like ``read`` for the screen: a picture of more than ``VIEW_PIXELS`` is halved until it has fewer."""
    data, name = _bytes_of(path), str(path)
    header = _header(data, name)
    factor = 1
    while header.width * header.height > VIEW_PIXELS * factor * factor:
        factor *= 2
    return _shrunk(data, header, name, -(-header.width // factor), -(-header.height // factor))


def inspect(path: str | Path) -> ImageFacts:
    """Hash, upright size and traits of a file that is proven to decode to its end; raises ``UnreadableImage``.

    Safe in threads; hashing and decoding run outside the interpreter lock.
    """
    name = str(path)
    data = _bytes_of(path)
    header = _header(data, name)
    width, height, depth = _prove(data, header, name)
    traits = {*header.traits, *depth}
    if EXTENSIONS.get(Path(path).suffix.lower()) != header.format:
        traits.add("wrong_extension")
    if "alpha" in traits and _all_transparent(data, header, name):
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
    data, name = _bytes_of(path), str(path)
    header = _header(data, name)
    scale = min(1, side / max(header.width, header.height))
    return _shrunk(data, header, name, max(1, round(header.width * scale)), max(1, round(header.height * scale)))


def _shrunk(data: bytes, header: Header, name: str, width: int, height: int) -> np.ndarray:
    """The picture at the size to which its stored ``width`` and ``height`` shrink, upright; cheaply for JPEG."""
    pixels = None
    if header.format == "jpeg":
        factor = next((f for f in (8, 4, 2) if header.width >= f * width and header.height >= f * height), 1)
        pixels = _imdecode(data, _REDUCED[factor]) if factor > 1 else None
    if pixels is None:
        pixels = _pixels(data, header, name, name)
    size = (height, width) if header.orientation > 4 else (width, height)
    if size != (pixels.shape[1], pixels.shape[0]):
        pixels = cv2.resize(_to_8_bits(pixels, colored=False), size, interpolation=cv2.INTER_AREA)
    return _to_8_bits(pixels)


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
    whole = header.samples == "whole" and header.max_bits <= 16
    if not whole and not (header.samples == "float" and header.max_bits == 32 and header.grey):
        raise UnreadableImage(
            "unsupported_depth",
            f"{name} holds signed, {header.max_bits}-bit or coloured floating-point values, whose white is not known.",
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


def _pixels(data: bytes, header: Header, name: str, path: str = "") -> np.ndarray:
    """uint8 or uint16 ``[h, w, 3]``, RGB, upright; deep grey pictures as uint16 or float32 ``[h, w]``."""
    grey = header.grey and header.max_bits > 8  # three equal channels of them would only take memory
    with _turn(header):
        pixels = _decoded(data, _GREY_FLAGS if grey else _FLAGS, header, path, 0 if grey else 3)
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16, np.float32):
        raise _truncated(name)
    return pixels


def _decoded(data: bytes, flags: int, header: Header, path: str, channels: int) -> np.ndarray | None:
    """What OpenCV makes of ``data``, which ``path`` holds too. Into an array of ours it decodes files alone; what it
    makes of bytes it copies, and a large picture would take its memory twice."""
    if path and header.width * header.height >= LARGE:
        depth = {8: np.uint8, 16: np.uint16, 32: np.float32}.get(header.max_bits, np.uint8)
        target = np.empty((header.height, header.width, channels)[: 3 if channels else 2], depth)
        try:
            pixels: np.ndarray | None = cv2.imread(path, target, flags)
        except cv2.error:
            pixels = None
        if pixels is not None:  # else perhaps a name that OpenCV cannot open
            return pixels
    return _imdecode(data, flags)


@contextmanager
def _turn(header: Header) -> Iterator[None]:
    """Import and training decode in several threads; large pictures would fill the memory then."""
    if header.width * header.height < LARGE:
        yield
        return
    with _one_large:
        yield


def _prove(data: bytes, header: Header, name: str) -> tuple[int, int, tuple[str, ...]]:
    """Upright width and height as the decoder gives them, and the trait of a depth of more than 8 bits."""
    width, height = header.upright_size
    if header.format == "jpeg" and width * height > _LARGE_JPEG:
        small = _imdecode(data, cv2.IMREAD_REDUCED_GRAYSCALE_8)  # reads to the end, computes an eighth
        if small is not None and small.shape == (-(-height // 8), -(-width // 8)):
            return width, height, ()
    pixels = _pixels(data, header, name, name)
    depth = {np.dtype(np.uint16): ("16_bit",), np.dtype(np.float32): ("float",)}.get(pixels.dtype, ())
    return pixels.shape[1], pixels.shape[0], depth


def _all_transparent(data: bytes, header: Header, path: str) -> bool:
    with _turn(header):
        pixels = _decoded(data, cv2.IMREAD_UNCHANGED, header, path, 4)
    return pixels is not None and pixels.ndim == 3 and pixels.shape[2] == 4 and not pixels[..., 3].any()


def _to_8_bits(pixels: np.ndarray, *, colored: bool = True) -> np.ndarray:
    """uint8 ``[h, w, 3]``; a single channel stays one where it need not be ``colored`` yet."""
    if pixels.dtype == np.uint16:
        largest = int(pixels.max())
        bits = next(bits for bits in (8, 10, 12, 14, 16) if largest < 2**bits)
        pixels = cv2.convertScaleAbs(pixels, alpha=255 / (2**bits - 1))
    elif pixels.dtype == np.float32:
        pixels = _windowed(pixels)
    return cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB) if colored and pixels.ndim == 2 else pixels


def _windowed(values: np.ndarray) -> np.ndarray:
    """float32 ``[h, w]`` as uint8 of the same shape."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return np.zeros(values.shape, np.uint8)
    black, white = np.quantile(finite, (_BLACK, _WHITE), overwrite_input=True).astype(np.float64)
    if black == white:  # flat, but for a few pixels
        black, white = float(finite.min()), float(finite.max())
    shares = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), 256):  # rows; all at once in double precision would take much memory
        part = (values[start : start + 256].astype(np.float64) - black) / max(white - black, np.finfo(np.float32).tiny)
        shares[start : start + 256] = np.rint(np.nan_to_num(part, nan=0, posinf=1, neginf=0).clip(0, 1) * 255)
    return shares

"""What a picture's first bytes say: format, size, orientation and traits, without decoding a pixel.

Written here since the general readers either warn and guess on broken metadata, refuse kinds of TIFF that OpenCV
decodes, or are replaced at run time by other packages. Sources: ISO/IEC 10918-1 annex B (JPEG), the PNG
specification (third edition), TIFF 6.0, CIPA DC-008 (EXIF), the WebP container specification, Microsoft's BITMAPINFO.
"""

import struct
from collections.abc import Iterator

from msgspec import Struct


class Header(Struct, frozen=True):
    """``width`` and ``height`` are as stored, before the EXIF rotation. ``max_bits`` is per sample. ``samples``:
    "whole" numbers from 0 up, "float", or "other" (signed, complex). ``grey``: a single channel of PNG or TIFF."""

    format: str
    width: int
    height: int
    orientation: int = 1
    traits: tuple[str, ...] = ()
    max_bits: int = 8
    samples: str = "whole"
    grey: bool = False

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height after the EXIF rotation."""
        return (self.height, self.width) if self.orientation > 4 else (self.width, self.height)


def sniff(data: bytes) -> str | None:
    """The format by content: ``jpeg``, ``png``, ``bmp``, ``tiff``, ``webp``, ``gif``, or ``None``."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"BM"):
        return "bmp"
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "tiff"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return "gif" if data.startswith((b"GIF87a", b"GIF89a")) else None


def parse(data: bytes, kind: str) -> Header:
    """The header of a picture of a sniffed ``kind`` (all but ``gif``); raises ``ValueError`` when it is broken."""
    try:
        header = _PARSERS[kind](data)
    except (struct.error, IndexError, KeyError) as error:
        raise ValueError(f"broken {kind} header") from error
    if header.width < 1 or header.height < 1:
        raise ValueError(f"{kind} header without a size")
    return header


def _jpeg(data: bytes) -> Header:
    orientation = 1
    for marker, body in _jpeg_segments(data):
        if marker == 0xE1 and body.startswith(b"Exif\0\0") and orientation == 1:
            orientation = _exif_orientation(body[6:])
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # start of frame
            bits, height, width, components = struct.unpack_from(">BHHB", body)
            return Header("jpeg", width, height, orientation, ("cmyk",) if components == 4 else (), bits)
    raise ValueError("JPEG without a frame")


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            at += 1  # decoders skip stray bytes between segments
        elif data[at + 1] in (0xFF, 0x00, 0x01) or 0xD0 <= data[at + 1] <= 0xD8:
            at += 1 if data[at + 1] == 0xFF else 2  # fill byte, or a marker that stands alone
        elif data[at + 1] in (0xD9, 0xDA):
            return
        else:
            length = struct.unpack_from(">H", data, at + 2)[0]
            yield data[at + 1], data[at + 4 : at + 2 + length]
            at += 2 + length


def _png(data: bytes) -> Header:
    width, height, bits, color = struct.unpack_from(">IIBB", data, 16)
    traits = ["alpha"] if color in (4, 6) else []
    if color == 3:
        traits.append("palette")
    elif bits == 1:
        traits.append("1_bit")
    orientation, at = 1, 33
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"tRNS":
            traits.append("alpha")
        elif name == b"acTL":
            traits.append("animated")
        elif name == b"eXIf":  # may also stand after the pixels, and OpenCV looks there
            orientation = _exif_orientation(data[at + 8 : at + 8 + length])
        at += 12 + length
    return Header("png", width, height, orientation, tuple(traits), bits, grey=color == 0)


def _bmp(data: bytes) -> Header:
    length = struct.unpack_from("<I", data, 14)[0]
    if length == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        entry = 3
    else:
        width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
        entry = 4
    traits = []
    if bits == 1:
        traits.append("1_bit")
    elif bits <= 8:
        start = 14 + length
        end = min(struct.unpack_from("<I", data, 10)[0], start + entry * 2**bits)  # pixels may come sooner
        colors = [data[at : at + 3] for at in range(start, end, entry)]
        if any(len(set(color)) > 1 for color in colors):  # grey cameras write a grey palette
            traits.append("palette")
    elif bits == 32 and length >= 108 and struct.unpack_from("<I", data, 66)[0]:
        traits.append("alpha")
    return Header("bmp", width, abs(height), 1, tuple(traits))


def _webp(data: bytes) -> Header:
    chunk = data[12:16]
    if chunk == b"VP8X":
        flags = data[20]
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        traits = tuple(trait for bit, trait in ((0x10, "alpha"), (0x02, "animated")) if flags & bit)
        return Header("webp", width, height, _exif_orientation(_riff_chunk(data, b"EXIF")), traits)
    if chunk == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        size = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        return Header("webp", *size, 1, ("alpha",) if bits >> 28 & 1 else ())
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return Header("webp", width & 0x3FFF, height & 0x3FFF)
    raise ValueError("WebP without a picture")


def _riff_chunk(data: bytes, name: bytes) -> bytes:
    at = 12
    while at + 8 <= len(data):
        size = struct.unpack_from("<I", data, at + 4)[0]
        if data[at : at + 4] == name:
            return data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return b""


def _tiff(data: bytes) -> Header:
    tags, next_page = _tags(data)
    bits, photometric = max(tags.get(258, (1,))), tags.get(262, (1,))[0]
    traits = []
    if photometric in (3, 5):
        traits.append({3: "palette", 5: "cmyk"}[photometric])
    elif photometric in (0, 1) and bits == 1:
        traits.append("1_bit")
    if 338 in tags:
        traits.append("alpha")
    if next_page:
        traits.append("animated")  # more pages; the first is used
    orientation = _valid(tags.get(274, (1,))[0])
    kinds = set(tags.get(339, (1,)))
    samples = "whole" if kinds <= {1, 4} else "float" if kinds == {3} else "other"
    grey = photometric == 1 and tags.get(277, (1,))[0] == 1
    return Header("tiff", tags[256][0], tags[257][0], orientation, tuple(traits), bits, samples, grey)


def _exif_orientation(exif: bytes) -> int:
    """EXIF tag 274. Broken EXIF is common, and no reason to refuse a picture."""
    try:
        tags, _ = _tags(exif.removeprefix(b"Exif\0\0"))
    except (struct.error, IndexError, ValueError):
        return 1
    return _valid(tags.get(274, (1,))[0])


def _valid(orientation: int) -> int:
    return orientation if 1 <= orientation <= 8 else 1


# Width, height, bits, photometric, orientation, samples per pixel, extra samples, sample format.
_TAGS = {256, 257, 258, 262, 274, 277, 338, 339}
_TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}


def _tags(data: bytes) -> tuple[dict[int, tuple[int, ...]], int]:
    """The tags of the first directory of a TIFF, BigTIFF or EXIF block, and where the next directory begins."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        raise ValueError("no TIFF byte order")
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    count_type, offset_type, inline = ("Q", "Q", 8) if big else ("H", "I", 4)
    at = struct.unpack_from(order + offset_type, data, 8 if big else 4)[0]
    count = struct.unpack_from(order + count_type, data, at)[0]
    at += struct.calcsize("=" + count_type)
    tags = {}
    for _ in range(min(count, 4096)):
        tag, value_type, length = struct.unpack_from(order + "HH" + offset_type, data, at)
        if tag in _TAGS and value_type in _TYPES and 1 <= length <= 64:
            layout = f"{order}{length}{_TYPES[value_type]}"
            where = at + 4 + inline
            if struct.calcsize(layout) > inline:
                where = struct.unpack_from(order + offset_type, data, where)[0]
            tags[tag] = struct.unpack_from(layout, data, where)
        at += 4 + 2 * inline
    following = data[at : at + inline]
    return tags, int.from_bytes(following, "little" if order == "<" else "big")


_PARSERS = {"jpeg": _jpeg, "png": _png, "bmp": _bmp, "webp": _webp, "tiff": _tiff}

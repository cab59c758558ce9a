"""Every fault is made for real: bytes on disk, decoded by the decoder that training uses."""

import hashlib
import io
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from core.data import images
from core.data.headers import parse
from core.data.images import UnreadableImage
from core.domain.dataset import TRAITS


def corners() -> Image.Image:
    """40 x 60 with four colours in its quarters, so that any turn or mirroring shows."""
    pixels = np.full((40, 60, 3), 90, np.uint8)
    pixels[:20, :30], pixels[:20, 30:], pixels[20:, 30:] = (200, 10, 10), (10, 200, 10), (10, 10, 200)
    return Image.fromarray(pixels)


def noise(height: int, width: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(cv2.GaussianBlur(pixels, (0, 0), 3))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def refusal(path: Path) -> str:
    """The kind that ``inspect`` refuses with; ``read`` must refuse the file too."""
    with pytest.raises(UnreadableImage) as caught:
        images.inspect(path)
    assert str(path) in caught.value.cause
    assert caught.value.remedy
    with pytest.raises(UnreadableImage) as same:
        images.read(path)
    assert same.value.kind == caught.value.kind
    return caught.value.kind


def test_that_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.jpg") == "missing_file"


def test_that_a_folder_named_like_a_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    assert refusal(tmp_path / "folder.png") == "unreadable_file"


def test_that_a_zero_byte_file_is_refused(tmp_path: Path) -> None:
    assert refusal(put(tmp_path, "a.jpg", b"")) == "empty_file"


@pytest.mark.parametrize("data", [b"x", b"hello, this is text" * 50, bytes(5000), b"\x00\x00\x00\x18ftypheic" * 9])
def test_that_garbage_named_jpg_is_refused(tmp_path: Path, data: bytes) -> None:
    assert refusal(put(tmp_path, "a.jpg", data)) == "not_an_image"


@pytest.mark.parametrize("size", [(60, 80), (700, 900)])
@pytest.mark.parametrize("cut", [0.02, 0.5, 0.9, 0.999])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("WEBP", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
    ],
)
def test_that_a_truncated_picture_is_refused(
    tmp_path: Path, kind: str, options: dict[str, object], cut: float, size: tuple[int, int]
) -> None:
    data = encoded(noise(*size), kind, **options)
    assert refusal(put(tmp_path, "a.img", data[: max(16, int(len(data) * cut))])) == "truncated"


def test_that_a_still_gif_and_an_animated_gif_are_refused(tmp_path: Path) -> None:
    turned = corners().rotate(90)
    assert refusal(put(tmp_path, "still.gif", encoded(corners(), "GIF"))) == "gif"
    assert (
        refusal(put(tmp_path, "moves.jpg", encoded(corners(), "GIF", save_all=True, append_images=[turned]))) == "gif"
    )


@pytest.mark.parametrize("size", [(9, 50), (50, 9), (1, 1)])
def test_that_a_picture_under_ten_pixels_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    assert refusal(put(tmp_path, "a.png", encoded(noise(*size), "PNG"))) == "too_small"
    assert images.inspect(put(tmp_path, "b.png", encoded(noise(10, 10), "PNG"))).width == 10


def test_that_samples_whose_white_is_not_known_are_refused(tmp_path: Path) -> None:
    whole = np.zeros((40, 60), np.int32)
    assert refusal(put(tmp_path, "whole.tif", encoded(Image.fromarray(whole), "TIFF"))) == "unsupported_depth"
    double = cv2.imencode(".tif", np.zeros((40, 60), np.float64))[1].tobytes()
    assert refusal(put(tmp_path, "double.tif", double)) == "unsupported_depth"
    color = cv2.imencode(".tif", np.zeros((40, 60, 3), np.float32))[1].tobytes()
    assert refusal(put(tmp_path, "color.tif", color)) == "unsupported_depth"


def png_bomb(side: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")

    header = side.to_bytes(4, "big") * 2 + bytes((1, 0, 0, 0, 0))  # 1-bit grey
    rows = zlib.compressobj(9)
    row = bytes(1 + -(-side // 8))
    body = b"".join(rows.compress(row) for _ in range(side)) + rows.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_that_a_png_bomb_is_refused_without_memory(tmp_path: Path) -> None:
    bomb = png_bomb(30_000)
    assert len(bomb) < 200_000
    path = put(tmp_path, "bomb.png", bomb)
    assert refusal(path) == "too_many_pixels"
    program = """
import sys
from core.data import images
from tests.memory import peak
images.inspect(sys.argv[2])
before = peak()
for use in (images.inspect, images.read):
    try:
        use(sys.argv[1])
    except images.UnreadableImage as error:
        assert error.kind == "too_many_pixels"
    else:
        raise SystemExit("opened")
print(peak() - before)
"""
    if sys.platform == "win32":
        return
    good = put(tmp_path, "good.png", encoded(corners(), "PNG"))
    done = subprocess.run([sys.executable, "-c", program, path, good], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 50e6


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_that_exif_orientation_is_applied_exactly_once(tmp_path: Path, kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    lossless = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(corners(), kind, exif=exif, **lossless)
    path = put(tmp_path, f"a.{kind.lower()}", data)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    pixels = images.read(path)
    np.testing.assert_allclose(pixels.astype(int), upright.astype(int), atol=2 if kind == "JPEG" else 0)
    facts = images.inspect(path)
    assert (facts.height, facts.width, facts.orientation) == (*upright.shape[:2], orientation)
    assert images.thumbnail(path, 30).shape[:2] == (30, 20) if orientation > 4 else (20, 30)


def test_that_a_png_may_tell_its_orientation_after_the_pixels(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    data = encoded(corners(), "PNG", exif=exif)
    start = data.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    tail = data.index(b"IEND") - 4
    path = put(tmp_path, "a.png", data[:start] + data[end:tail] + data[start:end] + data[tail:])
    facts = images.inspect(path)
    assert (facts.height, facts.width, facts.orientation) == (60, 40, 6)
    assert images.read(path).shape == (60, 40, 3)


@pytest.mark.parametrize("orientation", [1, 6])
def test_that_a_large_jpeg_is_sized_upright_from_its_reduced_decode(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    path = put(tmp_path, "a.jpg", encoded(noise(803, 1205), "JPEG", exif=exif))
    facts = images.inspect(path)
    assert (facts.height, facts.width) == images.read(path).shape[:2]
    small, whole = images.thumbnail(path, 128), images.read(path)
    assert max(small.shape) == 128
    shrunk = cv2.resize(whole, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - shrunk).mean() < 3


@pytest.mark.parametrize(("bits", "largest"), [(8, 200), (10, 1000), (12, 4000), (14, 16000), (16, 65000)])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_that_sixteen_bit_pictures_are_scaled_by_the_bits_they_use(
    tmp_path: Path, suffix: str, bits: int, largest: int
) -> None:
    grey = np.linspace(0, largest, 40 * 60).astype(np.uint16).reshape(40, 60)
    path = put(tmp_path, "a" + suffix, cv2.imencode(suffix, grey)[1].tobytes())
    pixels = images.read(path)
    expected = np.round(grey.astype(float) * 255 / (2**bits - 1))
    assert pixels.dtype == np.uint8
    np.testing.assert_allclose(pixels[..., 1], expected, atol=0.51)
    assert images.inspect(path).traits == ("16_bit",)
    np.testing.assert_array_equal(images.decode(path.read_bytes()), pixels)
    np.testing.assert_array_equal(images.thumbnail(path, 60), pixels)


@pytest.mark.parametrize(
    ("mode", "kind", "trait"),
    [
        ("CMYK", "JPEG", "cmyk"),
        ("CMYK", "TIFF", "cmyk"),
        ("L", "BMP", None),
        ("L", "PNG", None),
        ("RGB", "TIFF", None),
        ("P", "PNG", "palette"),
        ("P", "TIFF", "palette"),
        ("P", "BMP", "palette"),
        ("1", "PNG", "1_bit"),
        ("1", "TIFF", "1_bit"),
        ("RGBA", "PNG", "alpha"),
        ("RGBA", "TIFF", "alpha"),
        ("RGBA", "WEBP", "alpha"),
        ("LA", "PNG", "alpha"),
    ],
)
def test_that_unusual_colors_become_three_channels_and_a_trait(
    tmp_path: Path, mode: str, kind: str, trait: str | None
) -> None:
    unusual = corners().quantize(8) if mode == "P" else corners().convert(mode)
    if mode in ("RGBA", "LA"):
        alpha = Image.new("L", (60, 40), 255)
        alpha.putpixel((3, 3), 254)
        unusual.putalpha(alpha)
    path = put(tmp_path, "a." + kind.lower(), encoded(unusual, kind, **({"lossless": True} if kind == "WEBP" else {})))
    pixels = images.read(path)
    plain = unusual.convert("RGB") if mode != "LA" else unusual.convert("L").convert("RGB")
    assert pixels.shape == (40, 60, 3)
    for y, x in ((8, 8), (8, 50), (30, 50), (30, 8)):  # away from the edges, where JPEG rings
        np.testing.assert_allclose(pixels[y, x].astype(int), np.asarray(plain)[y, x].astype(int), atol=4)
    assert images.inspect(path).traits == ((trait,) if trait else ())
    assert trait is None or trait in TRAITS


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_that_an_all_transparent_picture_is_flagged_and_keeps_its_colors(tmp_path: Path, kind: str) -> None:
    ghost = corners().convert("RGBA")
    ghost.putalpha(0)
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    path = put(tmp_path, "a." + kind.lower(), encoded(ghost, kind, **options))
    assert images.inspect(path).traits == ("all_transparent", "alpha")
    assert images.read(path)[0, 0].tolist() == [200, 10, 10]


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_that_of_several_frames_or_pages_the_first_is_used(tmp_path: Path, kind: str) -> None:
    turned = corners().rotate(180)
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(corners(), kind, save_all=True, append_images=[turned, turned], **options)
    path = put(tmp_path, "a." + kind.lower(), data)
    assert "animated" in images.inspect(path).traits
    np.testing.assert_array_equal(images.read(path), np.asarray(corners()))


def test_that_a_png_named_jpg_is_accepted_by_content_and_noted(tmp_path: Path) -> None:
    facts = images.inspect(put(tmp_path, "a.jpg", encoded(corners(), "PNG")))
    assert (facts.format, facts.traits) == ("png", ("wrong_extension",))
    assert images.inspect(put(tmp_path, "a.JPEG", encoded(corners(), "JPEG"))).traits == ()


def test_that_bytes_after_the_end_of_a_jpeg_are_noted_and_the_file_stays_as_it_is(tmp_path: Path) -> None:
    path = put(tmp_path, "a.jpg", encoded(corners(), "JPEG") + b"serial 4711")
    before = hashlib.sha1(path.read_bytes()).hexdigest()
    assert images.inspect(path).traits == ("trailing_bytes",)
    assert images.read(path).shape == (40, 60, 3)
    images.thumbnail(path, 16)
    assert hashlib.sha1(path.read_bytes()).hexdigest() == before
    assert list(tmp_path.iterdir()) == [path]


def test_that_the_hash_is_of_the_bytes_and_not_of_the_name(tmp_path: Path) -> None:
    data = encoded(corners(), "PNG")
    first, second = images.inspect(put(tmp_path, "a.png", data)), images.inspect(put(tmp_path, "b.png", data))
    assert first == second
    assert first.hash == hashlib.blake2b(data, digest_size=16).hexdigest()
    assert first.size == len(data)


@pytest.mark.parametrize(
    "name", ["příliš žluťoučký kůň.png", "部品 100%#.png", "Деталь 🔩.png", "two\nlines.png", "é" * 100]
)
def test_that_any_file_name_opens(tmp_path: Path, name: str) -> None:
    try:
        path = put(tmp_path, name, encoded(corners(), "PNG"))
    except OSError:
        pytest.skip("this file system has no such names")
    assert images.read(path).shape == images.thumbnail(path, 60).shape == (40, 60, 3)
    assert images.inspect(str(path)).width == 60


def test_that_broken_exif_is_no_reason_to_refuse(tmp_path: Path) -> None:
    path = put(tmp_path, "a.jpg", encoded(corners(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12garbage"))
    assert images.inspect(path).orientation == 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_that_a_big_tiff_header_is_read(order: str) -> None:
    entries = [(256, 4, 300), (257, 4, 200), (258, 4, 8), (274, 4, 6)]
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HHHQ", 43, 8, 0, 16)
    rows = b"".join(struct.pack(order + "HHQIxxxx", tag, kind, 1, value) for tag, kind, value in entries)
    header = parse(head + struct.pack(order + "Q", len(entries)) + rows + bytes(8), "tiff")
    assert (header.width, header.height, header.upright_size) == (300, 200, (200, 300))


FUZZED = [
    encoded(noise(30, 40), kind, **options)
    for kind, options in (
        ("JPEG", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"}),
        ("PNG", {}),
        ("BMP", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("WEBP", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}),
    )
]


@given(
    data=st.sampled_from(FUZZED),
    edits=st.lists(st.tuples(st.integers(0, 120), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.integers(1, 4000),
)
def test_that_damaged_bytes_are_read_or_refused_but_never_anything_else(
    data: bytes, edits: list[tuple[int, int]], cut: int
) -> None:
    damaged = bytearray(data)
    for at, value in edits:
        damaged[at % len(damaged)] = value
    try:
        pixels = images.decode(bytes(damaged[:cut]))
    except UnreadableImage:
        return
    assert pixels.dtype == np.uint8
    assert pixels.shape[2] == 3


def test_that_threads_inspect_alike(tmp_path: Path) -> None:
    paths = [put(tmp_path, f"{i}.jpg", encoded(noise(40 + i, 60), "JPEG")) for i in range(40)]
    alone = [images.inspect(path) for path in paths]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(images.inspect, paths)) == alone
    assert len({facts.hash for facts in alone}) == 40


def test_that_importing_the_decoder_leaves_no_trace_in_the_environment() -> None:
    program = """
import os
before = dict(os.environ)
import core.data.images
after = dict(os.environ)
assert int(after.pop("OPENCV_IO_MAX_IMAGE_PIXELS")) >= 2**29
before.pop("OPENCV_IO_MAX_IMAGE_PIXELS", None)
assert before == after, set(after) ^ set(before)
"""
    subprocess.run([sys.executable, "-c", program], check=True)

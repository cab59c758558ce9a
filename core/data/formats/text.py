"""Label files as text, whatever editor wrote them."""

import codecs

BOMS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(head: bytes) -> str:
    """The encoding of a file that begins with ``head``: from its byte order mark, else UTF-16 where there are
    zero bytes, else UTF-8 where valid, else Latin-1, in which no byte is an error."""
    for bom, name in BOMS:
        if head.startswith(bom):
            return name
    if b"\0" in head:
        return "utf-16-be" if head[:1] == b"\0" else "utf-16-le"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def read_text(path: str) -> tuple[str, str]:
    """The text of a small file, line ends as ``\\n``, and its encoding. Raises ``OSError``, ``UnicodeDecodeError``."""
    with open(path, "rb") as file:
        data = file.read()
    return decode(data)


def decode(data: bytes) -> tuple[str, str]:
    encoding = encoding_of(data)
    text = data.decode(encoding)
    return (text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text), encoding


def to_number(text: str) -> tuple[float, bool]:
    """A decimal number and whether it had a decimal comma. Raises ``ValueError``."""
    text = text.strip()
    if "_" in text:  # 1_000 is a number to Python alone
        raise ValueError(text)
    try:
        return float(text), False
    except ValueError:
        if text.count(",") != 1 or "." in text:
            raise
        return float(text.replace(",", ".")), True

"""A picture for a large view: itself and its halved copies, decoded in a thread."""

from typing import Any

from PySide6.QtGui import QImage

from core.domain.errors import LensmithError


class Levels:
    """Largest first. The pixels belong to NumPy, so both are kept together."""

    def __init__(self, pixels: list[Any]) -> None:
        self.pixels = pixels  # uint8 [h, w, 3], RGB
        self.images = [
            QImage(one.data, one.shape[1], one.shape[0], one.strides[0], QImage.Format.Format_RGB888) for one in pixels
        ]
        self.bytes = sum(int(one.nbytes) for one in pixels)


def read_levels(path: str) -> Levels | LensmithError:
    """For a thread; whatever a damaged file makes a decoder do is told in words."""
    from core.actions.thumbnails import picture_levels  # OpenCV, which the window's start does not wait for

    try:
        return Levels(picture_levels(path))
    except LensmithError as error:
        return error
    except Exception as error:  # a decoder met something nobody thought of, or memory is out
        return LensmithError(f"{path} cannot be shown ({type(error).__name__}: {error}).")

"""Zoom and pan as arithmetic: which point of a picture lies where in a window."""

from msgspec import Struct
from msgspec.structs import replace

STEP = 1.25  # of one notch of the wheel
LARGEST = 32.0  # pixels of the screen a pixel of the picture
_ONTO = 0.6  # share of the window that a part zoomed to takes

Point = tuple[float, float]


class View(Struct, frozen=True):
    """A picture seen through a window. ``image``, ``window``: width and height, in pixels of each.

    ``ratio``: pixels of the screen a pixel of the window. ``zoom``: pixels of the window a pixel of the picture; 0:
    all of it is seen. ``centre``: the point of the picture in the middle of the window. ``margin``: empty room
    around the picture, in pixels of the window.
    """

    image: Point = (0.0, 0.0)
    window: Point = (1.0, 1.0)
    ratio: float = 1.0
    zoom: float = 0.0
    centre: Point = (0.0, 0.0)
    margin: float = 0.0

    @property
    def fitted(self) -> bool:
        return self.zoom == 0

    @property
    def factor(self) -> float:
        """Pixels of the window a pixel of the picture."""
        return self.zoom or self._fitting

    @property
    def scale(self) -> float:
        """Pixels of the screen a pixel of the picture; 1.0 is 100 %."""
        return self.factor * self.ratio

    @property
    def corner(self) -> Point:
        """Where the picture's upper left corner is in the window."""
        return self.to_window((0.0, 0.0))

    @property
    def is_empty(self) -> bool:
        return min(self.image) <= 0

    def to_image(self, at: Point) -> Point:
        """The point of the picture at a point of the window."""
        x, y = self.centre
        factor = self.factor
        return x + (at[0] - self.window[0] / 2) / factor, y + (at[1] - self.window[1] / 2) / factor

    def to_window(self, point: Point) -> Point:
        """The point of the window at a point of the picture."""
        factor = self.factor
        return (
            (point[0] - self.centre[0]) * factor + self.window[0] / 2,
            (point[1] - self.centre[1]) * factor + self.window[1] / 2,
        )

    def fit(self) -> "View":
        """All of the picture, small ones enlarged."""
        return replace(self, zoom=0.0, centre=(self.image[0] / 2, self.image[1] / 2))

    def scaled(self, scale: float, at: Point) -> "View":
        """At another scale, with what lies below ``at`` staying there as far as the picture's edges allow."""
        if self.is_empty:
            return self
        held = self.to_image(at)
        smallest = min(self._fitting * self.ratio, 1.0)
        zoom = max(smallest, min(LARGEST, scale)) / self.ratio
        centre = (held[0] - (at[0] - self.window[0] / 2) / zoom, held[1] - (at[1] - self.window[1] / 2) / zoom)
        return replace(self, zoom=zoom, centre=centre)._inside()

    def panned(self, across: float, down: float) -> "View":
        """The picture moved by pixels of the window."""
        if self.fitted:
            return self
        x, y = self.centre
        return replace(self, centre=(x - across / self.zoom, y - down / self.zoom))._inside()

    def placed(self, window: Point, ratio: float) -> "View":
        """In another window, or on another screen: 100 % stays 100 %."""
        zoom = self.zoom * self.ratio / ratio
        return replace(self, window=window, ratio=ratio, zoom=zoom)._inside()

    def like(self, other: "View") -> "View":
        """The part of the picture that ``other`` shows, as far as this window's shape allows."""
        if other.fitted or other.is_empty or self.is_empty:
            return self.fit()
        zoom = other.zoom * self._fitting / other._fitting
        return replace(self, zoom=zoom, centre=other.centre)._inside()

    def onto(self, start: Point, end: Point) -> "View":
        """A part of the picture in the middle, as large as it is good to see."""
        if self.is_empty:
            return self
        room = min(self.window[0] / max(1e-6, end[0] - start[0]), self.window[1] / max(1e-6, end[1] - start[1]))
        middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        return self.scaled(room * _ONTO * self.ratio, (0.0, 0.0)).centred(middle)

    def centred(self, point: Point) -> "View":
        """The same scale, with ``point`` of the picture in the middle as far as its edges allow."""
        return self if self.fitted else replace(self, centre=point)._inside()

    @property
    def _fitting(self) -> float:
        if self.is_empty:
            return 1.0
        across, down = ((self.window[n] - 2 * self.margin) / self.image[n] for n in (0, 1))
        return max(1e-6, min(across, down))

    def _inside(self) -> "View":
        """No more empty room than there must be."""
        if self.fitted:
            return self
        edge = self.margin / self.zoom

        def kept(size: float, window: float, middle: float) -> float:
            seen = window / self.zoom
            if seen >= size + 2 * edge:
                return size / 2
            return max(seen / 2 - edge, min(size - seen / 2 + edge, middle))

        centre = tuple(kept(*both) for both in zip(self.image, self.window, self.centre, strict=True))
        return replace(self, centre=(centre[0], centre[1]))

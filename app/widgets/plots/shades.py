"""Fills between two theme colours that keep the number on them readable."""

from functools import cache

from app import theme

READABLE = 4.5  # contrast of small text, WCAG 2.2, 1.4.3
FAINTEST = 0.06  # so that a cell without anything is still a cell
Shade = tuple[str, str]  # fill, text


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two #RRGGBB colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mix(low: str, high: str, share: float) -> str:
    """#RRGGBB between two: ``low`` at 0, ``high`` at 1."""
    pairs = zip(_channels(low), _channels(high), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


@cache
def ramp(colours: theme.Colours) -> tuple[Shade, ...]:
    """101 shades from surface to accent, for 0 to 100 %. Where neither text colour can be read, the last that could."""
    shades: list[Shade] = []
    for percent in range(101):
        fill = mix(colours.surface, colours.accent, FAINTEST + (1 - FAINTEST) * percent / 100)
        text = max((colours.text, colours.on_accent), key=lambda color: contrast(color, fill))
        shades.append((fill, text) if contrast(text, fill) >= READABLE else shades[-1])
    return tuple(shades)


def shade(share: float, colours: theme.Colours) -> Shade:
    """Fill and text for a share of 0 to 1."""
    return ramp(colours)[round(min(max(share, 0.0), 1.0) * 100)]


def _channels(color: str) -> list[int]:
    return [int(color[place : place + 2], 16) for place in (1, 3, 5)]


def _luminance(color: str) -> float:
    values = [channel / 255 for channel in _channels(color)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

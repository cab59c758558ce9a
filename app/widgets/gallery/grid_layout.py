"""Where the cells of a gallery are: arithmetic, however many there are."""

from enum import StrEnum

from msgspec import Struct

GAP = 12
MARGIN = 4  # around all cells, room for the frame of a chosen one
CAPTION = 24  # below the picture


class CellSize(StrEnum):
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


_NARROWEST = {CellSize.SMALL: 96, CellSize.MEDIUM: 144, CellSize.LARGE: 232}


class GridLayout(Struct, frozen=True):
    """Rows of equal cells that fill ``width`` evenly; coordinates in pixels from the upper left of the whole."""

    width: int
    columns: int
    cell_width: int
    picture_height: int
    count: int

    @classmethod
    def of(cls, width: int, count: int, size: CellSize, ratio: float = 3 / 4) -> "GridLayout":
        """``ratio``: height of the pictures' room by its width."""
        inner = max(1, width - 2 * MARGIN) + GAP
        columns = max(1, inner // (_NARROWEST[size] + GAP))
        cell_width = max(1, inner // columns - GAP)
        return cls(width, columns, cell_width, max(1, round(cell_width * ratio)), count)

    @property
    def cell_height(self) -> int:
        return self.picture_height + CAPTION

    @property
    def row_height(self) -> int:
        return self.cell_height + GAP

    @property
    def height(self) -> int:
        """Of all rows and the margins."""
        rows = -(-self.count // self.columns)
        return max(0, rows * self.row_height - GAP) + 2 * MARGIN

    def position(self, index: int) -> tuple[int, int]:
        """Left and top of a cell; what the division of the width leaves over is spread over the gaps."""
        row, column = divmod(index, self.columns)
        return MARGIN + column * self._inner // self.columns, MARGIN + row * self.row_height

    def index_at(self, x: int, y: int) -> int:
        """The cell at a point, or -1 in a gap or beside the cells."""
        if x < MARGIN or y < MARGIN:
            return -1
        # One pixel more, since the left edges of the cells are rounded down.
        column = min(self.columns - 1, ((x - MARGIN + 1) * self.columns - 1) // self._inner)
        index = (y - MARGIN) // self.row_height * self.columns + column
        left, top = self.position(index)
        inside = left <= x < left + self.cell_width and y < top + self.cell_height
        return index if inside and index < self.count else -1

    def between(self, top: int, bottom: int) -> range:
        """The cells of all rows that reach into ``top`` <= y < ``bottom``."""
        first = max(0, (top - MARGIN) // self.row_height) * self.columns
        end = max(0, -(-(bottom - MARGIN) // self.row_height)) * self.columns
        return range(min(first, self.count), min(self.count, end))

    @property
    def _inner(self) -> int:
        return max(1, self.width - 2 * MARGIN) + GAP

    def moved(self, index: int, columns: int, rows: int) -> int:
        """The cell so many columns and rows on; at the end of the list as far as it goes."""
        if rows:
            last_row = (self.count - 1) // self.columns
            row = index // self.columns
            rows = max(-row, min(rows, last_row - row))
        return max(0, min(self.count - 1, index + columns + rows * self.columns))

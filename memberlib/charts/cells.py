"""The room that a picture has on axes that somebody else made, such as one of ``plt.subplots(2, 2)``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.gridspec import GridSpecBase
from matplotlib.transforms import Bbox

Box = tuple[float, float, float, float]
"""Left, bottom, right and top, as shares of the figure."""


@dataclass(frozen=True)
class Kept:
    """Keeps axes where a picture put them: ``tight_layout`` and its like would move them afterwards."""

    box: Box
    spec: Any = None

    def get_subplotspec(self) -> Any:
        """The place in a grid, for which ``tight_layout`` asks a locator."""
        return self.spec

    def __call__(self, ax: Any, renderer: Any) -> Bbox:
        return Bbox.from_extents(*self.box)


def place(ax: Axes, box: Box) -> None:
    """Put given axes somewhere in their cell, and keep them there."""
    ax.set_position(Bbox.from_extents(*box), which="active")
    ax.set_axes_locator(Kept(box, ax.get_subplotspec()))


def cell_of(ax: Axes) -> Box:
    """The room of given axes: halfway to their neighbours in a grid, to the edge at the grid's sides.

    Axes that are in no grid keep to the room that they were given.
    """
    spec = ax.get_subplotspec()
    if spec is None:
        box = ax.get_position(original=True)
        return float(box.x0), float(box.y0), float(box.x1), float(box.y1)
    grid = spec.get_gridspec()
    figure: Any = ax.figure
    bottoms, tops, lefts, rights = (list(map(float, side)) for side in grid.get_grid_positions(figure))
    left, bottom, right, top = _around(grid, figure)
    rows, columns = spec.rowspan, spec.colspan
    return (
        left if columns.start == 0 else (rights[columns.start - 1] + lefts[columns.start]) / 2,
        bottom if rows.stop == grid.nrows else (bottoms[rows.stop - 1] + tops[rows.stop]) / 2,
        right if columns.stop == grid.ncols else (rights[columns.stop - 1] + lefts[columns.stop]) / 2,
        top if rows.start == 0 else (bottoms[rows.start - 1] + tops[rows.start]) / 2,
    )


def _around(grid: GridSpecBase, figure: Any) -> Box:
    """Room of a whole grid: the figure below its title, or the cell of the grid that it was made in."""
    inside = getattr(grid, "_subplot_spec", None)
    if inside is not None:
        box = inside.get_position(figure)
        return float(box.x0), float(box.y0), float(box.x1), float(box.y1)
    above = figure.get_suptitle()
    if not above:
        return 0.0, 0.0, 1.0, 1.0
    size = max(text.get_fontsize() for text in figure.texts if text.get_text() == above)
    lines = above.count("\n") + 1
    return 0.0, 0.0, 1.0, 0.98 - lines * 1.4 * size / 72 / (figure.bbox.height / figure.dpi)

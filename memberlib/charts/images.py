"""A drawn picture as a PNG: sharp, small, the same bytes each time."""

from __future__ import annotations

import io

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from memberlib.charts.theme import DPI

SCALE = 2.0
_COLOURS = 256


def picture(drawn: Axes | Figure, scale: float = SCALE, *, close: bool = True) -> bytes:
    """Return a drawn picture as a PNG, the same bytes for the same picture, and let go of the figure.

    A chart has few colours: a palette makes the file a quarter as large and takes a third of the time.

    Parameters
    ----------
    drawn : Axes or Figure
    scale : float
        1 is 640 points wide; 2 is sharp on today's screens.
    close : bool
        Whether pyplot forgets the figure, so that a notebook does not show it a second time.
    """
    figure = drawn if isinstance(drawn, Figure) else drawn.figure
    assert isinstance(figure, Figure)
    kept, dpi = figure.canvas, figure.dpi
    canvas = FigureCanvasAgg(figure)
    try:
        figure.set_dpi(DPI * scale)
        canvas.draw()
        image = _few_colours(np.asarray(canvas.buffer_rgba()))
    finally:
        figure.set_dpi(dpi)
        figure.set_canvas(kept)
    made = io.BytesIO()
    image.save(made, format="PNG", compress_level=6)
    if close:
        plt.close(figure)
    return made.getvalue()


def _few_colours(pixels: np.ndarray) -> Image.Image:
    """A picture with a palette of which one entry is exactly white, so that no edge shows on a white page."""
    image = Image.fromarray(pixels).convert("RGB")
    image = image.quantize(_COLOURS - 1, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette = (image.getpalette() or [])[: 3 * (_COLOURS - 1)]
    palette += [0] * (3 * (_COLOURS - 1) - len(palette)) + [255, 255, 255]
    white = np.ascontiguousarray(pixels).view(np.uint32)[..., 0] == 0xFFFFFFFF
    made = Image.fromarray(np.where(white, np.uint8(_COLOURS - 1), np.asarray(image)))
    made.putpalette(palette)
    return made

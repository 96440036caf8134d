"""Make the sample shops: a history for each from a seed, and the exports a platform would give of it.

``python -m samples data/samples`` writes the sample exports again, byte for byte. It is
no part of the package: neither ``memberlib`` nor its wheel needs it.
"""

from __future__ import annotations

from samples.history import Frames, frames, orders_frame

__all__ = ["Frames", "frames", "orders_frame"]

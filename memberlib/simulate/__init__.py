"""Made-up shops to try the workbench on: a history from a seed, and the exports a platform would give of it.

``python -m memberlib.simulate data/samples`` writes the sample exports again, byte for byte.
"""

from __future__ import annotations

from memberlib.simulate.history import Frames, frames, orders_frame

__all__ = ["Frames", "frames", "orders_frame"]

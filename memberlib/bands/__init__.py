"""How do members spread over intervals of time, amount and count, and the money over members?"""

from __future__ import annotations

from memberlib.bands.spenders import concentration, high_spenders
from memberlib.bands.spread import amount_bands, count_bands, sleeping, time_bands

__all__ = ["amount_bands", "concentration", "count_bands", "high_spenders", "sleeping", "time_bands"]

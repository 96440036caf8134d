"""Intervals of time, amount and count, under the name they had before there were themes."""

from memberlib.themes.amount import amount_bands, concentration, high_spenders
from memberlib.themes.count import count_bands, sleeping
from memberlib.themes.time import time_bands

__all__ = ["amount_bands", "concentration", "count_bands", "high_spenders", "sleeping", "time_bands"]


def __dir__() -> list[str]:
    return __all__

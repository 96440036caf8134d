"""Members and orders by amount, the highest spenders, and how much of sales rests on how few members."""

from memberlib.themes.amount.analyses import amount_bands, concentration, high_spenders, theme

from memberlib.themes.amount import findings as findings  # isort: skip

__all__ = ["amount_bands", "concentration", "high_spenders", "theme"]


def __dir__() -> list[str]:
    return __all__

"""What are a shop's levels worth, who would move under other rules, and what do the discounts cost?"""

from memberlib.themes.level.analyses import discount_cost, flow, structure, theme

from memberlib.themes.level import findings as findings  # isort: skip

__all__ = ["discount_cost", "flow", "structure", "theme"]


def __dir__() -> list[str]:
    return __all__

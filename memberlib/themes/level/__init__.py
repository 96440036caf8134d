"""What a shop's levels are worth, who would move under other rules, and what the discounts cost."""

from memberlib.themes.level.analyses import discount_cost, flow, near_levels, structure, theme
from memberlib.themes.level.standing import rules_to_try

from memberlib.themes.level import findings as findings  # isort: skip

__all__ = ["discount_cost", "flow", "near_levels", "rules_to_try", "structure", "theme"]


def __dir__() -> list[str]:
    return __all__

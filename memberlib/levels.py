"""Levels, under the name they had before there were themes."""

from memberlib.themes.level import discount_cost, flow, near_levels, rules_to_try, structure

__all__ = ["discount_cost", "flow", "near_levels", "rules_to_try", "structure"]


def __dir__() -> list[str]:
    return __all__

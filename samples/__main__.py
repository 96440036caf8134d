"""``python -m samples FOLDER`` writes the exports of the four sample shops."""

from __future__ import annotations

import sys
from pathlib import Path

from samples.course import course
from samples.generic import Files, generic
from samples.history import history
from samples.taobao import taobao

SHOPS = ("clothing", "tea-house", "gift-shop", "course")


def sample(shop: str) -> Files:
    """File name → bytes of one sample shop's exports."""
    if shop == "course":
        return course()
    past = history(shop)
    return taobao(past) if past.shop["form"] == "taobao" else generic(past)


def main(arguments: list[str]) -> int:
    """Write the exports of every sample shop into ``FOLDER/<shop>/``."""
    if len(arguments) != 1:
        print("usage: python -m samples FOLDER", file=sys.stderr)
        return 2
    for shop in SHOPS:
        folder = Path(arguments[0]) / shop
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in sample(shop).items():
            (folder / name).write_bytes(content)
            print(f"{folder / name}: {len(content):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

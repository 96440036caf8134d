"""Group members that are linked, without those who are kept apart.

Members are numbers here, the smallest id being the smallest number. Without pairs kept apart a group is a connected
component. A component that holds such a pair is put together anew in a fixed order: decisions first, by their ids; then
what members share, in the order of the ways of joining. Of those who share something each, from the smallest id on,
goes with the first group that may take it: one in which nobody is kept apart from anybody of its own. So a pair kept
apart is never in one group, whatever links them, and the order in which rows or files came does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


def smallest_linked(count: int, one: Numbers, other: Numbers) -> Numbers:
    """For each of `count` members the smallest number that links lead to.

    Parameters
    ----------
    one, other : array of int
        The two ends of each link.

    Examples
    --------
    >>> smallest_linked(5, np.array([1, 3]), np.array([3, 4])).tolist()
    [0, 1, 2, 1, 1]
    """
    labels = np.arange(count, dtype=np.int64)
    while len(one):
        a, b = labels[one], labels[other]
        apart = a != b
        if not apart.any():
            break
        one, other, a, b = one[apart], other[apart], a[apart], b[apart]
        low, high = np.minimum(a, b), np.maximum(a, b)
        np.minimum.at(labels, high, low)
        while True:
            further = labels[labels]
            if (further == labels).all():
                break
            labels = further
    return labels


def split_groups(
    together: Sequence[tuple[int, int]], shared: Iterable[Sequence[int]], apart: Iterable[tuple[int, int]]
) -> dict[int, int]:
    """Groups of the members of one component in which pairs are kept apart: member → smallest of its group.

    Parameters
    ----------
    together : sequence of pairs
        Links by decision; they come first, in order of their numbers.
    shared : iterable of sequences
        Members that share a phone, an address or a key; in the order in which they link.
    apart : iterable of pairs
        Members that must not be in one group.

    Examples
    --------
    >>> split_groups([], [[1, 2, 3]], [(1, 2)])
    {1: 1, 2: 2, 3: 1}
    """
    shared = [sorted(members) for members in shared]
    root: dict[int, int] = {}
    for members in [*shared, *together]:
        root.update({member: member for member in members})
    group = {member: [member] for member in root}
    enemies: dict[int, set[int]] = {member: set() for member in root}
    for one, other in apart:
        if one in root and other in root:
            enemies[one].add(other)
            enemies[other].add(one)

    def link(one: int, other: int) -> bool:
        """Whether the two are in one group now."""
        low, high = sorted((root[one], root[other]))
        if low == high:
            return True
        if any(root[enemy] == low for enemy in enemies[high]):
            return False
        for member in group[high]:
            root[member] = low
        group[low] += group.pop(high)
        enemies[low] |= enemies.pop(high)
        return True

    for one, other in sorted(together):
        link(one, other)
    for members in shared:
        heads: list[int] = []
        for member in members:
            if not any(link(head, member) for head in heads):
                heads.append(member)
    return dict(sorted(root.items()))

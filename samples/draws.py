"""Draw random numbers that are the same for a seed on every machine and with every NumPy.

NumPy promises that a bit generator's raw output never changes, but not that ``Generator.gamma`` or
``choice`` will give the same numbers in a later release. So only the raw 64-bit output of PCG64 is used here,
and every distribution is made from it by inversion.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_NORMAL_FROM = 60.0  # above this mean a Poisson draw is a rounded normal one


class Draws:
    """A seeded stream of random numbers; `part` separates streams of one seed.

    Parameters
    ----------
    seed : int
        The shop's seed, 0 or more.
    part : int
        Number of the stream, so that more draws in one part of a simulation do not shift another part.

    Examples
    --------
    >>> Draws(1).below(3, 100).tolist() == Draws(1).below(3, 100).tolist()
    True
    """

    def __init__(self, seed: int, part: int = 0) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence([seed, part]))

    def uniform(self, size: int) -> Floats:
        """Numbers strictly between 0 and 1."""
        return ((self._bits.random_raw(size) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53

    def below(self, size: int, limit: ArrayLike) -> Ints:
        """Whole numbers from 0 to `limit` − 1; `limit` may differ per draw."""
        return np.floor(self.uniform(size) * np.asarray(limit)).astype(np.int64)

    def happens(self, size: int, chance: ArrayLike) -> NDArray[np.bool_]:
        """True with the given chance (0–1)."""
        return self.uniform(size) < np.asarray(chance)

    def pick(self, size: int, weights: Sequence[float] | Floats) -> Ints:
        """Positions 0, 1, … in proportion to `weights`."""
        steps = np.cumsum(np.asarray(weights, dtype=np.float64))
        found = np.searchsorted(steps, self.uniform(size) * steps[-1], side="right")
        return np.minimum(found, len(steps) - 1).astype(np.int64)

    def pick_rows(self, rows: Ints, weights: Floats) -> Ints:
        """One position per row number in `rows`, in proportion to that row of the table `weights`."""
        steps = np.cumsum(weights, axis=1)
        mark = self.uniform(len(rows)) * steps[rows, -1]
        found = np.zeros(len(rows), dtype=np.int64)
        for column in range(weights.shape[1] - 1):
            found += mark >= steps[rows, column]
        return found

    def exponential(self, size: int) -> Floats:
        """Exponential draws of mean 1."""
        return -np.log(self.uniform(size))

    def normal(self, size: int) -> Floats:
        """Standard normal draws (Box and Muller 1958)."""
        radius = np.sqrt(2.0 * self.exponential(size))
        return radius * np.cos(2.0 * np.pi * self.uniform(size))

    def gamma(self, size: int, shape: float) -> Floats:
        """Gamma draws of mean 1 (shape `shape`, scale 1/`shape`), read off a table of the distribution."""
        grid = np.concatenate([[0.0], np.logspace(-10, 2.2, 6000)])
        density = np.concatenate([[0.0], grid[1:] ** (shape - 1.0) * np.exp(-grid[1:])])
        area = np.diff(grid) * (density[1:] + density[:-1]) / 2.0
        area[0] = grid[1] ** shape / shape  # the density has no limit at 0 where shape < 1
        mass = np.concatenate([[0.0], np.cumsum(area)])
        return np.interp(self.uniform(size), mass / mass[-1], grid) / shape

    def poisson(self, mean: Floats) -> Ints:
        """Poisson draws, one per value of `mean`."""
        size = len(mean)
        mark, bell = self.uniform(size), self.normal(size)
        large = np.maximum(np.rint(mean + np.sqrt(mean) * bell), 0).astype(np.int64)
        count = np.zeros(size, dtype=np.int64)
        open_ = np.flatnonzero(mean <= _NORMAL_FROM)
        term = np.exp(-mean[open_])
        mass = term.copy()
        step = 0
        while len(open_) and step < 400:
            further = mark[open_] > mass
            open_, term, mass = open_[further], term[further], mass[further]
            step += 1
            count[open_] = step
            term = term * mean[open_] / step
            mass = mass + term
        return np.where(mean <= _NORMAL_FROM, count, large)

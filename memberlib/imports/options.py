"""What an import is asked for, checked before any file is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from memberlib.errors import InputError
from memberlib.loaders.crosswalk import available, of_platform
from memberlib.loaders.forms import Crosswalk
from memberlib.settings import check_store_id

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class ImportOptions:
    """What an import was asked for; see :func:`memberlib.imports.import_files`.

    Raises
    ------
    InputError
        For a value that cannot be.
    """

    store_id: str
    data: Path
    platform: str | None = None
    channel: str | None = None
    sheets: tuple[str, ...] = ()
    mapping: str | Path | None = None
    encoding: str | None = None
    max_rejected_share: float = 0.2
    progress: Progress | None = None

    def __post_init__(self) -> None:
        check_store_id(self.store_id)
        if not 0 <= self.max_rejected_share <= 1:
            raise InputError(
                f"the largest share of rejected rows must lie between 0 and 1, not {self.max_rejected_share:g}"
            )
        if self.channel is not None:
            check_channel(self.channel)
        of_platform(self.platform, self.crosswalks)

    @cached_property
    def crosswalks(self) -> tuple[Crosswalk, ...]:
        """Those that a file may be read by."""
        return available(self.data, Path(self.mapping) if self.mapping else None)


def check_channel(channel: str) -> None:
    """See that a channel's name can stand before an id: any word without a colon or a space.

    Raises
    ------
    InputError
        Where it cannot.
    """
    odd = any(c.isspace() or c in ":'\"\\" or not c.isprintable() for c in channel)
    if odd or not 1 <= len(channel) <= 32:
        raise InputError(
            f"{channel!r} is no channel; use one short word without spaces and colons, such as 'jd'"
        )

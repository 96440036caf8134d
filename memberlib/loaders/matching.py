"""Find the crosswalk that fits a file's header, and the position of each of its columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from memberlib.loaders.crosswalk import crosswalks, of_platform
from memberlib.loaders.forms import ONE, SEVERAL, Crosswalk, Located, Named, Names, headers, is_wide, plain

_MOST_LINES = 500


@dataclass(frozen=True)
class Match:
    """A crosswalk laid over one file's header.

    Attributes
    ----------
    places : mapping
        Canonical column → where it stands.
    contacts : mapping
        Likewise for name, phone, email and key.
    sums : tuple
        Parts and total of each sum that can be checked, the parts that may be inside others, and how it reads.
    currency : int, optional
        Where the currency of a row stands.
    lines : tuple
        Of numbered columns, the places of each line.
    ignored, repeated : tuple of str
        Headers that no crosswalk column reads; headers that stand twice.
    """

    crosswalk: Crosswalk
    places: Mapping[str, Located]
    ignored: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    contacts: Mapping[str, Located] = field(default_factory=dict)
    sums: tuple[tuple[Located, Located, tuple[int, ...], str], ...] = ()
    lines: tuple[Mapping[str, Located], ...] = ()
    currency: int | None = None

    @property
    def wanted(self) -> dict[int, int]:
        """Positions that are read → how many leading words of the value are needed (0 for all of it)."""
        found: dict[int, int] = {}
        every = [self.places, self.contacts, *self.lines]
        places = [place for some in every for place in some.values()]
        places += [place for parts, total, *_ in self.sums for place in (parts, total)]
        places += [] if self.currency is None else [Located(self.currency)]
        for place in places:
            for position in place.spots():
                before = found.get(position)
                parts = (place.part or 0) if position == place.first else 0
                found[position] = parts if before is None else max(before, parts) if before and parts else 0
        return dict(sorted(found.items()))

    @property
    def coded(self) -> set[int]:
        """Positions of columns that hold codes."""
        columns = self.crosswalk.table.columns
        places = [
            self.places[c.name] for c in columns if c.kind in ("code", "flag") and c.name in self.places
        ]
        return {p for place in places for p in (place.first, *place.otherwise) if p is not None}

    def without_contacts(self) -> Match:
        """The same, with no contact read."""
        return replace(self, contacts={})


def matches(
    header: Sequence[str], platform: str | None = None, *, among: Iterable[Crosswalk] | None = None
) -> list[Match]:
    """The crosswalk that reads most of a header, and those that are read beside it; empty where none fits.

    Examples
    --------
    >>> found, = matches(["status", "order_id", "member_id", "paid_at", "paid_amount", "note"])
    >>> found.crosswalk.name, found.ignored
    ('generic-orders', ('note',))
    """
    all_of_them = tuple(among) if among is not None else crosswalks()
    best = match(header, platform, among=all_of_them)
    if best is None:
        return []
    beside = [c for c in all_of_them if c.beside == best.crosswalk.name and not _missing(c, header)]
    return [best, *(_match_of(c, header) for c in beside)]


def match(
    header: Sequence[str], platform: str | None = None, *, among: Iterable[Crosswalk] | None = None
) -> Match | None:
    """The crosswalk that reads most of a header; None where none fits."""
    all_of_them = tuple(among) if among is not None else crosswalks()
    candidates = [c for c in of_platform(platform, all_of_them) if not c.beside or platform == c.name]
    by_name = platform is not None and any(platform == c.name for c in candidates)
    fitting = [
        c
        for c in candidates
        if not _missing(c, header, marks=not by_name) and (by_name or _recognised(c, header, all_of_them))
    ]
    if not fitting:
        return None
    names = {plain(h) for h in header}
    best = max(fitting, key=lambda c: (len({plain(h) for h in c.headers()} & names), len(c.table.needed)))
    return _match_of(best, header)


def nearest(
    header: Sequence[str], platform: str | None = None, *, among: Iterable[Crosswalk] | None = None
) -> str:
    """What to say of a header that no crosswalk fits: the nearest one, and the columns it lacks."""
    names = {plain(h) for h in header}
    ranked = []
    for crosswalk in of_platform(platform, among):
        if crosswalk.beside:
            continue
        its = {plain(h) for h in crosswalk.headers()} & names
        missing = _missing(crosswalk, header, marks=not crosswalk.alone)
        ranked.append((bool(its), len(its), -len(missing), not crosswalk.alone, crosswalk, missing))
    found, _, _, _, crosswalk, missing = max(ranked, key=lambda r: r[:4])
    if not found:
        forms = ", ".join(sorted({c.platform for c in of_platform(platform, among)}))
        return (
            f"no column of its header is known (platforms: {forms}); is the first row the header? "
            "memberlib mapping proposes a mapping for such a file"
        )
    if missing:
        return f"its header is nearest to {crosswalk.platform} {crosswalk.table.name}, but lacks {', '.join(missing)}"
    return (
        f"its header could be {crosswalk.platform} {crosswalk.table.name} but does not say so; "
        f"if it is, name it: --platform {crosswalk.name}"
    )


def _missing(crosswalk: Crosswalk, header: Sequence[str], *, marks: bool = True) -> list[str]:
    """Headers of needed columns that the file lacks; of several names for one column, the first."""
    names = {plain(h) for h in header}

    def has(alternatives: Iterable[str]) -> bool:
        return any(plain(name.replace("{n}", "1")) in names for name in alternatives)

    def filled(source: Named) -> bool:
        groups = (source.first or (), *source.otherwise, *source.total)
        every = [group for group in (source.product, source.join) if group]
        return source.place or any(map(has, groups)) or any(all(map(has, group)) for group in every)

    lacking = [
        headers(crosswalk.sources[column])[0]
        for column in crosswalk.needed
        if not filled(crosswalk.sources[column])
    ]
    if marks:
        lacking += [mark[0] for mark in crosswalk.marks if not has(mark) and mark[0] not in lacking]
    return lacking


def _recognised(crosswalk: Crosswalk, header: Sequence[str], among: Iterable[Crosswalk]) -> bool:
    """Whether nothing in the header speaks for another table."""
    names = {plain(h) for h in header}
    if crosswalk.only_by_name or names & {plain(h) for h in crosswalk.without}:
        return False
    if not crosswalk.alone:
        return True
    others = {plain(name) for other in among if other.name != crosswalk.name for name in other.headers()}
    return not names & (others - {plain(h) for h in crosswalk.headers()})


def _match_of(crosswalk: Crosswalk, header: Sequence[str]) -> Match:
    """Positions of the crosswalk's columns in the header; of a repeated name, the first."""
    positions: dict[str, int] = {}
    repeated = []
    for position, name in enumerate(header):
        if plain(name) in positions:
            repeated.append(name.strip())
        elif plain(name):
            positions[plain(name)] = position

    def located(sources: Mapping[str, Named], number: int = 1) -> dict[str, Located]:
        found = {column: _located(source, positions, number) for column, source in sources.items()}
        return {column: place for column, place in found.items() if place.is_there}

    checked = []
    for stated, stated_total, may_be_inside in crosswalk.sums:
        parts, total = _located(stated, positions), _located(stated_total, positions)
        whole = total.total if total.first is None else (total.first,)
        if len(parts.total) == len(stated.total) and len(whole) == max(1, len(stated_total.total)):
            optional = tuple(positions[plain(n)] for n in may_be_inside if plain(n) in positions)
            reads = " = ".join(" + ".join(header[p].strip() for p in side) for side in (parts.total, whole))
            checked.append((parts, Located(total=whole), optional, reads))
    match = Match(
        crosswalk,
        located(crosswalk.sources),
        (),
        tuple(repeated),
        located(crosswalk.contacts),
        tuple(checked),
        tuple(_lines(crosswalk, positions)),
        next((positions[plain(n)] for n in crosswalk.currency_from if plain(n) in positions), None),
    )
    known = {plain(h) for h in crosswalk.headers()}
    used = set(match.wanted) | {position for name, position in positions.items() if name in known}
    ignored = tuple(h.strip() for p, h in enumerate(header) if h.strip() and p not in used)
    return replace(match, ignored=ignored)


def _lines(crosswalk: Crosswalk, positions: Mapping[str, int]) -> Iterable[Mapping[str, Located]]:
    """Of numbered columns, the places of each line, as far as any of them goes."""
    numbered = {column: source for column, source in crosswalk.sources.items() if is_wide(source)}
    for number in range(1, _MOST_LINES if numbered else 0):
        places = {column: _located(source, positions, number) for column, source in numbered.items()}
        places = {column: place for column, place in places.items() if place.is_there}
        if not places:
            return
        yield places


def _located(source: Named, positions: Mapping[str, int], number: int = 1) -> Located:
    def find(names: Names | None) -> int | None:
        plains = (plain(name.replace("{n}", str(number))) for name in names or ())
        return next((positions[name] for name in plains if name in positions), None)

    def some(groups: Iterable[Names], *, every: bool = False) -> tuple[int, ...]:
        found = [find(names) for names in groups]
        return () if every and None in found else tuple(p for p in found if p is not None)

    first, others = find(source.first), some(source.otherwise)
    if first is None and others:
        first, others = others[0], others[1:]
    spots: dict[str, Any] = {name: find(getattr(source, name)) for name in ONE.values()}
    spots |= {
        name: some(getattr(source, name), every=name in ("product", "join")) for name in SEVERAL.values()
    }
    spots |= {"first": first, "otherwise": others, "place": source.place and first is None}
    return replace(cast(Any, source), **spots)

"""What has this shop decided: its name, language, money, edges and level rules?

The decisions stand in ``<data>/stores.toml``, one table per shop; what a shop leaves out has the default given here.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import math
import re
import tomllib
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from memberlib import i18n
from memberlib.errors import InputError
from memberlib.external import ExternalSource, source_from
from memberlib.model import LEVELS, PAID_STATUSES
from memberlib.theme import rising

LANGUAGES = ("en", "zh", "zh-Hant")
CURRENCIES = ("CNY", "TWD", "HKD", "JPY", "GBP", "EUR", "USD")
MEASURES = ("mean", "total", "order")
JOIN_KEYS = ("phone", "email", "key")
SHARED_PHONES = ("report", "join")


@dataclass(frozen=True)
class LevelRule:
    """A level is earned by total amount ≥ ``amount`` or trades ≥ ``orders``; its price is ``discount`` × list."""

    level: str
    amount: float | None = None
    orders: int | None = None
    discount: float = 1.0


EXAMPLE_RULES = (
    LevelRule("regular"),
    LevelRule("advanced", 1000, 5, 0.9),
    LevelRule("vip", 3000, 10, 0.85),
    LevelRule("supreme", 10000, 20, 0.8),
)
"""Rules to try where a shop has none of its own: those of a published course, never taken for the shop's."""


@dataclass(frozen=True)
class Settings:
    """The decisions of one shop.

    Attributes
    ----------
    name : dict
        Language code → name; the empty code holds a name given without a language.
    lang : str
        Language of the shop's reports and tables: ``en``, ``zh`` or ``zh-Hant``.
    currency : str
        The money that its amounts are in; rows in another are rejected.
    time_zone : str
        Where its clock stands, such as ``Asia/Shanghai``.
    counted_statuses : tuple of str
        Statuses whose paid orders count as trades.
    time_edges_months, amount_edges, count_edges : tuple
        Upper edges of the intervals, closed on the right.
    amount_measure : str
        What the amount intervals measure: ``mean`` (a member's average order), ``total`` or ``order``.
    churn_days : int
        A member without a trade for more days than this is asleep.
    active_days : int, optional
        A member whose last trade lies at most so many days back counts as recent (RFM's R is high); ``churn_days``
        where it is not set, and never more. See :attr:`recent_days`.
    peak_ratio, slack_ratio : float
        A month is a peak (slack) month at or above (below) this multiple of the trades of a usual month of its year.
    category_prefixes : dict
        Category of a product by its id up to the first ``-``, where the export names no category.
    level_rules : tuple of LevelRule
        What each level takes, lowest first; empty where the shop has set no rules.
    level_words : dict
        What the shop's exports call a level → its code, such as ``{"金卡": "vip"}``; ``""`` is no level.
    join_by : tuple of str
        What makes members of several channels one person: some of phone, email, key. Empty: nobody is joined, and no
        contacts are read.
    join_shared_phone : str
        What to do with a phone that several names share: ``report`` it, or ``join`` them all the same.
    findings : dict
        Thresholds that replace those of ``memberlib/findings.toml``.
    source : ExternalSource, optional
        Where the shop's tables live, apart from the lake; see :mod:`memberlib.external`.
    """

    name: dict[str, str] = field(default_factory=dict)
    lang: str = "en"
    currency: str = "USD"
    time_zone: str = "UTC"
    counted_statuses: tuple[str, ...] = PAID_STATUSES
    time_edges_months: tuple[int, ...] = (2, 4, 6)
    amount_edges: tuple[float, ...] = (50, 100, 200)
    amount_measure: str = "mean"
    count_edges: tuple[int, ...] = (2, 5, 10)
    churn_days: int = 180
    active_days: int | None = None
    peak_ratio: float = 1.25
    slack_ratio: float = 0.75
    category_prefixes: dict[str, str] = field(default_factory=dict)
    level_rules: tuple[LevelRule, ...] = ()
    level_words: dict[str, str] = field(default_factory=dict)
    join_by: tuple[str, ...] = ()
    join_shared_phone: str = "report"
    findings: dict[str, Any] = field(default_factory=dict)
    source: ExternalSource | None = None

    def __post_init__(self) -> None:
        if self.active_days is not None and self.active_days > self.churn_days:
            raise InputError(
                f"active_days ({self.active_days}) must be at most churn_days ({self.churn_days}):"
                " who is asleep is not recent"
            )

    @property
    def recent_days(self) -> int:
        """Days within which a member's last trade is a recent one: ``active_days``, else ``churn_days``."""
        return self.churn_days if self.active_days is None else self.active_days

    def name_in(self, lang: str, fallback: str = "") -> str:
        """Name of the shop in a language, else in any language, else ``fallback``; 繁體 is made from 简体."""
        if not self.name.get(lang) and lang == "zh-Hant" and self.name.get("zh"):
            return i18n.traditional(self.name["zh"])
        kin = {"zh": "zh-Hant", "zh-Hant": "zh"}.get(lang, lang)
        for code in (lang, kin, "", *sorted(self.name)):
            if self.name.get(code):
                return self.name[code]
        return fallback

    @property
    def digest(self) -> str:
        """Short fingerprint of every decision; two shops that decide alike share it, wherever their tables live."""
        decided = {key: value for key, value in dataclasses.asdict(self).items() if key != "source"}
        text = json.dumps(decided, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def level_rules(rules: Sequence[Any]) -> tuple[LevelRule, ...]:
    """Level rules, lowest first, checked: known levels in their order, thresholds that rise, discounts above 0 up to 1.

    Parameters
    ----------
    rules : sequence of LevelRule or mapping
        Mappings have ``level`` and may have ``amount``, ``orders``, ``discount``.

    Raises
    ------
    InputError
        In one line, naming the level that is wrong.

    Examples
    --------
    >>> level_rules([{"level": "regular"}, {"level": "advanced", "amount": 500}])[1].amount
    500
    """
    made: list[LevelRule] = []
    for rule in [rules] if isinstance(rules, Mapping) else rules:
        if isinstance(rule, Mapping):
            unknown = sorted(set(rule) - {"level", "amount", "orders", "discount"})
            if unknown:
                raise InputError(
                    f"level rules: unknown word {unknown[0]!r}; a rule has level, amount, orders, discount"
                )
            rule = LevelRule(**{"level": "", **rule})
        if not isinstance(rule, LevelRule):
            raise InputError(
                f"level rules: {rule!r} is not a rule; a rule has level, amount, orders, discount"
            )
        made.append(rule)
    if not made:
        raise InputError("level rules: none given; give at least the lowest level")
    for place, rule in enumerate(made):
        where = f"level rules: {rule.level!r}"
        if rule.level not in LEVELS:
            raise InputError(f"{where} is not a level; choose among {', '.join(LEVELS)}")
        if place and LEVELS.index(rule.level) <= LEVELS.index(made[place - 1].level):
            raise InputError(
                f"{where} must stand above {made[place - 1].level!r}; give the lowest level first"
            )
        for name, value in (("amount", rule.amount), ("orders", rule.orders), ("discount", rule.discount)):
            number = isinstance(value, int | float) and not isinstance(value, bool) and value == value
            if not number and not (value is None and name != "discount"):
                raise InputError(
                    f"{where}: {name} {value!r} is not a number",
                    key="refused.rule_number", level=rule.level, given="" if value is None else value,
                )  # fmt: skip
        if not 0 < rule.discount <= 1:
            raise InputError(
                f"{where}: discount {rule.discount:g} must be above 0 and at most 1 (0.9 is 10 % off)",
                key="refused.rule_discount",
                level=rule.level,
            )
        if place == 0 and (rule.amount or rule.orders):
            raise InputError(
                f"{where} is the lowest level and takes every member: leave out its amount and orders"
            )
        if place and rule.amount is None and rule.orders is None:
            raise InputError(
                f"{where} needs an amount, a number of orders, or both",
                key="refused.rule_empty",
                level=rule.level,
            )
        for name in ("amount", "orders"):
            value = getattr(rule, name)
            below = [getattr(r, name) for r in made[1:place] if getattr(r, name) is not None]
            if value is not None and (value <= 0 or (below and value <= below[-1])):
                raise InputError(
                    f"{where}: {name} {value:g} must be above 0 and above that of the level below",
                    key=f"refused.rule_{name}", level=rule.level, given=value, before=below[-1] if below else 0,
                )  # fmt: skip
    return tuple(made)


def scaled_rules(rules: Sequence[LevelRule], factor: float) -> tuple[LevelRule, ...]:
    """The same rules with every threshold times ``factor``: amounts to the nearest whole, orders up to the next whole.

    Raises
    ------
    InputError
        Where the factor is not above 0, or so small that two levels come to the same threshold.

    Examples
    --------
    >>> [(r.amount, r.orders) for r in scaled_rules(EXAMPLE_RULES, 0.8)]
    [(None, None), (800, 4), (2400, 8), (8000, 16)]
    """
    if not 0 < factor < 1e6:
        raise InputError(f"level rules: the factor {factor:g} must be above 0")
    return level_rules(
        [
            dataclasses.replace(
                rule,
                amount=None if rule.amount is None else max(1, round(rule.amount * factor)),
                orders=None if rule.orders is None else math.ceil(round(rule.orders * factor, 6)),
            )
            for rule in rules
        ]
    )


def settings_from(table: Mapping[str, Any], store_id: str = "shop") -> Settings:
    """Settings of one shop from its table in ``stores.toml``.

    Raises
    ------
    InputError
        For an unknown word or a value of the wrong kind, in one line that names both.
    """
    known = {f.name for f in dataclasses.fields(Settings)}
    where = f"stores.toml, [{store_id}]"
    values = dict(table)
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, sorted(known), 1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            raise InputError(f"{where}: unknown setting {key!r}{meant}")
    name = values.get("name", {})
    values["name"] = {"": name} if isinstance(name, str) else {str(k): str(v) for k, v in dict(name).items()}
    _among(values, "lang", LANGUAGES, where)
    _among(values, "currency", CURRENCIES, where)
    _among(values, "amount_measure", MEASURES, where)
    zone = values.get("time_zone", "UTC")
    if not is_zone(zone):
        raise InputError(f"{where}: time_zone {zone!r} is not known; write one such as 'Asia/Shanghai'")
    if "counted_statuses" in values:
        chosen = tuple(values["counted_statuses"])
        if not chosen or set(chosen) - set(PAID_STATUSES):
            raise InputError(f"{where}: counted_statuses must be some of {', '.join(PAID_STATUSES)}")
        values["counted_statuses"] = chosen
    for key, whole in (("time_edges_months", True), ("amount_edges", False), ("count_edges", True)):
        if key in values:
            values[key] = rising(values[key], whole=whole, what=f"{where}: {key}")
    for key in ("churn_days", "active_days", "peak_ratio", "slack_ratio"):
        if key in values and (
            isinstance(values[key], bool) or not isinstance(values[key], int | float) or values[key] <= 0
        ):
            raise InputError(f"{where}: {key} must be a number above 0, not {values[key]!r}")
    if "join_by" in values:
        values["join_by"] = _join_keys(values["join_by"], where)
    _among(values, "join_shared_phone", SHARED_PHONES, where)
    if "level_words" in values:
        values["level_words"] = _level_words(values["level_words"], where)
    if "source" in values:
        values["source"] = source_from(values["source"], f"stores.toml, [{store_id}.source]")
    if "level_rules" in values:
        try:
            own = values["level_rules"]
            values["level_rules"] = () if isinstance(own, list | tuple) and not own else level_rules(own)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
    try:
        return Settings(**values)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _join_keys(given: Any, where: str) -> tuple[str, ...]:
    chosen = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, list | tuple) else None
    wrong = next((k for k in chosen if k not in JOIN_KEYS), None) if chosen is not None else given
    if wrong is not None:
        raise InputError(f"{where}: join_by {wrong!r} is not one of {', '.join(JOIN_KEYS)}")
    return tuple(key for key in JOIN_KEYS if key in (chosen or ()))


def _level_words(given: Any, where: str) -> dict[str, str]:
    if not isinstance(given, Mapping):
        raise InputError(f'{where}: level_words must be words and levels, such as {{ "金卡" = "vip" }}')
    for word, level in given.items():
        if not str(word).strip():
            raise InputError(f"{where}: level_words has an empty word")
        if level != "" and level not in LEVELS:
            raise InputError(
                f"{where}: level_words: {level!r} of {word!r} is not a level; choose among {', '.join(LEVELS)}"
            )
    return {str(word): str(level) for word, level in given.items()}


def is_zone(name: Any) -> bool:
    """Whether a name is that of a time zone, such as ``Asia/Shanghai``.

    Examples
    --------
    >>> is_zone("Asia/Shanghai"), is_zone("Eastern Time")
    (True, False)
    """
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        return False
    return True


def _among(values: Mapping[str, Any], key: str, choices: tuple[str, ...], where: str) -> None:
    if key in values and values[key] not in choices:
        raise InputError(f"{where}: {key} {values[key]!r} is not one of {', '.join(choices)}")


def check_store_id(store_id: str) -> str:
    """The store id itself, where it may name a folder: lower-case letters, digits, ``-`` and ``_``, at most 64."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", store_id):
        raise InputError(
            f"{store_id!r} is not a shop id; use lower-case letters, digits, '-' and '_', such as 'tea-house'"
        )
    return store_id


def all_settings(data: Path) -> dict[str, Settings]:
    """Settings of every shop in ``<data>/stores.toml``, in the file's order; empty where there is no file."""
    try:
        return dict(_read(data / "stores.toml", (data / "stores.toml").read_bytes()))
    except FileNotFoundError:
        return {}


@lru_cache(maxsize=8)
def _read(path: Path, content: bytes) -> dict[str, Settings]:
    """Settings in a file of this content; an import and a report ask for the same ones many times."""
    try:
        tables = tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"stores.toml cannot be read: {error}") from None
    return {
        key: settings_from(value, check_store_id(key))
        for key, value in tables.items()
        if isinstance(value, dict)
    }


def load_settings(data: Path, store_id: str) -> Settings:
    """Settings of one shop; the defaults where ``stores.toml`` does not name it."""
    return all_settings(data).get(store_id, Settings())


def ensure_settings(data: Path, store_id: str, defaults: Mapping[str, str]) -> Settings:
    """Settings of a shop, after adding it to ``stores.toml`` where it was not there.

    Parameters
    ----------
    data : path
        Data folder.
    store_id : str
    defaults : mapping
        ``lang``, ``currency`` and ``time_zone`` of the platform that the first export comes from.
    """
    known = all_settings(data)
    if store_id in known:
        return known[store_id]
    settings_from({"name": store_id, **defaults}, store_id)
    path = data / "stores.toml"
    data.mkdir(parents=True, exist_ok=True)
    before = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    words = {"name": store_id, **defaults}
    lines = [f"[{store_id}]", *(f'{key} = "{value}"' for key, value in words.items())]
    text = before.rstrip() + ("\n\n" if before.strip() else "") + "\n".join(lines) + "\n"
    fresh = path.with_suffix(".toml.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
    return all_settings(data)[store_id]

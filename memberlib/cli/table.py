"""What does `memberlib table` print?"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from memberlib.cli.words import As, AsOf, Contacts, Data, Edges, Format, In, Lang, Memory, StoreId, View
from memberlib.errors import InputError

table_app = typer.Typer(help="Print one analysis of one shop.", no_args_is_help=True, rich_markup_mode=None)


def _print(
    theme: str,
    store: str,
    view: str | None,
    data: Path | None,
    as_of: str | None,
    form: Format,
    lang: Lang | None,
    contacts: bool,
    **options: Any,
) -> None:
    from memberlib import i18n, tables
    from memberlib.store import open_store
    from memberlib.themes import theme as find

    analysis = find(theme).analysis(view)
    shop = open_store(store, as_of, data=data)
    i18n.set_language(lang.value if lang else shop.settings.lang)
    given = {key: value for key, value in options.items() if value is not None}
    taken = _taken(analysis, given)
    typer.echo(tables.text(analysis(shop, **taken), format=form.value, contacts=contacts).rstrip("\n"))


def _taken(analysis: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The options, where the analysis knows them all."""
    import importlib
    import inspect

    module, name = analysis.function.split(":")
    known = inspect.signature(getattr(importlib.import_module(module), name)).parameters
    for key in given:
        if key not in known:
            raise InputError(f"'--{key.replace('_', '-')}' does not go with view '{analysis.view}'")
    return given


def _numbers(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",")]


def _rules(texts: Sequence[str] | None) -> list[dict[str, Any]] | None:
    """Level rules from words such as ``advanced=1000,5,0.9`` (amount, orders, discount; a part may be empty)."""
    if not texts:
        return None
    rules: list[dict[str, Any]] = [{"level": "regular"}]
    for text in texts:
        level, _, rest = text.partition("=")
        rule: dict[str, Any] = {"level": level.strip()}
        parts = rest.split(",") if rest else []
        if len(parts) > 3:
            raise InputError(f"--rule {text!r}: write it as advanced=1000,5,0.9 (amount, orders, discount)")
        for key, part in zip(("amount", "orders", "discount"), parts, strict=False):
            try:
                if part.strip():
                    rule[key] = int(part) if key == "orders" else float(part)
            except ValueError:
                raise InputError(
                    f"--rule {text!r}: {part.strip()!r} is not a number; write it as advanced=1000,5,0.9"
                ) from None
        if rule["level"] == "regular":
            rules[0] = rule
        else:
            rules.append(rule)
    return rules


Rule = Annotated[
    list[str] | None,
    typer.Option("--rule", help="A level's rule, as advanced=1000,5,0.9; one --rule per level."),
]


@table_app.command("level")
def table_level(
    store: StoreId, view: View = None, rule: Rule = None,
    rules_from: Annotated[str | None, typer.Option(help="Day the rules take force; else always in force.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="With --view cost: how many days back.")] = None,
    as_of: AsOf = None, form: As = Format.table, lang: In = None, data: Data = None,
    contacts: Contacts = False, memory: Memory = None,
) -> None:  # fmt: skip
    """Members, orders and money per level; --view structure|flow|cost."""
    from memberlib.store import day_of

    _print(
        "level",
        store,
        view,
        data,
        as_of,
        form,
        lang,
        contacts,
        rules=_rules(rule),
        rules_from=day_of(rules_from),
        days=days,
    )


class Unit(StrEnum):
    """Unit of time intervals."""

    months = "months"
    days = "days"


@table_app.command("time")
def table_time(
    store: StoreId, edges: Edges = None,
    unit: Annotated[Unit | None, typer.Option(help="Unit of the edges.")] = None,
    view: View = None, as_of: AsOf = None, form: As = Format.table, lang: In = None, data: Data = None,
    contacts: Contacts = False, memory: Memory = None,
) -> None:  # fmt: skip
    """Members by their last trade; --view bands|months|goods|hours."""
    _print(
        "time",
        store,
        view,
        data,
        as_of,
        form,
        lang,
        contacts,
        edges=_numbers(edges),
        unit=unit.value if unit else None,
    )


class Measure(StrEnum):
    """What the amount analysis measures."""

    mean = "mean"
    total = "total"
    order = "order"


@table_app.command("amount")
def table_amount(
    store: StoreId, edges: Edges = None,
    measure: Annotated[Measure | None, typer.Option(help="A member's mean order or total, or single orders.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="With --view spenders: how many members.")] = None,
    view: View = None, as_of: AsOf = None, form: As = Format.table, lang: In = None, data: Data = None,
    contacts: Contacts = False, memory: Memory = None,
) -> None:  # fmt: skip
    """Members by amount; --view bands|concentration|spenders."""
    _print("amount", store, view, data, as_of, form, lang, contacts, edges=_numbers(edges),
           measure=measure.value if measure else None, limit=limit)  # fmt: skip


@table_app.command("count")
def table_count(
    store: StoreId, edges: Edges = None,
    days: Annotated[int | None, typer.Option(min=1, help="With --view sleeping: asleep after this many days.")] = None,
    view: View = None, as_of: AsOf = None, form: As = Format.table, lang: In = None, data: Data = None,
    contacts: Contacts = False, memory: Memory = None,
) -> None:  # fmt: skip
    """Members by number of trades; --view bands|sleeping."""
    _print("count", store, view, data, as_of, form, lang, contacts, edges=_numbers(edges), days=days)


class Method(StrEnum):
    """How RFM scores are cut."""

    quantile = "quantile"
    fixed = "fixed"
    jenks = "jenks"
    mean = "mean"
    median = "median"


@table_app.command("rfm")
def table_rfm(
    store: StoreId,
    method: Annotated[Method | None, typer.Option(help="How values become scores.")] = None,
    scores: Annotated[int | None, typer.Option(min=2, max=10, help="How many scores (quantile, jenks).")] = None,
    segment_map: Annotated[str | None, typer.Option("--map", help="eight, eleven, or a CSV of score ranges.")] = None,
    edges: Annotated[str | None, typer.Option(help="--method fixed: 30,90/1,3/100,500 (days/trades/money).")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="With --view moves: how many days back.")] = None,
    view: View = None, as_of: AsOf = None, form: As = Format.table, lang: In = None, data: Data = None,
    contacts: Contacts = False, memory: Memory = None,
) -> None:  # fmt: skip
    """RFM segments; --view segments|edges|audit|regions|moves|members."""
    cut = None
    if edges is not None:
        parts = edges.split("/")
        if len(parts) != 3:
            raise InputError(
                "--edges of rfm has three lists with '/' between: days/trades/money, as 30,90/1,3/100,500"
            )
        cut = dict(zip(("recency", "frequency", "monetary"), (_numbers(part) for part in parts), strict=True))
    _print("rfm", store, view, data, as_of, form, lang, contacts, method=method.value if method else None,
           scores=scores, segment_map=segment_map, edges=cut, days=days)  # fmt: skip

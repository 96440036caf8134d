"""What can be said at a prompt?"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from memberlib.errors import InputError

app = typer.Typer(
    name="memberlib",
    help="Turn a shop's exports into answers about its members.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
table_app = typer.Typer(help="Print one analysis of one shop.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(table_app, name="table")


class Format(StrEnum):
    """How a table is printed."""

    table = "table"
    csv = "csv"
    json = "json"
    md = "md"


class Lang(StrEnum):
    """A language of labels and prose."""

    en = "en"
    zh = "zh"
    zh_Hant = "zh-Hant"


StoreId = Annotated[str, typer.Option("--store", "-s", help="Id of the shop.", show_default=False)]
Data = Annotated[
    Path | None, typer.Option("--data", help="Data folder; else $MEMBERLIB_DATA, else the nearest data/.")
]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="Last day looked at, as 2026-06-30; else the last order's day.")
]
As = Annotated[Format, typer.Option("--format", "-f", help="How to print.")]
In = Annotated[Lang | None, typer.Option("--lang", help="Language of the words; else the shop's own.")]
Edges = Annotated[
    str | None, typer.Option("--edges", help="Upper edges of the intervals, such as 50,100,200.")
]
View = Annotated[
    str | None, typer.Option("--view", help="Another analysis of the theme; see the README's table.")
]


@app.command("import")
def import_(
    files: Annotated[
        list[Path], typer.Argument(help="Export files: CSV, xlsx or Parquet.", show_default=False)
    ],
    store: StoreId,
    platform: Annotated[
        str | None, typer.Option("--platform", help="Name of the crosswalk; else found by the header.")
    ] = None,
    max_rejected: Annotated[
        float, typer.Option("--max-rejected", help="Refuse a file with a larger share of bad rows.")
    ] = 0.2,
    data: Data = None,
) -> None:
    """Take exports into a shop; print an account that adds up for each file."""
    from memberlib.imports import import_files

    with _bar() as tell:
        import_files(
            files,
            store,
            data=data,
            platform=platform,
            max_rejected_share=max_rejected,
            progress=tell,
            done=_print_account,
        )


@contextmanager
def _bar() -> Iterator[Callable[[str, float], None] | None]:
    """A progress bar per file on the terminal; nothing where the output goes elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(file: str, share: float) -> None:
            if file not in tasks:
                tasks[file] = progress.add_task(file, total=1.0)
            progress.update(tasks[file], completed=share, visible=share < 1)

        yield tell


def _print_account(account: Any) -> None:
    typer.echo(
        f"{account.store_id} ← {account.file} ({account.platform} {account.table}):"
        f" {account.read_count:,} rows read = {account.accepted_count:,} accepted"
        f" + {account.same_count:,} same as before + {account.replaced_count:,} replaced"
        f" + {account.rejected_count:,} rejected"
    )
    for note in account.notes:
        typer.echo(f"  {note}")
    if account.rejected_count:
        typer.echo(f"  see them: memberlib rejected --store {account.store_id} --import {account.import_id}")


@app.command()
def samples(data: Data = None) -> None:
    """Import the sample shops that come with the project (data/samples)."""
    from memberlib.imports import import_files
    from memberlib.lake import data_folder

    folder = data_folder(data)
    shops = sorted(path for path in (folder / "samples").glob("*") if path.is_dir())
    if not shops:
        raise InputError(
            f"no sample shops in {folder / 'samples'}; run this where the project's data folder is, or give --data"
        )
    changed = 0
    for shop in shops:
        for account in import_files(
            sorted(p for p in shop.iterdir() if p.suffix == ".csv"), shop.name, data=folder
        ):
            if account.accepted_count or account.replaced_count:
                changed += 1
                _print_account(account)
    typer.echo(
        f"{len(shops)} sample shops: " + (f"{changed} files taken in" if changed else "nothing changed")
    )


@app.command()
def shops(data: Data = None) -> None:
    """List the shops of the data folder."""
    from memberlib.lake import Lake, data_folder

    folder = data_folder(data)
    for store_id in Lake(folder / "lake").shops():
        typer.echo(store_id)


@app.command()
def imports(
    store: Annotated[str | None, typer.Option("--store", "-s", help="Only this shop.")] = None,
    data: Data = None,
) -> None:
    """List what was imported, with the account of each file."""
    from memberlib.lake import Lake, data_folder

    lake = Lake(data_folder(data) / "lake")
    for store_id in [store] if store else lake.shops():
        frame = lake.imports(store_id)
        typer.echo(f"{store_id}")
        typer.echo(frame.to_string(index=False) if len(frame) else "  nothing imported")


@app.command()
def rejected(
    store: StoreId,
    import_id: Annotated[str | None, typer.Option("--import", help="Only the rows of this import.")] = None,
    data: Data = None,
) -> None:
    """List rejected rows as CSV: file, row, rule, column, value."""
    from memberlib.lake import Lake, data_folder

    typer.echo(Lake(data_folder(data) / "lake").rejected(store, import_id).to_csv(index=False), nl=False)


def _print(
    theme: str,
    store: str,
    view: str | None,
    data: Path | None,
    as_of: str | None,
    form: Format,
    lang: Lang | None,
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
    typer.echo(tables.text(analysis(shop, **taken), format=form.value).rstrip("\n"))


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
) -> None:  # fmt: skip
    """Members by time since their last trade; --view bands|months|goods|hours."""
    _print(
        "time", store, view, data, as_of, form, lang, edges=_numbers(edges), unit=unit.value if unit else None
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
) -> None:  # fmt: skip
    """Members by amount; --view bands|concentration|spenders."""
    _print("amount", store, view, data, as_of, form, lang, edges=_numbers(edges),
           measure=measure.value if measure else None, limit=limit)  # fmt: skip


@table_app.command("count")
def table_count(
    store: StoreId, edges: Edges = None,
    days: Annotated[int | None, typer.Option(min=1, help="With --view sleeping: asleep after this many days.")] = None,
    view: View = None, as_of: AsOf = None, form: As = Format.table, lang: In = None, data: Data = None,
) -> None:  # fmt: skip
    """Members by number of trades; --view bands|sleeping."""
    _print("count", store, view, data, as_of, form, lang, edges=_numbers(edges), days=days)


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
    _print("rfm", store, view, data, as_of, form, lang, method=method.value if method else None, scores=scores,
           segment_map=segment_map, edges=cut, days=days)  # fmt: skip


@app.command()
def report(
    store: Annotated[
        list[str] | None, typer.Option("--store", "-s", help="A shop; may be given again.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every shop of the data folder.")] = False,
    as_of: AsOf = None,
    lang: In = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the reports.")] = Path("reports"),
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Notebooks at work at once.")] = 2,
    force: Annotated[bool, typer.Option("--force", help="Make again what has not changed.")] = False,
    data: Data = None,
) -> None:
    """Make a report per shop, and an index over all of them."""
    from memberlib.reports import make_reports

    if not store and not all_:
        raise InputError("say which shops: --store ID (may be given again) or --all")
    if store and all_:
        raise InputError("give either --store or --all, not both")
    failed = make_reports(
        None if all_ else list(store or []),
        data=data,
        as_of=as_of,
        lang=lang.value if lang else None,
        out=out,
        jobs=jobs,
        force=force,
    )
    raise typer.Exit(1 if failed else 0)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a user's mistake is one line and status 2."""
    try:
        app(list(arguments) if arguments is not None else None)
    except InputError as error:
        print(f"memberlib: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("MEMBERLIB_DEBUG"):
            raise
        print(f"memberlib: unexpected {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
              " (MEMBERLIB_DEBUG=1 shows where)", file=sys.stderr)  # fmt: skip
        sys.exit(1)


if __name__ == "__main__":
    main()

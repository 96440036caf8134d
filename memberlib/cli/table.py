"""`memberlib table THEME`: one sub-command per theme, made from the options that its views declare."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from memberlib.cli.words import As, AsOf, Contacts, Data, Format, In, Memory, StoreId
from memberlib.errors import InputError
from memberlib.theme import Choice, Option, Theme


class Themes(TyperGroup):
    """The themes there are, each imported only when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the notebooks."""
        from memberlib.themes import all_themes

        return [theme.name for theme in all_themes()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a theme; None where there is none of that name."""
        from memberlib import themes

        return _command(themes.theme(cmd_name)) if cmd_name in themes.names() else None


table_app = typer.Typer(
    cls=Themes, help="Print one analysis of one shop.", no_args_is_help=True, rich_markup_mode=None
)


@table_app.callback()
def _table() -> None:
    """Print one analysis of one shop."""


def _command(theme: Theme) -> Any:
    views = list(theme.views)
    options = _options(theme)

    def call(**given: Any) -> None:
        _print(theme, options, **given)

    shown = f"Another view of the theme; {views[0]} where none is named."
    picked: dict[str, Any] = {
        "store": (StoreId, inspect.Parameter.empty),
        "view": (Annotated[str | None, typer.Option("--view", metavar="|".join(views), help=shown)], None),
    }
    for name, one in options.items():
        kind = list[str] if getattr(one.kind, "many", False) else str
        said = typer.Option(one.at_prompt, metavar=_metavar(one), help=_help(theme, one))
        picked[f"option_{name}"] = (Annotated[kind | None, said], None)
    picked |= {
        "as_of": (AsOf, None), "form": (As, Format.table), "lang": (In, None), "data": (Data, None),
        "contacts": (Contacts, False), "memory": (Memory, None),
    }  # fmt: skip
    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            for name, (kind, default) in picked.items()
        ]
    )
    call.__annotations__ = {name: kind for name, (kind, _) in picked.items()}
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    lines = [f"{theme.analysis().help}", "", *(f"  {name}: {theme.views[name].help}" for name in views)]
    app.command(theme.name, help="\b\n" + "\n".join(lines), short_help=f"{', '.join(views)}")(call)
    return typer.main.get_command(app)


def _options(theme: Theme) -> dict[str, Option]:
    """Every option of a theme's views by its name; of the same name the first one stands for all."""
    found: dict[str, Option] = {}
    for view in theme.views.values():
        for one in view.options:
            found.setdefault(one.name, one)
    return found


def _metavar(option: Option) -> str:
    return (
        option.kind.form
        if isinstance(option.kind, Choice)
        else option.kind.form.split(" such as ")[-1].upper()
    )


def _help(theme: Theme, option: Option) -> str:
    from memberlib import i18n

    said = i18n.say(f"{theme.name}.option.{option.name}.help", "en")
    views = [view.name for view in theme.views.values() if view.option(option.name)]
    return said if len(views) == len(theme.views) else f"{said} With --view {', '.join(views)}."


def _print(
    theme: Theme,
    known: dict[str, Option],
    *,
    store: str,
    view: str | None,
    as_of: str | None,
    form: Format,
    lang: Any,
    data: Path | None,
    contacts: bool,
    memory: str | None,
    **given: Any,
) -> None:
    from memberlib import i18n, tables
    from memberlib.store import open_store

    chosen = theme.analysis(view)
    options = {}
    for name, one in known.items():
        value = given[f"option_{name}"]
        if value is None or value == []:
            continue
        taken = chosen.option(name)
        if taken is None:
            raise InputError(f"'{one.at_prompt}' does not go with view '{chosen.name}'")
        options[name] = taken.kind.read(value)
    shop = open_store(store, as_of, data=data)
    i18n.set_language(lang.value if lang else shop.settings.lang)
    typer.echo(tables.text(chosen(shop, **options), format=form.value, contacts=contacts).rstrip("\n"))

"""A result as a table: in a notebook, at a prompt, for another program."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Literal, get_args

from memberlib import i18n, privacy
from memberlib.errors import InputError
from memberlib.results import MIME, to_data
from memberlib.tables.columns import columns
from memberlib.tables.forms import csv_text, html_table, json_text, markdown_table, terminal_table
from memberlib.tables.small_print import how

if TYPE_CHECKING:
    from memberlib.store import Store

__all__ = ["FORMATS", "Shown", "how", "notice", "opening", "show", "text"]


def __dir__() -> list[str]:
    return __all__


Format = Literal["table", "md", "csv", "json"]
FORMATS = get_args(Format)
LIMIT = 40


class Shown:
    """A result as a table, in the language that was in use when it was made."""

    def __init__(
        self, result: Any, *, limit: int | None, title: str | None, lang: str | None, kind: str = "table"
    ) -> None:
        self._kind = kind
        self._lang = i18n.language(lang)
        about = result.attrs
        if title is None:
            title = i18n.title(about, self._lang)
        self.result = result
        self._head = [title, i18n.caption(about, self._lang, rows=len(result))]
        rest = 0 if limit is None else max(len(result) - limit, 0)
        self._columns = columns(result.head(len(result) - rest), self._lang) if len(result) else []
        self._limit, self._more = limit, ""
        if rest:
            self._more = i18n.say("caption.more", self._lang, rows=i18n.counted(rest, "rows", self._lang))
        elif not len(result):
            none = "none_rejected" if {"rule", "import_id"} <= set(result.columns) else "empty"
            self._head.append(i18n.say(f"caption.{none}", self._lang))
        self._how = {alone: how(result, self._lang, alone=alone) for alone in (False, True)}

    def _made(self, form: Any, *, alone: bool = False) -> str:
        return str(form(self._columns, head=self._head, more=self._more, how=self._how[alone]))

    def _repr_html_(self) -> str:
        return self._made(html_table)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """The table in each form, and what it shows as data."""
        shown: dict[str, Any] = {
            "text/html": self._repr_html_(), "text/markdown": self._repr_markdown_(), "text/plain": repr(self),
        }  # fmt: skip
        if "analysis" in self.result.attrs:
            shown[MIME] = {
                "shown": self._kind, "limit": self._limit, **to_data(self.result, limit=self._limit),
            }  # fmt: skip
        return shown

    def _repr_markdown_(self) -> str:
        return self._made(markdown_table)

    def __repr__(self) -> str:
        return self._made(terminal_table).rstrip("\n")


def show(
    result: Any,
    *,
    limit: int | None = LIMIT,
    title: str | None = None,
    lang: str | None = None,
    contacts: bool = False,
) -> Shown:
    """Show a result as a table in words, with money and shares as the reader's language writes them.

    Parameters
    ----------
    result : DataFrame
        What an analysis handed back.
    limit : int, optional
        Longest table; "… and 12 more rows" stands below. None for all.
    title : str, optional
        Line above the table; the name of the analysis where left out, "" for none.
    lang : str, optional
    contacts : bool
        Show ids of members that are phones or e-mail addresses as they are, instead of their ends alone.

    Returns
    -------
    Shown
        Displays itself in a notebook and prints as aligned text.
    """
    return Shown(result if contacts else privacy.masked_ids(result), limit=limit, title=title, lang=lang)


def text(
    result: Any,
    *,
    format: Format = "table",
    limit: int | None = None,
    lang: str | None = None,
    contacts: bool = False,
) -> str:
    """Return a result as text.

    Parameters
    ----------
    result : DataFrame
    format : {"table", "md", "csv", "json"}
        In words and aligned for a terminal; in words as Markdown; codes and plain numbers as CSV; one
        JSON object.
    limit : int, optional
        Longest table (``table`` and ``md``).
    lang : str, optional
    contacts : bool
        As for :func:`show`.

    Raises
    ------
    InputError
        For another format.
    """
    if not contacts:
        result = privacy.masked_ids(result)
    if format == "csv":
        return csv_text(result)
    if format == "json":
        return json_text(result)
    if format not in FORMATS:
        raise InputError(f"no format '{format}'; choose one of: {', '.join(FORMATS)}")
    shown = Shown(result, limit=limit, title=None, lang=lang)
    return shown._made(markdown_table if format == "md" else terminal_table, alone=True)


def opening(store: Store, *, lang: str | None = None) -> Shown:
    """Show a shop's name, its day and its members over the orders that no figure counts.

    Parameters
    ----------
    store : Store
    lang : str, optional
    """
    lang = i18n.language(lang)
    left_out = store.left_out
    kept = left_out[left_out["order_count"] > 0].reset_index(drop=True)
    members: dict[Any, Any] = {"member_count": store.member_count, "buyer_count": store.buyer_count}
    kept.attrs = left_out.attrs | members | {"row_count": len(kept)}
    title = i18n.say(
        "caption.opening",
        lang,
        shop=store.settings.name_in(lang, store.id),
        members=i18n.counted(store.member_count, "members", lang),
        buyers=i18n.number(store.buyer_count, lang),
    )
    return Shown(kept, limit=None, title=title, lang=lang, kind="opening")


def notice(said: str) -> str:
    """Return one line of HTML that tells a reader what could not be done."""
    style = "border-left:3px solid #b5532a;padding:.3em .8em;margin:.4em 0"
    return f'<p class="memberlib-notice" role="alert" style="{style}">{html.escape(said)}</p>'

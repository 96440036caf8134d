"""How was a result counted, in one or two sentences?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memberlib import i18n


def how(result: Any, lang: str | None = None, *, alone: bool = True) -> str:
    """Return the small print under a result: "How counted: …"; empty for a result that needs none.

    Parameters
    ----------
    result : DataFrame
        Its ``attrs`` say the analysis, its parameters and its day.
    lang : str, optional
    alone : bool
        Whether to say as well which orders count; a page says that once, at its top.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame()
    >>> rows.attrs = {"theme": "count", "view": "bands", "as_of": "2026-06-30", "params": {}}
    >>> how(rows, "en").startswith("How counted: ")
    True
    """
    about: Mapping[str, Any] = result.attrs
    params: Mapping[str, Any] = about.get("params") or {}
    known = i18n.words(i18n.language(lang))
    analysis = str(about.get("analysis", ""))
    forms = (
        params.get("unit"),
        params.get("measure"),
        about.get("level_source"),
        about.get("assumption"),
        about.get("comparison"),
    )
    view = f"{i18n.view_key(about)}.how"
    keys = [f"{view}_{form}" for form in forms if isinstance(form, str)]
    key = next((key for key in [*keys, view, f"how.{analysis}"] if key in known), None)
    if key is None:
        return ""
    values = _values(about, params, lang)
    said = [i18n.say(f"{about['theme']}.word.{note}_how", lang) for note in about.get("notes") or ()]
    said.append(i18n.say(key, lang, **values))
    if values["scores_cut"] and analysis not in ("regions",):
        said.append(values["scores_cut"])
    if not i18n.is_empty(about.get("no_region_count")) and about["no_region_count"]:
        left = i18n.counted(about["no_region_count"], "members", lang)
        said.append(i18n.say("how.no_region", lang, members=left))
    if alone or analysis == "left_out":
        said.append(i18n.say("how.orders", lang))
    return i18n.say("how.title", lang, text=i18n.say("how.join", lang).join(said))


def _values(about: Mapping[str, Any], params: Mapping[str, Any], lang: str | None) -> dict[str, str]:
    days, churn = params.get("days", about.get("days")), about.get("churn_days")
    values = {
        "as_of": i18n.day(about.get("as_of"), lang),
        "before": i18n.day(about.get("before"), lang),
        "from_on": i18n.day(about.get("from_on"), lang),
        "before_from_on": i18n.day(about.get("before_from_on"), lang),
        "days": i18n.NO_VALUE if i18n.is_empty(days) else i18n.counted(days, "days", lang),
        "churn_days": i18n.NO_VALUE if i18n.is_empty(churn) else i18n.counted(churn, "days", lang),
        "peak_ratio": i18n.number(params.get("peak_ratio"), lang),
        "slack_ratio": i18n.number(params.get("slack_ratio"), lang),
        "near_share": i18n.percent(params.get("near_share"), lang, digits=0),
        "scores_cut": "",
    }
    if isinstance(params.get("method"), str):
        edge = (about.get("edges") or {}).get("recency") or [None]
        days = i18n.NO_VALUE if edge[0] is None else i18n.counted(i18n.rounded(edge[0]), "days", lang)
        method = i18n.say(f"method.{params['method']}", lang, edge_days=days)
        scores = i18n.number(params.get("scores"), lang)
        values["scores_cut"] = i18n.say("how.scores", lang, method=method, scores=scores)
    return values

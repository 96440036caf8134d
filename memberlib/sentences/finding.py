"""One finding: the figures it rests on, and how it is said in the reader's language."""

from __future__ import annotations

import dataclasses
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from memberlib import i18n
from memberlib.plain import plain
from memberlib.results import FORM, MIME
from memberlib.sentences.phrases import sentence, spoken


@dataclass(frozen=True)
class Finding:
    """One thing a shop's numbers say, the figures it rests on, and what to do about it.

    Attributes
    ----------
    code, theme : str
        What is found, and in which theme.
    strength : float
        0–1: how much of the shop it concerns, times the weight of its code in ``findings.toml``.
    evidence : mapping
        The figures it rests on. Names end in their unit: ``_count``, ``_share`` (0–1), ``_amount``,
        ``_days``, ``_ratio``.
    action : str
        Key of the words that say what to do.
    about : mapping
        Whom and what it is about: codes of levels and segments, intervals, months, names of goods and
        of regions.
    currency : str
        Currency of the amounts.
    wording : str
        Which of the finding's sentences is said.
    tolerance : float
        How near a share must lie to one half, two thirds … to be called so.

    Examples
    --------
    >>> silent = Finding("silent", "time", 0.4, {"silent_count": 192, "silent_share": 0.5, "buyer_count": 384,
    ...                  "silent_amount": 9_000.0, "silent_amount_share": 0.3}, "time.finding.silent.action",
    ...                  {"span": (6, "months")}, "GBP")
    >>> silent.text("en").partition(": ")[0]
    'Half of members are asleep'
    """

    code: str
    theme: str
    strength: float
    evidence: Mapping[str, Any] = field(hash=False)
    action: str = ""
    about: Mapping[str, Any] = field(default_factory=dict, hash=False)
    currency: str = "CNY"
    wording: str = "text"
    tolerance: float = 0.01

    @property
    def key(self) -> str:
        """Dotted path of the finding's words."""
        return "finding.too_few" if self.code == "too_few" else f"{self.theme}.finding.{self.code}"

    def text(self, lang: str | None = None) -> str:
        """The finding as a sentence."""
        return self._said(f"{self.key}.{self.wording}", lang, short=True)

    def action_text(self, lang: str | None = None) -> str:
        """What to do about it; empty where there is nothing to do."""
        return self._said(self.action, lang, short=True) if self.action else ""

    def evidence_text(self, lang: str | None = None) -> str:
        """The figures it rests on, in full."""
        special = f"{self.key}.{self.wording.replace('text_', 'evidence_')}"
        known = self.wording.startswith("text_") and special in i18n.words("en")
        return self._said(special if known else f"{self.key}.evidence", lang, short=False)

    def _said(self, key: str, lang: str | None, *, short: bool) -> str:
        values = spoken(
            self.evidence, self.about, self.currency, lang=lang, short=short, tolerance=self.tolerance
        )
        return sentence(i18n.say(key, lang, **values))


class Findings(list[Finding]):
    """Findings in order; a notebook shows them as a list in the language in use.

    ``about`` says of which result they are: theme, view, store, as_of.
    """

    about: Mapping[str, Any] = {}

    def __repr__(self) -> str:
        lines = [f"{one.text()} {one.action_text()} ({one.evidence_text()})" for one in self]
        return "\n".join(lines) or i18n.say("finding.nothing")

    def _repr_markdown_(self) -> str:
        lines = []
        for one in self:
            text, action, evidence = map(_as_markdown, (one.text(), one.action_text(), one.evidence_text()))
            lines.append(f"- **{text}** {action}  \n  <small>{evidence}</small>")
        return "\n".join(lines) or i18n.say("finding.nothing")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """The sentences, and what they rest on as data."""
        data = {
            "shown": "findings",
            "form": FORM,
            "about": dict(self.about),
            "findings": [to_data(one) for one in self],
        }
        data = {
            name: json.dumps(v, ensure_ascii=False) if isinstance(v, dict | list) else v
            for name, v in data.items()
        }
        return {"text/markdown": self._repr_markdown_(), "text/plain": repr(self), MIME: data}


def to_data(finding: Finding) -> dict[str, Any]:
    """A finding as plain data; dates become ISO text, intervals lists."""
    return {one.name: plain(getattr(finding, one.name)) for one in dataclasses.fields(finding)}


def from_data(data: Mapping[str, Any]) -> Finding:
    """The finding that :func:`to_data` made data of."""
    return Finding(**data)


def _as_markdown(text: str) -> str:
    """Text that Markdown shows as it stands: two dollar signs are no formula, a name's stars no emphasis."""
    return re.sub(r"([\\`*_\[\]$~|#])", r"\\\1", html.escape(text, quote=False))

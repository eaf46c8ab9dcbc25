"""The public notice of an office, made from the mode of officers' faces: as text, and as a page to print. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from html import escape
from importlib.resources import files
from typing import Literal

from motcua.analytics.store import VIET_NAM
from motcua.edge.messages import OfficerMode

Lang = Literal["vi", "en"]
CSP = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_STYLE = """
@page { size: A4; margin: 20mm }
body { font: 18px/1.5 Roboto, "Segoe UI", Arial, sans-serif; color: #14202b; background: #fff; max-width: 44rem; margin: 0 auto; padding: 1.5rem }
h1 { font-size: 1.7rem; line-height: 1.25; margin: .5rem 0 1rem } h2 { font-size: 1.15rem; margin: 1.4rem 0 .3rem } p { margin: .3rem 0; overflow-wrap: anywhere }
a { color: #0b5a99 } .planned { background: #fff1cc; padding: .5rem .75rem; font-weight: 700 } @media print { nav { display: none } body { padding: 0 } }
"""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said. ``citizens``: whether citizens' faces are read, None where no camera has said so. ``since`` None: planned."""

    office: str
    mode: OfficerMode
    legal_basis: str | None
    since: datetime | None
    citizens: bool | None

    def sections(self, lang: Lang) -> list[tuple[str | None, list[str]]]:
        """Headings (None: none) with their paragraphs."""
        w = words(lang)
        citizens = w["citizens_unknown" if self.citizens is None else "citizens_on" if self.citizens else "citizens_off"]
        officers = [w[f"officers_{self.mode}"]]
        found: list[tuple[str | None, list[str]]] = [
            (None, [w["counting"].format(office=self.office)]),
            (w["head_citizens"], [citizens]),
        ]
        if self.mode != "off":
            officers += [w["who"], w["error"], w["change"]]
        found.append((w["head_officers"], officers))
        if self.mode != "off" and self.legal_basis:
            since = [] if self.since is None else [w["since"].format(since=f"{self.since.astimezone(VIET_NAM):%d/%m/%Y}")]
            found.append((w["head_basis"], [self.legal_basis, *since]))
        return [*found, (w["head_contact"], [w["contact"]])]

    @property
    def planned(self) -> bool:
        """A mode that does not hold yet."""
        return self.mode != "off" and self.since is None


def text(notice: Notice, lang: Lang) -> str:
    """The notice as lines of text."""
    w = words(lang)
    lines = [w["title"].upper(), *([w["planned"]] if notice.planned else [])]
    for heading, paragraphs in notice.sections(lang):
        lines += ["", *([heading] if heading else []), *paragraphs]
    return "\n".join(lines) + "\n"


def page(notice: Notice, lang: Lang) -> str:
    """The notice as a page of HTML, for A4."""
    w = words(lang)
    body = "".join(_section(heading, paragraphs) for heading, paragraphs in notice.sections(lang))
    planned = f'<p class="planned">{escape(w["planned"])}</p>' if notice.planned else ""
    other = f'<nav><a href="?lang={w["other_lang"]}" lang="{w["other_lang"]}" hreflang="{w["other_lang"]}">{w["other"]}</a></nav>'
    return (
        f'<!doctype html>\n<html lang="{w["language"]}"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1"><title>{escape(w["title"])} – {escape(notice.office)}</title>'
        f"<style>{_STYLE}</style></head><body>{other}<main><h1>{escape(w['title'])}</h1>{planned}{body}</main></body></html>\n"
    )


@cache
def words(lang: Lang) -> Mapping[str, str]:
    """The notice's words."""
    found: dict[str, dict[str, str]] = json.loads(
        files("motcua.analytics").joinpath("notice_words.json").read_text(encoding="utf-8")
    )
    return found[lang]


def _section(heading: str | None, paragraphs: Sequence[str]) -> str:
    head = f"<h2>{escape(heading)}</h2>" if heading else ""
    return head + "".join(f"<p>{escape(p)}</p>" for p in paragraphs)

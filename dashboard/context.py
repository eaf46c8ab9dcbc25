"""What a page's callback needs of the request it runs in: the session, the language. Nothing is kept between requests."""

from __future__ import annotations

from dataclasses import dataclass

import dash

from motcua.dashboard.client import COOKIE, Api
from motcua.dashboard.words import Words, known_lang, words

LANG_COOKIE = "motcua_lang"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the pages are built with: the API."""

    api: Api


def session() -> str | None:
    """The browser's session cookie; inside a callback only."""
    value = dash.ctx.cookies.get(COOKIE)
    return str(value) if value else None


def spoken() -> Words:
    """The words in the browser's language; inside a callback only."""
    return words(known_lang(dash.ctx.cookies.get(LANG_COOKIE)))

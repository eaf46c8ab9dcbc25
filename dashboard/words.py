"""The pages' words in Vietnamese and English, from ``i18n/<lang>.json`` and, for single pages, ``i18n/<lang>.<pages>.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

Lang = Literal["vi", "en"]
LANGS: tuple[Lang, ...] = ("vi", "en")


@dataclass(frozen=True, slots=True)
class Words:
    """One language. A missing key is a defect and raises KeyError; a test compares the files."""

    lang: Lang
    texts: Mapping[str, str]

    def __call__(self, key: str, **fields: object) -> str:
        """The text of a key, with its fields filled in."""
        text = self.texts[key]
        return text.format(**fields) if fields else text

    def count(self, key: str, n: int, **fields: object) -> str:
        """The text for a number of things: ``key.one`` for exactly one, else ``key.other``; ``{n}`` is written as a number."""
        from motcua.dashboard.format import number

        return self(f"{key}.one" if n == 1 else f"{key}.other", n=number(n, self.lang), **fields)


@cache
def words(lang: Lang) -> Words:
    """The words of a language. Raises ValueError where two files say the same key."""
    texts: dict[str, str] = {}
    for file in sorted(files("motcua.dashboard").joinpath("i18n").iterdir(), key=lambda f: f.name):
        if not (file.name.startswith(f"{lang}.") and file.name.endswith(".json")):
            continue
        own = json.loads(file.read_text(encoding="utf-8"))
        if twice := texts.keys() & own.keys():
            raise ValueError(f"{file.name} says again what another file says: {', '.join(sorted(twice))}")
        texts |= own
    return Words(lang, texts)


def known_lang(value: str | None) -> Lang:
    """A language code from outside; Vietnamese when it is none of ours."""
    return value if value in LANGS else "vi"

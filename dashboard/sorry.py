"""Why there is nothing to see, and the way out, in words. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from urllib.parse import quote

from motcua.dashboard import client
from motcua.dashboard.words import Words

LONGEST_CODE = 64


@dataclass(frozen=True, slots=True)
class Sorry:
    """A heading, a sentence, and a link where there is a way out."""

    title: str
    text: str
    link: str = ""
    href: str = ""

    def as_dict(self) -> dict[str, str]:
        """For a script."""
        return asdict(self)


def sorry(error: client.ApiError, words: Words, *, path: str, office_id: str = "") -> Sorry:
    """What an error means for whoever looks; ``path`` is where to return after signing in. A code is cut where it is longer than any can be."""
    match error:
        case client.NotSignedIn():
            return Sorry(
                words("expired_title"), words("expired"), words("login_again"), f"/login?next={quote(path, safe='')}"
            )
        case client.NotAllowed():
            return Sorry(words("denied_title"), words("denied"))
        case client.NotFound():
            text = words("missing", office_id=cut(office_id))
            return Sorry(words("missing_title"), text, words("back_all"), "/")
        case _:
            return Sorry(words("down_title"), words("down"))


def cut(code: str) -> str:
    """A code from an address as it is said again: no longer than any can be."""
    return code if len(code) <= LONGEST_CODE else f"{code[:LONGEST_CODE]}…"

"""A wait in words, for the map's tips, the table and the summary. Pure."""

from __future__ import annotations

from motcua.dashboard import format as fmt
from motcua.dashboard.answers import LiveOffice, Provenance, Wait
from motcua.dashboard.states import BLIND_REASONS, is_real, mark_of
from motcua.dashboard.words import Words


def state(wait: Wait, target_s: float, words: Words) -> str:
    """The state in words: ``trong mức``, ``vượt mục tiêu``, ``chưa đủ dữ liệu``, ``camera không thấy: bị che``…"""
    name = mark_of(wait, target_s).name
    return blind(wait.blind, words) if name == "blind" else words(f"mark_{name}")


def blind(reason: str | None, words: Words) -> str:
    """That a camera does not see, and why, where that is known."""
    if reason not in BLIND_REASONS:
        return words("mark_blind")
    return words("blind_because", reason=words(f"blind_{reason}"))


def expected(wait: Wait, words: Words) -> str | None:
    """``12 phút``; None unless the state is `ok` and there is a figure."""
    if wait.state != "ok" or wait.expected_wait_s is None:
        return None
    return fmt.minutes(wait.expected_wait_s, words)


def interval(wait: Wait, words: Words) -> str | None:
    """``8–18 phút``, the 80 % interval; None where there is none."""
    if expected(wait, words) is None or wait.low_s is None or wait.high_s is None:
        return None
    return fmt.minutes_range(wait.low_s, wait.high_s, words)


def people(count: int | None, words: Words) -> str:
    """A count, or "no data": never 0 for what is not known."""
    return words("no_data") if count is None else fmt.number(count, words.lang)


def provenance(value: Provenance | None, words: Words) -> str:
    """``camera``, ``phát lại``, ``mô phỏng``…; a dash where nothing was ever heard."""
    return words("dash") if value is None else words(f"provenance_{value}")


def tip(office: LiveOffice, target_s: float, words: Words) -> list[str]:
    """What the map says about an office beside its name, line by line."""
    wait = expected(office.wait, words)
    said = state(office.wait, target_s, words)
    lines = [said if wait is None else words("hover_wait", wait=wait, state=said)]
    between = interval(office.wait, words)
    if between:
        lines.append(words("interval_80", range=between))
    if office.wait.waiting is not None:
        lines.append(words.count("n_waiting", office.wait.waiting))
    if not is_real(office.wait.provenance):
        lines.append(words(f"not_real_{office.wait.provenance}"))
    return lines

"""Hours of a counter as a small picture: mean waits with their intervals beside the target, one scale for all counters. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from motcua.dashboard import format as fmt
from motcua.dashboard.answers import CounterSpan, Figure
from motcua.dashboard.look import GRID, INK, SOFT, TARGET
from motcua.dashboard.spark import TOP
from motcua.dashboard.states import MARKS
from motcua.dashboard.words import Words

WIDTH, HEIGHT, LEFT, BOTTOM = 240, 96, 22, 14
"""The picture, px: the hours from left to right, 0 to three times the target from bottom to top."""


def picture(hours: Sequence[CounterSpan], target_s: float, words: Words) -> str:
    """A ``data:`` address of an SVG: a mark and an interval for each hour with a mean, a stroke at the bottom for one of too few visits."""
    across = (WIDTH - LEFT) / max(1, len(hours))
    pieces = [_line(target_s, target_s, TARGET, "4 3"), *_scale(target_s, words)]
    for i, hour in enumerate(hours):
        x = LEFT + (i + 0.5) * across
        if i % 3 == 0:
            pieces.append(_text(x, HEIGHT - 2, fmt.clock(hour.start)[:2] + "h", "middle"))
        mean = hour.wait.mean_s
        if mean is None:
            if hour.served:
                pieces.append(f'<path d="M{x - 3:.1f} {_y(0, target_s):.1f}h6" stroke="{SOFT}" stroke-width="2"/>')
            continue
        low, high = hour.wait.low_s or mean, hour.wait.high_s or mean
        pieces.append(
            f'<path d="M{x:.1f} {_y(low, target_s):.1f}V{_y(high, target_s):.1f}" stroke="{SOFT}" stroke-width="1.5"/>'
        )
        pieces.append(_mark(x, _y(mean, target_s), mean > target_s))
    body = "".join(pieces)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">{body}</svg>'
    return f"data:image/svg+xml,{quote(svg)}"


def told(hours: Sequence[CounterSpan], words: Words) -> str:
    """The picture in words: every hour that has a mean."""
    known = [f"{fmt.clock(h.start)} {fmt.minutes(h.wait.mean_s, words)}" for h in hours if h.wait.mean_s is not None]
    return words("hours_told", hours=", ".join(known)) if known else words("hours_told_none")


def figure(given: Figure, words: Words) -> str | None:
    """``12 phút``; None where too few visits stand behind it."""
    return None if given.mean_s is None else fmt.span(given.mean_s, words)


def behind(given: Figure, k_min: int, words: Words) -> list[str]:
    """What stands behind a mean: its interval and number; how many there are where they are too few."""
    n = fmt.number(given.n, words.lang)
    if given.mean_s is None:
        return [words("below_k", n=n, k=fmt.number(k_min, words.lang))] if given.n else []
    lines = [words("n_behind", n=n)]
    if given.low_s is not None and given.high_s is not None:
        lines.insert(0, words("interval_95", range=fmt.minutes_range(given.low_s, given.high_s, words)))
    return lines


def _y(seconds: float, target_s: float) -> float:
    return (HEIGHT - BOTTOM) * (1 - min(seconds / (TOP * target_s), 1.0)) + 1


def _line(seconds: float, target_s: float, colour: str, dashes: str = "none") -> str:
    y = _y(seconds, target_s)
    return f'<path d="M{LEFT} {y:.1f}H{WIDTH}" stroke="{colour}" stroke-width="1" stroke-dasharray="{dashes}"/>'


def _scale(target_s: float, words: Words) -> list[str]:
    ends = [(seconds, _y(seconds, target_s)) for seconds in (0.0, TOP * target_s)]
    lines = [_line(seconds, target_s, GRID) for seconds, _ in ends]
    texts = [
        _text(LEFT - 3, y + dy, fmt.number(seconds / 60, words.lang), "end")
        for (seconds, y), dy in zip([*ends, (target_s, _y(target_s, target_s))], (0, 8, 3), strict=True)
    ]
    return lines + texts


def _text(x: float, y: float, said: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="9.5" text-anchor="{anchor}" fill="{INK}">{said}</text>'


def _mark(x: float, y: float, over: bool) -> str:
    if over:
        return f'<path d="M{x:.1f} {y - 4.5:.1f}l5 8.5h-10z" fill="{MARKS["over"].colour}"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.6" fill="{MARKS["within"].colour}"/>'

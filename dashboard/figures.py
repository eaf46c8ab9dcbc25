"""Hours of waits become a chart. Pure: no clock, no network."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import plotly.graph_objects as go

from motcua.dashboard import format as fmt
from motcua.dashboard.answers import Bucket
from motcua.dashboard.look import FONT, GRID, INK, SOFT, TARGET
from motcua.dashboard.states import MARKS
from motcua.dashboard.words import Words


def waits_figure(buckets: Sequence[Bucket], target_s: float, words: Words) -> go.Figure:
    """Mean wait of each hour in minutes with its 95 % interval and the target's line; an hour without visits is a gap."""
    known = [b for b in buckets if b.n > 0 and b.mean_s is not None]
    figure = go.Figure()
    at = [_middle(b) for b in known]
    means = [(b.mean_s or 0.0) / 60 for b in known]
    above = [
        max(0.0, ((b.high_s if b.high_s is not None else b.mean_s) or 0.0) / 60 - m)
        for b, m in zip(known, means, strict=True)
    ]
    below = [
        max(0.0, m - ((b.low_s if b.low_s is not None else b.mean_s) or 0.0) / 60) for b, m in zip(known, means, strict=True)
    ]
    over = [m * 60 > target_s for m in means]
    figure.add_scatter(
        x=at,
        y=means,
        mode="markers",
        cliponaxis=False,
        error_y={"type": "data", "array": above, "arrayminus": below, "color": SOFT, "thickness": 1.5, "width": 5},
        marker={
            "size": 11,
            "symbol": [MARKS["over"].symbol if o else MARKS["within"].symbol for o in over],
            "color": [MARKS["over"].colour if o else MARKS["within"].colour for o in over],
        },
        text=[_hour_told(b, words) for b in known],
        hovertemplate="%{text}<extra></extra>",
        name=words("mean_wait"),
    )
    figure.add_hline(
        y=target_s / 60,
        line={"color": TARGET, "width": 1.5, "dash": "dash"},
        annotation={"text": words("target_line", minutes=fmt.number(target_s / 60, words.lang)), "font_color": TARGET},
        annotation_position="top left",
    )
    highest = max([target_s / 60, *(m + a for m, a in zip(means, above, strict=True))])
    figure.update_layout(
        margin={"l": 44, "r": 8, "t": 8, "b": 30},
        showlegend=False,
        paper_bgcolor="#fff",
        plot_bgcolor="#fff",
        font={"family": FONT, "color": INK, "size": 12},
        hoverlabel={"bgcolor": "#fff", "font": {"color": INK, "family": FONT}, "align": "left"},
        separators=",." if words.lang == "vi" else ".,",
        uirevision="waits",
    )
    figure.update_yaxes(
        range=[0, highest * 1.15], title={"text": words("minutes_axis"), "standoff": 6}, gridcolor=GRID, zeroline=False
    )
    edges = [b.start for b in buckets] + [b.end for b in buckets]
    if edges:
        figure.update_xaxes(range=[_local(min(edges)), _local(max(edges))])
    figure.update_xaxes(type="date", tickformat="%H:%M", nticks=7, showgrid=False, linecolor="#9aa5ad", ticks="outside")
    return figure


def _local(at: datetime) -> str:
    """Viet Nam's wall clock without an offset: plotly draws instants as they are written."""
    return at.astimezone(fmt.VIET_NAM).strftime("%Y-%m-%d %H:%M:%S")


def _middle(bucket: Bucket) -> str:
    return _local(bucket.start + (bucket.end - bucket.start) / 2)


def _hour_told(bucket: Bucket, words: Words) -> str:
    interval = ""
    if bucket.low_s is not None and bucket.high_s is not None:
        interval = "<br>" + words("interval_95", range=fmt.minutes_range(bucket.low_s, bucket.high_s, words))
    return (
        f"<b>{fmt.clock(bucket.start)}–{fmt.clock(bucket.end)}</b><br>"
        f"{fmt.span(bucket.mean_s or 0, words)}{interval}<br>{words.count('n_served', bucket.n)}"
    )

"""Past spans become charts: small multiples, one panel an office, all on one scale. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from motcua.dashboard import format as fmt
from motcua.dashboard.look import FONT, GRID, INK, SOFT, TARGET
from motcua.dashboard.states import MARKS
from motcua.dashboard.words import Words

Data = dict[str, Any]
COLUMNS = 3
PANEL_PX, HEAT_PX = 230, 250
NOW, THEN = "#0b4f6c", "#a06a00"
_SCALE = ((0.0, "#e4f1ea"), (0.5, "#fbeecb"), (0.5, "#f6cfae"), (1.0, "#8c1020"))


def columns_of(n: int, narrow: bool = False) -> int:
    """Panels in a row."""
    return 1 if narrow else min(COLUMNS, max(1, n))


def trend_figure(data: Data, titles: Sequence[str], caption: str, words: Words) -> go.Figure:
    """Mean wait in minutes of each step with its 95 % interval; the span compared with lies beneath, moved onto the same days."""
    series = data["series"]
    columns = columns_of(len(series))
    rows = -(-len(series) // columns)
    figure = make_subplots(
        rows, columns, shared_yaxes="all", subplot_titles=list(titles), vertical_spacing=0.22 / rows, horizontal_spacing=0.03
    )
    highest = 0.0
    for index, one in enumerate(series):
        row, column = index // columns + 1, index % columns + 1
        spans = [(one["b"], THEN, "diamond-open", "hist_then"), (one["a"], NOW, "circle", "hist_now")]
        for span, colour, symbol, name in spans:
            if span is None:
                continue
            shift = date.fromisoformat(one["a"]["since"]) - date.fromisoformat(span["since"])
            points = [s for s in span["steps"] if s["mean_s"] is not None]
            highest = max([highest, *((s["mean_s"]["high"] or s["mean_s"]["value"]) / 60 for s in points)])
            figure.add_trace(
                _line(points, shift, colour, symbol, words(name), data["step"], words, index == 0 and one["b"] is not None),
                row,
                column,
            )
        target = next((k["target"] for k in one["a"]["kpis"] if k["metric"] == "wait_mean_s"), None)
        if target is not None:
            highest = max(highest, target / 60)
            figure.add_hline(
                y=target / 60,
                line={"color": TARGET, "width": 1.5, "dash": "dash"},
                annotation={
                    "text": words("target_line", minutes=fmt.number(target / 60, words.lang)) if index == 0 else "",
                    "font_color": TARGET,
                },
                annotation_position="top left",
                row=row,
                col=column,
            )
    _dress(figure, caption, words, rows * PANEL_PX + 90)
    figure.update_yaxes(range=[0, max(1.0, highest * 1.15)], gridcolor=GRID, zeroline=False, title_standoff=6)
    figure.update_yaxes(title_text=words("minutes_axis"), col=1)
    shown = [one["a"] for one in series]
    starts = [_place(step["start"], timedelta(0)) for a in shown for step in a["steps"]]
    figure.update_xaxes(
        type="date",
        range=[min([*starts, *(a["since"] for a in shown)]), max(a["until"] for a in shown)],
        tickformat="%H:%M" if data["step"] == "hour" else "%d/%m",
        nticks=7,
        showgrid=False,
        linecolor="#9aa5ad",
        ticks="outside",
    )
    return figure


def heat_figure(data: Data, titles: Sequence[str], caption: str, words: Words) -> go.Figure:
    """Mean wait by weekday and hour of arrival, minutes in each cell; too few: a dot, nobody: empty."""
    panels = panels_of(data, titles, words)
    columns = columns_of(len(panels))
    rows = -(-len(panels) // columns)
    hours = sorted({c["hour"] for _, heat in panels for c in heat})
    target = next(
        (k["target"] for one in data["series"] for k in one["a"]["kpis"] if k["metric"] == "wait_mean_s" and k["target"]),
        900.0,
    )
    figure = make_subplots(
        rows,
        columns,
        shared_yaxes="all",
        subplot_titles=[title for title, _ in panels],
        vertical_spacing=0.2 / rows,
        horizontal_spacing=0.03,
    )
    days = [words(f"weekday_{d}") for d in range(1, 8)]
    span = list(range(hours[0], hours[-1] + 1)) if hours else []
    for index, (_, heat) in enumerate(panels):
        cells = {(c["weekday"], c["hour"]): c for c in heat}
        grid = [[cells.get((d, h)) for h in span] for d in range(1, 8)]
        figure.add_trace(
            go.Heatmap(
                x=[f"{h}" for h in span],
                y=days,
                z=[[c["mean_s"]["value"] / 60 if c and c["mean_s"] else None for c in row] for row in grid],
                text=[[_cell(c, words) for c in row] for row in grid],
                customdata=[
                    [_cell_told(d + 1, h, c, words) for h, c in zip(span, row, strict=True)] for d, row in enumerate(grid)
                ],
                texttemplate="%{text}",
                hovertemplate="%{customdata}<extra></extra>",
                hoverongaps=False,
                xgap=2,
                ygap=2,
                coloraxis="coloraxis",
            ),
            index // columns + 1,
            index % columns + 1,
        )
        figure.add_trace(_dots(grid, span, days, words), index // columns + 1, index % columns + 1)
    _dress(figure, caption, words, rows * HEAT_PX + 80)
    figure.update_layout(
        coloraxis={
            "colorscale": [list(stop) for stop in _SCALE],
            "cmin": 0,
            "cmax": 2 * target / 60,
            "colorbar": {
                "title": {"text": words("minutes_axis")},
                "tickvals": [0, target / 60, 2 * target / 60],
                "ticktext": [
                    fmt.number(v, words.lang) + ("+" if v > target / 60 else "") for v in (0, target / 60, 2 * target / 60)
                ],
                "thickness": 12,
                "outlinewidth": 0,
            },
        },
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, zeroline=False)
    figure.update_xaxes(showgrid=False, zeroline=False, ticksuffix=words("hour_suffix"), type="category")
    return figure


def panels_of(data: Data, titles: Sequence[str], words: Words) -> list[tuple[str, list[Data]]]:
    """(title, cells) of each office and span that has hours of the week."""
    panels = []
    for one, title in zip(data["series"], titles, strict=True):
        for span, name in ((one["a"], "hist_now"), (one["b"], "hist_then")):
            if span is not None and span["heat"]:
                panels.append((f"{title}{'' if one['b'] is None else ' · ' + words(name)}", span["heat"]))
    return panels


def _line(
    points: Sequence[Data], shift: timedelta, colour: str, symbol: str, name: str, step: str, words: Words, legend: bool
) -> go.Scatter:
    means = [s["mean_s"]["value"] / 60 for s in points]
    above = [((s["mean_s"]["high"] or s["mean_s"]["value"]) - s["mean_s"]["value"]) / 60 for s in points]
    below = [
        (s["mean_s"]["value"] - (s["mean_s"]["low"] if s["mean_s"]["low"] is not None else s["mean_s"]["value"])) / 60
        for s in points
    ]
    return go.Scatter(
        x=[_place(s["start"], shift) for s in points],
        y=means,
        mode="lines+markers",
        name=name,
        showlegend=legend,
        legendgroup=name,
        cliponaxis=False,
        line={"color": colour, "width": 1.5, "dash": "solid" if symbol == "circle" else "dot"},
        marker={"symbol": symbol, "size": 7, "color": colour},
        error_y={
            "type": "data",
            "array": above,
            "arrayminus": below,
            "color": colour if shift else SOFT,
            "thickness": 1,
            "width": 3,
        },
        text=[step_told(s, step, words) for s in points],
        hovertemplate="%{text}<extra></extra>",
    )


def step_name(start: str, step: str, words: Words) -> str:
    """``02/02/2026``, ``tuần từ 02/02/2026``, ``02/2026`` or ``08:00 02/02/2026``."""
    if step == "hour":
        at = datetime.fromisoformat(start)
        return f"{fmt.clock(at)} {fmt.day(at.astimezone(fmt.VIET_NAM).date())}"
    day = date.fromisoformat(start)
    if step == "month":
        return day.strftime("%m/%Y")
    return words("week_of", day=fmt.day(day)) if step == "week" else fmt.day(day)


def step_told(s: Data, step: str, words: Words) -> str:
    """What a point says."""
    mean = s["mean_s"]
    between = (
        ""
        if mean["low"] is None or mean["high"] is None
        else "<br>" + words("interval_95", range=fmt.minutes_range(mean["low"], mean["high"], words))
    )
    return f"<b>{step_name(s['start'], step, words)}</b><br>{fmt.span(mean['value'], words)}{between}<br>{words.count('n_served', s['n'])}"


def _place(start: str, shift: timedelta) -> str:
    at = datetime.fromisoformat(start)
    local = at.astimezone(fmt.VIET_NAM) if at.tzinfo else at
    return (local + shift).strftime("%Y-%m-%d %H:%M:%S")


def _cell(c: Data | None, words: Words) -> str:
    return fmt.number(c["mean_s"]["value"] / 60, words.lang) if c and c["mean_s"] else ""


def _cell_told(weekday: int, hour: int, c: Data | None, words: Words) -> str:
    where = f"<b>{words(f'weekday_{weekday}')} {hour}–{hour + 1}{words('hour_suffix')}</b><br>"
    if c is None or c["mean_s"] is None:
        return where + words("hist_few_n", n=fmt.number(c["n"] if c else 0, words.lang))
    mean = c["mean_s"]
    between = (
        ""
        if mean["low"] is None or mean["high"] is None
        else "<br>" + words("interval_95", range=fmt.minutes_range(mean["low"], mean["high"], words))
    )
    return f"{where}{fmt.span(mean['value'], words)}{between}<br>{words.count('n_served', c['n'])}"


def _dots(grid: Sequence[Sequence[Data | None]], span: Sequence[int], days: Sequence[str], words: Words) -> go.Scatter:
    """Hours with somebody, too few for a figure."""
    few = [
        (f"{h}", days[d], c, d + 1, h)
        for d, row in enumerate(grid)
        for h, c in zip(span, row, strict=True)
        if c and not c["mean_s"]
    ]
    return go.Scatter(
        x=[f[0] for f in few],
        y=[f[1] for f in few],
        mode="markers",
        marker={"symbol": MARKS["too_few"].symbol + "-open", "size": 8, "color": MARKS["too_few"].colour},
        text=[_cell_told(f[3], f[4], f[2], words) for f in few],
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )


def _dress(figure: go.Figure, caption: str, words: Words, height: int) -> None:
    """What every chart has; the caption travels with it into the picture."""
    figure.update_layout(
        height=height,
        margin={"l": 56, "r": 12, "t": 34, "b": 66},
        paper_bgcolor="#fff",
        plot_bgcolor="#fff",
        font={"family": FONT, "color": INK, "size": 12},
        hoverlabel={"bgcolor": "#fff", "font": {"color": INK, "family": FONT}, "align": "left"},
        separators=",." if words.lang == "vi" else ".,",
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"},
    )
    figure.update_annotations(font_size=13)
    figure.add_annotation(
        text=caption, x=0, y=0, xref="paper", yref="paper", xanchor="left", yanchor="top", yshift=-34, showarrow=False, align="left",
        font={"size": 11, "color": SOFT}, name="caption",
    )  # fmt: skip

"""One office's page: what is going on now, the last hours, today, counters, sources."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import dash
from dash import ClientsideFunction, Input, Output, State, dcc, html, no_update

from motcua.dashboard import client
from motcua.dashboard import format as fmt
from motcua.dashboard.answers import OfficeNow, Today, Waits
from motcua.dashboard.context import Parts, session, spoken
from motcua.dashboard.figures import waits_figure
from motcua.dashboard.pages import counter_parts, hall_parts, office_parts, parts
from motcua.dashboard.states import is_real
from motcua.dashboard.words import Words

HOURS = 12


def layout(office_id: str, words: Words) -> Any:
    """The page before its first figures."""
    chart = dcc.Graph(id="office-chart", config={"displayModeBar": False}, responsive=True, style={"height": "15rem"})
    return html.Div(
        [
            dcc.Store(id="office-tick"),
            dcc.Store(id="office-shown"),
            dcc.Store(id="office-id", data=office_id),
            html.Div(html.P(words("loading"), className="notice"), id="office-notice"),
            html.Div(
                [
                    html.Div(id="office-way"),
                    html.Div(id="office-banner"),
                    html.Div(id="office-top"),
                    html.P(id="office-address", className="soft"),
                    html.P(
                        dcc.Link(words("alert_all_of_office"), href=f"/alerts?state=all&office={quote(office_id, safe='')}")
                    ),
                    html.Div(id="office-now", className="cards"),
                    html.Section(
                        [
                            html.H2([words("hours_title"), parts.definition(words("def_hours"), words)]),
                            html.Div(chart, role="img", **{"aria-label": words("chart_label")}),
                            html.Div(id="office-hours"),
                        ],
                        className="paper",
                    ),
                    html.Div(id="office-rest"),
                ],
                id="office-body",
                className="empty",
            ),
        ],
        id="office-page",
        key=f"office-{office_id}",
    )


def register(app: dash.Dash, using: Parts) -> None:
    """Keep the page fresh: five answers, asked for at the same time."""

    async def refresh(_tick: Any, office_id: str, shown: str | None) -> tuple[Any, ...]:
        words, who, path = spoken(), session(), f"/office/{office_id}"
        try:
            now, waits, today, live, counters = await asyncio.gather(
                using.api.office(who, office_id),
                using.api.waits(who, office_id, HOURS),
                using.api.today(who, office_id),
                using.api.live(who),
                using.api.counters(who, office_id),
            )
        except client.Unreachable as error:
            if shown:
                return (parts.kept_notice(shown, words), "kept", *[no_update] * 8)
            return (parts.failure(error, words, path=path), "empty", *[no_update] * 8)
        except client.ApiError as error:
            return (parts.failure(error, words, path=path, office_id=office_id), "empty", *[no_update] * 7, None)
        target_s = live.target_wait_s
        return (
            None,
            "",
            counter_parts.office_way(live.offices, office_id, words),
            _banner(now, waits, today, words),
            office_parts.top(now, target_s, words),
            office_parts.now_cards(now, target_s, words),
            waits_figure(waits.buckets, target_s, words),
            office_parts.hours_table(waits.buckets, words),
            [
                office_parts.today_section(today, words),
                hall_parts.hall_section(today, words),
                counter_parts.multiples_section(office_id, counters, words),
                office_parts.sources_section(now, live.generated_at, words),
            ],
            fmt.iso(live.generated_at),
        )

    app.callback(
        Output("office-notice", "children"),
        Output("office-body", "className"),
        Output("office-way", "children"),
        Output("office-banner", "children"),
        Output("office-top", "children"),
        Output("office-now", "children"),
        Output("office-chart", "figure"),
        Output("office-hours", "children"),
        Output("office-rest", "children"),
        Output("office-shown", "data"),
        Input("office-tick", "data"),
        Input("office-id", "data"),
        State("office-shown", "data"),
    )(refresh)

    async def address(office_id: str) -> str:
        return await using.api.address(office_id) or spoken()("address_unknown")

    app.callback(Output("office-address", "children"), Input("office-id", "data"))(address)

    app.clientside_callback(ClientsideFunction("motcua", "refreshed"), Input("office-shown", "modified_timestamp"))


def _banner(now: OfficeNow, waits: Waits, today: Today, words: Words) -> Any:
    """Every provenance on this page that is not real."""
    kinds = {now.wait.provenance, waits.provenance, today.provenance, *(s.provenance for s in now.sources)}
    return parts.banner({str(kind): [now.title] for kind in kinds if not is_real(kind)}, words)

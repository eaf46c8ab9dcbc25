"""Past spans: figures, steps, hours of the week and targets, of some offices or of everything that an account may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Response

from motcua.analytics import history_export, kpis, rating_store, store, target_store
from motcua.analytics.api import accounts, rating_views, ratings
from motcua.analytics.api import history_views as views
from motcua.analytics.api.context import Connection, ContextDep, NowDep, StaffDep, visible
from motcua.analytics.api.history_models import (
    Choice,
    HeatCell,
    History,
    Kpi,
    OfficeRow,
    OfficeWait,
    Series,
    SpanFigures,
    Step,
    StepName,
    WaitFigure,
)
from motcua.analytics.api.models import Problem
from motcua.analytics.exports import XLSX
from motcua.analytics.history import total
from motcua.analytics.targets import Metric, Target
from motcua.edge.messages import Id

MOST_OFFICES = 6
MOST_DAYS = 1100
QUANTILE_DAYS = 1100
"""Offices times days up to which quantiles are computed: they read every minute of every day."""
HEAT_DAYS = 4000
"""Offices times days up to which hours of the week are computed."""

_ANSWERS: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (401, 403, 404, 422, 503)}
routes = APIRouter(prefix="/api/v1", tags=["history"])

Days = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Ask:
    """What was asked for: days from the first until before the second; ``vs``: the span to compare with."""

    span: Days
    vs: Days | None
    offices: tuple[str, ...]
    step: StepName | Literal["auto"]


def asked(
    since: Annotated[date, Query(description="First day, Viet Nam's")],
    until: Annotated[date, Query(description="The day after the last")],
    vs_since: date | None = None,
    vs_until: date | None = None,
    office: Annotated[list[Id] | None, Query(max_length=MOST_OFFICES)] = None,
    step: StepName | Literal["auto"] = "auto",
) -> Ask:
    """The question in an address. Raises HTTPException 422."""
    if (vs_since is None) != (vs_until is None):
        raise HTTPException(422, "vs_since and vs_until belong together")
    vs = None if vs_since is None or vs_until is None else (vs_since, vs_until)
    for first, last in [(since, until), *([vs] if vs else [])]:
        if not date(2000, 1, 1) <= first < last <= date(2100, 1, 1) or (last - first).days > MOST_DAYS:
            raise HTTPException(422, f"a span begins before it ends and has {MOST_DAYS} days at the most")
    return Ask((since, until), vs, tuple(dict.fromkeys(office or ())), step)


@routes.get("/history", responses=_ANSWERS)
def history(
    ctx: ContextDep,
    who: StaffDep,
    at: NowDep,
    since: Annotated[date, Query(description="First day, Viet Nam's")],
    until: Annotated[date, Query(description="The day after the last")],
    vs_since: date | None = None,
    vs_until: date | None = None,
    office: Annotated[list[Id] | None, Query(max_length=MOST_OFFICES)] = None,
    step: StepName | Literal["auto"] = "auto",
) -> History:
    """Figures of whole Viet Nam days. Without an office: everything of yours together, and a table of the offices."""
    ask = asked(since, until, vs_since, vs_until, office, step)
    with ctx.connection() as conn:
        return answered(conn, who, at, ask, ctx.settings.k_min)


@routes.get("/history/file.{kind}", responses=_ANSWERS, response_class=Response)
def file(
    kind: Literal["csv", "xlsx"],
    ctx: ContextDep,
    who: StaffDep,
    at: NowDep,
    since: date,
    until: date,
    vs_since: date | None = None,
    vs_until: date | None = None,
    office: Annotated[list[Id] | None, Query(max_length=MOST_OFFICES)] = None,
    step: StepName | Literal["auto"] = "auto",
    lang: Literal["vi", "en"] = "vi",
) -> Response:
    """The same answer as a file."""
    ask = asked(since, until, vs_since, vs_until, office, step)
    with ctx.connection() as conn:
        data = answered(conn, who, at, ask, ctx.settings.k_min).model_dump()
        accounts.audit(conn, who.username, "history.export", kind=kind, since=since, until=until, offices=ask.offices)
    made = history_export.as_csv if kind == "csv" else history_export.as_xlsx
    name = f"motcua-{since}-{until - timedelta(days=1)}.{kind}"
    return Response(
        made(data, lang, at),
        media_type=history_export.CSV if kind == "csv" else XLSX,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def answered(conn: Connection, who: accounts.Account, at: datetime, ask: Ask, k_min: int) -> History:
    """The whole answer. Raises HTTPException 404 where an office is not the account's to see."""
    mine = visible(conn, who, at)
    if any(o not in mine for o in ask.offices):
        raise HTTPException(404, "there is no such office, or it is not yours to see")
    looking = _Looking(conn, who, at, mine, target_store.every(conn), ask, k_min)
    step = looking.step()
    wanted: list[store.Row | None] = [mine[o] for o in ask.offices] or [None]
    return History(
        generated_at=at,
        min_n=views.MIN_N,
        step=step,
        choices=sorted(
            (Choice(office_id=i, name=o["unit_name"] or o["name"]) for i, o in mine.items()), key=lambda c: c.name
        ),
        series=[looking.series(office, step) for office in wanted],
        table=[] if ask.offices else looking.table(),
    )


class _Looking:
    """One question being answered: rows by office of each span are read once."""

    def __init__(
        self,
        conn: Connection,
        who: accounts.Account,
        at: datetime,
        mine: dict[str, store.Row],
        targets: Sequence[Target],
        ask: Ask,
        k_min: int,
    ) -> None:
        self._conn, self._who, self._at, self._mine = conn, who, at, mine
        self._targets, self._ask, self._k_min = targets, ask, k_min
        ids = list(ask.offices or mine)
        self._rows = {
            span: store.planned_rows(conn, "history_offices", office_ids=ids, **_instants(span))
            for span in (ask.span, ask.vs)
            if span is not None
        }

    def step(self) -> StepName:
        """As asked for, else so that a chart has up to some 60 points; hours for a day or two only."""
        days = (self._ask.span[1] - self._ask.span[0]).days
        if self._ask.step == "hour" and days > 2:
            return "day"
        if self._ask.step != "auto":
            return self._ask.step
        return "hour" if days <= 2 else "day" if days <= 62 else "week" if days <= 400 else "month"

    def series(self, office: store.Row | None, step: StepName) -> Series:
        """One office (None: all together) over both spans."""
        ids = list(self._mine) if office is None else [office["office_id"]]
        a, counted, left_out = self._span(self._ask.span, ids, office, step)
        b = None if self._ask.vs is None else self._span(self._ask.vs, ids, office, step)[0]
        return Series(
            office_id=None if office is None else office["office_id"],
            name=None if office is None else office["unit_name"] or office["name"],
            level=None if office is None else office["level"],
            offices=counted,
            left_out=left_out,
            a=a,
            b=b,
            difference=None if b is None else views.differ(a.figure, b.figure),
        )

    def table(self) -> list[OfficeRow]:
        """Every office: those over the target first, then by their wait; whoever has no figure last."""
        answer = []
        for office in self._mine.values():
            figure = self._plain(self._ask.span, office["office_id"])
            card, _ = views.against(self._targets, "wait_mean_s", office, *_first_last(self._ask.span))
            answer.append(
                OfficeRow(
                    office_id=office["office_id"],
                    name=office["unit_name"] or office["name"],
                    level=office["level"],
                    figure=figure,
                    compared=None if self._ask.vs is None else self._plain(self._ask.vs, office["office_id"]),
                    wait=views.judged(card, figure.mean_s, figure.n, few=figure.state == "too_few"),
                )
            )
        return sorted(answer, key=lambda r: (-(r.figure.mean_s.value if r.figure.mean_s else -1), r.name))

    def _plain(self, span: Days, office_id: str) -> OfficeWait:
        rows = [r for r in self._rows[span] if r["office_id"] == office_id]
        label = views.chosen(rows).get(office_id)
        return views.office_wait(next((r for r in rows if r["provenance"] == label), None), label)

    def _span(self, span: Days, ids: list[str], office: store.Row | None, step: StepName) -> tuple[SpanFigures, int, int]:
        every = views.chosen([r for r in self._rows[span] if r["office_id"] in ids])
        pairs, label = views.of_one_kind(every)
        asked_for = {"office_ids": list(pairs), "provenances": list(pairs.values()), **_instants(span)}
        days = (
            store.planned_rows(self._conn, "history_steps", step="month" if step == "hour" else step, **asked_for)
            if pairs
            else []
        )
        known = views.figure(total(days), label)
        width = len(pairs) * (span[1] - span[0]).days
        if pairs and width <= QUANTILE_DAYS:
            bins = store.planned_rows(self._conn, "history_bins", **asked_for)
            below = store.planned_rows(self._conn, "history_below", **asked_for, **views.bounds(bins))[0]
            known = views.with_quantiles(known, bins, below)
        elif pairs:
            known = known.model_copy(update={"quantiles": "too_wide"})
        heat: list[HeatCell] | None = None if pairs else []
        if pairs and width <= HEAT_DAYS:
            heat = views.heat(store.planned_rows(self._conn, "history_heat", **asked_for))
        shown: list[Step] = views.steps(days)
        if step == "hour":
            shown = views.hours(store.planned_rows(self._conn, "history_hours", **asked_for)) if pairs else []
        figures = SpanFigures(
            since=span[0],
            until=span[1],
            figure=known,
            steps=shown,
            heat=heat,
            kpis=self._kpis(span, office, known, pairs),
        )
        return figures, len(pairs), len(every) - len(pairs)

    def _kpis(self, span: Days, office: store.Row | None, known: WaitFigure, pairs: dict[str, str]) -> list[Kpi]:
        ends = _first_last(span)

        def card(metric: Metric) -> Kpi:
            return views.against(self._targets, metric, office, *ends)[0]

        few = known.state == "too_few"
        handled = known.handling_s
        work = card("files_per_person_year")
        if office is None:
            work = work.model_copy(
                update={"state": "not_applicable", "reason": "per_office", "target": None, "source": None}
            )
        elif pairs:
            work = views.productive(work, self._work(span, office["office_id"], pairs[office["office_id"]]))
        return [
            views.judged(card("wait_mean_s"), known.mean_s, known.n, few=few),
            views.judged(card("handling_mean_s"), handled, known.handling_n, few=0 < known.handling_n < views.MIN_N),
            self._satisfied(card("satisfaction_share"), span, office, known),
            work,
        ]

    def _work(self, span: Days, office_id: str, provenance: str) -> kpis.Productivity | None:
        """Of days that are over."""
        until = min(span[1], store.day_of(self._at))
        if until <= span[0]:
            return None
        rows = store.planned_rows(
            self._conn, "history_work", office_id=office_id, provenance=provenance, **_instants((span[0], until))
        )
        year = (until - timedelta(days=1)).year
        off = store.rows(self._conn, "holidays", since=date(year, 1, 1), until=date(year + 1, 1, 1))
        closed = {r["day"] for r in off if r["opens"] is None and r["office_id"] in ("*", office_id)}
        return kpis.productivity(rows, kpis.working_days(year, closed))

    def _satisfied(self, card: Kpi, span: Days, office: store.Row | None, known: WaitFigure) -> Kpi:
        ids = list(self._mine) if office is None else [office["office_id"]]
        begin, end = _instants(span).values()
        _, rule = ratings.asked(self._conn, *span)
        rows = rating_store.days(self._conn, ids, begin, end)
        served = [{"provenance": known.provenance, "served": known.served}] if known.served else []
        found = rating_views.figure(rows, served, rule, self._k_min)
        if found.state != "unknown":
            rosters = rating_store.offices_with_roster(self._conn, ids, begin, end)
            officers = ratings.views_by(rating_store.officers(self._conn, ids, begin, end))
            behind = rating_views.behind_rows([r for rows in officers.values() for r in rows], bool(rosters))
            alone = [
                i
                for i, r in officers.items()
                if not ratings.may_see_office(self._who, rating_views.behind_rows(r, i in rosters))
            ]
            if not ratings.may_see_office(self._who, behind) or len(alone) == 1:  # the total less the others would tell it
                found = rating_views.withheld(found)
        return views.satisfied(card, found)


def _instants(span: Days) -> dict[str, datetime]:
    return {"since": store.span_of(span[0])[0], "until": store.span_of(span[1])[0]}


def _first_last(span: Days) -> Days:
    return span[0], span[1] - timedelta(days=1)

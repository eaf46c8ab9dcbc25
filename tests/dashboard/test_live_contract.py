"""What the live pages read is what the API's own models say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from motcua.analytics.api import counter_models, models
from motcua.dashboard import answers

PAIRS: list[tuple[type[BaseModel], type[BaseModel]]] = [
    (answers.Trend, counter_models.Trend),
    (answers.Trends, counter_models.Trends),
    (answers.Figure, counter_models.Figure),
    (answers.CounterSpan, counter_models.CounterSpan),
    (answers.CounterClose, counter_models.CounterClose),
    (answers.OfficeCounters, counter_models.OfficeCounters),
    (answers.Source, models.SourceNow),
]
AT = datetime(2026, 3, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(("read", "told"), PAIRS, ids=lambda m: m.__name__)
def test_every_field_that_is_read_is_told(read: type[BaseModel], told: type[BaseModel]) -> None:
    assert set(read.model_fields) <= set(told.model_fields)


def test_an_answer_of_the_api_is_understood() -> None:
    span: dict[str, Any] = {"start": AT, "end": AT + timedelta(hours=1), "served": 6}
    figure = counter_models.Figure(n=6, mean_s=600.0, low_s=500.0, high_s=700.0)
    whole = counter_models.CounterSpan(**span, wait=figure, service=counter_models.Figure(n=2), within_15_share=0.5)
    counter = counter_models.CounterClose(
        counter_id="q1",
        in_service=1,
        open=True,
        state="ok",
        served_today=6,
        as_of=AT,
        wait=models.Wait(state="ok", expected_wait_s=480.0),
        queue_shared_with=["q2"],
        source_ids=["cam-1"],
        trend=[None, 480.0],
        hours=[whole],
        today=whole,
    )
    given = counter_models.OfficeCounters(
        office_id="vl-1",
        generated_at=AT,
        provenance="camera",
        target_wait_s=900,
        k_min=5,
        counters=[counter],
        sources=[],
    )
    read = answers.OfficeCounters.model_validate_json(given.model_dump_json()).of("q1")
    assert read is not None
    assert read.today is not None
    assert (read.today.wait.mean_s, read.today.service.mean_s, read.trend) == (600.0, None, (None, 480.0))

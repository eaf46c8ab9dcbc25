"""Open data holds real figures with licence and definitions, and no place until it is confirmed."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

from builders import queue

from motcua.analytics.api.models import PublicOffices
from motcua.analytics.api.open_data import Kind, write


def test_three_forms_tell_the_same_offices_and_figures(api: Any) -> None:
    now = datetime.now(UTC)
    api.write(queue(office_id="vl-1", at=now), queue(office_id="vl-2", at=now, provenance="simulated"))
    client = api.client()
    plain = client.get("/api/v1/public/open-data/offices.json").json()
    geo = client.get("/api/v1/public/open-data/offices.geojson")
    table = client.get("/api/v1/public/open-data/offices.csv")
    assert geo.headers["content-type"] == "application/geo+json"
    rows = {row["office_id"]: row for row in csv.DictReader(io.StringIO(table.text))}
    for record in plain["offices"]:
        feature = next(f for f in geo.json()["features"] if f["id"] == record["office_id"])
        assert feature["properties"] == record
        assert rows[record["office_id"]]["expected_wait_s"] == ("" if record["expected_wait_s"] is None else "480.0")
    assert rows.keys() == {"vl-86", "vl-1", "vl-2"}
    assert (rows["vl-1"]["state"], rows["vl-2"]["state"], rows["vl-2"]["provenance"]) == ("ok", "unknown", "")
    assert "simulated" not in table.text
    for answer in (plain, geo.json(), client.get("/api/v1/public/open-data").json()):
        assert answer["licence"] == "CC BY 4.0"
        assert answer["definitions"]["expected_wait_s"]
    assert client.get("/api/v1/public/open-data/offices.xml").status_code == 422


def test_places_stay_out_until_the_province_has_confirmed_them(api: Any) -> None:
    answer = PublicOffices.model_validate(api.client().get("/api/v1/public/offices").json())
    for kind in Kind:
        assert "106.0" not in write(kind, answer, "x"), kind
        assert '"lat"' not in write(kind, answer, "x")
        assert "106.0" in write(kind, answer.model_copy(update={"address_confirmed": True}), "x"), kind

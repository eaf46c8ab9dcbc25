"""The bias audit's doors, scopes and states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from builders import sentiment

from motcua.analytics import db, expression_audits
from motcua.analytics.api import accounts
from motcua.edge.messages import ModelInfo, Sentiment

PATH = "/api/v1/expressions/bias"


def rows(office: str, *, version: str = "25.10.3", days: int = 12, ago: int = 0, **fields: Any) -> list[Sentiment]:
    """A row a day of ten visits at three counters each."""
    last = datetime.now(UTC).replace(hour=3, minute=0, second=0, microsecond=0) - timedelta(days=1 + ago)
    return [
        sentiment(
            office_id=office,
            counter_id=f"q{counter}",
            at=end,
            period_start=end - timedelta(hours=1),
            period_end=end,
            light={"sum": 4.0 + counter, "sum2": (4.0 + counter) ** 2 / 10 + 0.1, "valence_sum": 1.0},
            face_px={"sum": 800.0, "sum2": 64100.0, "valence_sum": 160.0},
            unread={"small": 6},
            model=ModelInfo(name="fer", version=version),
            **fields,
        )
        for day in range(days)
        for counter in range(3)
        for end in (last - timedelta(days=day),)
    ]


def report(version: str) -> dict[str, Any]:
    """The least that is kept of an evaluation."""
    reader = {"version": version, "temperature": 1.0, "calibrated": False, "labelled": 40, "accuracy": None, "strata": []}
    head = {"made_at": "2026-03-02T05:00:00+00:00", "pictures": 40, "labelled": 40, "faces": "found", "refused": {}}
    return head | {"refused_by_stratum": [], "readers": {"fer": reader}}


def test_only_hr_and_admins_come_in_and_every_view_is_written_down(api: Any) -> None:
    with db.connect(api.dsn) as conn:
        for name, role, office in (("hr1", "hr", "vl-1"), ("ana", "analyst", None)):
            accounts.add(conn, name, role, "correct horse battery", office)
    assert [api.client(n).get(PATH).status_code for n in ("chief", "clerk", "ana", None)] == [403, 403, 403, 401]
    hr = api.client("hr1")
    assert [c.get(PATH).status_code for c in (api.client("boss"), hr)] == [200, 200]
    assert hr.get(PATH, params={"unit": "vl-2"}).status_code == 404
    assert hr.get(PATH, params={"since": "2026-05-01", "until": "2026-04-01"}).status_code == 422
    with db.connect(api.dsn) as conn:
        seen = conn.execute("select username from audit where action = 'expressions.bias' order by username").fetchall()
    assert seen == [("boss",), ("hr1",)]


def test_off_then_figures_then_an_audit_that_has_to_be_made_again(api: Any) -> None:
    with db.connect(api.dsn) as conn:
        accounts.add(conn, "hr1", "hr", "correct horse battery", "vl-1")
    hr, boss = api.client("hr1"), api.client("boss")
    empty = hr.get(PATH).json()
    assert (empty["state"], empty["model"], empty["audit"], empty["strata"]) == ("off", None, "none", [])
    api.write(*rows("vl-1"), *rows("vl-2"), *rows("DEMO", provenance="simulated"))
    found = hr.get(PATH).json()
    assert (found["state"], found["model"], found["audit"], found["provenance"]) == ("ok", "fer 25.10.3", "none", "camera")
    assert found["models"][0]["n"] == 12 * 3 * 10, "of its own office, and never of simulated figures"
    strata = {(s["dimension"], s["stratum"]): s for s in found["strata"]}
    assert strata["hour", "09"]["mean"]["value"] == 0.2
    assert strata["camera", "vl-1/cam-1"]["n"] == 360
    assert {s for d, s in strata if d == "light"} == {"0.4-0.6", "0.6+"}
    assert strata["light", "0.6+"]["gap"] is not None
    assert found["unread"] == {"small": 36 * 6}
    # An admin sees nothing that may be one officer's: here each band of light is one or two counters.
    seen = {(s["dimension"], s["stratum"]): s for s in boss.get(PATH, params={"unit": "vl-1"}).json()["strata"]}
    assert (seen["light", "0.6+"]["state"], seen["light", "0.6+"]["mean"]) == ("withheld", None)
    assert seen["hour", "09"]["state"] == "ok"

    with db.connect(api.dsn) as conn:
        expression_audits.add(conn, report("25.9"), "bộ ảnh 1", "command line")
    found = hr.get(PATH).json()
    assert (found["audit"], [(a["model"], a["current"]) for a in found["audits"]]) == ("other_model", [("fer 25.9", False)])
    with db.connect(api.dsn) as conn:
        expression_audits.add(conn, report("25.10.3"), "bộ ảnh 1", "command line")
    assert hr.get(PATH).json()["audit"] == "current"
    # The model changes: its rows are the newest, the earlier model's figures are not added, and the audit has to be made again.
    api.write(*rows("vl-1", version="26.1", days=1, ago=-1, temperature=1.7, calibrated=True))
    found = hr.get(PATH).json()
    assert (found["model"], found["audit"]) == ("fer 26.1 T=1.7", "other_model")
    assert [m["model"] for m in found["models"]] == ["fer 26.1 T=1.7", "fer 25.10.3"]
    assert {s["n"] for s in found["strata"]} <= {10, 20, 30}

"""The demo's ratings: all simulated, filled once, with an open proposal that its officer can see."""

from __future__ import annotations

from datetime import UTC, datetime

from motcua.analytics import db, store
from motcua.analytics.api import accounts
from motcua.analytics.attitude_store import proposals
from motcua.analytics.process import state_of
from motcua.onebox import demo_ratings

SECRET = "a secret of the tests, 32 characters"


def test_the_demo_is_filled_once_and_with_nothing_real(migrated: str) -> None:
    now = datetime.now(UTC)
    with db.connect(migrated) as conn:
        store.import_offices(conn, [{"office_id": "DEMO", "name": "Demo", "level": "demo"}])
        first = demo_ratings.fill(conn, "DEMO", now, "http://127.0.0.1:8000/", SECRET)
        count = conn.execute("select count(*), count(*) filter (where provenance = 'simulated') from rating").fetchone()
        assert count == (900, 900)
        again = demo_ratings.fill(conn, "DEMO", now, "http://127.0.0.1:8000/", SECRET)
        assert conn.execute("select count(*) from rating").fetchone() == (900,)
        assert first.qr_url != again.qr_url
        assert accounts.log_in(conn, demo_ratings.HR, again.hr_password, now, 1) is not None
        (one,) = proposals(conn, username=demo_ratings.OFFICER)
        assert (one["provenance"], state_of(one["steps"])) == ("simulated", "proposed")

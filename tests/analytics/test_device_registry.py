"""The registry of devices on both back ends: ids are used once, secrets are kept as hashes."""

from __future__ import annotations

import base64

import pytest

from motcua.analytics import db, devices


def test_the_registry_on_both_back_ends(each_dsn: str) -> None:
    with db.connect(each_dsn) as conn:
        db.migrate(conn)
        secret = devices.add(conn, "a", "kiosk", "an", office_id="o", source_id="k")
        device = devices.get(conn, "a")
        _, _, rounds, salt, _ = device.secret_hash.split("$")
        assert devices.hash_of(secret, base64.b64decode(salt), int(rounds)) == device.secret_hash
        for name, kind, places, says in (
            ("a", "kiosk", {"office_id": "o", "source_id": "z"}, "never used twice"),
            ("b", "kiosk", {"office_id": "o", "source_id": "k"}, "has a device already"),
            ("b", "kiosk", {}, "has an office and a source"),
            ("b", "ingestor", {"office_id": "o", "source_id": "k"}, "has neither"),
            ("b/#", "kiosk", {"office_id": "o", "source_id": "k"}, "is no id"),
            ("b", "kiosk", {"office_id": "+", "source_id": "k"}, "is no id"),
            ("admin", "ingestor", {}, "the broker's own"),
        ):
            with pytest.raises(devices.DeviceError, match=says):
                devices.add(conn, name, kind, "an", **places)  # type: ignore[arg-type]
        assert devices.rotate(conn, "a") != secret
        devices.revoke(conn, "a", "an")
        with pytest.raises(devices.DeviceError, match="no live device a"):
            devices.rotate(conn, "a")
        assert devices.listed(conn, live_only=True) == []
        devices.add(conn, "b", "kiosk", "an", office_id="o", source_id="k")

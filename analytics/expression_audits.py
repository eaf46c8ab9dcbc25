"""What readers of expressions got right on labelled pictures, kept as figures: no picture, no name."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import uuid4

from motcua.analytics import store
from motcua.analytics.store import Connection, Row

Report = dict[str, Any]


class ReportError(ValueError):
    """A report that cannot be kept; one sentence with the way out."""


def add(conn: Connection, report: Report, dataset: str, by: str) -> list[str]:
    """Keep a report of ``motcua evaluate-expressions``, a row for each reader; returns the models. Raises ReportError."""
    name = dataset.strip()
    if not 0 < len(name) <= 200:
        raise ReportError("the name of the set of pictures has 1 to 200 characters")
    try:
        at = datetime.fromisoformat(report["made_at"])
        shared = {k: report[k] for k in ("pictures", "labelled", "faces", "refused", "refused_by_stratum")}
        shared |= {k: report.get(k) for k in ("groups", "without_consent")}
        rows = [
            (uuid4(), at, by, reader, str(r["version"]), float(r["temperature"]), bool(r["calibrated"]), int(report["pictures"]), name,
             json.dumps(shared | {"reader": r}))
            for reader, r in report["readers"].items()
            if r["labelled"]
        ]  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise ReportError(f"this is no report of 'motcua evaluate-expressions' ({error}): make one with --json") from None
    if not rows:
        raise ReportError("none of the pictures has a label: an audit needs the right classes")
    with conn.transaction(), conn.cursor() as cursor:
        cursor.executemany(
            "insert into expression_audit (audit_id, at, imported_by, reader, version, temperature, calibrated, pictures, dataset, "
            "report) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            rows,
        )
        cursor.execute(
            "insert into audit (username, action, detail) values (%s, 'expressions.audit', %s)",
            [by, json.dumps({"dataset": name, "models": [model(r[3], r[4], r[5], r[6]) for r in rows]})],
        )
    return [model(r[3], r[4], r[5], r[6]) for r in rows]


def model(reader: str, version: str, temperature: float, calibrated: bool) -> str:
    """As rows of sentiment name it: another temperature is another model."""
    return f"{reader} {version} T={temperature:.3g}" if calibrated else f"{reader} {version}"


def newest(conn: Connection) -> list[Row]:
    """The newest audit of each model, the newest first."""
    return store.rows(conn, "expression_audits")

"""Errors that a person can act on, as one sentence."""

from __future__ import annotations

from pydantic import ValidationError

_OURS = "motcua."


def sentence_of(error: BaseException) -> str | None:
    """The sentence to show for an error; None for one that is a defect of ours and wants its traceback."""
    if isinstance(error, ValidationError):
        return _settings(error)
    if type(error).__module__.startswith(_OURS):
        return str(error)
    if isinstance(error, PermissionError) and error.filename:
        return f"{error.filename} may not be written: check its permissions, or name another folder in MOTCUA_DATA"
    if isinstance(error, OSError) and error.errno == 28:
        return "the disk is full: make room, then try again"
    return None


def _settings(error: ValidationError) -> str:
    """What is wrong with a part's settings, by the names of the environment."""
    prefix = {
        "ApiSettings": "MOTCUA_API_",
        "DbSettings": "MOTCUA_DB_",
        "IngestSettings": "MOTCUA_INGEST_",
        "AlertSettings": "MOTCUA_ALERTS_",
        "DashboardSettings": "MOTCUA_DASHBOARD_",
    }.get(error.title, "")
    first = error.errors(include_input=False, include_url=False)[0]
    name = prefix + "__".join(str(part) for part in first["loc"]).upper()
    if first["type"] == "missing":
        return f"{name} is not set: docs/settings.md says what it needs"
    return f"{name}: {first['msg']}; docs/settings.md says what it needs"

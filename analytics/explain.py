"""Why a payload is no message, in one sentence: which field, what stood there, what was expected. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from motcua.edge.messages import MESSAGE, ROOT, Offline, Rejected, parse

KEPT_BYTES = 4096
_SHOWN = 60


def explain(topic: str, payload: bytes, reason: str) -> str:
    """One sentence. ``reason`` is what the ingestor said, for what the contract cannot tell."""
    if len(payload) >= KEPT_BYTES:
        return f"Only its first {len(payload)} bytes were kept ({reason}): repair it from the source's own record."
    parts = topic.split("/")
    if len(parts) != 5 or "/".join(parts[:2]) != ROOT:
        return f"The topic is {topic!r}, but {ROOT}/<office>/<source>/<type> was expected."
    try:
        data = json.loads(payload)
    except (ValueError, RecursionError) as error:
        return f"The payload is not JSON ({error}): one JSON object or a list of them was expected."
    rejected = [item for item in parse(topic, payload) if isinstance(item, Rejected)]
    if not rejected:
        return f"The contract accepts it; the ingestor said: {reason}. Replay it to try again."
    item = json.loads(rejected[0].item) if isinstance(data, list) and len(data) > 1 else data
    if isinstance(item, list) and len(item) == 1:
        item = item[0]
    if not isinstance(item, dict):
        return f"The payload is {_shown(item)}: {rejected[0].reason}."
    return _of_item(parts, item, rejected[0].reason)


def _of_item(parts: list[str], item: Mapping[str, Any], reason: str) -> str:
    try:
        if item.get("type") == "offline" and parts[4] == "health":
            Offline.model_validate(item)
        else:
            MESSAGE.validate_json(json.dumps(item))
    except ValidationError as error:
        return _of_error(error, item)
    for field, expected in zip(("office_id", "source_id", "type"), parts[2:], strict=True):
        if item.get(field) != expected:
            return f"Field {field} is {_shown(item.get(field))}, but its topic belongs to {_shown(expected)}."
    return f"{reason}."


def _of_error(error: ValidationError, item: Mapping[str, Any]) -> str:
    first = error.errors(include_url=False)[0]
    path = [p for i, p in enumerate(first["loc"]) if not (i == 0 and p == item.get("type"))]
    name = ".".join(map(str, path))
    if first["type"] in ("union_tag_not_found", "union_tag_invalid"):
        expected = first.get("ctx", {}).get("expected_tags", "one of the contract's types")
        return f"Field type is {_shown(item.get('type'))}, but one of {expected} was expected."
    if first["type"] == "missing":
        return f"Field {name} is missing, and it is required."
    if first["type"] == "extra_forbidden":
        return f"Field {name} is not in the contract of this type: it has to be left out."
    said = first["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if not name:
        return f"The fields do not fit together: {said}."
    expected = said.removeprefix("Input should be ")
    return f"Field {name} is {_shown(first['input'])}, but {expected} was expected."


def _shown(value: object) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"

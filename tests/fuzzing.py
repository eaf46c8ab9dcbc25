"""Mutated messages: what broken firmware, a broken disk or somebody of ill will may put on the wire."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from builders import counts, health, queue, rating, sentiment, ticket, visit

from motcua.edge.messages import topic

TYPES = ("visit", "queue", "counts", "sentiment", "rating", "ticket", "health")
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2**53, 10**30, 1e308, -1e308, float("nan"), float("inf"), 0.5, "", "0", "nul\0inside", "\ud800", "ẩ" * 40,
    "x" * 70_000, [], {}, [[]], {"a": {"b": None}}, "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00",
    "294276-01-01T00:00:00Z", "2026-03-02T05:00:00", "2026-03-02T05:00:60Z", 1_772_427_600, "00000000-0000-0000-0000-000000000000",
)  # fmt: skip
TOPICS = (
    "motcua/v1/vl-29734/cam-1", "motcua/v1/vl-29734/cam-1/visit/more", "motcua/v2/vl-29734/cam-1/visit", "motcua/v1///", "a" * 5000,
    "motcua/v1/vl-29734/cam-1/health", "motcua/v1/ẩ/cam-1/visit", "motcua/v1/elsewhere/cam-1/queue",
)  # fmt: skip
Item = dict[str, Any]


def samples() -> list[Item]:
    """A valid message of each kind, with every field, as JSON has it."""
    made = (
        visit(), queue(waited_min={0: 1, 120: 2}), counts(), sentiment(), rating(counter_id="q1"), ticket(counter_id="q1"), health(detail="well")
    )  # fmt: skip
    return [m.model_dump(mode="json") for m in made]


class Fuzz:
    """Payloads for ever, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.seq = 0
        self._samples = samples()

    def valid(self) -> tuple[str, bytes, str]:
        """One good message: topic, payload, id."""
        item = self._fresh()
        return self._topic(item), json.dumps(item).encode(), item["id"]

    def mutated(self) -> tuple[str, bytes]:
        """Topic and payload of one broken message, or of an array with some broken ones; a few happen to be valid."""
        item = self._fresh()
        return self.random.choice(self._ways)(self, item)

    def _fresh(self) -> Item:
        self.seq += 1
        new = UUID(int=self.random.getrandbits(128), version=4)
        return dict(self.random.choice(self._samples)) | {"id": str(new), "seq": self.seq}

    def _topic(self, item: Item) -> str:
        return topic(item["office_id"], item["source_id"], item["type"])

    def _odd_value(self, item: Item) -> Item:
        target, key = self._place(item)
        target[key] = self.random.choice(ODD)
        return item

    def _place(self, item: Item) -> tuple[Any, Any]:
        """A field somewhere, also in an object inside."""
        key = self.random.choice(list(item))
        if isinstance(item[key], dict) and item[key] and self.random.random() < 0.7:
            item[key] = dict(item[key])
            return item[key], self.random.choice(list(item[key]))
        return item, key

    def _type(self, item: Item) -> tuple[str, bytes]:
        name = self._topic(item)
        return name, _text(self._odd_value(item))

    def _missing(self, item: Item) -> tuple[str, bytes]:
        name = self._topic(item)
        target, key = self._place(item)
        del target[key]
        return name, _text(item)

    def _extra(self, item: Item) -> tuple[str, bytes]:
        return self._topic(item), _text(item | {self.random.choice(["", "Id", "extra", "nul\0"]): self.random.choice(ODD)})

    def _truncated(self, item: Item) -> tuple[str, bytes]:
        body = _text(item)
        return self._topic(item), body[: self.random.randrange(len(body))]

    def _flipped(self, item: Item) -> tuple[str, bytes]:
        body = bytearray(_text(item))
        for _ in range(self.random.choice([1, 1, 1, 2, 10])):
            body[self.random.randrange(len(body))] ^= 1 << self.random.randrange(8)
        return self._topic(item), bytes(body)

    def _inserted(self, item: Item) -> tuple[str, bytes]:
        body, junk = (
            _text(item),
            self.random.choice([b"\0", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"1e999", b"\\u0000", b"\\ud83d"]),
        )
        at = self.random.randrange(len(body) + 1)
        return self._topic(item), body[:at] + junk + body[at:]

    def _digits(self, item: Item) -> tuple[str, bytes]:
        digits = "9" * self.random.choice([20, 400, 5000])
        return self._topic(item), _text(item).replace(b'"seq": ', b'"seq": ' + digits.encode())

    def _deep(self, item: Item) -> tuple[str, bytes]:
        depth = self.random.choice([50, 500, 100_000])
        opening, closing = self.random.choice([(b"[", b"]"), (b'{"a":', b"}")])
        nested = opening * depth + b"1" + closing * depth
        return self._topic(item), self.random.choice([nested, _text(item)[:-1] + b', "deep": ' + nested + b"}"])

    def _astray(self, item: Item) -> tuple[str, bytes]:
        other = topic(item["office_id"], item["source_id"], self.random.choice(TYPES))
        return self.random.choice([*TOPICS, other]), _text(item)

    def _twice(self, item: Item) -> tuple[str, bytes]:
        return self._topic(item), _text([item] * self.random.choice([2, 3]))

    def _double_key(self, item: Item) -> tuple[str, bytes]:
        return self._topic(item), _text(item)[:-1] + b', "seq": 1, "seq": %d}' % item["seq"]

    def _array(self, item: Item) -> tuple[str, bytes]:
        others = [self._fresh() | {"type": item["type"]} for _ in range(3)]
        return self._topic(item), _text([item, *(self._odd_value(o) for o in others), item["seq"], None])

    def _will(self, item: Item) -> tuple[str, bytes]:
        will = {"type": "offline", "epoch": self.random.choice([1, *ODD])}
        return topic(item["office_id"], item["source_id"], self.random.choice(["health", "visit"])), _text(will)

    def _other_text(self, item: Item) -> tuple[str, bytes]:
        return self._topic(item), json.dumps(item).encode(self.random.choice(["utf-16", "utf-32", "utf-8-sig", "utf-7"]))

    def _shape(self, item: Item) -> tuple[str, bytes]:
        shapes: tuple[Any, ...] = ([], {}, 1, "text", [[item]], {"items": [item]}, [None] * 501, *ODD)
        return self._topic(item), _text(self.random.choice(shapes))

    _ways: tuple[Callable[[Fuzz, Item], tuple[str, bytes]], ...] = (
        _type, _type, _type, _type, _missing, _extra, _truncated, _flipped, _flipped, _inserted, _digits, _deep, _astray, _twice,
        _double_key, _array, _will, _other_text, _shape,
    )  # fmt: skip


def _text(value: Any) -> bytes:
    return json.dumps(value).encode()


def items_in(payload: bytes) -> int:
    """How many messages a payload claims to hold: what cannot be read, or is no fit batch, is one."""
    try:
        data = json.loads(payload)
    except (ValueError, RecursionError):
        return 1
    return len(data) if isinstance(data, list) and 1 <= len(data) <= 500 else 1


def stream(seed: int, n: int, valid_every: int = 5) -> Iterator[tuple[str, bytes, str | None]]:
    """n mutated payloads with good messages between them: topic, payload, and the id of a good one."""
    fuzz = Fuzz(seed)
    for k in range(n):
        if k % valid_every == 0:
            yield fuzz.valid()
        yield (*fuzz.mutated(), None)

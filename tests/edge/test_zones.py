from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.edge.polygon import Outlines
from motcua.edge.zones import Zones, ZonesError, contains, load_zones, parse_zones

SQUARE = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.1, 0.5]]
BOW_TIE = [[0.1, 0.1], [0.5, 0.5], [0.5, 0.1], [0.1, 0.5]]


def zone(**fields: Any) -> dict[str, Any]:
    return {"name": "q", "role": "queue", "polygon": SQUARE} | fields


def zones(*items: Any, **fields: Any) -> dict[str, Any]:
    return {"version": 1, "zones": list(items)} | fields


def test_reads_a_file(tmp_path: Path) -> None:
    path = tmp_path / "zones.json"
    path.write_text(json.dumps(zones(zone(), zone(name="c", role="service", counter_id="c1", lane="priority"))))
    read = load_zones(path)
    assert [(z.name, z.role, z.counter_id, z.lane) for z in read.zones] == [
        ("q", "queue", None, "ordinary"),
        ("c", "service", "c1", "priority"),
    ]
    assert read.counters == ("c1",)
    assert read.zones[0].polygon[1] == (0.5, 0.1)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (zones(zone(polygon=BOW_TIE)), "crosses itself"),
        (zones(zone(polygon=[[0.1, 0.1], [0.5, 0.1], [0.3, 0.1], [0.3, 0.5]])), "crosses itself"),
        (zones(zone(polygon=[[0.1, 0.1], [0.5, 0.5], [0.3, 0.3]])), "crosses itself"),
        (zones(zone(polygon=[[0.1, 0.1], [0.9, 0.1], [0.9, 0.5], [0.5, 0.1], [0.1, 0.5]])), "crosses itself"),
        (zones(zone(polygon=[[0.1, 0.1], [1.5, 0.1], [0.3, 0.3]])), "outside 0..1"),
        (zones(zone(polygon=[[0.1, 0.1], [float("nan"), 0.1], [0.3, 0.3]])), "outside 0..1"),
        (zones(zone(polygon=[[0.1, 0.1], [10**400, 0.1], [0.3, 0.3]])), "outside 0..1"),
        (zones(zone(polygon=[[0.1, 0.1], [0.2, 0.1]])), "fewer than 3"),
        (zones(zone(polygon=[[0.1, 0.1], [0.2, 0.1], [0.1, 0.1]])), "fewer than 3"),
        (zones(zone(polygon=[[0.1, 0.1, 0.1]] * 3)), "pairs of numbers"),
        (zones(zone(polygon=[["a", "b"]] * 3)), "pairs of numbers"),
        (zones(zone(polygon=None)), "pairs of numbers"),
        (zones(zone(polygon=[[i / 1000, (i * i % 997) / 1000] for i in range(300)])), "at most 256"),
        (zones(zone(), zone()), "two zones are named 'q'"),
        (zones(zone(role="service")), "no counter_id"),
        (zones(zone(counter_id="c1")), "take it out"),
        (zones(zone(role="service", counter_id="a/b")), "counter_id 'a/b'"),
        (zones(zone(role="lobby")), "role 'lobby'"),
        (zones(zone(role=["queue"])), "role ['queue']"),
        (zones(zone(lane="vip")), "lane 'vip'"),
        (zones(zone(name="")), "needs a name"),
        (zones(zone(colour="red")), "unknown entry 'colour'"),
        (zones("q"), "zone 1 is not an object"),
        (zones(), "0 zones"),
        (zones(*(zone(name=str(n), role="service", counter_id=str(n)) for n in range(65))), "more than 64 counters"),
        (zones(zone(), version=2), "version 2"),
        (zones(zone(), version=True), "version True"),
        ({"zones": 3}, "expected"),
        ([], "expected"),
    ],
)
def test_says_in_one_sentence_what_is_wrong(data: Any, says: str, tmp_path: Path) -> None:
    path = tmp_path / "zones.json"
    path.write_text(json.dumps(data))
    with pytest.raises(ZonesError) as caught:
        load_zones(path)
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"zones file {path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "not JSON (line 1"),
        (b"[" * 100_000, "zones file"),
        (b'{"version": ' + b"1" * 5000 + b"}", "zones file"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_says_what_is_wrong_with_the_bytes(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "zones.json"
    path.write_bytes(content)
    with pytest.raises(ZonesError) as caught:
        load_zones(path)
    assert says in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ZonesError, match="is not there"):
        load_zones(tmp_path / "none.json")
    with pytest.raises(ZonesError, match="cannot be read"):
        load_zones(tmp_path)


@pytest.mark.parametrize(
    "polygon",
    [
        [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.3, 0.3], [0.1, 0.5]],  # concave
        [[0.1, 0.1], [0.3, 0.1], [0.5, 0.1], [0.5, 0.5]],  # a point in the middle of a side
        [*SQUARE, SQUARE[0]],  # closed explicitly
        SQUARE[::-1],
    ],
)
def test_takes_proper_polygons(polygon: list[list[float]]) -> None:
    parse_zones(zones(zone(polygon=polygon)))


L_SHAPE = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.5, 0.5), (0.5, 1.0), (0.0, 1.0))


@pytest.mark.parametrize(
    ("point", "inside"),
    [
        ((0.25, 0.75), True),
        ((0.75, 0.75), False),
        ((0.75, 0.25), True),
        ((0.0, 0.0), True),
        ((0.5, 0.7), True),
        ((1.0, 0.5), True),
        ((0.7, 0.5), True),
        ((1.1, 0.5), False),
        ((0.5, 1.1), False),
        ((-0.1, 0.5), False),
    ],
)
def test_contains_holds_its_edge(point: tuple[float, float], inside: bool) -> None:
    assert contains(L_SHAPE, np.array([point])).tolist() == [inside]
    assert contains(L_SHAPE[::-1], np.array([point])).tolist() == [inside]


@given(st.lists(st.tuples(st.floats(-1, 2), st.floats(-1, 2)), max_size=30))
def test_contains_agrees_with_a_rectangle(points: list[tuple[float, float]]) -> None:
    box = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.5), (0.25, 0.5))
    expected = [0.25 <= x <= 0.75 and 0.25 <= y <= 0.5 for x, y in points]
    # A point nearer to the edge than its tolerance may count as inside.
    near = [min(abs(x - 0.25), abs(x - 0.75), abs(y - 0.25), abs(y - 0.5)) < 1e-8 for x, y in points]
    got = contains(box, np.array(points).reshape(-1, 2)).tolist()
    assert all(g == e or n for g, e, n in zip(got, expected, near, strict=True))


def test_overlaps_are_settled_by_role_then_by_order() -> None:
    everywhere = [[0, 0], [1, 0], [1, 1], [0, 1]]
    parsed: Zones = parse_zones(
        zones(
            zone(name="hall", role="hall", polygon=everywhere),
            zone(name="queue", polygon=[[0, 0], [0.8, 0], [0.8, 1], [0, 1]]),
            zone(name="a", role="service", counter_id="a", polygon=[[0, 0], [0.6, 0], [0.6, 1], [0, 1]]),
            zone(name="b", role="service", counter_id="b", polygon=[[0, 0], [0.7, 0], [0.7, 1], [0, 1]]),
            zone(name="staff", role="staff", polygon=[[0, 0], [0.4, 0], [0.4, 1], [0, 1]]),
            zone(name="plant", role="mask", polygon=[[0, 0], [0.2, 0], [0.2, 1], [0, 1]]),
        )
    )
    points = np.array([[x, 0.5] for x in (0.1, 0.3, 0.5, 0.65, 0.75, 0.9, 1.2)])
    names = [parsed.zones[i].name if i >= 0 else None for i in parsed.locate(points)]
    assert names == ["plant", "staff", "a", "b", "queue", "hall", None]
    assert parsed.locate(np.empty((0, 2))).shape == (0,)


@given(st.lists(st.tuples(st.floats(-0.1, 1.1), st.floats(-0.1, 1.1)), min_size=1, max_size=10))
def test_many_polygons_at_once_are_each_of_them_alone(points: list[tuple[float, float]]) -> None:
    polygons = [L_SHAPE, [(0.1, 0.1), (0.5, 0.1), (0.3, 0.9)], L_SHAPE[::-1]]
    at = np.array(points)
    expected = np.stack([contains(polygon, at) for polygon in polygons], axis=1)
    assert (Outlines.of(polygons).contain(at) == expected).all()

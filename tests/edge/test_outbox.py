from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from builders import NOON, health, queue, rating, visit
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from motcua.edge import outbox_file
from motcua.edge.messages import Message, Visit, dump
from motcua.edge.outbox import LEAST_VALUE_FIRST, SAMPLES, Outbox, OutboxError, OutboxFull
from motcua.edge.outbox_report import as_json, report


def keys(outbox: Outbox) -> list[tuple[int, int]]:
    return [(row.epoch, row.seq) for row in outbox.pending(10_000)]


def test_numbers_what_it_takes_and_gives_it_back_in_order(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "a" / "o.db", now=NOON)
    stored = outbox.put([visit(), queue()]) + outbox.put([health()])
    epoch = outbox.epoch
    assert epoch == int(NOON.timestamp() * 1000)
    assert [(m.epoch, m.seq) for m in stored] == [(epoch, 1), (epoch, 2), (epoch, 3)] == keys(outbox)
    assert [row.type for row in outbox.pending(2)] == ["visit", "queue"]
    body = json.loads(outbox.pending(1)[0].body)
    assert (body["epoch"], body["seq"], body["id"]) == (epoch, 1, str(stored[0].id))
    assert outbox.put([]) == []
    outbox.close()


def test_only_what_is_confirmed_goes(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", now=NOON)
    outbox.put([queue() for _ in range(10)])
    epoch = outbox.epoch
    assert outbox.confirm(epoch - 1, [(1, 10)]) == 0
    assert outbox.confirm(epoch, [(2, 3), (9, 99)]) == 4
    assert outbox.confirm(epoch, [(2, 3)]) == 0
    assert [seq for _, seq in keys(outbox)] == [1, 4, 5, 6, 7, 8]
    assert outbox.size().rows == 6
    assert outbox.size().bytes == sum(len(row.body) for row in outbox.pending(99))
    outbox.put([queue()])
    assert keys(outbox)[-1] == (epoch, 11)
    outbox.close()


def test_a_new_epoch_keeps_the_rows_of_the_old_ones_and_grows_though_the_clock_jumps_back(tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    first = Outbox(path, now=NOON)
    first.put([queue()])
    first.close()
    second = Outbox(path, now=NOON - timedelta(days=1))
    assert second.epoch == first.epoch + 1
    second.put([queue()])
    assert second.new_epoch(NOON - timedelta(days=2)) == first.epoch + 2
    second.put([queue()])
    assert keys(second) == [(first.epoch, 1), (first.epoch + 1, 1), (first.epoch + 2, 1)]
    assert second.size().rows == 3
    second.close()


def test_when_full_the_least_valuable_go_first_and_are_counted(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", now=NOON, max_rows=4)
    outbox.put([queue(), visit(), health(), queue(), visit()])
    assert Counter(row.type for row in outbox.pending(9)) == {"visit": 2, "health": 1, "queue": 1}
    assert keys(outbox)[0][1] == 2  # the older sample went
    outbox.put([visit(), visit(), visit()])
    assert [row.seq for row in outbox.pending(9)] == [5, 6, 7, 8]
    assert outbox.dropped() == {"queue": 2, "health": 1, "visit": 1}
    outbox.close()
    again = Outbox(tmp_path / "o.db", now=NOON)
    assert again.dropped() == {"queue": 2, "health": 1, "visit": 1}
    again.close()


def test_a_dropped_visit_is_an_error_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    outbox = Outbox(tmp_path / "o.db", now=NOON, max_rows=1)
    outbox.put([visit(), visit()])
    assert "1 visits were dropped" in caplog.text
    outbox.close()


def test_bytes_count_too(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", now=NOON, max_bytes=3000)
    for _ in range(50):
        outbox.put([queue()])
    size = outbox.size()
    assert 2000 < size.bytes <= 3000
    assert outbox.dropped()["queue"] == 50 - size.rows
    outbox.close()


def test_says_how_many_hours_it_holds(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", now=NOON, max_rows=7200)
    outbox.put([queue(at=NOON)])
    assert outbox.size().capacity_h is None
    outbox.put([queue(at=NOON + timedelta(seconds=5 * n)) for n in range(1, 721)])
    assert outbox.size().capacity_h == pytest.approx(10, rel=0.01)
    outbox.close()


def test_a_second_owner_is_turned_away(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", now=NOON)
    with pytest.raises(OutboxError, match="in use by another agent"):
        Outbox(tmp_path / "o.db", now=NOON)
    outbox.close()
    Outbox(tmp_path / "o.db", now=NOON).close()


def damage_header(path: Path) -> None:
    path.write_bytes(b"this was never a database" * 100)


def damage_pages(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def lose_a_table(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("DROP TABLE dropped")
    db.close()


@pytest.mark.parametrize("damage", [damage_header, damage_pages, cut, lose_a_table])
def test_a_damaged_file_is_moved_aside(damage: object, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "o.db"
    outbox = Outbox(path, now=NOON)
    for _ in range(20):
        outbox.put([queue() for _ in range(20)])
    outbox.close()
    damage(path)  # type: ignore[operator]
    outbox = Outbox(path, now=NOON + timedelta(seconds=1))
    outbox.put([queue()])
    assert outbox.size().rows == 1
    outbox.close()
    assert "is damaged" in caplog.text
    assert len(list(tmp_path.glob("o.db.damaged-*"))) == 1


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE diary (entry TEXT)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(OutboxError, match="file of something else"):
        Outbox(path, now=NOON)
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutboxError, match=r"cannot be written \(.*\): give its folder write permission or name another$"):
        Outbox(tmp_path / "file" / "o.db", now=NOON)


def test_a_full_disk_loses_nothing_silently(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", now=NOON)
    outbox.put([visit()])
    outbox._db.execute("PRAGMA max_page_count = 8")  # SQLite's own way to run out of room

    def fill() -> None:
        for _ in range(500):
            outbox.put([queue()])

    with pytest.raises(OutboxError, match="refuses .*full.*: check disk space"):
        fill()
    rows = outbox.size().rows
    assert outbox.dropped() == {"queue": 1}
    outbox.confirm(outbox.epoch, [(1, 5)])
    (stored,) = outbox.put([queue()])
    assert stored.seq == rows + 1  # the refused one used no number
    assert outbox.size().rows == rows - 5 + 1 == len(keys(outbox))
    outbox.close()


def visit_body() -> bytes:
    return dump(visit(epoch=1_772_427_600_000, seq=100))


def test_the_reserve_is_kept_from_samples_but_for_the_newest_of_each(tmp_path: Path) -> None:
    length = len(visit_body())
    outbox = Outbox(tmp_path / "o.db", now=NOON, max_bytes=20 * length, reserve_bytes=10 * length)
    outbox.put([visit() for _ in range(8)])
    for _ in range(20):
        outbox.put([queue(), health()])
    waiting = Counter(row.type for row in outbox.pending(99))
    assert waiting["visit"] == 8
    assert 1 <= waiting["queue"] <= 4
    assert waiting["health"] >= 1
    assert waiting + Counter(outbox.dropped()) == {"visit": 8, "queue": 20, "health": 20}
    outbox.put([visit() for _ in range(8)])
    assert Counter(row.type for row in outbox.pending(99)) == {"visit": 16, "queue": 1, "health": 1}
    outbox.close()


def test_samples_go_by_hours_of_measuring_and_visits_do_not(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", now=NOON, max_hours=1.0)
    outbox.put([visit(at=NOON), queue(at=NOON)])
    minutes = [NOON + timedelta(minutes=n) for n in range(1, 91)]
    for at in minutes:
        outbox.put([queue(at=at)])
    assert outbox.dropped() == {"queue": 30}
    assert outbox.size().span_h == pytest.approx(1.5)  # the visit is still there
    assert outbox.size().capacity_h == pytest.approx(1.0)
    # A clock that jumps by a year makes nothing old, whichever way.
    outbox.put([queue(at=NOON + timedelta(days=365)), queue(at=NOON)])
    assert outbox.dropped()["queue"] <= 32
    outbox.close()


def released_first() -> str:
    """The format of the first release, which never changes."""
    text = (Path(outbox_file.__file__).parent / "outbox.sql").read_text()
    assert hashlib.sha256(text.encode()).hexdigest() == ("9f559205969842d8c31e9268b08a42152d3cd5ebb6356ddd6817937a7043930a")
    return text


def test_a_file_of_the_released_format_is_brought_forward(tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    old = [visit(epoch=7, seq=n) for n in (1, 2)]
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(released_first())
        db.execute("INSERT INTO meta VALUES ('epoch', 7)")
        db.executemany("INSERT INTO message VALUES (?, ?, ?, ?)", [(7, m.seq, m.type, dump(m)) for m in old])
        db.execute("INSERT INTO dropped VALUES ('queue', 5)")
    outbox = Outbox(path, now=NOON)
    outbox.put([queue()])
    assert [row.body for row in outbox.pending(2)] == [dump(m) for m in old]
    assert outbox.size().rows == 3
    assert outbox.dropped() == {"queue": 5}
    outbox.close()
    Outbox(path, now=NOON).close()


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    Outbox(tmp_path / "o.db", now=NOON).close()
    with closing(sqlite3.connect(tmp_path / "o.db")) as db, db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(OutboxError, match="was written by a newer version"):
        Outbox(tmp_path / "o.db", now=NOON)


def test_visits_that_nobody_came_to_close_are_sent_as_lost(tmp_path: Path) -> None:
    def lost(**fields: Any) -> Visit:
        return visit(outcome="lost", counter_id=None, service_start_at=None, **fields)

    one, two, three = lost(), lost(), lost()
    outbox = Outbox(tmp_path / "o.db", now=NOON)
    outbox.put([], [one])
    outbox.put([queue()], [one, two])
    outbox.put([visit()], [two, three])
    outbox.put([queue()])  # says nothing of who is there
    epoch = outbox.epoch
    outbox.close()  # without a word, as a power cut does it
    again = Outbox(tmp_path / "o.db", now=NOON + timedelta(minutes=1))
    new = [json.loads(row.body) for row in again.pending(99, (epoch, 99))]
    assert [(m["id"], m["seq"], m["outcome"]) for m in new] == [(str(two.id), 1, "lost"), (str(three.id), 2, "lost")]
    still_there = lost()
    again.put([], [still_there])
    again.new_epoch(NOON + timedelta(minutes=1))  # the clock was set: whoever is there stays
    again.put([queue()])
    assert str(still_there.id) not in str([row.body for row in again.pending(99)])
    again.put([queue()], [])
    again.close()
    third = Outbox(tmp_path / "o.db", now=NOON + timedelta(minutes=2))
    assert third.size().rows == 7  # nobody is lost twice
    third.close()


def test_a_full_disk_still_takes_visits_and_counts_what_it_refuses_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    outbox = Outbox(path, now=NOON, reserve_bytes=100_000)
    outbox._db.execute("PRAGMA max_page_count = 20")
    with pytest.raises(OutboxFull):
        outbox.put([queue() for _ in range(500)])
    outbox._db.execute("PRAGMA max_page_count = 40")  # what the reserve gave back
    outbox._reserve.refill = lambda: False  # type: ignore[method-assign]  # and nothing more
    with pytest.raises(OutboxFull) as full:
        outbox.put([queue(), visit(), rating(), health()])
    assert [m.type for m in full.value.stored] == ["visit", "rating"]
    refused = outbox.dropped()
    assert refused == {"queue": 501, "health": 1}
    outbox.close()
    again = Outbox(path, now=NOON, reserve_bytes=100_000)
    assert again.dropped() == refused
    again.put([queue()])
    again.close()


def test_an_epoch_grows_though_the_file_was_damaged_and_the_clock_went_back(tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    first = Outbox(path, now=NOON)
    first.close()
    damage_header(path)
    again = Outbox(path, now=NOON - timedelta(days=1))
    assert again.epoch == first.epoch + 1
    assert again.dropped() == {"outbox": 1}
    again.close()


def test_a_reserve_that_cannot_be_read_is_no_reason_to_stop(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "o.db.reserve").write_bytes(b'{"epoch": 12'.ljust(512))
    outbox = Outbox(tmp_path / "o.db", now=NOON, reserve_bytes=1000)
    assert "what was refused before is forgotten" in caplog.text
    assert (tmp_path / "o.db.reserve").stat().st_size == 1512
    outbox.close()


def test_the_report_tells_hours_bytes_and_kinds_while_the_agent_runs(tmp_path: Path) -> None:
    path, limits = tmp_path / "o.db", {"max_bytes": 2**20, "max_hours": 500.0, "reserve_bytes": 2**16}
    with pytest.raises(OutboxError, match="no outbox at"):
        report(path, "cam-1", **limits)  # type: ignore[arg-type]
    outbox = Outbox(path, now=NOON, **limits)  # type: ignore[arg-type]
    for n in range(61):
        outbox.put([queue(at=NOON + timedelta(minutes=n))], [visit()])
    outbox.put([visit(at=NOON + timedelta(hours=1))], [visit(), visit()])
    told = report(path, "cam-1", **limits)  # type: ignore[arg-type]
    size = outbox.size()
    assert (told.waiting, told.dropped, told.open_visits) == ({"queue": 61, "visit": 1}, {}, 2)
    assert (told.bytes, told.span_h) == (size.bytes, pytest.approx(1.0))
    assert told.capacity_h == pytest.approx(size.capacity_h)
    assert told.line().startswith("cam-1: waiting 1.00 h, 0.0")
    assert json.loads(as_json([told]))[0]["waiting"]["queue"] == 61
    outbox.close()


CHILD = """
import sys
from pathlib import Path
from builders import NOON, queue
from motcua.edge.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]), now=NOON)
while True:
    stored = outbox.put([queue(), queue()])
    print(stored[-1].epoch, stored[-1].seq, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 40])
def test_what_put_returned_survives_kill_9(lines: int, tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True, env=environment
    ) as child:
        assert child.stdout is not None
        for _ in range(lines):
            epoch, seq = map(int, child.stdout.readline().split())
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().splitlines()
    for line in rest:
        if len(line.split()) == 2:  # the last line may be cut
            epoch, seq = map(int, line.split())
    outbox = Outbox(path, now=NOON)
    seqs = [row.seq for row in outbox.pending(100_000) if row.epoch == epoch]
    assert len(seqs) >= seq >= 2 * lines
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(seqs) % 2 == 0  # both of a transaction or none
    assert outbox.epoch > epoch
    outbox.close()


class OutboxMachine(RuleBasedStateMachine):
    """The outbox against a model: a list of (epoch, seq, type, length)."""

    @initialize(max_rows=st.integers(1, 8))
    def begin(self, max_rows: int) -> None:
        self.folder = Path(mkdtemp())
        self.max_rows, self.clock = max_rows, NOON
        self.rows: list[tuple[int, int, str, int]] = []
        self.dropped: Counter[str] = Counter()
        self.epochs: list[int] = []
        self.open()

    def open(self) -> None:
        self.outbox = Outbox(self.folder / "o.db", now=self.clock, max_rows=self.max_rows)
        self.started()

    def started(self) -> None:
        self.epochs.append(self.outbox.epoch)
        self.next_seq = 1

    @rule(types=st.lists(st.sampled_from(["queue", "visit", "health"]), max_size=4))
    def put(self, types: list[str]) -> None:
        make: dict[str, Callable[..., Message]] = {"queue": queue, "visit": visit, "health": health}
        stored = self.outbox.put([make[t](at=self.clock) for t in types])
        for message in stored:
            assert (message.epoch, message.seq) == (self.epochs[-1], self.next_seq)
            self.next_seq += 1
            self.rows.append((message.epoch, message.seq, message.type, 0))
        old_samples = [r for type_ in SAMPLES for r in [r for r in self.rows if r[2] == type_][:-1]]
        for row in old_samples + [r for type_ in LEAST_VALUE_FIRST for r in self.rows if r[2] == type_]:
            if len(self.rows) > self.max_rows and row in self.rows:
                self.rows.remove(row)
                self.dropped[row[2]] += 1

    @rule(which=st.integers(0, 5), first=st.integers(0, 6), count=st.integers(0, 6))
    def confirm(self, which: int, first: int, count: int) -> None:
        epoch = self.epochs[-1 - which % len(self.epochs)]
        gone = self.outbox.confirm(epoch, [(first, first + count), (first, first)])
        kept = [r for r in self.rows if not (r[0] == epoch and first <= r[1] <= first + count)]
        assert gone == len(self.rows) - len(kept)
        self.rows = kept

    @rule(jump_s=st.integers(-100, 100))
    def reopen(self, jump_s: int) -> None:
        self.outbox.close()
        self.clock += timedelta(seconds=jump_s)
        self.open()

    @precondition(lambda self: self.rows)
    @rule(jump_s=st.integers(-100, 100))
    def new_epoch(self, jump_s: int) -> None:
        self.clock += timedelta(seconds=jump_s)
        self.outbox.new_epoch(self.clock)
        self.started()

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "outbox"):
            return
        pending = self.outbox.pending(1000)
        assert [(r.epoch, r.seq, r.type) for r in pending] == sorted(r[:3] for r in self.rows)
        size = self.outbox.size()
        assert (size.rows, size.bytes) == (len(pending), sum(len(r.body) for r in pending))
        assert self.outbox.dropped() == dict(self.dropped)
        assert self.epochs == sorted(set(self.epochs))

    def teardown(self) -> None:
        if hasattr(self, "outbox"):
            self.outbox.close()
            shutil.rmtree(self.folder)


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


def test_closing_twice_closes_nobody_elses_file(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", now=NOON, reserve_bytes=10_000)
    outbox.close()
    with (tmp_path / "other").open("w") as other:
        outbox.close()
        other.write("still open")
        other.flush()
    assert (tmp_path / "other").read_text() == "still open"

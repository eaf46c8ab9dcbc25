"""The whole data path as real processes, what goes wrong with it, and the verdict: the producer's ledger against the database."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psycopg
from bad_link import BadLink

from motcua.analytics import db
from motcua.onebox import broker as brokers
from motcua.onebox import postgres
from motcua.onebox.child import free_port

HERE = Path(__file__).parent
SECTOR = 512
FULL_DISK = """
create or replace function full_disk() returns trigger language plpgsql as
$$ begin raise exception using errcode = 'disk_full', message = 'no space left'; end $$"""


def power_library(folder: Path) -> Path:
    """The shim, compiled."""
    library = folder / "power.so"
    subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", library, HERE / "power.c", "-ldl"], check=True)
    return library


def cut_power(files: Path, shadow: Path, chance: Random) -> int:
    """What a disk holds after a power cut: what was synced, and any of the sectors that were written since. Bytes that differ."""
    kept, lost = chance.choice((0.0, 0.5, 0.9)), 0
    for path in {*files.glob("cam.db*"), *(files / p.name for p in shadow.glob("cam.db*"))}:
        if path.name.endswith(("-shm", ".lock")):
            path.unlink(missing_ok=True)
            continue
        written = path.read_bytes() if path.exists() else b""
        synced = (shadow / path.name).read_bytes() if (shadow / path.name).exists() else None
        if synced is None and chance.random() < 0.5:
            path.unlink(missing_ok=True)  # not even its name was on the disk
            continue
        base = synced or b""
        size = chance.choice((len(base), len(written)))
        content = bytearray(base.ljust(size, b"\0")[:size])
        for at in range(0, min(size, len(written)), SECTOR):
            if content[at : at + SECTOR] != written[at : min(at + SECTOR, size)]:
                if chance.random() < kept:
                    content[at : at + SECTOR] = written[at : min(at + SECTOR, size)]
                else:
                    lost += SECTOR
        path.write_bytes(content)
        (shadow / path.name).write_bytes(content)
    return lost


@dataclass(slots=True)
class Plan:
    """One run: what goes wrong, when (seconds from its start) and for how long."""

    seed: int
    faults: list[tuple[str, float, float]]
    load_s: float
    max_rows: int = 500_000
    replay: bool = False
    ingestors: int = 1
    sabotage: str = ""


@dataclass(slots=True)
class Verdict:
    """Counts of messages; ``lost`` were stored in the outbox, are not in the database and were not counted as dropped."""

    seed: int
    faults: list[tuple[str, float, float]]
    stored: int = 0
    lost: int = 0
    dropped: int = 0
    unreported: int = 0
    duplicates: int = 0
    vanished_visits: int = 0
    doubled_visits: int = 0
    visits_lost_at_a_kill: int = 0
    gaps_unexplained: int = 0
    recovery_s: float = 0.0
    unsynced_bytes_lost: int = 0
    wrong: list[str] = field(default_factory=list)


FAULTS = (
    *("kill_agent", "power_cut", "power_cut", "kill_broker", "forget_broker", "kill_ingestor", "kill_database"),
    *("link_down", "stall", "half_open", "edge_full", "database_full", "clock"),
)


def random_plan(seed: int) -> Plan:
    """Two to five faults within a second and a half, most of them overlapping."""
    chance = Random(seed)
    faults = [
        (chance.choice(FAULTS), round(chance.uniform(0.1, 1.1), 2), round(chance.uniform(0.05, 0.7), 2))
        for _ in range(chance.randint(2, 5))
    ]
    small = chance.random() < 0.2
    if small:
        faults.append(("link_down", 0.1, 1.0))
    return Plan(seed, faults, 1.4, 120 if small else 500_000, not small and chance.random() < 0.3, chance.choice((1, 1, 2)))


class Rig:
    """PostgreSQL, mosquitto, ingestors and a producer behind a bad link; the servers live through many runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.starter = ThreadPoolExecutor(2)  # servers die with the thread that started them
        self.pg = postgres.start(folder / "pg")
        self.dsn = self.pg.create("chaos")
        with db.connect(self.dsn) as conn:
            db.migrate(conn)
            conn.execute(FULL_DISK)
        self.mqtt_port = free_port()
        self.broker = self._start_broker()
        self.link = BadLink(self.mqtt_port)
        self.link.__enter__()
        self.library = power_library(folder)
        self.locks = {
            name: threading.RLock() for name in ("agent", "broker", "ingestor", "database", "link", "full", "trigger")
        }
        self.children: dict[str, int] = {}
        self.nurseries: dict[str, subprocess.Popen[str]] = {}
        self.log = folder / "children.log"
        self.runs = 0
        self.sabotage = ""

    def close(self) -> None:
        for pid in self.children.values():
            _kill(pid)
        for nursery in self.nurseries.values():
            nursery.kill()
            nursery.wait()
        self.link.__exit__()
        self.broker.process.kill()
        self.broker.process.wait()
        self.pg.stop()
        self.starter.shutdown()

    def run(self, plan: Plan) -> Verdict:
        """Load, faults, peace; then everything is compared."""
        self.runs += 1
        chance = Random(plan.seed)
        self.sabotage = plan.sabotage
        name = f"run-{self.runs}"
        self.files, self.shadow, self.aside = (self.folder / name / part for part in ("outbox", "shadow", "aside"))
        for part in (self.files, self.shadow, self.aside):
            part.mkdir(parents=True)
        self.order = {
            "folder": str(self.files),
            "office": name,
            "port": self.link.port,
            "seed": plan.seed,
            "pause_s": 0.01,
            "max_rows": plan.max_rows,
            "replay": plan.replay,
            "sabotage": plan.sabotage,
            **{key: str(self.aside / key) for key in ("ledger", "clock", "finish", "done")},
        }
        self._nursery("agent", {"LD_PRELOAD": str(self.library), "CHAOS_FOLDER": str(self.files)})
        self._nursery("ingest", {})
        for number in range(plan.ingestors):
            self._bear(f"ingestor-{number}")
        self._bear("agent")
        verdict = Verdict(plan.seed, plan.faults)
        began = time.monotonic()
        threads = [threading.Thread(target=self._go_wrong, args=(*f, began, chance.random(), verdict)) for f in plan.faults]
        for thread in threads:
            thread.start()
        time.sleep(plan.load_s)
        for thread in threads:
            thread.join()
        (self.aside / "clock").write_text("0")
        healed_at = time.time()
        (self.aside / "finish").touch()
        done = self._wait_for_done()
        if done is None:
            verdict.wrong.append("not delivered within 60 s")
        else:
            verdict.recovery_s = round(max(0.0, done["drained_at"] - healed_at), 2)
            self._judge(name, done["dropped"], verdict)
        for child in [c for c in self.children if c.startswith(("ingestor", "agent"))]:
            _kill(self.children.pop(child))
        if not verdict.wrong:
            shutil.rmtree(self.folder / name)
        return verdict

    def start_ingestor(self) -> None:
        """One ingestor, for what is not a run."""
        self._nursery("ingest", {})
        self._bear("ingestor-0")

    def _wait_for_done(self) -> dict[str, Any] | None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if (self.aside / "done").exists():
                answer: dict[str, Any] = json.loads((self.aside / "done").read_text())
                return answer
            for child, pid in list(self.children.items()):
                if not _alive(pid):  # as a supervisor would
                    self._bear(child)
            time.sleep(0.02)
        return None

    def _judge(self, office: str, dropped: dict[str, int], verdict: Verdict) -> None:
        said: dict[str, dict[str, str]] = {"I": {}, "S": {}, "R": {}, "O": {}}
        for line in (self.aside / "ledger").read_text().splitlines():
            words = line.split()
            if len(words) == 3:
                said[words[0]][words[1]] = words[2]
        with psycopg.connect(self.dsn) as conn:
            parts = [f"select id::text from {t} where office_id = %(o)s" for t in ("visit", "queue_sample", "health")]
            rows = [r[0] for r in conn.execute(" union all ".join(parts).encode(), {"o": office}).fetchall()]
            visits = conn.execute(
                "select arrival_at, count(*), bool_or(outcome = 'lost') from visit where office_id = %s group by 1", [office]
            ).fetchall()
            now = conn.execute("select sample from queue_now where office_id = %s", [office]).fetchone()
            health = conn.execute("select health -> 'dropped' from source where office_id = %s", [office]).fetchone()
            gaps = conn.execute(
                "select coalesce(sum(upper(g) - lower(g)), 0) from received, unnest(int8multirange(int8range(1, upper(seqs))) - seqs) g "
                "where office_id = %s",
                [office],
            ).fetchone()
        there = set(rows)
        missing = Counter(type_ for id_, type_ in said["S"].items() if id_ not in there)
        refused = Counter(said["R"].values())
        given_up = Counter(dropped)
        arrived = {at.isoformat(): (n, lost) for at, n, lost in visits}
        opened = set(said["O"])
        verdict.stored = len(said["S"])
        verdict.dropped = sum(dropped.values())
        verdict.lost = sum((missing - given_up).values())
        verdict.unreported = sum((missing + refused - given_up).values())
        verdict.duplicates = len(rows) - len(there)
        verdict.doubled_visits = sum(n > 1 for n, _ in arrived.values())
        vanished = sum(at not in arrived for at in opened)
        verdict.vanished_visits = max(0, vanished - given_up["visit"])
        verdict.visits_lost_at_a_kill = sum(id_ not in said["I"] for id_ in there)  # last words: nobody came to say them
        verdict.gaps_unexplained = max(0, int(gaps[0] if gaps else 0) - sum(dropped.values()))
        checks = {
            "messages were lost": verdict.lost,
            "messages were given up and not reported": verdict.unreported,
            "messages are there twice": verdict.duplicates,
            "open visits vanished": verdict.vanished_visits,
            "visits are there twice": verdict.doubled_visits,
            "numbers are missing that nobody dropped": verdict.gaps_unexplained,
            "outboxes were damaged": dropped.get("outbox", 0),
        }
        verdict.wrong += [f"{count} {text}" for text, count in checks.items() if count]
        if now is None or now[0].get("waiting") != 77:
            verdict.wrong.append("the newest sample is not the newest")
        if health is None or (health[0] or {}) != dropped:
            verdict.wrong.append(f"the source's health says that {health} were dropped, its outbox {dropped}")

    def _go_wrong(self, fault: str, at_s: float, for_s: float, began: float, luck: float, verdict: Verdict) -> None:
        time.sleep(max(0.0, began + at_s - time.monotonic()))
        getattr(self, f"_{fault}")(for_s, Random(luck), verdict)

    def _kill_agent(self, for_s: float, chance: Random, verdict: Verdict) -> None:
        with self.locks["agent"]:
            _kill(self.children["agent"])
            time.sleep(for_s)
            self._bear("agent")

    def _power_cut(self, for_s: float, chance: Random, verdict: Verdict) -> None:
        with self.locks["agent"]:
            _kill(self.children["agent"])
            verdict.unsynced_bytes_lost += cut_power(self.files, self.shadow, chance)
            time.sleep(for_s)
            self._bear("agent")

    def _kill_ingestor(self, for_s: float, chance: Random, verdict: Verdict) -> None:
        with self.locks["ingestor"]:
            one = chance.choice([c for c in self.children if c.startswith("ingestor")])
            _kill(self.children[one])
            time.sleep(for_s)
            self._bear(one)

    def _kill_broker(self, for_s: float, chance: Random, verdict: Verdict) -> None:
        with self.locks["broker"]:
            self.broker.process.kill()
            self.broker.process.wait()
            time.sleep(for_s)
            self.broker = self.starter.submit(self._start_broker).result()

    def _forget_broker(self, for_s: float, chance: Random, verdict: Verdict) -> None:
        with self.locks["broker"]:
            self.broker.process.kill()
            self.broker.process.wait()
            for path in (self.folder / "mqtt").glob("mosquitto.db*"):
                path.unlink()
            time.sleep(for_s)
            self.broker = self.starter.submit(self._start_broker).result()

    def _kill_database(self, for_s: float, chance: Random, verdict: Verdict) -> None:
        with self.locks["database"]:
            self.pg.process.kill()
            self.pg.process.wait()
            time.sleep(for_s)
            for attempt in range(50):
                try:
                    self.pg = self.starter.submit(postgres.start, self.folder / "pg", port=self.pg.port).result()
                    return
                except postgres.PostgresError:
                    if attempt == 49:
                        raise
                    time.sleep(0.1)  # its orphans are still ending

    def _link(self, mode: Any, for_s: float) -> None:
        with self.locks["link"]:
            self.link.turn(mode)
            time.sleep(for_s)
            if mode == "half_open":
                self.link.turn("cut")
            self.link.turn("pass")

    def _link_down(self, for_s: float, chance: Random, verdict: Verdict) -> None:
        self._link("cut", for_s)

    def _stall(self, for_s: float, chance: Random, verdict: Verdict) -> None:
        self._link("stall", for_s)

    def _half_open(self, for_s: float, chance: Random, verdict: Verdict) -> None:
        self._link("half_open", for_s)

    def _edge_full(self, for_s: float, chance: Random, verdict: Verdict) -> None:
        with self.locks["full"]:
            (self.aside / "full").touch()
            time.sleep(for_s)
            (self.aside / "full").unlink()

    def _database_full(self, for_s: float, chance: Random, verdict: Verdict) -> None:
        table = chance.choice(("visit", "queue_sample", "received"))

        def until_done(statement: str) -> None:
            while True:
                try:
                    with psycopg.connect(self.dsn, autocommit=True, connect_timeout=2) as conn:
                        conn.execute(statement.encode())
                    return
                except psycopg.OperationalError:
                    time.sleep(0.1)

        with self.locks["trigger"]:
            until_done(f"create or replace trigger full_disk before insert on {table} execute function full_disk()")
            time.sleep(for_s)
            until_done(f"drop trigger if exists full_disk on {table}")

    def _clock(self, for_s: float, chance: Random, verdict: Verdict) -> None:
        (self.aside / "clock").write_text(str(chance.choice((-86_400, -3600, -2, 240, 3600, 40_000_000))))
        time.sleep(for_s)
        (self.aside / "clock").write_text("0")

    def _start_broker(self) -> brokers.Broker:
        users = [brokers.ingest_user("secret"), brokers.source_user("edge", "secret", "+", "+")]
        return brokers.start(self.folder / "mqtt", users, port=self.mqtt_port)

    def _nursery(self, name: str, env: dict[str, str]) -> None:
        """The agents' one is new for each run: its environment names the run's folder."""
        if name in self.nurseries and not env:
            return
        if old := self.nurseries.pop(name, None):
            old.kill()
            old.wait()
        if env:
            env |= {"CHAOS_SHADOW": str(self.shadow), "CHAOS_FULL": str(self.aside / "full")}
        path = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
        self.nurseries[name] = subprocess.Popen(
            [sys.executable, HERE / "nursery.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path, **env},
        )

    def _bear(self, name: str) -> None:
        if name == "agent":
            nursery, role, order = self.nurseries["agent"], "producer", self.order
        else:
            nursery, role = self.nurseries["ingest"], "ingestor"
            order = {"dsn": self.dsn, "port": self.mqtt_port, "sabotage": self.sabotage}
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        with self.locks["agent" if name == "agent" else "ingestor"]:
            nursery.stdin.write(json.dumps({"role": role, "arguments": order, "log": str(self.log)}) + "\n")
            nursery.stdin.flush()
            self.children[name] = int(nursery.stdout.readline())


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    while _alive(pid):
        time.sleep(0.002)


def report(verdicts: list[Verdict]) -> dict[str, Any]:
    """The sums of many runs."""
    times = sorted(v.recovery_s for v in verdicts)
    counts = {
        name: sum(getattr(v, name) for v in verdicts)
        for name in Verdict.__slots__
        if name not in ("seed", "faults", "wrong", "recovery_s")
    }
    return {
        "runs": len(verdicts),
        "failed": [asdict(v) for v in verdicts if v.wrong],
        **counts,
        "faults": dict(Counter(name for v in verdicts for name, _, _ in v.faults)),
        "recovery_s": {"median": times[len(times) // 2], "p95": times[int(0.95 * (len(times) - 1))], "worst": times[-1]},
    }

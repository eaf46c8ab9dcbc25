"""From a bad message on a real broker through the command line into the table, beside a running ingestor."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import psycopg
import pytest
from builders import rating, visit

from motcua.analytics.ingest import Ingestor
from motcua.analytics.settings import IngestSettings
from motcua.edge.messages import dump, topic
from motcua.onebox import deadletters_cli
from motcua.onebox.broker import Broker


def test_bad_visits_come_in_after_all(
    migrated: str, broker: Broker, eventually: Callable[..., Any], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    settings = IngestSettings(dsn=migrated, broker_host=broker.host, broker_port=broker.port, broker_password="secret")  # type: ignore[arg-type]
    stop, ready = threading.Event(), threading.Event()
    ingestor = Ingestor(settings, stop)
    thread = threading.Thread(target=ingestor.run, args=(ready.set,))
    thread.start()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set("edge", "secret")
    client.connect(broker.host, broker.port)
    client.loop_start()

    def cli(*arguments: str) -> tuple[int, str]:
        try:
            deadletters_cli.app([*arguments, "--dsn", migrated])
        except SystemExit as ended:
            return int(ended.code or 0), capsys.readouterr().out
        raise AssertionError("a command ends")

    try:
        assert ready.wait(20)
        name = topic("vl-29734", "cam-1", "visit")
        bad = [dump(visit(seq=n, epoch=1)).replace(b"served", b"vanished") for n in range(1, 6)]
        with psycopg.connect(migrated, autocommit=True) as conn:

            def letters() -> bool:
                for payload in bad:
                    client.publish(name, payload, qos=1)
                return conn.execute("select count(*) from dead_letter").fetchone() == (5,)

            eventually(letters)
            code, out = cli("list", "--kind", "visit", "--json")
            listed = json.loads(out)
            assert (code, listed["counts"]) == (0, [{"kind": "visit", "state": "open", "letters": 5}])
            first = str(listed["letters"][0]["id"])
            assert 'Field outcome is "vanished"' in cli("explain", first)[1]
            assert cli("repair", first, "--set", "outcome=gone")[0] == 1
            assert cli("replay", "--kind", "visit")[0] == 1
            assert cli("repair", "--source", "vl-29734/cam-1", "--set", "outcome=served", "--by", "an")[0] == 0
            shown = json.loads(cli("show", first)[1])
            assert (shown["repaired_by"], "vanished" in shown["payload"]) == ("an", True)
            assert cli("replay", "--reason", "outcome")[0] == 0
            assert cli("replay", first)[0] == 0
            assert conn.execute("select count(*) from visit").fetchone() == (5,)
            assert conn.execute("select count(*) from visit_1h").fetchone() == (1,)
            client.publish(topic("vl-29734", "cam-1", "rating"), dump(rating(epoch=2, seq=1)), qos=1)
            eventually(lambda: conn.execute("select count(*) from rating").fetchone() == (1,))
            assert json.loads(cli("list", "--json")[1])["counts"] == [{"kind": "visit", "state": "replayed", "letters": 5}]
    finally:
        client.disconnect()
        client.loop_stop()
        stop.set()
        thread.join(20)


def test_a_repair_comes_from_standard_input_too(migrated: str) -> None:
    from motcua.analytics import db, deadletters
    from motcua.analytics.writer import Delivery, write

    with db.connect(migrated) as conn:
        from datetime import UTC, datetime

        write(conn, [Delivery("motcua/v1/short", b"{}", datetime.now(UTC))])
        (letter,) = deadletters.find(conn)
        good = visit()
        command = [sys.executable, "-m", "motcua.onebox.cli", "deadletters", "repair", str(letter.id), "--file", "-"]
        command += ["--topic", topic(good.office_id, good.source_id, "visit"), "--dsn", migrated]
        subprocess.run(command, input=dump(good), check=True)
        assert deadletters.replay(conn, deadletters.get(conn, letter.id), "an") is None
        assert conn.execute("select id from visit").fetchone() == (good.id,)

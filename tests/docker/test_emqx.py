"""EMQX's configuration: it parses, its queries and hashes are right on a real PostgreSQL, its rules are those of a running mosquitto."""

from __future__ import annotations

import ast
import hashlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from mqtt_client import Client
from pyhocon import ConfigFactory

from motcua.analytics import devices
from motcua.onebox import broker_files
from motcua.onebox.child import free_port, own, port_is_free, stop, unprivileged_user

EMQX = Path(__file__).parents[2] / "docker" / "emqx"
CONF: Any = ConfigFactory.parse_file(EMQX / "emqx.conf")
OFFICE = "vl-29734"
DEVICES: list[tuple[str, devices.Kind, str | None]] = [
    ("box", "camera_box", "cam-1"), ("other", "camera_box", "cam-2"), ("kiosk", "kiosk", "kiosk-1"), ("feed", "feed", "feed-1"),
    ("ingest-1", "ingestor", None),
]  # fmt: skip
SOURCES = [(name, source) for name, _, source in DEVICES if source]
TYPES = sorted({t for types in devices.KINDS.values() for t in types})
PUBLISHED = [
    *(f"motcua/v1/{OFFICE}/{source}/{t}" for _, source in SOURCES for t in TYPES),
    *(f"motcua/ack/v1/{OFFICE}/{source}" for _, source in SOURCES),
    "motcua/v1/vl-1/cam-1/visit", f"motcua/v1/{OFFICE}/cam-1", f"motcua/v1/{OFFICE}/cam-1/visit/more", "motcua/ack/v1/a/b/c", "other",
]  # fmt: skip
SUBSCRIBED = [
    *(f"motcua/ack/v1/{OFFICE}/{source}" for _, source in SOURCES), devices.SHARE, devices.HEALTH, "#", "+/+/+/+/+", "motcua/v1/+/+/visit",
    f"motcua/v1/{OFFICE}/cam-1/visit", "motcua/ack/v1/#", "motcua/ack/v1/+/cam-1", f"motcua/ack/v1/{OFFICE}/+", "motcua/#",
    f"$share/ingest/motcua/ack/v1/{OFFICE}/cam-2", "$share/ingest/#", "$SYS/#", "$queue/#", "$exclusive/motcua/v1/#",
]  # fmt: skip
# EMQX compares a shared subscription without its group: an ingestor may take any group or none, a source its own confirmations in a
# group. Mosquitto refuses these. Nobody reads by it what he may not read.
WITHOUT_GROUP = {
    ("ingest-1", "motcua/v1/#"), ("ingest-1", "$share/mine/motcua/v1/#"), ("box", f"$share/mine/motcua/ack/v1/{OFFICE}/cam-1"),
    ("other", f"$share/ingest/motcua/ack/v1/{OFFICE}/cam-2"),
}  # fmt: skip


def erlang(text: str) -> list[Any]:
    """Terms that end with full stops, as Python's: tuples, lists, strings; atoms are strings."""
    text = re.sub(r"^%%.*$", "", text, flags=re.MULTILINE)
    parts = re.findall(r'"[^"]*"|[a-z_]+|[{}\[\],]|\.(?=\s)', text)
    words = {"{": "(", "}": ",)", ".": ","}
    return list(ast.literal_eval("[" + "".join(words.get(p, p if not p[0].isalpha() else f'"{p}"') for p in parts) + "]"))


def matches(rule: Any, name: str) -> bool:
    """EMQX's comparison of a topic, or of a subscription's filter, with a rule's."""
    if isinstance(rule, tuple):
        return bool(rule[1] == name)
    if rule.startswith("eq "):
        return bool(rule.removeprefix("eq ") == name)
    words, wanted = name.split("/"), rule.split("/")
    if name.startswith("$") and wanted[0] in "+#":
        return False
    for i, want in enumerate(wanted):
        if want == "#":
            return True
        if i >= len(words) or want not in ("+", words[i]):
            return False
    return len(words) == len(wanted)


def rows(conn: psycopg.Connection, query: str, username: str) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        return cursor.execute(
            query.replace("%", "%%").replace("${username}", "%s"), [username] * query.count("${")
        ).fetchall()


def allows(conn: psycopg.Connection, user: str, action: str, name: str) -> bool:
    """EMQX's answer: the sources in their order, the first rule that matches, else ``no_match``."""
    if name.startswith("$exclusive/"):
        return bool(CONF["mqtt.exclusive_subscription"])
    if action == "subscribe":
        name = re.sub(r"^\$(share/[^/]+|queue)/", "", name)
    for source in CONF["authorization.sources"]:
        if source["type"] == "file":
            rules = erlang((EMQX / Path(source["path"]).name).read_text())
            assert all(who[0] == "username" and who[1][0] == "re" for _, who, _, _ in rules)
            found = [(p, a, topics) for p, who, a, topics in rules if re.search(who[1][1], user)]
        else:
            found = [(r["permission"], r["action"], [r["topic"]]) for r in rows(conn, source["query"], user)]
        for permission, does, topics in found:
            if does == action and any(matches(t, name) for t in topics):
                return bool(permission == "allow")
    return bool(CONF["authorization.no_match"] == "allow")


def enters(conn: psycopg.Connection, user: str, password: str) -> bool:
    """EMQX's check of a password: PBKDF2 with the configured rounds, the salt as bytes, the hash as lower-case hex."""
    authenticator = CONF["authentication"][0]
    algorithm = authenticator["password_hash_algorithm"]
    assert (algorithm["name"], "dk_length" in algorithm) == ("pbkdf2", False)
    found = rows(conn, authenticator["query"], user)
    if not found:
        return False
    key = hashlib.pbkdf2_hmac(algorithm["mac_fun"], password.encode(), found[0]["salt"], algorithm["iterations"])
    return bool(key.hex() == found[0]["password_hash"])


class Place:
    """The registry with a device of each kind, and mosquitto made from it."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self.port, self.ca = free_port(), folder / "ca.crt"
        broker_files.certificates(folder, ["127.0.0.1"])
        with psycopg.connect(dsn) as conn:
            self.secrets = {
                name: devices.add(conn, name, kind, "test", office_id=OFFICE if source else None, source_id=source)
                for name, kind, source in DEVICES
            }
            broker_files.write(folder, devices.listed(conn, live_only=True))
        user, plugin = unprivileged_user("mosquitto"), broker_files.plugin()
        assert plugin
        tls = (folder / "server.crt", folder / "server.key")
        name = user.pw_name if user else ""
        conf = broker_files.configuration(folder, folder, plugin, port=self.port, host="127.0.0.1", tls=tls, user=name)
        (folder / "mosquitto.conf").write_text(conf)
        for path in (*folder.iterdir(), folder):
            own(path, user)
        self.process = subprocess.Popen(["/usr/sbin/mosquitto", "-c", folder / "mosquitto.conf"], stderr=subprocess.DEVNULL)


@pytest.fixture
def place(open_folder: Path, migrated: str, eventually: Callable[..., Any]) -> Iterator[Place]:
    made = Place(open_folder, migrated)
    eventually(lambda: not port_is_free(made.port) or made.process.poll() is not None)
    yield made
    stop(made.process)


def test_both_brokers_allow_and_refuse_the_same(place: Place, migrated: str, eventually: Callable[..., Any]) -> None:
    with psycopg.connect(migrated, autocommit=True) as conn:
        for name, _, _ in DEVICES:
            client = Client(place, name, eventually)
            assert enters(conn, name, place.secrets[name])
            assert not enters(conn, name, "guess")
            assert not enters(conn, name, place.secrets["box" if name != "box" else "other"])
            subscribed = [n for n in SUBSCRIBED if (name, n) not in WITHOUT_GROUP]
            client.may_publish(*PUBLISHED)
            client.may_subscribe(*subscribed)
            for action, names, told in ("publish", PUBLISHED, client.published), ("subscribe", subscribed, client.granted):
                ours = [(n, allows(conn, name, action, n)) for n in names]
                assert ours == list(zip(names, told, strict=True)), (name, action)
                assert {*told} == {True, False}, "some are allowed and some refused"
            for n in (n for who, n in WITHOUT_GROUP if who == name):
                assert (allows(conn, name, "subscribe", n), client.may_subscribe(n)) == (True, False), n
            client.close()
        devices.revoke(conn, "box", "test")
        assert not enters(conn, "box", place.secrets["box"])
        assert not any(allows(conn, "box", "publish", n) for n in PUBLISHED)


def test_whoever_is_not_registered_or_misnamed_is_not_let_in(migrated: str) -> None:
    with psycopg.connect(migrated) as conn:
        posing = devices.add(conn, "ingest-7", "camera_box", "test", office_id=OFFICE, source_id="cam-7")
        misnamed = devices.add(conn, "reader", "ingestor", "test")
        assert not enters(conn, "ingest-7", posing), "the file of rules would take it for an ingestor"
        assert not enters(conn, "reader", misnamed)
        assert not enters(conn, "", "")
        assert not enters(conn, "nobody", "")
        assert not allows(conn, "nobody", "publish", f"motcua/v1/{OFFICE}/cam-7/visit")


def test_its_role_reads_what_the_queries_need_and_nothing_else(migrated: str) -> None:
    script = (EMQX / "role.sql").read_text().replace(":'password'", "'secret'")
    with psycopg.connect(migrated, autocommit=True) as conn:
        try:
            conn.execute(script.encode())
            conn.execute(script.encode())
            secret = devices.add(conn, "box", "camera_box", "test", office_id=OFFICE, source_id="cam-1")
            conn.execute("set role emqx")
            assert enters(conn, "box", secret)
            assert allows(conn, "box", "publish", f"motcua/v1/{OFFICE}/cam-1/visit")
            for statement in ("select from visit", "select note from device", "update device set note = ''"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    conn.execute(statement.encode())
        finally:
            conn.execute("reset role; drop owned by emqx; drop role emqx")


def test_the_cluster_speaks_tls_only_and_its_nodes_are_its_seeds() -> None:
    compose = yaml.safe_load((EMQX / "compose.yaml").read_text())
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    checked = subprocess.run([*command, str(EMQX / "compose.yaml")], check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    nodes = {n: s for n, s in compose["services"].items() if s.get("image", "").startswith("emqx/emqx:5.8.")}
    assert [s["environment"]["EMQX_NODE_NAME"] for s in nodes.values()] == CONF["cluster.static.seeds"]
    hosts = [host for s in nodes.values() for host in s["networks"]["default"]["aliases"]]
    assert [f"emqx@{host}" for host in hosts] == CONF["cluster.static.seeds"]
    assert re.findall(r"server \w+ ([\w.]+):8883 check", (EMQX / "haproxy.cfg").read_text()) == hosts
    assert not any("ports" in s for s in compose["services"].values()), "the broker's port is the compose file's"
    on = [kind for kind, those in CONF["listeners"].items() for one in those.values() if one.get("enable", True)]
    assert on == ["ssl"]
    ours = {v.split(":")[1] for s in nodes.values() for v in s["volumes"]}
    ssl = CONF["listeners.ssl.default.ssl_options"]
    for path in (ssl["certfile"], ssl["keyfile"], CONF["authorization.sources"][0]["path"]):
        assert path in ours or str(Path(path).parent) in ours, path
    for name in re.findall(r"\./emqx/([\w.]+):", (EMQX / "compose.yaml").read_text()):
        assert (EMQX / name).is_file(), name
    assert CONF["mqtt.use_username_as_clientid"] is True
    assert CONF["authentication"][0]["password_hash_algorithm.iterations"] == devices.ROUNDS

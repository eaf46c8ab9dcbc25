"""What mosquitto reads: its configuration, and the users and rights of the registry for its dynamic security plugin.

An ``acl_file`` does not do: mosquitto 2.0 grants every subscription under it and only withholds messages, so that a thief who joins
the ingestors' share group swallows its part of them. The plugin refuses the subscription.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from motcua.analytics.devices import Device, DeviceError, Rights, hash_of, new_secret, rights_of

CONTROL = "$CONTROL/dynamic-security/v1"
ADMIN = "admin"
_PLUGIN = "mosquitto_dynamic_security.so"
_PLACES = ("/usr/lib", "/usr/lib64", "/usr/local/lib", *(f"/usr/lib/{a}-linux-gnu" for a in ("x86_64", "aarch64")))


def plugin() -> Path | None:
    """The dynamic security plugin of the mosquitto on this machine."""
    return next((p for place in _PLACES if (p := Path(place) / _PLUGIN).is_file()), None)


def configuration(
    folder: Path,
    data: Path,
    plugin_path: Path,
    *,
    port: int,
    host: str = "",
    tls: tuple[Path, Path] | None = None,
    user: str = "",
) -> str:
    """``mosquitto.conf``. tls: certificate and key. The user name is the client id, so that nobody takes another's session."""
    lines = [
        "per_listener_settings false",
        "allow_anonymous false",
        f"plugin {plugin_path}",
        f"plugin_opt_config_file {folder / 'dynamic-security.json'}",
        f"listener {port} {host}".rstrip(),
        "use_username_as_clientid true",
        *([f"certfile {tls[0]}", f"keyfile {tls[1]}", "tls_version tlsv1.2"] if tls is not None else []),
        "persistence true",
        f"persistence_location {data}/",
        "autosave_interval 60",
        "max_packet_size 300000",
        "max_inflight_messages 0",  # the client's receive maximum decides
        "max_queued_messages 1000000",  # not 0: mosquitto 2.0.11 then cuts a connection after a refused message
        "max_queued_bytes 268435456",
        *([f"user {user}"] if user else []),
    ]
    return "\n".join(lines) + "\n"


def security(devices: Iterable[Device], admin_secret: str) -> dict[str, Any]:
    """The plugin's file: a client and a role for each live device, and ``admin``, who may change them while the broker runs."""
    live = [d for d in devices if d.revoked_at is None]
    control = [_acl("publishClientSend", CONTROL + "/#"), _acl("publishClientSend", CONTROL)]
    answers = [_acl(kind, CONTROL + "/response") for kind in ("publishClientReceive", "subscribeLiteral")]
    return {
        "defaultACLAccess": {
            "publishClientSend": False, "publishClientReceive": False, "subscribe": False, "unsubscribe": True,
        },
        "clients": [
            {"username": ADMIN, "roles": [{"rolename": ADMIN}], **_hashed(hash_of(admin_secret))},
            *({"username": d.device_id, "roles": [{"rolename": f"device-{d.device_id}"}], **_hashed(d.secret_hash)} for d in live),
        ],
        "groups": [],
        "roles": [
            {"rolename": ADMIN, "acls": control + answers},
            *({"rolename": f"device-{d.device_id}", "acls": acls(rights_of(d.kind, d.office_id, d.source_id))} for d in live),
        ],
    }  # fmt: skip


def acls(rights: Rights) -> list[dict[str, Any]]:
    """Rights in the plugin's words."""
    return [
        *(_acl("publishClientSend", t) for t in rights.writes),
        *(_acl("publishClientReceive", t) for t in rights.reads),
        *(_acl("subscribeLiteral", t) for t in rights.subscribes),
    ]


def write(folder: Path, devices: Sequence[Device]) -> Path:
    """Write ``dynamic-security.json``, whole or not at all, and at the first time ``admin-password``; returns the former."""
    folder.mkdir(parents=True, exist_ok=True)
    secret_file = folder / "admin-password"
    if not secret_file.exists():
        put(secret_file, new_secret())
    path = folder / "dynamic-security.json"
    put(path, json.dumps(security(devices, secret_file.read_text()), indent=1))
    return path


def added(device: Device, secret: str) -> list[dict[str, Any]]:
    """Commands that make a device known to a running broker."""
    role = f"device-{device.device_id}"
    rights = rights_of(device.kind, device.office_id, device.source_id)
    return [
        {"command": "createRole", "rolename": role, "acls": acls(rights)},
        {"command": "createClient", "username": device.device_id, "password": secret, "roles": [{"rolename": role}]},
    ]


def rotated(device: Device, secret: str) -> list[dict[str, Any]]:
    """Commands that change a secret and end the session of whoever holds the old one."""
    name = {"username": device.device_id}
    return [
        {"command": "setClientPassword", **name, "password": secret},
        {"command": "disableClient", **name},
        {"command": "enableClient", **name},
    ]


def revoked(device: Device) -> list[dict[str, Any]]:
    """Commands that end a device's session and forget it."""
    return [
        {"command": "disableClient", "username": device.device_id},
        {"command": "deleteClient", "username": device.device_id},
        {"command": "deleteRole", "rolename": f"device-{device.device_id}"},
    ]


def tell(
    host: str, port: int, admin_secret: str, commands: list[dict[str, Any]], ca_file: Path | None, within_s: float = 10
) -> None:
    """Have a running broker carry out commands at once. Raises DeviceError where it does not."""
    answered = threading.Event()
    failures: list[str] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set(ADMIN, admin_secret)
    if ca_file is not None:
        client.tls_set(ca_certs=str(ca_file))

    def heard(_client: object, _userdata: object, message: mqtt.MQTTMessage) -> None:
        failures.extend(r["error"] for r in json.loads(message.payload)["responses"] if "error" in r)
        answered.set()

    client.on_connect = lambda c, *_: c.subscribe(CONTROL + "/response", qos=1)
    client.on_subscribe = lambda c, *_: c.publish(CONTROL, json.dumps({"commands": commands}), qos=1)
    client.on_message = heard
    try:
        client.connect(host, port)
    except OSError as error:
        raise DeviceError(
            f"the broker {host}:{port} cannot be reached ({error}): it learns of it when it starts next"
        ) from error
    client.loop_start()
    told = answered.wait(within_s)
    client.disconnect()
    client.loop_stop()
    if not told or failures:
        why = "; ".join(failures) or "no answer: is the admin password right?"
        raise DeviceError(f"the broker {host}:{port} did not take it ({why}): it learns of it when it starts next")


def certificates(folder: Path, hosts: Sequence[str], days: int = 825) -> None:
    """An authority of one's own and a certificate for the broker's host names, with openssl: ca.crt, server.crt, server.key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        raise DeviceError("openssl is not installed: install it, or take certificates from your own authority")
    folder.mkdir(parents=True, exist_ok=True)
    names = ",".join(("IP:" if h.replace(".", "").isdigit() or ":" in h else "DNS:") + h for h in dict.fromkeys(hosts))
    (folder / "server.ext").write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    steps = [
        ["req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.crt", "-days", "3650", "-subj", "/CN=motcua devices"],
        ["req", *new, "-keyout", "server.key", "-out", "server.csr", "-subj", f"/CN={hosts[0]}"],
        ["x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", str(days),
         "-extfile", "server.ext", "-out", "server.crt"],
    ]  # fmt: skip
    if (folder / "ca.key").exists():
        del steps[0]
    for step in steps:
        ran = subprocess.run([openssl, *step], cwd=folder, check=False, capture_output=True, text=True)
        if ran.returncode:
            raise DeviceError(f"openssl failed: {ran.stderr.strip().splitlines()[-1]}")
    for name in ("ca.key", "server.key"):
        (folder / name).chmod(0o600)


def _acl(kind: str, name: str) -> dict[str, Any]:
    return {"acltype": kind, "topic": name, "priority": 0, "allow": True}


def _hashed(text: str) -> dict[str, Any]:
    _, _, rounds, salt, digest = text.split("$")
    return {"password": digest, "salt": salt, "iterations": int(rounds)}


def put(path: Path, text: str) -> None:
    """Replace a file at one stroke; only its owner reads it, who stays the same."""
    fresh = path.with_name(path.name + ".new")
    owner = path.stat() if path.exists() else path.parent.stat()
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    if os.geteuid() == 0:
        os.chown(fresh, owner.st_uid, owner.st_gid)
    fresh.replace(path)

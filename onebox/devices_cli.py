"""``motcua devices``: who may connect to the broker."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.console import Console
from rich.table import Table

from motcua.analytics import db, devices
from motcua.analytics.api import accounts
from motcua.onebox import broker_files
from motcua.onebox.db_cli import Dsn, settings

app = typer.Typer(no_args_is_help=True, help="Credentials of camera boxes, kiosks, feeds and ingestors.")
console = Console()

By = Annotated[str | None, typer.Option(help="Who does it; else the user of this machine.", show_default=False)]
Folder = Annotated[
    Path | None,
    typer.Option(help="The broker's folder with admin-password: tell the running broker at once.", show_default=False),
]
Host = Annotated[str, typer.Option(help="The broker.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Its port.")]
Ca = Annotated[Path | None, typer.Option(help="The authority that signed its certificate: use TLS.", show_default=False)]


@app.command()
def add(
    device: str,
    kind: Annotated[str, typer.Option(help=f"One of {', '.join(devices.KINDS)}.")],
    office: Annotated[str | None, typer.Option(help="Its office.", show_default=False)] = None,
    source: Annotated[str | None, typer.Option(help="Its source_id; else the device's name.", show_default=False)] = None,
    note: Annotated[str | None, typer.Option(help="Where it stands, who keeps it.", show_default=False)] = None,
    by: By = None,
    folder: Folder = None,
    host: Host = "127.0.0.1",
    port: Port = 8883,
    ca_file: Ca = None,
    dsn: Dsn = None,
) -> None:
    """Register a device; its secret is shown once.

    Example: motcua devices add vl-29734.cam-1 --kind camera_box --office vl-29734 --source cam-1
    """
    source = source or (device if office else None)
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        secret = devices.add(
            conn,
            device,
            _kind(kind),
            by or getpass.getuser(),
            office_id=office,
            source_id=source,
            note=note,
        )
        known = devices.get(conn, device)
        accounts.audit(conn, by or getpass.getuser(), "device.add", device_id=device, kind=kind, office_id=office)
    print(f"user name: {device}\nsecret: {secret}")
    _tell(folder, host, port, ca_file, broker_files.added(known, secret))


@app.command()
def rotate(
    device: str, folder: Folder = None, host: Host = "127.0.0.1", port: Port = 8883, ca_file: Ca = None, dsn: Dsn = None
) -> None:
    """Give a device a new secret, shown once; the old one ends.

    Example: motcua devices rotate vl-29734.cam-1 --folder /etc/mosquitto/motcua
    """
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        secret = devices.rotate(conn, device)
        known = devices.get(conn, device)
        accounts.audit(conn, getpass.getuser(), "device.rotate", device_id=device)
    print(f"user name: {device}\nsecret: {secret}")
    _tell(folder, host, port, ca_file, broker_files.rotated(known, secret))


@app.command()
def revoke(
    device: str,
    by: By = None,
    folder: Folder = None,
    host: Host = "127.0.0.1",
    port: Port = 8883,
    ca_file: Ca = None,
    dsn: Dsn = None,
) -> None:
    """Take a device's rights for ever: with --folder its session ends at once, else when the broker starts next.

    Example: motcua devices revoke vl-29734.cam-1 --folder /etc/mosquitto/motcua
    """
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        known = devices.get(conn, device)
        devices.revoke(conn, device, by or getpass.getuser())
        accounts.audit(conn, by or getpass.getuser(), "device.revoke", device_id=device)
    print(f"{device} is revoked")
    _tell(folder, host, port, ca_file, broker_files.revoked(known))


@app.command()
def ensure(
    device: str,
    kind: Annotated[str, typer.Option(help=f"One of {', '.join(devices.KINDS)}.")],
    secret_file: Annotated[Path, typer.Option(help="Where its secret lies; only its owner reads it.")],
    office: Annotated[str | None, typer.Option(help="Its office.", show_default=False)] = None,
    source: Annotated[str | None, typer.Option(help="Its source_id; else the device's name.", show_default=False)] = None,
    by: By = None,
    dsn: Dsn = None,
) -> None:
    """Have a device whose secret lies in a file: registered if it is new, a new secret if the file does not hold it.

    For jobs that prepare a broker: run 'motcua devices write' after it. Twice is harmless.

    Example: motcua devices ensure ingest-1 --kind ingestor --secret-file /ingest/password
    """
    who = by or getpass.getuser()
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        known = next((d for d in devices.listed(conn, live_only=True) if d.device_id == device), None)
        if known is None:
            source = source or (device if office else None)
            secret = devices.add(conn, device, _kind(kind), who, office_id=office, source_id=source)
        elif (known.kind, known.office_id, known.source_id) != (kind, office, source or (device if office else None)):
            raise devices.DeviceError(f"{device} is registered as another: revoke it, or take another name")
        elif secret_file.exists() and devices.verifies(secret_file.read_text().strip(), known.secret_hash):
            print(f"{device} has its secret in {secret_file}")
            return
        else:
            secret = devices.rotate(conn, device)
        secret_file.parent.mkdir(parents=True, exist_ok=True)
        broker_files.put(secret_file, secret)
    print(f"{device} has a new secret in {secret_file}")


@app.command("list")
def list_(dsn: Dsn = None) -> None:
    """Every device with its kind, source and state.

    Example: motcua devices list
    """
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        found = devices.listed(conn)
    table = Table("device", "kind", "source", "state", "since", "note")
    for d in found:
        source = "all" if d.office_id is None else f"{d.office_id}/{d.source_id}"
        state, since = ("live", d.rotated_at or d.created_at) if d.revoked_at is None else ("revoked", d.revoked_at)
        table.add_row(d.device_id, d.kind, source, state, f"{since:%Y-%m-%d}", d.note or "")
    console.print(table if found else "no device yet: motcua devices add NAME --kind camera_box --office …")


@app.command()
def write(
    folder: Annotated[Path, typer.Option(help="Where the broker reads its users and rights.")],
    data: Annotated[Path, typer.Option(help="Where it keeps messages.")] = Path("/var/lib/mosquitto"),
    port: Port = 8883,
    cert: Annotated[Path | None, typer.Option(help="Its certificate.", show_default=False)] = None,
    key: Annotated[Path | None, typer.Option(help="The certificate's key.", show_default=False)] = None,
    plugin: Annotated[Path | None, typer.Option(help="mosquitto_dynamic_security.so.", show_default=False)] = None,
    dsn: Dsn = None,
) -> None:
    """Write mosquitto.conf and the users and rights of every live device. The broker reads them when it starts.

    Example: motcua devices write --folder /etc/mosquitto/motcua --cert server.crt --key server.key
    """
    found = plugin or broker_files.plugin()
    if found is None:
        raise devices.DeviceError("mosquitto's dynamic security plugin is not on this machine: name it with --plugin")
    if (cert is None) != (key is None):
        raise devices.DeviceError("a certificate needs its key: give both --cert and --key")
    tls = None if cert is None or key is None else (cert.resolve(), key.resolve())
    with db.connect(settings(dsn).dsn.get_secret_value()) as conn:
        db.require_current(conn)
        live = devices.listed(conn, live_only=True)
    broker_files.write(folder, live)
    conf = broker_files.configuration(folder.resolve(), data, found, port=port, host="" if tls else "127.0.0.1", tls=tls)
    (folder / "mosquitto.conf").write_text(conf)
    print(
        f"{len(live)} device(s) written to {folder}"
        + ("" if tls else "; without a certificate it listens on 127.0.0.1 only")
    )


@app.command()
def certificates(
    folder: Annotated[Path, typer.Option(help="Where they go; ca.key there is the authority: keep it off the broker.")],
    host: Annotated[
        list[str], typer.Option(help="A name or address by which the broker is reached; give each one.", show_default=False)
    ],
) -> None:
    """Make an authority of one's own and the broker's certificate; the second time only the certificate.

    Example: motcua devices certificates --folder pki --host broker.example.vn
    """
    broker_files.certificates(folder, host)
    print(f"{folder / 'ca.crt'} goes to every box; server.crt and server.key to the broker")


def _kind(text: str) -> devices.Kind:
    if text not in devices.KINDS:
        raise devices.DeviceError(f"there is no kind {text}: one of {', '.join(devices.KINDS)}")
    return cast(devices.Kind, text)


def _tell(folder: Path | None, host: str, port: int, ca_file: Path | None, commands: list[dict[str, Any]]) -> None:
    if folder is None:
        print("the broker learns of it from 'motcua devices write' and its next start")
        return
    try:
        secret = (folder / "admin-password").read_text()
    except OSError as error:
        raise devices.DeviceError(
            f"{folder / 'admin-password'} cannot be read ({error.strerror}): write the folder first"
        ) from error
    broker_files.tell(host, port, secret, commands, ca_file)
    print("the running broker knows it")

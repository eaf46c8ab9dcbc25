"""Light, installable, embeddable: what the first visit weighs, and the files that portals and phones ask for."""

import gzip
import json
import re
from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient

from motcua.map.page import PageSettings

MOST_BYTES = 250_000


def test_the_first_visit_is_light(
    make_client: Callable[..., TestClient], build: Callable[..., Any], wait_of: Callable[..., Any]
) -> None:
    """With a figure at every office, compressed as it is sent."""
    waits = {office["office_id"]: wait_of("ok") for office in build()["offices"]}
    client = make_client(lambda: build(waits))
    html = client.get("/").text
    files = set(re.findall(r'(?:href|src)="([^"]*(?:/map-assets/|/sw\.js|webmanifest)[^"]*)"', html)) | {"/sw.js"}
    assert any("leaflet.js" in name for name in files)
    total = sum(len(gzip.compress(client.get(path).content, 6)) for path in ("/", *files))
    assert total <= MOST_BYTES


def test_it_can_be_installed(client: TestClient) -> None:
    manifest = client.get("/app.webmanifest")
    assert manifest.headers["content-type"] == "application/manifest+json"
    found = json.loads(manifest.text)
    assert found["display"] == "standalone"
    assert client.get("/" + found["icons"][0]["src"]).status_code == 200
    worker = client.get("/sw.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert "immutable" not in worker.headers["cache-control"]
    assert 'rel="manifest"' in client.get("/").text
    assert 'rel="manifest"' not in client.get("/embed").text


def test_who_may_embed_is_a_setting(make_client: Callable[..., TestClient], build: Callable[..., Any]) -> None:
    client = make_client(build, PageSettings(frame_ancestors="https://portal.example"))
    assert "frame-ancestors https://portal.example" in client.get("/embed").headers["content-security-policy"]
    assert "frame-ancestors 'none'" in client.get("/").headers["content-security-policy"]
    assert client.get("/embed.js").status_code == 200

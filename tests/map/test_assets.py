"""What the page loads: Leaflet as released or not at all, everything together light enough for a phone."""

import re
import shutil
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from motcua.map import assets as module
from motcua.map.assets import LEAFLET_PACKAGE, LEAFLET_SHA256, assets, leaflet

MOST_BYTES = 250_000


def addresses(html: str) -> list[str]:
    return re.findall(r'(?:src|href)="([^"]*/map-assets/[^"]+)"', html)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of Leaflet's package that a test may damage."""
    folder = module._package_folder(LEAFLET_PACKAGE)
    assert folder, "the package with Leaflet is a dependency of the server"
    shutil.copytree(folder / "static", tmp_path / "static")
    return tmp_path


@pytest.mark.parametrize("path", ["/", "/?lang=en", "/embed", "/o/vl-29734"])
def test_the_first_load_is_light(client: TestClient, path: str) -> None:
    with client.stream("GET", path) as page:
        sent = len(b"".join(page.iter_raw()))
    html = client.get(path).text
    for address in addresses(html):
        with client.stream("GET", address) as file:
            assert file.headers["content-encoding"] == "gzip"
            sent += len(b"".join(file.iter_raw()))
    assert 10_000 < sent <= MOST_BYTES


def test_everything_the_page_names_is_there_and_cached_for_good(client: TestClient) -> None:
    named = addresses(client.get("/").text)
    assert len(named) == 9
    for address in named:
        file = client.get(address)
        assert file.status_code == 200
        assert "immutable" in file.headers["cache-control"]
        assert file.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["leaflet-src.js", "../page.py", "..%2Fpage.py", "list.html", ""])
def test_no_other_file_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/map-assets/{name}").status_code == 404


def test_a_browser_that_takes_no_gzip_gets_plain_bytes(client: TestClient) -> None:
    plain = client.get("/map-assets/page.css", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == assets()["page.css"].body
    assert "content-encoding" not in client.get("/", headers={"Accept-Encoding": "identity"}).headers


def test_leaflet_is_the_released_one(package: Path) -> None:
    assert set(leaflet(package)) == set(LEAFLET_SHA256)
    assert b"Leaflet 1.9.4" in leaflet(package)["leaflet.js"].body


def test_an_altered_leaflet_is_not_served(package: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (package / "static" / LEAFLET_PACKAGE / "leaflet.js").open("ab") as file:
        file.write(b"//")
    assert leaflet(package) == {}
    assert "leaflet.js is not the file of Leaflet 1.9.4" in caplog.text


def test_without_leaflet_the_page_keeps_its_drawing(
    client: TestClient, package: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(package / "static")
    assert leaflet(package) == {}
    assert "cannot be read" in caplog.text
    own = {name: file for name, file in assets().items() if not name.startswith("leaflet")}
    monkeypatch.setattr("motcua.map.page.assets", lambda: own)
    html = client.get("/").text
    assert "leaflet" not in html.lower()
    assert '<svg class="sketch"' in html

"""Ways by road on the public page: only with consent, only from a rounded place, and harmless where the routing server fails."""

import json
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect, sync_playwright

from motcua.map.finder import distance_m
from motcua.map.offices import todays_offices
from motcua.map.page import PageSettings, router
from motcua.map.words import EN, VI

HERE, SAME_CELL = (10.10432, 106.09771), (10.0962, 106.1043)
ROUNDED = (10.1, 106.1)
NEAR, FAR = sorted(todays_offices(), key=lambda o: distance_m(*ROUNDED, o.lat or 0, o.lon or 0))[:2]
SECONDS = {(NEAR.lat, NEAR.lon): 600.0, (FAR.lat, FAR.lon): 900.0}
FAULTS = ("status", "words", "null", "short", "text", "negative", "endless", "warp", "huge", "drop", "redirect", "slow")


@dataclass
class StandIn:
    """A routing server that speaks OSRM's /table and Valhalla's sources_to_targets, well or badly; everything it is told is kept."""

    url: str = ""
    mode: str = "ok"
    told: list[tuple[str, str, str]] = field(default_factory=list)

    def answer(self, path: str, body: str) -> Any:
        if path.endswith("/sources_to_targets"):
            targets = [(t["lat"], t["lon"]) for t in json.loads(body)["targets"]]
        else:
            points = path.partition("/driving/")[2].partition("?")[0].split(";")
            targets = [(float(lat), float(lon)) for lon, lat in (p.split(",") for p in points)][1:]
        row: list[Any] = [SECONDS.get(t, 5000.0) for t in targets]
        match self.mode:
            case "null":
                return None
            case "short":
                row = row[:-1]
            case "text":
                row[0] = "600"
            case "negative":
                row[0] = -1
            case "endless":
                row[0] = 1e9
            case "warp":
                row = [0] * len(row)
            case "unreached":
                row = [None if t == (NEAR.lat, NEAR.lon) else s for t, s in zip(targets, row, strict=True)]
        if body:
            return {"sources_to_targets": [[{"time": s, "to_index": i, "from_index": 0} for i, s in enumerate(row)]]}
        return {"code": "Ok", "durations": [[0, *row]]}


@pytest.fixture(scope="module")
def routing() -> Iterator[StandIn]:
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            mode = stand_in.mode
            stand_in.told.append((self.path, body, str(self.headers)))
            if mode == "drop":
                return
            if mode == "slow":
                time.sleep(1.5)
            self.send_response({"status": 500, "redirect": 302}.get(mode, 200))
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            text = "<p>sorry</p>" if mode == "words" else json.dumps(stand_in.answer(self.path, body))
            self.wfile.write((text + (" " * 300_000 if mode == "huge" else "")).encode())

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield stand_in
        server.shutdown()
        thread.join(10)


@pytest.fixture(scope="module")
def site(
    routing: StandIn, application: Callable[..., Any], build: Callable[..., Any], wait_of: Callable[..., Any], feeds: Any
) -> Iterator[str]:
    """The page with OSRM at /, with Valhalla at /v."""
    waits = {office.office_id: wait_of("ok") for office in todays_offices()} | {
        NEAR.office_id: wait_of("ok", expected_wait_s=3000.0),
        FAR.office_id: wait_of("ok", expected_wait_s=60.0, low_s=0.0, high_s=300.0),
    }
    given = feeds(lambda: build(waits))
    app = application(given, PageSettings(routing_url=routing.url))
    app.include_router(router(given, PageSettings(base="/v", routing_url=routing.url, routing_kind="valhalla")))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def page(site: str) -> Iterator[Page]:
    """A phone that knows its place; breaches of the policy fail at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-background-networking"]
        )
        context = browser.new_context(viewport={"width": 390, "height": 844}, service_workers="block")
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
        page.add_init_script(
            "Math.random = () => 0; const t = AbortSignal.timeout; AbortSignal.timeout = () => t.call(AbortSignal, 1000)"
        )
        yield page
        browser.close()
        assert errors == []


def stand(page: Page, place: tuple[float, float]) -> None:
    page.evaluate("([lat, lon]) => document.dispatchEvent(new CustomEvent('motcua:you', { detail: { lat, lon } }))", place)


@pytest.mark.browser
@pytest.mark.parametrize(("path", "words"), [("/", VI), pytest.param("/v/?lang=en", EN, marks=pytest.mark.slow)])
def test_only_a_rounded_place_leaves_and_only_with_consent(
    page: Page, site: str, routing: StandIn, path: str, words: dict[str, str]
) -> None:
    routing.mode = "ok"
    routing.told.clear()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.url} {request.post_data}"))
    page.goto(site + path)
    expect(page.locator("#roads-choice")).to_be_hidden()
    stand(page, HERE)
    note = page.locator("#fastest .help")
    expect(note).to_have_text(words["fastest_note"])
    assert routing.told == [], "nobody is asked before the visitor agrees"
    page.check("#roads")
    expect(note).to_have_text(words["fastest_note_roads"])
    expect(page.locator("#fastest a")).to_have_text(str(FAR.unit_name))
    expect(page.locator("#fastest")).to_contain_text(words["fastest_total"].format(total=16, travel=15, wait=1))
    page.uncheck("#roads")
    expect(note).to_have_text(words["fastest_note"])
    page.reload()
    expect(page.locator("#roads")).not_to_be_checked()
    stand(page, SAME_CELL)
    page.check("#roads")
    expect(note).to_have_text(words["fastest_note_roads"])
    first, second = routing.told
    assert first == second, "two places of one cell cannot be told apart"
    sent = first[0] + first[1]
    assert ("106.1,10.1;" in sent) or ('"sources":[{"lat":10.1,"lon":106.1}]' in sent)
    public = {float(value or 0) for office in todays_offices() for value in (office.lat, office.lon)}
    assert {float(number) for number in re.findall(r"\d+\.\d+", sent)} - public <= set(ROUNDED)
    everything = "".join(map(str, routing.told)) + "".join(a for a in asked if a.startswith(site))
    assert not [finer for finer in map(str, (*HERE, *SAME_CELL)) if finer in everything]
    assert "referer" not in first[2].lower()
    assert "cookie" not in first[2].lower()
    assert not [a for a in asked if a.startswith(site) and "106.1" in a], "our own server is not told even the rounded place"


@pytest.mark.browser
def test_whatever_the_routing_server_does_the_estimate_stays_and_says_so(page: Page, site: str, routing: StandIn) -> None:
    page.goto(site + "/v/")
    routing.mode = "ok"
    routing.told.clear()
    stand(page, HERE)
    page.check("#roads")
    note = page.locator("#fastest .help")
    expect(note).to_have_text(VI["fastest_note_roads"])
    for number, mode in enumerate(FAULTS, 1):
        routing.mode = mode
        stand(page, (10.1 + number / 100, 106.1))
        expect(note).to_have_text(f"{VI['roads_failed']} {VI['fastest_note']}")
        expect(page.locator("#fastest a")).to_be_visible()
    cells = [json.loads(body)["sources"][0]["lat"] for path, body, _ in routing.told if path == "/sources_to_targets"]
    assert set(cells) == {round(10.1 + n / 100, 2) for n in range(len(FAULTS) + 1)}
    page.evaluate("document.dispatchEvent(new CustomEvent('motcua:refresh'))")
    stand(page, (10.1 + len(FAULTS) / 100, 106.1))
    routing.mode = "unreached"
    stand(page, (10.1, 106.12))
    expect(note).to_have_text(VI["fastest_note_roads"])
    assert [json.loads(body)["sources"][0]["lat"] for _, body, _ in routing.told if body].count(10.22) == 1, (
        "a server that fails is left in peace for a while"
    )


def test_where_offices_are_many_a_fixed_number_around_the_rounded_place_is_asked() -> None:
    """The choice of offices depends on the rounded place and on nothing else that the visitor does."""
    offices = [
        {"office_id": f"o-{n:03}", "lat": 10 + n / 1000, "lon": 106.0, "wait": {"state": "unknown"}, "open_now": n % 2 == 0}
        for n in range(150)
    ] + [{"office_id": "nowhere", "lat": None, "lon": None}]
    code = (
        f"const r = require({json.dumps(str(files('motcua.map.web') / 'roads.js'))});"
        "const offices = JSON.parse(require('fs').readFileSync(0)); const cell = r.cellOf({ lat: 10.0049, lon: 106.0001 });"
        "console.log(JSON.stringify([cell, r.targetsOf(offices, cell).map((o) => o.office_id)]))"
    )
    ran = subprocess.run(["node", "-e", code], input=json.dumps(offices), capture_output=True, text=True, check=True)
    cell, targets = json.loads(ran.stdout)
    assert cell == {"lat": 10, "lon": 106}
    assert targets == [f"o-{n:03}" for n in range(99)]


@pytest.mark.parametrize("mode", ["null", "short", "text", "negative", "endless", "warp", "code"])
def test_garbage_of_osrm_is_no_time(mode: str) -> None:
    targets = [{"office_id": o.office_id, "lat": o.lat, "lon": o.lon} for o in todays_offices()[:30]]
    points = ";".join(f"{t['lon']},{t['lat']}" for t in [{"lat": 10.1, "lon": 106.1}, *targets])
    good = StandIn().answer(f"/table/v1/driving/{points}?sources=0", "")
    bad = (
        good | {"code": "NoTable"}
        if mode == "code"
        else StandIn(mode=mode).answer(f"/table/v1/driving/{points}?sources=0", "")
    )
    code = (
        f"const r = require({json.dumps(str(files('motcua.map.web') / 'roads.js'))});"
        "const [targets, ...answers] = JSON.parse(require('fs').readFileSync(0));"
        "const read = (a) => { try { return r.read('osrm', a, { lat: 10.1, lon: 106.1 }, targets); } catch { return null; } };"
        "console.log(JSON.stringify(answers.map(read)))"
    )
    given = json.dumps([targets, good, bad])
    ran = subprocess.run(["node", "-e", code], input=given, capture_output=True, text=True, check=True)
    said = json.loads(ran.stdout)
    assert said[0] == {t["office_id"]: SECONDS.get((t["lat"], t["lon"]), 5000.0) for t in targets}
    assert said[1] is None


def test_the_policy_names_the_routing_server_alone_and_only_where_it_is_asked(
    make_client: Callable[..., TestClient], build: Callable[..., Any]
) -> None:
    client = make_client(build, PageSettings(routing_url="https://roads.example/osrm"))
    assert "connect-src 'self' https://roads.example;" in client.get("/").headers["content-security-policy"]
    assert "connect-src" not in client.get("/o/vl-29734").headers["content-security-policy"]
    assert "roads.example" in client.get("/").text
    without = make_client(build).get("/")
    assert "connect-src" not in without.headers["content-security-policy"]
    assert "roads.js" not in without.text
    assert VI["privacy_roads"].partition("{")[0] not in without.text

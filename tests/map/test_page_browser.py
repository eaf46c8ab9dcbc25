"""The public page in a real Chromium: search, near-me, map, fresh waits, phone and desktop, with and without scripts."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from axe_core import axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from motcua.map.finder import distance_m, fold, keys, rank
from motcua.map.hours import tell_open
from motcua.map.offices import todays_offices
from motcua.map.page import PageSettings
from motcua.map.words import EN, VI, WORDS, tell, tell_age

pytestmark = pytest.mark.browser
OFFICES = todays_offices()


@dataclass
class Site:
    """A running page whose answer a test may change."""

    url: str
    build: Callable[..., dict[str, Any]]
    waits: dict[str, Any] = field(default_factory=dict)
    down: bool = False

    def answer(self) -> dict[str, Any]:
        if self.down:
            raise RuntimeError("the database is away")
        return self.build(self.waits)


@pytest.fixture(scope="module")
def site(application: Callable[..., Any], build: Callable[..., dict[str, Any]]) -> Iterator[Site]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        site = Site(f"http://127.0.0.1:{listener.getsockname()[1]}", build)
        app = application(site.answer, PageSettings(tiles_url="http://127.0.0.1:9/{z}/{x}/{y}.png"))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.started
        yield site
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(site: Site, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a path; every error of a script or of the policy fails the test at its end."""
    errors: list[str] = []
    contexts = []
    site.waits, site.down = {}, False

    def opened(path: str = "/", width: int = 390, height: int = 844, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(site.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def titles(page: Page) -> list[str]:
    return page.locator(".card:not([hidden]) h3").all_inner_texts()


def test_search_follows_the_typing_and_the_map_follows_the_list(visit: Callable[..., Page]) -> None:
    page = visit(width=1280)
    page.fill("#q", "HOA HIÊP")
    expect(page.locator("#count")).to_have_text("3 trên 125 nơi")
    assert titles(page)[0] == "Xã Hoà Hiệp"
    assert page.locator(".point:not(.off)").count() == 3
    assert page.url.endswith("?q=HOA+HI%C3%8AP"), "the address can be passed on"
    page.fill("#q", "atlantis")
    expect(page.locator("#nothing")).to_be_visible()
    page.fill("#q", "")
    expect(page.locator("#count")).to_have_text("125 trên 125 nơi")


def test_a_shared_search_opens_filtered_and_can_be_widened(visit: Callable[..., Page]) -> None:
    page = visit("/?q=ba+tri&lang=en")
    expect(page.locator("#count")).to_contain_text("of 125 offices")
    assert titles(page)[0] == "Xã Ba Tri"
    page.fill("#q", "")
    assert len(titles(page)) == 125


def test_list_and_search_without_scripts(visit: Callable[..., Page]) -> None:
    page = visit(java_script_enabled=False)
    expect(page.locator(".card").first).to_be_visible()
    page.fill("#q", "tra on")
    page.click(".go")
    expect(page.locator(".card:visible h3").first).to_have_text("Xã Trà Ôn")
    page.click(".card:visible h3 a >> nth=0")
    expect(page.locator("h1")).to_have_text("Xã Trà Ôn")
    expect(page.locator("svg.sketch .target")).to_have_count(1)


def test_near_me_orders_by_distance_and_tells_nobody(visit: Callable[..., Page]) -> None:
    here = (10.1, 106.1)
    page = visit(geolocation={"latitude": here[0], "longitude": here[1]}, permissions=["geolocation"])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.url} {request.post_data}"))
    page.click("#near")
    expect(page.locator("#notice")).to_have_text(VI["near_done"])
    by_distance = sorted(OFFICES, key=lambda o: distance_m(*here, o.lat or 0, o.lon or 0))
    assert titles(page)[:20] == [office.unit_name for office in by_distance[:20]]
    assert page.locator(".card .far").first.inner_text() == "cách 3,7 km"
    expect(page.locator(".you")).to_have_count(1)
    assert not [request for request in asked if "106.1" in request or "10.1" in request]
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    page.click("#near")
    expect(page.locator(".you")).to_have_count(0)
    assert titles(page)[0] == "Tỉnh Vĩnh Long"


def test_a_refused_place_is_told(visit: Callable[..., Page]) -> None:
    page = visit(permissions=[])
    page.click("#near")
    expect(page.locator("#notice")).to_have_text(VI["near_refused"], timeout=10_000)


def test_waits_stay_fresh_and_a_lost_connection_is_told(
    visit: Callable[..., Page], site: Site, wait_of: Callable[..., dict[str, Any]]
) -> None:
    page = visit(width=1280)
    told = page.locator("#o-vl-29734 .wait")
    expect(told).to_contain_text("chưa có số liệu")
    refresh = "document.dispatchEvent(new CustomEvent('motcua:refresh'))"

    site.waits = {"vl-29734": wait_of("ok", expected_wait_s=1500.0)}
    page.evaluate(refresh)
    expect(told).to_contain_text("Chờ khoảng 25 phút")
    expect(told).to_contain_text("lâu hơn mức 15 phút")
    expect(page.locator(".point .sign.over")).to_have_count(1)

    site.down = True
    page.evaluate(refresh)
    expect(page.locator("#notice")).to_have_text(VI["lost"])
    expect(told).to_contain_text("25 phút")

    site.down, site.waits = False, {}
    page.evaluate(refresh)
    expect(page.locator("#notice")).to_be_hidden()
    expect(told).to_contain_text("chưa có số liệu")


def test_an_open_page_asks_again_by_itself(
    visit: Callable[..., Page], site: Site, wait_of: Callable[..., dict[str, Any]]
) -> None:
    page = visit("/o/vl-29734")
    page.clock.install()
    page.reload()
    site.waits = {"vl-29734": wait_of("ok")}
    page.clock.run_for(35_000)
    expect(page.locator(".wait")).to_contain_text("Chờ khoảng 12 phút")


def test_a_figure_that_grows_old_is_taken_back(
    visit: Callable[..., Page], site: Site, wait_of: Callable[..., dict[str, Any]]
) -> None:
    site.waits = {"vl-29734": wait_of("ok", age_s=12.0)}
    page = visit("/o/vl-29734")
    page.clock.install()
    page.reload()
    page.route("**/api/**", lambda route: route.abort())
    page.clock.run_for(60_000)
    expect(page.locator(".age")).to_have_text("cập nhật 1 phút trước")
    expect(page.locator(".wait")).to_contain_text("Chờ khoảng 12 phút")
    page.clock.run_for(130_000)
    expect(page.locator(".wait")).to_contain_text(VI["stale"])
    expect(page.locator(".wait")).to_contain_text("lần cuối: chờ khoảng 12 phút")
    expect(page.locator(".wait .headline")).not_to_contain_text("12 phút")


def test_script_and_server_tell_the_same(visit: Callable[..., Page], wait_of: Callable[..., dict[str, Any]]) -> None:
    """The two tellers of a wait, side by side on every kind of wait, in both languages."""
    waits = [wait_of(state) for state in ("ok", "too_few", "stale", "blind", "closed", "unknown", "new")]
    waits += [wait_of("ok", expected_wait_s=seconds) for seconds in (0, 59.9, 60, 90, 150, 899, 900, 900.1, 7200)]
    waits += [
        wait_of("ok", low_s=None),
        wait_of("ok", waiting=0),
        wait_of("ok", waiting=None),
        wait_of("ok", expected_wait_s=None),
    ]
    waits += [wait_of("ok", provenance=p) for p in ("replay", "simulated", "kiosk", None)] + [wait_of("too_few", waiting=2)]
    ages = [0, 4.9, 12, 59.9, 60, 3599, 3600, 90_000]
    for lang, words in WORDS.items():
        page = visit(f"/?lang={lang}")
        told = page.evaluate("(waits) => waits.map(motcua.tell)", waits)
        for wait, script in zip(waits, told, strict=True):
            server = tell(wait, 900, words)
            expected = {
                "mark": server.mark,
                "headline": server.headline,
                "details": list(server.details),
                "ageS": server.age_s,
            }
            assert script == expected, wait
        assert page.evaluate("(ages) => ages.map(motcua.tellAge)", ages) == [tell_age(age, words) for age in ages]


def test_script_and_server_tell_opening_the_same(visit: Callable[..., Page]) -> None:
    now = "2026-03-02T03:25:00Z"
    offices: list[dict[str, Any]] = [{}, {"open_now": None}, {"open_now": True}, {"open_now": False}]
    offices += [
        {"open_now": o, "changes_at": at}
        for o in (True, False)
        for at in ("2026-03-02T16:59:00Z", "2026-03-02T17:00:00Z", "2026-03-08T00:30:00Z")
    ]
    offices += [office | {"holiday": "Tết"} for office in offices]
    for lang, words in WORDS.items():
        page = visit(f"/?lang={lang}")
        told = page.evaluate("([offices, now]) => offices.map((o) => motcua.tellOpen(o, now))", [offices, now])
        assert [(t["mark"], t["text"]) for t in told] == [
            (s.mark, s.text) for s in (tell_open(o, now, words) for o in offices)
        ]


def test_script_and_server_search_the_same(visit: Callable[..., Page]) -> None:
    page = visit()
    names = [str(office.unit_name) for office in OFFICES] + ["Ấp Đại-Hoà, 2A", "ĐƯỜNG 30/4", "a\u0301b"]
    assert page.evaluate("(names) => names.map(motcua.fold)", names) == [fold(name) for name in names]
    queries = ["hoa hiep", "truong an", "phường 5", "ap 2a", "binh an", "86", "xa", "", "zz", "tra vinh"]
    pairs = [(query, "|".join(keys(office))) for query in queries for office in OFFICES]
    ranks = page.evaluate("(pairs) => pairs.map(([query, key]) => motcua.rank(query, key))", pairs)
    assert ranks == [rank(query, key.split("|")) for query, key in pairs]


def test_picking_on_the_map_picks_in_the_list_and_back(visit: Callable[..., Page]) -> None:
    page = visit(width=1280)
    page.locator(".point[title='Đông Hải']").click()
    expect(page.locator(".card.picked h3")).to_have_text("Xã Đông Hải")
    expect(page.locator(".card.picked")).to_be_in_viewport()
    page.locator("#o-vl-29734").get_by_role("button", name=VI["on_map"]).click()
    expect(page.locator(".point.picked")).to_have_attribute("title", "Hoà Hiệp")
    expect(page.locator(".place", has_text="Hoà Hiệp")).to_be_visible()


def test_unreachable_tiles_give_the_plain_ground_back(visit: Callable[..., Page]) -> None:
    page = visit(width=1280)
    assert page.locator(".leaflet-tile").count() == 0
    page.click("#tiles")
    expect(page.locator("#notice")).to_have_text(VI["tiles_failed"])
    expect(page.locator("#tiles")).not_to_be_checked()


def test_reachable_tiles_take_the_place_of_the_ground(visit: Callable[..., Page]) -> None:
    page = visit(width=1280)
    picture = '<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"/>'
    page.route("http://127.0.0.1:9/**", lambda route: route.fulfill(body=picture, content_type="image/svg+xml"))
    page.check("#tiles")
    expect(page.locator(".leaflet-tile-loaded").first).to_be_attached()
    expect(page.locator(".leaflet-ground-pane")).to_be_hidden()
    expect(page.locator(".leaflet-control-attribution")).to_contain_text("OpenStreetMap")
    page.uncheck("#tiles")
    expect(page.locator(".leaflet-tile")).to_have_count(0)


def test_without_leaflet_the_drawing_follows_the_list(
    visit: Callable[..., Page], site: Site, wait_of: Callable[..., Any]
) -> None:
    page = visit(width=1280)
    page.route("**/leaflet.js*", lambda route: route.abort())
    page.reload()
    page.fill("#q", "hoa hiep")
    expect(page.locator(".spot:not(.off)")).to_have_count(3)
    site.waits = {"vl-29734": wait_of("ok")}
    page.evaluate("document.dispatchEvent(new CustomEvent('motcua:refresh'))")
    expect(page.locator("[data-spot=vl-29734] use")).to_have_attribute("class", "within")


@pytest.mark.parametrize("path", ["/", "/?lang=en&q=hoa", "/embed", "/o/vl-29734", "/o/none"])
def test_nothing_overflows_at_320_px(visit: Callable[..., Page], path: str) -> None:
    page = visit(path, width=320)
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_the_keyboard_reaches_everything(visit: Callable[..., Page]) -> None:
    page = visit(width=1280)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#list")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".card h3 a").first).to_be_focused()
    assert page.locator(".point[tabindex='0']").count() == 0, "125 stops on the map would bar the way"


def test_texts_have_contrast_aa(visit: Callable[..., Page], site: Site, wait_of: Callable[..., dict[str, Any]]) -> None:
    states = ("ok", "too_few", "closed", "blind")
    site.waits = {office.office_id: wait_of(state) for office, state in zip(OFFICES, states, strict=False)}
    site.waits[OFFICES[5].office_id] = wait_of("ok", expected_wait_s=2000.0)
    page = visit(width=1280)
    worst = page.evaluate(CONTRAST)
    assert worst["ratio"] >= 4.5, worst


CONTRAST = """() => {
  const rgb = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => rgb(color).slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if ((rgb(color)[3] ?? 1) === 1) return color;
    }
    return "rgb(255, 255, 255)";
  };
  let worst = { ratio: 21 };
  for (const e of document.querySelectorAll("header *, main *:not(svg *), footer *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility() || e.closest("#map")) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < worst.ratio) worst = { ratio, text: e.textContent.slice(0, 40), className: e.className };
  }
  return worst;
}"""


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_axe_finds_nothing_serious(
    visit: Callable[..., Page], site: Site, wait_of: Callable[..., Any], lang: str, width: int
) -> None:
    site.waits = {
        o.office_id: wait_of(state) for o, state in zip(OFFICES, ("ok", "too_few", "closed", "blind"), strict=False)
    }
    source = axe()
    for path in ("/", "/?q=hoa", "/o/vl-29734", "/procedures", "/2021", "/embed", "/o/none"):
        page = visit(f"{path}{'&' if '?' in path else '?'}lang={lang}", width=width)
        if path.startswith("/o/vl"):
            page.click("summary")
        page.evaluate(source)
        found = page.evaluate("axe.run().then((r) => r.violations.map((v) => [v.impact, v.id, v.nodes[0].html]))")
        assert [v for v in found if v[0] in ("serious", "critical")] == [], path


def test_english_names_keep_their_language(visit: Callable[..., Page]) -> None:
    page = visit("/?lang=en")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator(".card h3").first.get_attribute("lang") == "vi"
    expect(page.locator("label[for=q]")).to_have_text(EN["search"])
    assert json.loads(page.locator("body").get_attribute("data-words") or "")["lang"] == "en"


def test_without_a_connection_the_last_figures_are_shown_with_their_age(
    visit: Callable[..., Page], site: Site, wait_of: Callable[..., dict[str, Any]]
) -> None:
    site.waits = {"vl-29734": wait_of("ok")}
    page = visit("/")
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    page.evaluate("document.dispatchEvent(new CustomEvent('motcua:refresh'))")
    page.wait_for_function("caches.match('/api/v1/public/offices').then(Boolean)")
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#notice")).to_contain_text(VI["offline"].partition("{")[0])
    expect(page.locator("#o-vl-29734 .wait")).to_contain_text("Chờ khoảng 12 phút")
    expect(page.locator(".card")).to_have_count(125)
    page.context.set_offline(False)
    page.evaluate("document.dispatchEvent(new CustomEvent('motcua:refresh'))")
    expect(page.locator("#notice")).to_be_hidden()


def test_a_portal_embeds_the_page_by_script(visit: Callable[..., Page], site: Site) -> None:
    page = visit("/o/vl-29734")
    page.route(
        "**/portal",
        lambda route: route.fulfill(
            body=f'<p>x</p><script src="{site.url}/embed.js" data-lang="en" data-height="500"></script>',
            content_type="text/html",
        ),
    )
    page.goto(f"{site.url}/portal")
    expect(page.frame_locator("iframe").locator("h1")).to_have_text(EN["title"])
    assert page.locator("iframe").bounding_box()["height"] == 500  # type: ignore[index]


def test_the_quickest_office_is_reckoned_on_the_phone(
    visit: Callable[..., Page], site: Site, wait_of: Callable[..., Any]
) -> None:
    near, far = sorted(OFFICES, key=lambda o: distance_m(10.1, 106.1, o.lat or 0, o.lon or 0))[:2]
    site.waits = {
        near.office_id: wait_of("ok", expected_wait_s=3000.0),
        far.office_id: wait_of("ok", expected_wait_s=60.0, low_s=0.0, high_s=300.0),
    }
    page = visit(geolocation={"latitude": 10.1, "longitude": 106.1}, permissions=["geolocation"])
    page.add_init_script("Math.random = () => 0")
    page.reload()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.url} {request.post_data}"))
    page.click("#near")
    expect(page.locator("#fastest a")).to_have_text(str(far.unit_name))
    expect(page.locator("#fastest")).to_contain_text("chờ ít hơn 49 phút")
    assert not [request for request in asked if "106.1" in request or "10.1" in request]
    site.waits = {}
    page.evaluate("document.dispatchEvent(new CustomEvent('motcua:refresh'))")
    expect(page.locator("#fastest")).to_contain_text(VI["fastest_unknown"])
    page.click("#near")
    expect(page.locator("#fastest")).to_be_hidden()

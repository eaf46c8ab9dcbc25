/* The live board: asks /live/data and writes what changed; board_list.js holds its rows and panels, board_map.js its map.
   Texts come from the server; nothing is ever set as HTML. */
(function () {
  "use strict";

  const TYPING_MS = 200;
  const motcua = window.motcua;
  const { make, link, sign, byId } = motcua.dom;

  let root = null; // the board on the page, or none
  let said = {}; // what stands in the single places, as JSON
  let wish = null; // what the page asks for, as in its address
  let at = ""; // the instant of what is shown
  let asking = null;
  let askAgain = false; // news came while an answer was under way
  let typing = 0;

  /* Runs `write` only where what is to be said differs from what was said there. */
  function once(place, value, write) {
    const text = JSON.stringify(value);
    if (said[place] === text) return;
    said[place] = text;
    write(value);
  }

  // ---- what the page asks for

  function wishes() {
    const given = new URLSearchParams(location.search);
    return {
      q: (given.get("q") || "").slice(0, 100),
      by: given.get("by") || "urgency",
      desc: given.get("desc") === "1",
      view: given.get("view") === "panels" ? "panels" : "table",
    };
  }
  function remember() {
    const given = new URLSearchParams();
    if (wish.q) given.set("q", wish.q);
    if (wish.by !== "urgency") given.set("by", wish.by);
    if (wish.desc) given.set("desc", "1");
    if (wish.view !== "table") given.set("view", wish.view);
    const query = given.toString();
    history.replaceState(history.state, "", location.pathname + (query ? `?${query}` : ""));
    const lang = byId("lang");
    if (lang) lang.href = lang.href.replace(/next=.*$/, `next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  function address() {
    const given = new URLSearchParams({ unit: root.dataset.unit, q: wish.q, by: wish.by, desc: wish.desc ? "1" : "0", at });
    return `/live/data?${given}`;
  }

  // ---- asking

  /* The board of this page, made ready the first time it is seen; none on other pages. */
  function present() {
    const found = byId("board");
    if (found !== root) {
      root = found;
      said = {};
      at = "";
      if (asking) asking.abort();
      if (root) ready();
    }
    return root !== null;
  }

  function ready() {
    wish = wishes();
    const place = byId("board-search-place");
    const input = make("input");
    Object.assign(input, { id: "board-search", type: "search", value: wish.q, placeholder: place.dataset.hint, autocomplete: "off", maxLength: 100 });
    input.addEventListener("input", function () {
      clearTimeout(typing);
      typing = setTimeout(function () {
        wish.q = input.value;
        again();
      }, TYPING_MS);
    });
    place.replaceChildren(input);
    show();
  }

  function again() {
    remember();
    ask(true);
  }

  /* Fresh figures; what somebody wants to see now goes before an answer that is under way, news wait for it. */
  async function ask(wanted) {
    if (!present()) return;
    if (asking && !wanted) return void (askAgain = true);
    if (asking) asking.abort();
    const own = (asking = new AbortController());
    try {
      const answer = await fetch(address(), { signal: own.signal, credentials: "same-origin" });
      const found = await answer.json();
      if (asking !== own || !present()) return;
      if (answer.ok) {
        draw(found, wanted);
        motcua.fresh();
      } else excuse(answer.status, found);
    } catch (error) {
      if (error.name !== "AbortError" && !(error instanceof TypeError || error instanceof SyntaxError)) throw error;
      // given up, or the server is away: the sign of the connection says so
    } finally {
      if (asking === own) {
        asking = null;
        if (askAgain) askAgain = false, motcua.soon();
      }
    }
  }

  function excuse(status, found) {
    const kept = status === 503 && at !== "";
    byId("board-body").className = kept ? "kept" : "empty";
    byId("board-title").hidden = !kept;
    byId("board-way").hidden = !kept;
    once("notice", [kept, found], function () {
      const box = make("div", kept ? "notice" : "sorry");
      box.setAttribute("role", "alert");
      if (kept) box.append(found.kept);
      else {
        box.append(make("h1", "", found.title), make("p", "", found.text));
        if (found.link) box.append(make("p", "", Object.assign(link(found.href, found.link), { className: "button" })));
      }
      byId("board-notice").replaceChildren(box);
    });
    if (!kept) at = "";
  }

  // ---- drawing

  function draw(found, wanted) {
    at = found.at;
    byId("board-body").className = found.none ? "empty" : "";
    byId("board-title").hidden = byId("board-way").hidden = false;
    once("notice", found.none, (text) => byId("board-notice").replaceChildren(...(text ? [make("p", "notice", text)] : [])));
    once("title", found.title, (text) => (byId("board-title").textContent = text));
    once("way", found.way, (way) => byId("board-way").replaceChildren(...(way.length ? [crumbs(way)] : [])));
    once("units", found.units, units);
    once("banner", found.banner, banner);
    once("summary", found.summary, summary);
    once("count", found.count, (text) => (byId("board-count").textContent = text));
    once("meaning", found.meaning, (text) => (byId("board-meaning").textContent = text));
    once("scale", found.scale, (text) => (byId("board-scale").textContent = text));
    once("legend", found.legend, legend);
    once("sort", [found.by, found.descending], head);
    motcua.list.draw(found, wanted);
    root.classList.toggle("alone", found.map.places.length < 2);
    motcua.map.draw(byId("board-map"), found.map, found.rows);
  }

  function crumbs(way) {
    const items = way.map(([text, href], i) => {
      const last = i === way.length - 1;
      const item = make("li", "", last ? text : link(href, text));
      if (last) item.setAttribute("aria-current", "page");
      return item;
    });
    return make("ol", "", ...items);
  }
  function units(given) {
    byId("board-units").replaceChildren(...given.map((u) => link(u.href, make("strong", "", u.title), ` · ${u.facts}`)));
  }
  function banner(text) {
    const box = byId("board-banner");
    if (!text) return box.replaceChildren();
    const p = make("p", "banner", make("strong", "", root.dataset.notReal), ` ${text}`);
    p.setAttribute("role", "note");
    box.replaceChildren(p);
  }
  function summary(given) {
    const line = make("p", "headline", make("strong", given.kind, given.head), make("span", "facts", given.facts));
    const first = given.first.map((o) => make("li", "", link(o.href, sign(o.mark, o.hollow), ` ${o.title} `, make("strong", "", o.wait))));
    const box = first.length ? [make("div", "first", make("span", "", root.dataset.actFirst), make("ul", "", ...first))] : [];
    byId("board-summary").replaceChildren(line, ...box);
  }
  function legend(given) {
    const items = given.map((row) => {
      const shape = row.mark ? sign(row.mark, false) : Object.assign(make("span", "mark letter", row.letter));
      shape.setAttribute("aria-hidden", "true");
      return make("li", "", shape, row.text);
    });
    byId("board-legend").replaceChildren(...items);
  }
  function head([by, descending]) {
    for (const button of root.querySelectorAll("th [data-sort]")) {
      const sorts = button.dataset.sort === by;
      button.closest("th").setAttribute("aria-sort", sorts ? (descending ? "descending" : "ascending") : "none");
      button.querySelector(".arrow").textContent = sorts ? (descending ? " ▼" : " ▲") : "";
    }
  }
  function show() {
    motcua.list.begin(root, wish.view);
    byId("board-table").hidden = wish.view !== "table";
    byId("board-panels").hidden = wish.view !== "panels";
    for (const button of root.querySelectorAll("[data-view]")) button.setAttribute("aria-pressed", String(button.dataset.view === wish.view));
  }

  // ---- what people do

  document.addEventListener("click", function (event) {
    const target = event.target.closest ? event.target.closest("[data-sort], [data-view], [data-zoom], #board-more, #board a[href]") : null;
    if (!target || !root || !root.contains(target)) return;
    if (target.dataset.sort) sort(target.dataset.sort);
    else if (target.dataset.view) turn(target.dataset.view);
    else if (target.id === "board-more") motcua.list.all(), ask(true);
    else if (target.dataset.zoom) motcua.map.zoom(target.dataset.zoom);
    else if (event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey) {
      const href = target.getAttribute("href");
      if (href.startsWith("/login")) return;
      event.preventDefault();
      motcua.go(href);
    }
  });
  function sort(column) {
    const turned = wish.by === column && column !== "urgency";
    wish.desc = turned ? !wish.desc : ["wait", "waiting", "counters", "age"].includes(column);
    wish.by = column;
    again();
  }
  function turn(view) {
    if (wish.view === view) return;
    wish.view = view;
    show();
    again();
  }

  /* To another page of ours without loading everything again: what dcc.Link does. */
  motcua.go = function (href) {
    history.pushState({}, "", href);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  };
  motcua.board = { ask, present };
})();

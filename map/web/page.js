// The list: instant search, near-me, and waits that stay fresh. The visitor's place never leaves this script.
"use strict";
(() => {
  const { words, targetS, fill, rank, distanceM, tellDistance, tell, tellAge, tellOpen, localTime } = window.motcua;
  const byId = (id) => document.getElementById(id);
  const say = (name, detail) => document.dispatchEvent(new CustomEvent(`motcua:${name}`, { detail }));
  const STALE_S = 180; // A figure older than this is told as old, even when no newer one can be fetched.
  const TICK_MS = 5000;

  const cards = [...document.querySelectorAll("[data-id]:not([data-excluded])")].map((element, order) => ({
    element, order, id: element.dataset.id, key: element.dataset.key,
    lat: element.dataset.lat ? Number(element.dataset.lat) : null,
    lon: element.dataset.lon ? Number(element.dataset.lon) : null,
    wait: element.querySelector(".wait"), farM: null, born: performance.now(),
  }));
  const cardOf = new Map(cards.map((card) => [card.id, card]));

  function notice(text) {
    byId("notice").textContent = text;
    byId("notice").hidden = !text;
  }

  // --- search and order
  function arrange() {
    const query = byId("q").value;
    const ranks = new Map(cards.map((card) => [card.id, rank(query, card.key)]));
    const shown = cards.filter((card) => ranks.get(card.id) !== null);
    const far = (card) => card.farM ?? (cards.some((c) => c.farM !== null) ? Infinity : 0);
    shown.sort((a, b) => far(a) - far(b) || ranks.get(a.id) - ranks.get(b.id) || a.order - b.order);
    for (const card of cards) card.element.hidden = ranks.get(card.id) === null;
    byId("cards").append(...shown.map((card) => card.element));
    byId("count").textContent = fill(words.count, { shown: shown.length, total: cards.length });
    byId("nothing").hidden = shown.length > 0;
    document.body.classList.toggle("searching", query.trim() !== "");
    say("shown", new Set(shown.map((card) => card.id)));
    keepAddress(query);
  }

  function keepAddress(query) {
    for (const link of [location, document.querySelector(".lang")]) {
      const url = new URL(link.href);
      if (query.trim()) url.searchParams.set("q", query);
      else url.searchParams.delete("q");
      if (link === location) history.replaceState(null, "", url);
      else link.href = url;
    }
  }

  // --- near me
  function setPlace(place) {
    for (const card of cards) {
      card.farM = place && card.lat !== null ? distanceM(place.lat, place.lon, card.lat, card.lon) : null;
      let far = card.element.querySelector(".far");
      if (!far) {
        far = Object.assign(document.createElement("p"), { className: "far" });
        card.element.prepend(far);
      }
      far.textContent = card.farM === null ? "" : tellDistance(card.farM);
    }
    byId("near").setAttribute("aria-pressed", String(Boolean(place)));
    byId("near").textContent = place ? words.near_off : words.near;
    notice(place ? words.near_done : "");
    arrange();
    say("you", place);
  }

  function toggleNear() {
    if (byId("near").getAttribute("aria-pressed") === "true") return setPlace(null);
    notice(words.near_wait);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => setPlace({ lat: coords.latitude, lon: coords.longitude }),
      (error) => notice(error.code === error.PERMISSION_DENIED ? words.near_refused : words.near_failed),
      { maximumAge: 60000, timeout: 15000 },
    );
    return undefined;
  }

  // --- waits
  function span(className, text) {
    return Object.assign(document.createElement("span"), { className, textContent: text });
  }

  function paint(card, told) {
    const sign = span(`sign ${told.mark}`, "");
    sign.setAttribute("aria-hidden", "true");
    const headline = Object.assign(document.createElement("strong"), { className: "headline", textContent: told.headline });
    const parts = [sign, headline];
    if (told.mark === "within" || told.mark === "over") {
      parts.push(span("verdict", fill(words[`mark_${told.mark}`], { target: Math.round(targetS / 60) })));
    }
    const facts = span("facts", "");
    facts.append(...told.details.map((detail) => span("fact", detail)));
    if (told.ageS !== null) facts.append(span("age", tellAge(told.ageS)));
    parts.push(facts);
    card.wait.className = `wait ${told.mark}`;
    card.wait.replaceChildren(...parts);
    if (told.ageS === null) delete card.wait.dataset.age;
    else card.wait.dataset.age = told.ageS;
    card.born = performance.now();
    say("mark", { id: card.id, mark: told.mark, headline: told.headline });
  }

  function paintOpen(card, told) {
    const place = card.element.querySelector(".open");
    if (place) Object.assign(place, { className: `open ${told.mark}`, textContent: told.text });
  }

  function tick() {
    for (const card of cards) {
      if (card.wait.dataset.age === undefined) continue;
      const ageS = Number(card.wait.dataset.age) + (performance.now() - card.born) / 1000;
      const figure = card.wait.matches(".within, .over");
      if (figure && ageS > STALE_S) {
        const last = card.wait.querySelector(".headline").textContent;
        paint(card, { mark: "none", headline: words.stale, details: [fill(words.last_known, { headline: last.toLowerCase() })], ageS });
      }
      else card.wait.querySelector(".age").textContent = tellAge(ageS);
    }
  }

  let lost = false;
  async function refresh() {
    try {
      // "no-cache" lets the browser ask with the ETag it holds.
      const reply = await fetch(document.body.dataset.api, { cache: "no-cache", credentials: "omit" });
      if (!reply.ok) throw new Error(`status ${reply.status}`);
      const answer = await reply.json();
      const stored = reply.headers.has("X-Motcua-Stored");
      const madeAt = reply.headers.get("Date") || answer.generated_at;
      const lagS = stored ? Math.max(0, (Date.now() - new Date(madeAt)) / 1000) : 0;
      for (const office of answer.offices || [answer]) {
        const card = cardOf.get(office.office_id);
        const told = tell(office.wait);
        if (card) paint(card, told.ageS === null ? told : { ...told, ageS: told.ageS + lagS });
        if (card && !stored) paintOpen(card, tellOpen(office, answer.generated_at || madeAt));
      }
      if (answer.generated_at) byId("as-of").textContent = fill(words.as_of, { at: localTime(answer.generated_at) });
      if (answer.offices) say("fresh", stored ? [] : answer.offices);
      if (stored) notice(fill(words.offline, { at: localTime(madeAt) }));
      else if (lost) notice("");
      lost = stored;
      if (stored) tick();
    } catch {
      lost = true;
      notice(words.lost);
    }
  }

  function refreshForEver() {
    // A few seconds of chance keep a thousand open pages from asking in the same instant.
    const pause = Number(document.body.dataset.refreshS) * 1000 * (0.9 + 0.2 * Math.random());
    setTimeout(async () => {
      if (!document.hidden) await refresh();
      refreshForEver();
    }, pause);
  }

  // --- picking an office in step with the map
  document.addEventListener("motcua:pick", ({ detail }) => {
    for (const card of cards) card.element.classList.toggle("picked", card.id === detail.id);
    if (detail.from === "map") cardOf.get(detail.id).element.scrollIntoView({ block: "nearest" });
  });

  function addShowButtons() {
    for (const card of cards.filter(({ lat }) => lat !== null)) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "show", textContent: words.on_map });
      button.addEventListener("click", () => say("pick", { id: card.id, from: "list" }));
      card.element.querySelector(".out").append(button);
    }
  }

  if (byId("q")) {
    document.querySelector(".find .go").hidden = true;
    document.querySelector(".find").addEventListener("submit", (event) => event.preventDefault());
    byId("q").addEventListener("input", arrange);
    if ("geolocation" in navigator && window.isSecureContext) byId("near").hidden = false;
    byId("near").addEventListener("click", toggleNear);
    addShowButtons();
  }
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  document.addEventListener("motcua:refresh", refresh);
  if (document.body.dataset.worker && "serviceWorker" in navigator) {
    if (navigator.serviceWorker.controller) refresh();
    // After the page is there and quiet; without it only the offline page is missing.
    window.addEventListener("load", () => setTimeout(() => navigator.serviceWorker.register(document.body.dataset.worker).catch(() => {}), 1500));
  }
  setInterval(tick, TICK_MS);
  refreshForEver();
})();

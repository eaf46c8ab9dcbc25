/* The kiosk: an answer is written into the browser's storage first, then shown as taken, then sent until the server says that it is kept.
   Each answer has an id of its own, so that sending it twice stores it once. Nothing else is kept. */
(function () {
  "use strict";
  const THANKS_MS = 3000; // no second answer of the same hand
  const IDLE_MS = 30000; // back to the first language, away from a QR code
  const RETRY_MS = [2000, 5000, 15000, 30000];
  const BATCH = 100;
  const ASK = "/api/v1/kiosk";
  const words = JSON.parse(document.body.dataset.words);
  const $ = (id) => document.getElementById(id);
  const store = window.localStorage;

  let lang = "vi", here = null, failures = 0, timer = 0, idle = 0, sending = false, refused = 0;

  const read = (key, fallback) => { try { return JSON.parse(store.getItem(key)) ?? fallback; } catch { return fallback; } };
  const say = (key, fields) => words[lang][key].replace(/\{(\w+)\}/g, (_, name) => fields[name]);

  // A token in the address moves into the storage and out of the address.
  if (location.hash.length > 1) {
    store.setItem("kiosk.token", decodeURIComponent(location.hash.slice(1)));
    history.replaceState(null, "", location.pathname);
  }
  const token = store.getItem("kiosk.token") || "";

  // One item for each answer: two pages of one kiosk cannot overwrite each other's.
  const PREFIX = "kiosk.answer.";
  function waiting() {
    const found = [];
    for (let i = 0; i < store.length; i++) {
      const key = store.key(i);
      if (key.startsWith(PREFIX)) found.push([key, read(key, null)]);
    }
    return found.filter(([, a]) => a).sort((a, b) => a[1].at < b[1].at ? -1 : 1);
  }
  function uuid() {
    const b = crypto.getRandomValues(new Uint8Array(16));
    b[6] = 0x40 | (b[6] & 15); b[8] = 0x80 | (b[8] & 63);
    const h = [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
    return [h.slice(0, 8), h.slice(8, 12), h.slice(12, 16), h.slice(16, 20), h.slice(20)].join("-");
  }
  const epoch = Date.now();
  let seq = 0;

  function show(id) {
    for (const part of ["ask", "thanks", "qr", "sorry"]) $(part).hidden = part !== id;
  }
  function translate() {
    document.documentElement.lang = lang;
    document.title = words[lang].title;
    for (const el of document.querySelectorAll("[data-word]")) el.textContent = words[lang][el.dataset.word];
    for (const b of document.querySelectorAll("[data-lang]")) b.setAttribute("aria-pressed", String(b.dataset.lang === lang));
    if (here) {
      $("place").textContent = here.office_name + (here.counter_id ? " · " + say("counter", { counter: here.counter_id }) : "");
      $("simulated").hidden = !here.simulated;
      $("qr-open").hidden = !here.qr;
    }
    state();
  }
  function state() {
    const n = waiting().length, el = $("state");
    const parts = [];
    if (failures) parts.push(say("offline"));
    if (n) parts.push(say("queue", { n }));
    if (refused) parts.push(say("refused", { n: refused }));
    el.textContent = parts.join(" · ") || say("sent");
    el.className = failures || refused ? "waiting" : "";
    el.dataset.waiting = n;
  }
  function rest() {
    clearTimeout(idle);
    idle = setTimeout(() => { lang = "vi"; translate(); if (here) show("ask"); }, IDLE_MS);
  }

  function answered(score) {
    const at = new Date(Date.now() + read("kiosk.clock_ms", 0)).toISOString();
    const answer = { id: uuid(), at, epoch, seq: ++seq, score };
    try {
      store.setItem(PREFIX + answer.id, JSON.stringify(answer));
    } catch { // full: say so rather than thank for what is lost
      failures = failures || 1; state(); return;
    }
    show("thanks"); state(); rest();
    setTimeout(() => show("ask"), THANKS_MS);
    soon(0);
  }

  async function call(path, options) {
    const answer = await fetch(path, { ...options, headers: { Authorization: "Bearer " + token, "Content-Type": "application/json" }, cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (answer.status === 401) throw Object.assign(new Error("unknown"), { unknown: true });
    if (!answer.ok) throw new Error(String(answer.status));
    const data = await answer.json();
    if (data.now) store.setItem("kiosk.clock_ms", JSON.stringify(Date.parse(data.now) - Date.now()));
    return data;
  }
  async function flush() {
    if (sending) return;
    sending = true;
    try {
      if (!here || here.old) {
        here = await call(ASK, {});
        store.setItem("kiosk.here", JSON.stringify(here));
        if (!$("sorry").hidden) show("ask");
        translate();
      }
      for (let batch = waiting().slice(0, BATCH); batch.length; batch = waiting().slice(0, BATCH)) {
        const kept = await call(ASK + "/ratings", { method: "POST", body: JSON.stringify({ ratings: batch.map(([, a]) => a) }) });
        for (const id of kept.kept) store.removeItem(PREFIX + id);
        for (const one of kept.refused) { store.removeItem(batch[one.index][0]); refused++; }
        if (!kept.kept.length && !kept.refused.length) throw new Error("nothing was kept");
      }
      failures = 0;
    } catch (error) {
      failures++;
      if (error.unknown) { here = null; $("sorry").firstElementChild.dataset.word = "no_kiosk"; show("sorry"); translate(); }
    } finally {
      sending = false;
      state();
      if (failures || waiting().length) soon(RETRY_MS[Math.min(failures, RETRY_MS.length) - 1] || 0);
    }
  }
  function soon(ms) { clearTimeout(timer); timer = setTimeout(flush, ms); }

  async function code() {
    rest();
    try {
      const found = await call(ASK + "/qr", { method: "POST" });
      $("qr-code").src = "data:image/svg+xml;utf8," + encodeURIComponent(found.svg);
      $("qr-code").dataset.url = found.url;
      show("qr");
    } catch { failures = failures || 1; state(); soon(RETRY_MS[0]); }
  }

  for (const b of document.querySelectorAll("[data-score]")) b.addEventListener("click", () => answered(Number(b.dataset.score)));
  for (const b of document.querySelectorAll("[data-lang]")) b.addEventListener("click", () => { lang = b.dataset.lang; translate(); rest(); });
  $("qr-open").addEventListener("click", code);
  $("qr-back").addEventListener("click", () => show("ask"));
  window.addEventListener("online", () => soon(0));
  setInterval(() => soon(0), 60000);

  here = read("kiosk.here", null); // offline from the start: what it was last
  if (here) { here.old = true; show("ask"); }
  if (!token) { here = null; $("sorry").firstElementChild.dataset.word = "no_kiosk"; show("sorry"); translate(); return; }
  translate();
  soon(0);
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/kiosk/worker.js", { scope: "/kiosk" }).catch(() => {});
})();

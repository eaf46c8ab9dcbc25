/* Keeps the page alive: hears the event stream, asks for fresh figures, counts ages on, and says so when the line is down.
   Dash and board.js draw; this script only writes into ages, #connection and the title. */
(function () {
  "use strict";

  const AT_MOST_MS = 1000; // between two refreshes
  const ALERTS_MS = 4000; // between two looks at alerts, which change seldom
  const POLL_MS = 10000; // without news: states change by themselves when a source falls silent
  const SILENT_MS = 40000; // the stream pings every 15 s
  const LOST_MS = 25000; // no fresh figures for this long although we asked
  const RETRY_MS = [1000, 2000, 4000, 8000];

  const words = JSON.parse(document.getElementById("live-words").textContent);
  const note = document.getElementById("connection");
  const noteText = document.getElementById("connection-text");
  const noteAge = document.getElementById("connection-age");

  let stream = null;
  let failures = 0;
  let heardAt = -Infinity;
  let askedAt = -Infinity;
  let goodAt = performance.now();
  let planned = 0;
  let count = 0;
  let visits = 0;

  function officeOfPage() {
    const found = location.pathname.match(/^\/office\/([^/]+)/);
    try {
      return found ? decodeURIComponent(found[1]) : null;
    } catch (error) {
      return found[1]; // no address of ours; the page says so
    }
  }

  function tickStore() {
    return ["office-tick", "counter-tick", "alerts-tick", "alert-tick"].find((id) => document.getElementById(id.replace("tick", "page"))) || null;
  }

  function refresh() {
    planned = 0;
    if (document.hidden) return;
    const store = tickStore();
    if (store) window.dash_clientside.set_props(store, { data: ++count });
    else if (window.motcua.board.present()) window.motcua.board.ask(false);
    else return;
    askedAt = performance.now();
  }

  function soon() {
    if (planned) return;
    const pause = document.getElementById("alerts-page") || document.getElementById("alert-page") ? ALERTS_MS : AT_MOST_MS;
    const wait = Math.max(0, askedAt + pause - performance.now());
    planned = setTimeout(refresh, wait);
  }

  let alertsAt = performance.now(); // the header asks by itself when a page opens
  let alertsPlanned = 0;
  let alertsAsked = 0;

  function countAlerts() {
    if (!alertsPlanned) alertsPlanned = setTimeout(askAlerts, Math.max(0, alertsAt + ALERTS_MS - performance.now()));
  }

  function askAlerts() {
    alertsPlanned = 0;
    if (document.hidden || !document.getElementById("alerts-nav")) return;
    alertsAt = performance.now();
    window.dash_clientside.set_props("alerts-nav-tick", { data: ++alertsAsked });
  }

  function heard() {
    heardAt = performance.now();
    failures = 0;
  }

  function open() {
    if (stream || document.hidden) return;
    const own = (stream = new EventSource("/events"));
    own.onopen = heard;
    own.addEventListener("ping", heard);
    own.addEventListener("office", function (event) {
      heard();
      countAlerts();
      const page = officeOfPage();
      if (page === null || JSON.parse(event.data).office_id === page) soon();
    });
    own.onerror = function () {
      if (stream !== own) return;
      close();
      soon(); // the answer says why: session over, API away
      setTimeout(open, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]);
    };
  }

  function close() {
    if (stream) stream.close();
    stream = null;
    heardAt = -Infinity;
  }

  function tell(seconds) {
    const steps = [[60, 1, "seconds"], [3600, 60, "minutes"], [172800, 3600, "hours"], [Infinity, 86400, "days"]];
    const whole = Math.max(0, Math.floor(seconds));
    const [, unit, key] = steps.find(([limit]) => whole < limit);
    const n = Math.floor(whole / unit);
    return words[`${key}.${n === 1 ? "one" : "other"}`].replace("{n}", n);
  }

  const seen = new WeakMap(); // element -> the figure it was drawn with, and when that was first seen here

  function countAges(now) {
    const board = window.motcua.board.present();
    for (const element of board ? window.motcua.list.ages() : document.querySelectorAll("time[data-age]")) {
      if (element.dataset.age === undefined) continue;
      const drawn = `${element.dateTime} ${element.dataset.age}`;
      let since = seen.get(element);
      if (!since || since.drawn !== drawn) seen.set(element, (since = { drawn, at: now }));
      const text = tell(parseFloat(element.dataset.age) + (now - since.at) / 1000);
      const node = element.firstChild;
      if (node && node.nodeValue !== text) node.nodeValue = text;
    }
  }

  function sayConnection(now) {
    let state = "connecting";
    if (askedAt > -Infinity && now - goodAt > LOST_MS) state = "lost";
    else if (stream && stream.readyState === EventSource.OPEN) state = "live";
    else if (failures > 0) state = "polling";
    note.className = state;
    const text = words[`conn_${state}`];
    if (noteText.textContent !== text) noteText.textContent = text;
    const age = state === "lost" ? words.ago.replace("{age}", tell((now - goodAt) / 1000)) : "";
    if (noteAge.textContent !== age) noteAge.textContent = age;
    document.body.classList.toggle("is-lost", state === "lost");
  }

  function sayTitle() {
    const heading = document.querySelector("main h1");
    if (heading && !document.title.startsWith(heading.textContent)) document.title = `${heading.textContent} · motcua`;
  }

  function everySecond() {
    const now = performance.now();
    if (stream && now - heardAt > SILENT_MS && heardAt > -Infinity) {
      close();
      failures++;
      open();
    }
    if (!document.hidden && now - Math.max(askedAt, goodAt) > POLL_MS) refresh();
    countAges(now);
    sayConnection(now);
    sayTitle();
  }

  document.addEventListener("visibilitychange", function () {
    if (document.hidden) return close(); // a browser allows six connections to a site: hidden pages need none
    goodAt = performance.now();
    open();
    soon();
    countAlerts();
  });
  // A click beside an open definition, or Escape, closes it.
  document.addEventListener("click", function (event) {
    for (const open of document.querySelectorAll("details.def[open]")) if (!open.contains(event.target)) open.open = false;
  });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    for (const open of document.querySelectorAll("details.def[open]")) open.open = false;
  });

  window.motcua.soon = soon;
  window.motcua.fresh = function () {
    goodAt = performance.now();
  };
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.motcua = {
    /* Fresh figures are on the page. */
    refreshed: window.motcua.fresh,
    /* Another page is shown: the keyboard starts at its top. */
    arrived: function () {
      goodAt = performance.now();
      askedAt = -Infinity;
      if (window.motcua.board.present()) refresh();
      if (visits++ > 0) {
        window.scrollTo(0, 0);
        document.getElementById("main").focus({ preventScroll: true });
      }
    },
  };

  open();
  setInterval(everySecond, 1000);
  sayConnection(performance.now());
})();

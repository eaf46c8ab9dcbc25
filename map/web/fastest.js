// Not only the nearest: the office where one is served soonest, reckoned here over public data. The place stays on the phone; if the visitor asks for ways by road, a rounded one leaves (roads.js).
"use strict";
(() => {
  const { words, fill } = window.motcua;
  const box = document.getElementById("fastest");
  if (!box) return;
  const chance = Math.random(); // one draw for this visit, so that the advice does not jump
  const RETRY_MS = 120000;
  const { roads: routingUrl, roadsKind } = document.body.dataset;
  const choice = document.getElementById("roads-choice");
  const byRoad = document.getElementById("roads");
  let roads = { key: null, state: "off", seconds: {}, at: 0 };
  let place = null;
  let offices = [];

  const minutes = (seconds) => Math.max(0, Math.round(seconds / 60));
  const cardOf = (id) => document.getElementById(`o-${id}`);

  function reason({ chosen, nearest, further_s: further, less_wait_s: less }) {
    if (chosen === nearest) return words.fastest_nearest;
    return fill(words.fastest_reason, { further: minutes(further), less: minutes(less) });
  }

  function total(chosen) {
    const known = { total: minutes(chosen.travel_s + chosen.wait_s), travel: minutes(chosen.travel_s), wait: minutes(chosen.wait_s) };
    const told = fill(words.fastest_total, known);
    if (chosen.low_s === null) return told;
    const [low, high] = [chosen.low_s, chosen.high_s].map((wait) => minutes(chosen.travel_s + wait));
    return `${told} ${fill(words.fastest_interval, { low, high })}`;
  }

  function paragraph(text) {
    return Object.assign(document.createElement("p"), { textContent: text });
  }

  function keyOfPlace() {
    const cell = motcuaRoads.cellOf(place);
    return `${cell.lat} ${cell.lon}`;
  }

  // off, wait, ok or failed: what is known of the roads around the visitor's rounded place.
  function roadState() {
    if (!byRoad || !byRoad.checked || !place) return "off";
    return roads.key === keyOfPlace() ? roads.state : "wait";
  }

  async function askRoads() {
    if (!byRoad || !byRoad.checked || !place || !offices.length) return;
    const key = keyOfPlace();
    const settled = roads.state !== "failed" || performance.now() - roads.at < RETRY_MS;
    if (roads.key === key && settled) return;
    const asked = { key, state: "wait", seconds: {}, at: 0 };
    roads = asked;
    try {
      asked.seconds = await motcuaRoads.ask(roadsKind, routingUrl, motcuaRoads.cellOf(place), offices);
      asked.state = "ok";
    } catch {
      asked.state = "failed";
    }
    asked.at = performance.now();
    show();
  }

  function noteOf(state) {
    if (state === "ok") return words.fastest_note_roads;
    return state === "off" ? words.fastest_note : `${words[`roads_${state}`]} ${words.fastest_note}`;
  }

  function show() {
    box.hidden = !place;
    if (choice) choice.hidden = !place;
    if (!place) return;
    const state = roadState();
    const reached = ({ office_id: id }) => state !== "ok" || id in roads.seconds;
    const open = offices.filter(({ office_id: id }) => cardOf(id) && !("excluded" in cardOf(id).dataset)).filter(reached);
    const advice = motcuaAdvice.advise(motcuaAdvice.options(open, place.lat, place.lon, state === "ok" ? roads.seconds : {}), chance);
    const title = Object.assign(document.createElement("h2"), { textContent: words.fastest });
    const note = paragraph(noteOf(state));
    note.className = "help";
    if (!advice) return box.replaceChildren(title, paragraph(words.fastest_unknown));
    const card = cardOf(advice.chosen.office_id);
    const way = card.querySelector("h3 a").cloneNode(true);
    way.lang = "vi";
    const name = paragraph("");
    name.className = "fastest-name";
    name.append(way, ` · ${reason(advice)}`);
    return box.replaceChildren(title, name, paragraph(total(advice.chosen)), note);
  }

  document.addEventListener("motcua:you", ({ detail }) => {
    place = detail;
    askRoads();
    show();
    if (place && !offices.length) document.dispatchEvent(new CustomEvent("motcua:refresh"));
  });
  if (byRoad) {
    byRoad.addEventListener("change", () => {
      askRoads();
      show();
    });
  }
  document.addEventListener("motcua:fresh", ({ detail }) => {
    offices = detail;
    askRoads();
    show();
  });
})();

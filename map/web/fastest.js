// Not only the nearest: the office where one is served soonest, reckoned here over public data. The place never leaves the phone.
"use strict";
(() => {
  const { words, fill } = window.motcua;
  const box = document.getElementById("fastest");
  if (!box) return;
  const chance = Math.random(); // one draw for this visit, so that the advice does not jump
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

  function show() {
    box.hidden = !place;
    if (!place) return;
    const open = offices.filter(({ office_id: id }) => cardOf(id) && !("excluded" in cardOf(id).dataset));
    const advice = motcuaAdvice.advise(motcuaAdvice.options(open, place.lat, place.lon), chance);
    const title = Object.assign(document.createElement("h2"), { textContent: words.fastest });
    if (!advice) return box.replaceChildren(title, paragraph(words.fastest_unknown));
    const card = cardOf(advice.chosen.office_id);
    const way = card.querySelector("h3 a").cloneNode(true);
    way.lang = "vi";
    const name = paragraph("");
    name.className = "fastest-name";
    name.append(way, ` · ${reason(advice)}`);
    const note = paragraph(words.fastest_note);
    note.className = "help";
    return box.replaceChildren(title, name, paragraph(total(advice.chosen)), note);
  }

  document.addEventListener("motcua:you", ({ detail }) => {
    place = detail;
    show();
    if (place && !offices.length) document.dispatchEvent(new CustomEvent("motcua:refresh"));
  });
  document.addEventListener("motcua:fresh", ({ detail }) => {
    offices = detail;
    show();
  });
})();

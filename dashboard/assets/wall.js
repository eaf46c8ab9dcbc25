/* Renews a hall's screen: asks every five seconds, counts the age on, and takes figures away once nothing new has come.
   Written for televisions' browsers: nothing newer than 2017. */
(function () {
  "use strict";

  var EVERY_MS = 5000;
  var LOST_MS = 30000; // without an answer: what stands there may no longer be true
  var RELOAD_MS = 6 * 3600 * 1000; // so that a new version reaches a screen that nobody touches

  var body = document.body;
  var words = JSON.parse(document.getElementById("words").textContent);
  var goodAt = Date.now();
  var ageAt = null; // age of the figures in s when they came, and when that was
  var begun = Date.now();

  function put(id, text) {
    var node = document.getElementById(id);
    if (node.textContent !== text) node.textContent = text;
  }

  function count(id, text, none) {
    put(id, text);
    document.getElementById(id).className = none ? "big none" : "big";
  }

  function show(now) {
    body.setAttribute("data-state", now.state);
    ["value", "unit", "between"].forEach(function (id) { put(id, now[id]); });
    count("waiting", now.waiting, now.waiting_none);
    count("counters", now.counters, now.counters_none);
    put("name", now.name);
    put("flag", now.flag);
    document.getElementById("flag").hidden = !now.flag;
    var lanes = document.getElementById("lanes");
    while (lanes.firstChild) lanes.removeChild(lanes.firstChild);
    now.lanes.forEach(function (text) {
      var item = document.createElement("li");
      item.textContent = text;
      lanes.appendChild(item);
    });
    ageAt = now.age_s === null ? null : { s: now.age_s, at: Date.now() };
  }

  function told(seconds) {
    var s = Math.max(0, Math.floor(seconds));
    var step = s < 60 ? ["seconds", 1] : s < 3600 ? ["minutes", 60] : s < 172800 ? ["hours", 3600] : ["days", 86400];
    var n = Math.floor(s / step[1]);
    return words[step[0] + (n === 1 ? ".one" : ".other")].replace("{n}", n);
  }

  function everySecond() {
    var local = new Date(Date.now() + 7 * 3600 * 1000); // Viet Nam, always UTC+7
    put("clock", local.toISOString().slice(11, 16));
    var lost = Date.now() - goodAt > LOST_MS;
    body.className = lost ? "lost" : "";
    if (lost && body.getAttribute("data-state") !== "unknown") {
      body.setAttribute("data-state", "unknown");
      put("value", words.wall_state_unknown);
      count("waiting", words.no_data, true);
      count("counters", words.no_data, true);
    }
    if (lost) put("age", words.wall_lost);
    else if (ageAt === null) put("age", words.wall_no_age);
    else put("age", words.wall_as_of.replace("{age}", told(ageAt.s + (Date.now() - ageAt.at) / 1000)));
    if (!lost && Date.now() - begun > RELOAD_MS) location.reload();
  }

  function ask() {
    var request = new XMLHttpRequest();
    request.open("GET", body.getAttribute("data-now"));
    request.timeout = 4000;
    request.onload = function () {
      if (request.status !== 200) return;
      goodAt = Date.now();
      show(JSON.parse(request.responseText));
      everySecond();
    };
    request.send();
  }

  ask();
  everySecond();
  setInterval(everySecond, 1000);
  setInterval(ask, EVERY_MS);
})();

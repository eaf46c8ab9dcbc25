// How text is compared and how a wait is told: the same rules as finder.py and words.py.
"use strict";
window.motcua = (() => {
  const body = document.body;
  const words = JSON.parse(body.dataset.words);
  const targetS = Number(body.dataset.targetS);
  const openProvenances = new Set(["camera", "kiosk", "import"]);

  const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  function fold(text) {
    const letters = text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("đ", "d");
    return (letters.match(/[a-z0-9]+/g) || []).join(" ");
  }

  // null = no match; smaller is better. `key` holds the office's folded texts: unit|former units|the rest.
  function rank(query, key) {
    const wanted = fold(query);
    if (!wanted) return 0;
    const [unit, former, rest] = key.split("|").map((text) => ` ${text} `);
    const parts = wanted.split(" ").map((word) => ` ${word}`);
    if (!parts.every((word) => (unit + former + rest).includes(word))) return null;
    if (unit.endsWith(` ${wanted} `)) return 1;
    if (unit.includes(` ${wanted}`)) return 2;
    if (former.includes(` ${wanted}`)) return 3;
    if (parts.every((word) => unit.includes(word))) return 4;
    return parts.every((word) => former.includes(word)) ? 5 : 6;
  }

  // Great-circle distance in metres between points in degrees.
  function distanceM(lat, lon, otherLat, otherLon) {
    const rad = Math.PI / 180;
    const sin2 = (degrees) => Math.sin((degrees * rad) / 2) ** 2;
    const h = sin2(otherLat - lat) + Math.cos(lat * rad) * Math.cos(otherLat * rad) * sin2(otherLon - lon);
    return 2 * 6371008.8 * Math.asin(Math.min(1, Math.sqrt(h)));
  }

  function tellDistance(metres) {
    const number = (value, digits) => value.toLocaleString(words.lang, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    const far = metres < 950 ? `${number(Math.round(metres / 50) * 50, 0)} m` : `${number(metres / 1000, metres < 9950 ? 1 : 0)} km`;
    return fill(words.distance, { far });
  }

  function tellPeople(wait) {
    if (wait.waiting === null || wait.waiting === undefined) return [];
    return [wait.waiting ? fill(words.waiting, wait) : words.waiting_none];
  }

  // A Wait object of the API in words; only a state of "ok" gives a figure.
  function tell(wait) {
    if (!openProvenances.has(wait.provenance) || !(wait.state in words)) {
      return { mark: "none", headline: words.unknown, details: [], ageS: null };
    }
    const ageS = wait.age_s ?? null;
    const expectedS = wait.expected_wait_s ?? null;
    if (wait.state === "ok" && expectedS !== null) {
      const details = [];
      if ((wait.low_s ?? null) !== null && (wait.high_s ?? null) !== null) {
        details.push(fill(words.interval, { low: Math.floor(wait.low_s / 60), high: Math.ceil(wait.high_s / 60) }));
      }
      const headline = expectedS >= 60 ? fill(words.ok, { minutes: Math.floor(expectedS / 60 + 0.5) }) : words.ok_short;
      return { mark: expectedS <= targetS ? "within" : "over", headline, details: details.concat(tellPeople(wait)), ageS };
    }
    if (wait.state === "closed") return { mark: "closed", headline: words.closed, details: [], ageS };
    const state = wait.state === "ok" ? "too_few" : wait.state;
    return { mark: "none", headline: words[state], details: wait.state === "too_few" ? tellPeople(wait) : [], ageS };
  }

  const local = (instant) => Object.fromEntries(new Intl.DateTimeFormat("en-GB", {
    timeZone: "Asia/Ho_Chi_Minh", hour: "2-digit", minute: "2-digit", day: "2-digit", month: "2-digit", year: "numeric", weekday: "short", hourCycle: "h23",
  }).formatToParts(new Date(instant)).map(({ type, value }) => [type, value]));
  const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

  // Open, shut or unknown: an office of the public answer, at the instant at which the answer was made.
  function tellOpen(office, generatedAt) {
    const open = office.open_now ?? null;
    if (open === null) return { mark: "unknown", text: words.hours_unknown };
    let text = open ? words.open_now : words.closed_now;
    if (office.changes_at) {
      const [at, now] = [local(office.changes_at), local(generatedAt)];
      const time = `${at.hour}:${at.minute}`;
      const today = at.day === now.day && at.month === now.month && at.year === now.year;
      const when = today ? time : fill(words.day_time, { time, day: words[`day_${weekdays.indexOf(at.weekday) + 1}`] });
      text = fill(open ? words.open_until : words.closed_until, { when });
    }
    return { mark: open ? "open" : "shut", text: office.holiday ? fill(words.holiday, { state: text, name: office.holiday }) : text };
  }

  function localTime(instant) {
    const part = local(instant);
    return `${part.hour}:${part.minute} ${part.day}/${part.month}/${part.year}`;
  }

  function tellAge(ageS) {
    let ago = fill(words.hours, { n: Math.floor(ageS / 3600) });
    if (ageS < 60) ago = fill(words.seconds, { n: Math.max(5, 5 * Math.floor(ageS / 5)) });
    else if (ageS < 3600) ago = fill(words.minutes, { n: Math.floor(ageS / 60) });
    return fill(words.age, { ago });
  }

  return { words, targetS, fill, fold, rank, distanceM, tellDistance, tell, tellAge, tellOpen, localTime };
})();

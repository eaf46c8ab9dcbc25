// Seconds by road to the offices, asked of the routing server that the operator names, after the visitor has agreed. Knows no page. Needs motcuaAdvice.
// What leaves is a place rounded to a hundredth of a degree (about 1 km) and the offices around that rounded place: nothing that depends on more.
"use strict";
const motcuaRoads = ((advice) => {
  const [DIGITS, MOST, TIMEOUT_MS, MOST_BYTES, LONGEST_S, FASTEST_M_S, SLACK_M] = [2, 99, 5000, 200000, 86400, 55, 3000];

  const cellOf = ({ lat, lon }) => ({ lat: Number(lat.toFixed(DIGITS)), lon: Number(lon.toFixed(DIGITS)) });
  const farM = (cell, o) => advice.distanceM(cell.lat, cell.lon, o.lat, o.lon);
  const byId = (a, b) => (a.office_id < b.office_id ? -1 : 1);

  // The offices around a cell, whatever is looked for, in the order of their ids.
  function targetsOf(offices, cell) {
    const known = offices.filter((o) => Number.isFinite(o.lat ?? NaN) && Number.isFinite(o.lon ?? NaN));
    const near = known.map((o) => ({ o, far: farM(cell, o) })).sort((a, b) => a.far - b.far || byId(a.o, b.o));
    return near.slice(0, MOST).map(({ o }) => o).sort(byId);
  }

  // [address, options of fetch] for OSRM's /table or Valhalla's sources_to_targets.
  function request(kind, url, cell, targets) {
    const options = { credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store", redirect: "error" };
    if (kind === "valhalla") {
      const point = ({ lat, lon }) => ({ lat, lon });
      // A plain text body needs no question beforehand; Valhalla reads it all the same.
      const body = JSON.stringify({ sources: [point(cell)], targets: targets.map(point), costing: "motor_scooter" });
      return [`${url}/sources_to_targets`, { ...options, method: "POST", body }];
    }
    const points = [cell, ...targets].map(({ lat, lon }) => `${lon},${lat}`).join(";");
    return [`${url}/table/v1/driving/${points}?sources=0&annotations=duration`, options];
  }

  // Seconds by office; offices that no road reaches are left out. Throws where anything is not what a routing server would say.
  function read(kind, answer, cell, targets) {
    let row = answer?.durations?.[0]?.slice(1);
    if (kind === "valhalla") {
      const cells = answer?.sources_to_targets?.[0];
      if (cells?.some(({ to_index: to }, index) => to !== index)) throw new Error("targets in another order");
      row = cells?.map(({ time }) => time ?? null);
    }
    else if (answer?.code !== "Ok") throw new Error("not ok");
    if (!Array.isArray(row) || row.length !== targets.length) throw new Error("another number of ways");
    const found = {};
    for (const [index, seconds] of row.entries()) {
      if (seconds === null) continue;
      if (!Number.isFinite(seconds) || seconds < 0 || seconds > LONGEST_S) throw new Error("no time");
      if (farM(cell, targets[index]) - SLACK_M > seconds * FASTEST_M_S) throw new Error("faster than any car");
      found[targets[index].office_id] = seconds;
    }
    return found;
  }

  async function textOf(reply) {
    const [reader, decoder] = [reply.body.getReader(), new TextDecoder()];
    let [text, bytes] = ["", 0];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      bytes += value.length;
      if (bytes > MOST_BYTES) {
        reader.cancel().catch(() => {});
        throw new Error("too long");
      }
      text += decoder.decode(value, { stream: true });
    }
  }

  async function ask(kind, url, cell, offices) {
    const targets = targetsOf(offices, cell);
    const [address, options] = request(kind, url, cell, targets);
    const reply = await fetch(address, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!reply.ok) throw new Error(`status ${reply.status}`);
    return read(kind, JSON.parse(await textOf(reply)), cell, targets);
  }

  return { cellOf, targetsOf, request, read, ask };
})(typeof module === "undefined" ? motcuaAdvice : require("./advice.js"));
if (typeof module !== "undefined") module.exports = motcuaRoads;

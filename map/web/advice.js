// Where one is served soonest: the same rules as advice.py, on the phone. Needs distanceM; knows no page.
"use strict";
const motcuaAdvice = (() => {
  const [ROAD_FACTOR, SPEED_M_S, NEIGHBOURS, FADE_S, WORTH_S, TIE_S, SPREAD_S, MOVE_SHARE, CALM_S] = [1.4, 30 / 3.6, 12, 3600, 300, 900, 900, 0.25, 120];
  const real = new Set(["camera", "kiosk", "import"]);
  const byId = (a, b) => (a.office_id < b.office_id ? -1 : Number(a.office_id > b.office_id));
  const total = ({ travel_s: way, wait_s: wait }) => way + (wait ?? 0);

  function distanceM(lat, lon, otherLat, otherLon) {
    const rad = Math.PI / 180;
    const sin2 = (degrees) => Math.sin((degrees * rad) / 2) ** 2;
    const h = sin2(otherLat - lat) + Math.cos(lat * rad) * Math.cos(otherLat * rad) * sin2(otherLon - lon);
    return 2 * 6371008.8 * Math.asin(Math.min(1, Math.sqrt(h)));
  }

  const travelS = (metres) => (metres * ROAD_FACTOR) / SPEED_M_S;
  const atArrival = (nowS, usualS, way) => (usualS === null ? nowS : usualS + (nowS - usualS) * Math.exp(-way / FADE_S));

  function option(office, way) {
    const { wait } = office;
    const nowS = wait.expected_wait_s ?? null;
    const unknown = { office_id: office.office_id, travel_s: way, wait_s: null, low_s: null, high_s: null };
    if (wait.state !== "ok" || nowS === null || !real.has(wait.provenance)) return unknown;
    const then = atArrival(nowS, office.usual_wait_s ?? null, way);
    const [low, high] = [wait.low_s ?? null, wait.high_s ?? null];
    if (low === null || high === null) return { ...unknown, wait_s: then };
    return { ...unknown, wait_s: then, low_s: Math.max(0, low + then - nowS), high_s: Math.max(0, high + then - nowS) };
  }

  function options(offices, lat, lon, travel = {}) {
    const open = offices.filter((o) => (o.lat ?? null) !== null && (o.lon ?? null) !== null && o.open_now !== false && o.wait.state !== "closed");
    const found = open.map((o) => option(o, travel[o.office_id] ?? travelS(distanceM(lat, lon, o.lat, o.lon))));
    return found.sort((a, b) => a.travel_s - b.travel_s || byId(a, b)).slice(0, NEIGHBOURS);
  }

  function advise(found, chance) {
    if (!found.length || found[0].wait_s === null) return null;
    const [nearest] = found;
    if (found.filter((o) => o.wait_s !== null).length < 2) return null;
    const worth = found.filter((o) => o.wait_s !== null && total(nearest) - total(o) >= WORTH_S && o.wait_s <= CALM_S);
    if (!worth.length) return { chosen: nearest, nearest, further_s: 0, less_wait_s: 0 };
    worth.sort((a, b) => total(a) - total(b) || byId(a, b));
    const best = total(worth[0]);
    const tied = worth.filter((o) => total(o) - best <= TIE_S);
    const weights = tied.map((o) => Math.exp((best - total(o)) / SPREAD_S));
    let left = (chance * weights.reduce((sum, weight) => sum + weight, 0)) / MOVE_SHARE;
    let chosen = nearest;
    for (const [index, o] of tied.entries()) {
      left -= weights[index];
      if (left < 0) {
        chosen = o;
        break;
      }
    }
    return { chosen, nearest, further_s: chosen.travel_s - nearest.travel_s, less_wait_s: nearest.wait_s - chosen.wait_s };
  }

  return { options, advise, total, distanceM };
})();
if (typeof module !== "undefined") module.exports = motcuaAdvice;

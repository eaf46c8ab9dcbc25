// The map: Leaflet over a ground made of the points themselves, or the server's drawing where Leaflet is missing.
"use strict";
(() => {
  const { words } = window.motcua;
  const box = document.getElementById("map");
  const offices = [...document.querySelectorAll(".card[data-lat]:not([data-excluded])")].map(({ dataset: data }) => ({
    id: data.id, label: data.label, town: "town" in data, at: [Number(data.lat), Number(data.lon)],
  }));
  const on = (name, act) => document.addEventListener(`motcua:${name}`, ({ detail }) => act(detail));
  const pickFromMap = (id) => document.dispatchEvent(new CustomEvent("motcua:pick", { detail: { id, from: "map" } }));
  const cardOf = (id) => document.getElementById(`o-${id}`);
  const shownAtFirst = () => new Set(offices.filter(({ id }) => !cardOf(id).hidden).map(({ id }) => id));
  if (!box || offices.length === 0) return;

  // --- without Leaflet: the drawing follows the list
  function drawing() {
    const spots = new Map([...box.querySelectorAll("[data-spot]")].map((spot) => [spot.dataset.spot, spot]));
    on("shown", (ids) => spots.forEach((spot, id) => spot.classList.toggle("off", !ids.has(id))));
    on("mark", ({ id, mark }) => {
      const use = spots.get(id)?.querySelector("use");
      use?.setAttribute("class", mark);
      use?.setAttribute("href", `#sign-${mark}`);
    });
    on("pick", ({ id }) => spots.forEach((spot, other) => spot.classList.toggle("target", other === id)));
  }

  // --- with Leaflet
  function icon(className, size) {
    return L.divIcon({ className, iconSize: [size, size] });
  }

  function pointOf(office, map) {
    const point = L.marker(office.at, { icon: icon("point", 26), keyboard: false, title: office.label }).addTo(map);
    const setMark = (mark) => {
      const sign = Object.assign(document.createElement("span"), { className: `sign ${mark}` });
      point.getElement().replaceChildren(sign);
    };
    const wait = () => cardOf(office.id).querySelector(".wait");
    setMark([...wait().classList].find((name) => name !== "wait"));
    point.on("click", () => pickFromMap(office.id));
    return { ...office, point, setMark };
  }

  // Names of places where they touch neither a sign nor another name, towns first; worked out anew for every zoom.
  function placeNames(map, points) {
    const layer = L.layerGroup().addTo(map);
    const inOrder = [...points].sort((a, b) => b.town - a.town);
    const touch = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    const around = (x, y, width, height) => ({ left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2 });
    return (shown) => {
      layer.clearLayers();
      const size = map.getSize();
      const placed = inOrder.filter(({ id }) => shown.has(id)).map((office) => ({ ...office, ...map.latLngToContainerPoint(office.at) }));
      const taken = placed.map(({ x, y }) => around(x, y, 15, 15)).concat({ left: 0, top: 0, right: 50, bottom: 85 }); // and the zoom buttons
      for (const { at, label, x, y } of placed) {
        const width = label.length * 7 + 4;
        const aside = 11 + width / 2;
        const near = width * 0.36;
        const free = [[0, 16], [0, -16], [aside, 0], [-aside, 0], [near, 15], [-near, 15], [near, -15], [-near, -15]].find(([right, down]) => {
          const name = around(x + right, y + down, width, 14);
          const inside = name.left > 0 && name.top > 0 && name.right < size.x && name.bottom < size.y;
          return inside && !taken.some((other) => touch(name, other));
        });
        if (!free) continue;
        taken.push(around(x + free[0], y + free[1], width, 14));
        const name = L.divIcon({ className: "place", html: span(label), iconSize: [width, 14], iconAnchor: [width / 2 - free[0], 7 - free[1]] });
        L.marker(at, { icon: name, interactive: false, keyboard: false }).addTo(layer);
      }
    };
  }

  function span(text) {
    return Object.assign(document.createElement("span"), { textContent: text });
  }

  function ground(map) {
    const pane = map.createPane("ground");
    pane.style.zIndex = 150;
    for (const { at } of offices) {
      L.circle(at, { pane: "ground", radius: 6000, stroke: false, fillColor: getComputedStyle(document.body).getPropertyValue("--land").trim(), fillOpacity: 1, interactive: false }).addTo(map);
    }
    return pane;
  }

  function tileChoice(map, pane) {
    const { tiles, tilesBy } = document.body.dataset;
    const choice = document.getElementById("tiles");
    if (!tiles || !choice) return;
    document.getElementById("tiles-choice").hidden = false;
    let layer = null;
    const off = () => {
      layer?.remove();
      layer = null;
      pane.hidden = false;
      choice.checked = false;
    };
    choice.addEventListener("change", () => {
      if (!choice.checked) return off();
      layer = L.tileLayer(tiles, { attribution: tilesBy, maxZoom: 19 }).addTo(map);
      pane.hidden = true;
      layer.once("tileerror", () => {
        off();
        const notice = document.getElementById("notice");
        notice.textContent = words.tiles_failed;
        notice.hidden = false;
      });
      return undefined;
    });
  }

  function leaflet() {
    box.replaceChildren();
    const map = L.map(box, { zoomControl: false, scrollWheelZoom: false, zoomSnap: 0.25, maxZoom: 17, minZoom: 7 });
    L.control.zoom({ zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
    map.attributionControl.setPrefix('<a href="https://leafletjs.com">Leaflet</a>');
    map.on("focus click", () => map.scrollWheelZoom.enable());
    map.on("blur", () => map.scrollWheelZoom.disable());
    const everything = L.latLngBounds(offices.map(({ at }) => at)).pad(0.03);
    map.fitBounds(everything);
    const pane = ground(map);
    tileChoice(map, pane);
    const points = offices.map((office) => pointOf(office, map));
    const pointBy = new Map(points.map((point) => [point.id, point]));
    const drawNames = placeNames(map, points);
    let shown = shownAtFirst();
    let you = null;

    const show = (ids) => {
      shown = ids;
      for (const { id, point } of points) point.getElement().classList.toggle("off", !ids.has(id));
      drawNames(ids);
    };
    const look = () => {
      const seen = points.filter(({ id }) => shown.has(id)).map(({ at }) => at);
      if (seen.length) map.fitBounds(seen.length < points.length ? L.latLngBounds(seen).pad(0.15) : everything, { maxZoom: 12 });
    };
    const sizeSigns = () => box.classList.toggle("far-out", map.getZoom() < 9.5);
    sizeSigns();
    show(shown);
    if (shown.size < points.length) look();
    map.on("zoomend", sizeSigns);
    map.on("moveend", () => drawNames(shown));
    on("shown", (ids) => {
      show(ids);
      if (!you) look();
    });
    on("mark", ({ id, mark }) => pointBy.get(id)?.setMark(mark));
    on("pick", ({ id, from }) => {
      for (const { id: other, point } of points) point.getElement().classList.toggle("picked", other === id);
      if (from !== "list") return;
      box.scrollIntoView({ block: "nearest" });
      map.setView(pointBy.get(id).at, Math.max(map.getZoom(), 12));
    });
    on("you", (place) => {
      you?.remove();
      you = null;
      if (!place) return look();
      const at = L.latLng(place);
      you = L.marker(at, { icon: icon("you", 16), keyboard: false, title: words.you }).addTo(map);
      const near = [...points].sort((a, b) => at.distanceTo(a.at) - at.distanceTo(b.at)).slice(0, 5);
      map.fitBounds(L.latLngBounds([at, ...near.map((point) => point.at)]).pad(0.25), { maxZoom: 13 });
      return undefined;
    });
    new ResizeObserver(() => map.invalidateSize()).observe(box);
  }

  if (window.L) leaflet();
  else drawing();
})();

/* The map of the live board: one SVG mark an office, drawn once and patched; it is moved and zoomed here. Metres in Web Mercator, y to the north. */
(function () {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const SHAPES = { // around 0 0, px
    within: "M-7.5 0A7.5 7.5 0 1 0 7.5 0A7.5 7.5 0 1 0 -7.5 0Z",
    over: "M0 -9.5L10 8H-10Z",
    far: "M0 -12L12.5 10H-12.5Z",
    blind: "M-4.5 -7.5L0 -3L4.5 -7.5L7.5 -4.5L3 0L7.5 4.5L4.5 7.5L0 3L-4.5 7.5L-7.5 4.5L-3 0L-7.5 -4.5Z",
    stale: "M-6.5 -7.5H6.5L-6.5 7.5H6.5Z",
    too_few: "M0 -8L8 0L0 8L-8 0Z",
    closed: "M-6 -6H6V6H-6Z",
    unknown: "M-4.5 -1.2H4.5V1.2H-4.5Z",
  };
  const BACK_TO_FRONT = ["unknown", "closed", "too_few", "stale", "within", "blind", "over", "far"];
  const CLOSEST = 40; // times the whole
  const motcua = window.motcua;

  let box = null; // where the map of this page stands
  let svg, ground, layers, labels, tip;
  let pins = new Map(); // office -> { el, row }
  let said = {};
  let extent = null;
  let wide = 0, high = 0; // of the place, px
  let view = null; // { x, y: metres in the middle, k: px a metre }
  let whole = true;
  let over = null;

  function node(tag, attributes, ...children) {
    const el = document.createElementNS(SVG, tag);
    for (const name in attributes) el.setAttribute(name, attributes[name]);
    el.append(...children);
    return el;
  }

  function begin(place) {
    box = place;
    pins = new Map();
    said = {};
    view = null;
    whole = true;
    ground = node("g", { class: "ground" });
    layers = Object.fromEntries(BACK_TO_FRONT.map((name) => [name, node("g")]));
    labels = node("g", { class: "names" });
    svg = node("svg", { role: "img", "aria-label": place.dataset.label }, ground, ...BACK_TO_FRONT.map((n) => layers[n]), labels);
    tip = document.createElement("div");
    tip.className = "tip";
    tip.hidden = true;
    place.replaceChildren(svg, tip);
    listen();
    new ResizeObserver(function () {
      if (place === box && extent) settle();
    }).observe(place);
  }

  function draw(place, map, rows) {
    if (place !== box) begin(place);
    const key = JSON.stringify([map.extent, map.places, map.tiles]);
    if (said.ground !== key) {
      said.ground = key;
      extent = map.extent;
      soil(map);
      settle();
    }
    const here = new Set();
    for (const row of rows) {
      if (row.x === null) continue;
      here.add(row.id);
      pin(row);
    }
    for (const [id, own] of pins) if (!here.has(id)) own.el.remove(), pins.delete(id);
    const names = JSON.stringify(map.names);
    if (said.names !== names) {
      said.names = names;
      labels.replaceChildren(...map.names.map(label));
        if (view) put(labels.children);
    }
    if (over && pins.has(over)) tell(pins.get(over).row);
  }

  function soil(map) {
    const credit = box.querySelector(".credit");
    if (credit) credit.remove();
    if (map.credit) box.append(Object.assign(document.createElement("span"), { className: "credit", textContent: map.credit }));
    const pictures = map.tiles.map((t) => node("image", { href: t.src, x: t.x, y: -t.y, width: t.size, height: t.size }));
    const land = node("g", { class: map.tiles.length ? "land tint" : "land" });
    land.append(...map.places.map(([x, y]) => node("circle", { cx: x, cy: -y, r: map.radius_m })));
    ground.replaceChildren(...pictures, land);
  }

  function pin(row) {
    let own = pins.get(row.id);
    if (!own) {
      const shape = node("path", {}), letter = node("text", { dy: ".35em" });
      own = { el: node("g", {}, node("circle", { r: 11, class: "touch" }), shape, letter), shape, letter, row: {} };
      own.el.dataset.office = row.id;
      pins.set(row.id, own);
    }
    const old = own.row;
    if (old === row) return;
    if (old.mark !== row.mark || old.hollow !== row.hollow) {
      own.el.setAttribute("class", `pin pin-${row.mark}${row.hollow ? " hollow" : ""}`);
      own.shape.setAttribute("d", SHAPES[row.mark]);
      if (own.el.parentNode !== layers[row.mark]) layers[row.mark].append(own.el);
    }
    if (old.letter !== row.letter) own.letter.textContent = row.letter;
    if (old.x !== row.x || old.y !== row.y) {
      own.el.x_m = row.x;
      own.el.y_m = row.y;
      if (view) put([own.el]);
    }
    own.row = row;
  }

  function label(given) {
    const left = given.side === "left";
    const name = node("tspan", { class: "strong" });
    name.textContent = given.name;
    const el = node("text", { "text-anchor": left ? "end" : "start", dx: left ? -14 : 14, dy: ".35em" }, name, ` · ${given.wait}`);
    el.x_m = given.x;
    el.y_m = given.y;
    return el;
  }

  // ---- moving

  function scaleOfWhole() {
    const [west, south, east, north] = extent;
    return Math.min(wide / (east - west), high / (north - south));
  }
  /* After the map or its place has another size. */
  function settle() {
    [wide, high] = [box.clientWidth, box.clientHeight];
    if (!wide || !high) return;
    svg.setAttribute("width", wide);
    svg.setAttribute("height", high);
    if (whole || !view) view = { x: (extent[0] + extent[2]) / 2, y: (extent[1] + extent[3]) / 2, k: scaleOfWhole() };
    move();
  }
  function onto(x, y) {
    return [wide / 2 + (x - view.x) * view.k, high / 2 - (y - view.y) * view.k];
  }
  function put(elements) {
    for (const el of elements) {
      const [x, y] = onto(el.x_m, el.y_m);
      el.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    }
  }
  function move() {
    const [x, y] = onto(0, 0);
    ground.setAttribute("transform", `translate(${x} ${y}) scale(${view.k})`);
    for (const own of pins.values()) put([own.el]);
    put(labels.children);
    tip.hidden = true;
  }
  function keep() {
    const [west, south, east, north] = extent;
    view.x = Math.min(east, Math.max(west, view.x));
    view.y = Math.min(north, Math.max(south, view.y));
  }
  function shift(dx, dy) {
    view = { x: view.x - dx / view.k, y: view.y + dy / view.k, k: view.k };
    whole = false;
    keep();
    move();
  }
  /* Zooms so that what lies at px, py of the box stays there. */
  function zoomAt(times, px, py) {
    const least = scaleOfWhole();
    const k = Math.min(CLOSEST * least, Math.max(least, view.k * times));
    const dx = px - wide / 2, dy = high / 2 - py;
    view = { x: view.x + dx / view.k - dx / k, y: view.y + dy / view.k - dy / k, k };
    whole = k === least;
    if (whole) view.x = (extent[0] + extent[2]) / 2, view.y = (extent[1] + extent[3]) / 2;
    keep();
    move();
  }
  function zoom(way) {
    if (!view) return;
    if (way === "all") return (whole = true), settle();
    zoomAt(way === "in" ? 1.6 : 1 / 1.6, wide / 2, high / 2);
  }

  // ---- hands

  function place(event) {
    const at = box.getBoundingClientRect();
    return [event.clientX - at.left, event.clientY - at.top];
  }
  function officeAt(event) {
    const found = event.target.closest ? event.target.closest(".pin") : null;
    return found ? found.dataset.office : null;
  }
  function tell(row) {
    const line = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
    const [x, y] = onto(row.x, row.y);
    tip.replaceChildren(line("strong", row.title), ...row.tip.map((text) => line("span", text)));
    tip.hidden = false;
    tip.style.left = `${Math.max(4, Math.min(x + 12, wide - tip.offsetWidth - 4))}px`;
    tip.style.top = `${Math.max(4, y > high / 2 ? y - tip.offsetHeight - 12 : y + 14)}px`;
  }

  function listen() {
    const fingers = new Map();
    let from = null; // where a press began, and whether it has moved
    svg.addEventListener("pointerdown", function (event) {
      fingers.set(event.pointerId, event);
      from = { x: event.clientX, y: event.clientY, office: officeAt(event), moved: false };
    });
    svg.addEventListener("pointermove", function (event) {
      const before = fingers.get(event.pointerId);
      if (before && fingers.size === 2) pinch(event, before);
      else if (before && event.pointerType !== "touch") drag(event, before);
      else if (!before) hover(officeAt(event));
      if (before) fingers.set(event.pointerId, event);
    });
    const end = function (event) {
      const clicked = event.type === "pointerup" && from && !from.moved && fingers.size === 1 && from.office;
      fingers.delete(event.pointerId);
      if (clicked) motcua.go(`/office/${encodeURIComponent(from.office)}`);
      from = null;
    };
    svg.addEventListener("pointerup", end);
    svg.addEventListener("pointercancel", end);
    svg.addEventListener("pointerleave", function (event) {
      if (!fingers.has(event.pointerId)) hover(null);
    });
    svg.addEventListener("dblclick", () => zoom("all"));
    svg.addEventListener("wheel", function (event) {
      event.preventDefault();
      zoomAt(Math.exp(-event.deltaY * 0.002), ...place(event));
    }, { passive: false });

    function drag(event, before) {
      if (from && !from.moved && Math.hypot(event.clientX - from.x, event.clientY - from.y) < 5) return;
      if (from && !from.moved) svg.setPointerCapture(event.pointerId);
      if (from) from.moved = true;
      shift(event.clientX - before.clientX, event.clientY - before.clientY);
    }
    function pinch(event, before) {
      const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, e]) => e);
      const apart = (e) => Math.hypot(e.clientX - other.clientX, e.clientY - other.clientY);
      const at = box.getBoundingClientRect();
      if (from) from.moved = true;
      zoomAt(apart(event) / Math.max(1, apart(before)), (event.clientX + other.clientX) / 2 - at.left, (event.clientY + other.clientY) / 2 - at.top);
    }
    function hover(office) {
      if (over === office) return;
      over = office;
      if (office && pins.has(office)) tell(pins.get(office).row);
      else tip.hidden = true;
    }
  }

  /* The office that the list points at stands out on the map. */
  function point(office) {
    for (const el of box ? box.querySelectorAll(".pin.pointed") : []) el.classList.remove("pointed");
    const own = office && pins.get(office);
    if (own) own.el.classList.add("pointed");
  }
  for (const kind of ["focusin", "mouseover"]) {
    document.addEventListener(kind, function (event) {
      const row = event.target.closest ? event.target.closest("[data-office]:not(.pin)") : null;
      if (box && box.isConnected) point(row ? row.dataset.office : null);
    });
  }

  motcua.map = { draw, zoom };
})();

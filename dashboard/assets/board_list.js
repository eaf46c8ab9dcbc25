/* The list of the live board: one element an office, as a row of the table or as a panel; kept, patched and put in order.
   Of a long list only what is in sight is written at every update; the rest follows in turns, and at once when somebody scrolls there. */
(function () {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const ARROWS = { rising: "↗", falling: "↘", steady: "→" };
  const FIRST = 150; // as many are shown until somebody wants to see all
  const LONG = 60; // more rows than this are a long list
  const SLICE = 12; // rows out of sight that are written at an update
  const ALL_EVERY = 30; // updates between two orders of everything
  const MARGIN_PX = 200;
  const motcua = window.motcua;
  const { make, link, sign, byId } = motcua.dom;

  let root = null;
  let view = "table";
  let parts = new Map(); // office -> { el, nodes, shown }
  let rows = []; // as last told, in order
  let told = new Map(); // office -> row
  let turn = 0;
  let next = 0; // where the turns have come to
  let sight = [0, Infinity]; // positions that somebody can see
  let everyone = false; // whether all are shown, however many

  function begin(board, wished) {
    root = board;
    view = wished;
    parts = new Map();
    rows = [];
    told = new Map();
    sight = [0, Infinity];
    everyone = false;
    byId("board-rows").replaceChildren();
    byId("board-panels").replaceChildren();
  }

  function curve() {
    const svg = document.createElementNS(SVG, "svg");
    const [width, height] = root.dataset.box.split(" ").map(Number);
    svg.setAttribute("viewBox", `0 -1 ${width} ${height + 2}`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("class", "spark");
    svg.setAttribute("role", "img");
    const target = document.createElementNS(SVG, "path");
    target.setAttribute("class", "goal");
    target.setAttribute("d", `M0 ${root.dataset.targetY}H${width}`);
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("class", "line");
    svg.append(target, line);
    return { svg, line };
  }

  function build() {
    const spark = curve();
    const nodes = { spark, name: link(""), sign: sign("unknown"), wait: make("strong"), between: make("span", "interval"), course: make("span", "course"),
      waiting: make("span"), counters: make("span"), state: make("span"), tag: make("span", "tag"), age: make("time", "age") };
    nodes.course.setAttribute("aria-hidden", "true");
    nodes.age.append("");
    return view === "table" ? line(nodes) : panel(nodes);
  }

  function line(nodes) {
    const names = byId("board-rows").dataset;
    const cell = function (name, ...children) {
      const td = make("td", name, ...children);
      td.setAttribute("role", "cell");
      td.dataset.name = names[name];
      return td;
    };
    const th = make("th", "office", nodes.sign, nodes.name);
    th.scope = "row";
    th.setAttribute("role", "rowheader");
    const el = make("tr", "", th, cell("trend", nodes.spark.svg, nodes.course), cell("wait", nodes.wait, nodes.between), cell("waiting", nodes.waiting),
      cell("counters", nodes.counters), cell("age", nodes.age), cell("state", nodes.state), cell("provenance", nodes.tag));
    el.setAttribute("role", "row");
    return { el, nodes, shown: {} };
  }

  function panel(nodes) {
    const names = byId("board-rows").dataset;
    const fact = (name) => make("span", "fact", make("span", "soft", `${names[name]} `), nodes[name]);
    const el = make("li", "panel", make("h2", "", nodes.sign, nodes.name), make("p", "now", nodes.wait, nodes.between, nodes.state),
      make("div", "hour", nodes.spark.svg, nodes.course), make("p", "facts", fact("waiting"), fact("counters")), make("p", "facts", nodes.age, nodes.tag));
    return { el, nodes, shown: {} };
  }

  function patch(part, row) {
    const { el, nodes, shown } = part;
    if (shown === row) return;
    const text = (key) => shown[key] === row[key] || (nodes[key].textContent = row[key]);
    for (const key of ["wait", "between", "waiting", "counters", "state", "tag"]) text(key);
    if (shown.title !== row.title) nodes.name.textContent = row.title;
    if (shown.href !== row.href) nodes.name.href = row.href;
    if (shown.mark !== row.mark || shown.hollow !== row.hollow || shown.known !== row.known) {
      nodes.sign.className = `mark mark-${row.mark}${row.hollow ? " hollow" : ""}`;
      nodes.wait.className = row.known ? "" : "none";
      el.className = `${el.tagName === "LI" ? "panel " : ""}is-${row.mark}${row.mark === "unknown" ? " silent" : ""}`;
    }
    if (shown.real !== row.real) nodes.tag.className = row.real ? "tag" : "tag not-real";
    if (shown.line !== row.line) {
      nodes.spark.line.setAttribute("d", row.line);
      nodes.spark.svg.classList.toggle("nothing", !row.line);
    }
    if (shown.course !== row.course) {
      nodes.course.textContent = ARROWS[row.course] || "";
      nodes.course.dataset.course = row.course;
    }
    if (shown.trend !== row.trend) nodes.spark.svg.setAttribute("aria-label", row.trend), (nodes.spark.svg.parentNode.title = row.trend);
    if (shown.id !== row.id) el.dataset.office = row.id;
    if (shown.as_of !== row.as_of || shown.age !== row.age) {
      nodes.age.hidden = row.age === null;
      nodes.age.dateTime = row.as_of;
      nodes.age.title = row.moment;
      if (row.age === null) delete nodes.age.dataset.age;
      else nodes.age.dataset.age = row.age;
      nodes.age.firstChild.nodeValue = row.told;
    }
    part.shown = row;
  }

  function draw(found, wanted) {
    const box = byId(view === "table" ? "board-rows" : "board-panels");
    if (box.dataset.nothing) box.replaceChildren();
    delete box.dataset.nothing;
    look(box); // before anything is written: a measure after it would lay out the page once more
    rows = everyone ? found.rows : found.rows.slice(0, FIRST);
    told = new Map(found.rows.map((row) => [row.id, row]));
    const more = byId("board-more");
    more.hidden = rows.length === found.rows.length;
    if (!more.hidden && more.textContent !== found.all) more.textContent = found.all;
    const held = !wanted && box.childElementCount > 0 && (box.contains(document.activeElement) || box.matches(":hover"));
    byId("board-held").hidden = !held;
    tidy(held);
    const fresh = rows.filter((row) => !parts.has(row.id) || parts.get(row.id).el.parentNode !== box);
    for (const row of fresh) {
      if (!parts.has(row.id)) parts.set(row.id, build());
      renew(row);
    }
    box.append(...fresh.map((row) => parts.get(row.id).el));
    const long = rows.length > LONG;
    if (!held) place(box, !long || wanted || ++turn % ALL_EVERY === 0 ? rows.length : sight[1]);
    if (!long || wanted) renewAll(box.children);
    else {
      renewAll([...box.children].slice(...sight));
      for (let i = 0; i < SLICE; i++) renewAll([box.children[next++ % box.childElementCount]]);
    }
    nothing(box, found.nothing);
  }

  /* Takes away who is not told of any more, and, unless the order is held, who is not among the first. */
  function tidy(held) {
    const shown = new Set(rows.map((row) => row.id));
    for (const [id, part] of parts) {
      if (!told.has(id)) part.el.remove(), parts.delete(id);
      else if (!held && !shown.has(id)) part.el.remove();
    }
  }

  function renew(row) {
    patch(parts.get(row.id), row);
  }
  function renewAll(elements) {
    for (const el of elements) renew(told.get(el.dataset.office));
  }

  /* Which positions are in sight, taking all for equally high. */
  function look(box) {
    const { top, height } = box.getBoundingClientRect();
    const each = height / Math.max(1, rows.length);
    if (rows.length <= LONG || !each) return (sight = [0, Infinity]);
    sight = [Math.floor((-top - MARGIN_PX) / each), Math.ceil((innerHeight - top + MARGIN_PX) / each)].map((at) => Math.min(rows.length, Math.max(0, at)));
  }

  /* Makes the first `n` elements those of the first `n` rows, moving only what stands elsewhere. */
  function place(box, n) {
    let here = box.firstElementChild;
    for (const row of rows.slice(0, n)) {
      const { el } = parts.get(row.id);
      if (el === here) here = here.nextElementSibling;
      else box.insertBefore(el, here);
    }
  }

  function nothing(box, text) {
    if (!text) return;
    const cell = make(view === "table" ? "td" : "p", "none", text);
    const only = make(view === "table" ? "tr" : "li", "nothing", cell);
    if (view === "table") only.setAttribute("role", "row"), cell.setAttribute("role", "cell");
    box.replaceChildren(only);
    box.dataset.nothing = "1";
  }

  /* The ages that somebody can see: those that are worth counting on. */
  function ages() {
    const box = byId(view === "table" ? "board-rows" : "board-panels");
    const seen = rows.length > LONG ? [...box.children].slice(...sight) : [...box.children];
    return seen.flatMap((el) => (parts.has(el.dataset.office) ? [parts.get(el.dataset.office).nodes.age] : []));
  }

  let planned = false;
  function scrolled() {
    if (planned || rows.length <= LONG || !root.isConnected) return;
    planned = true;
    requestAnimationFrame(function () {
      planned = false;
      if (!root.isConnected) return;
      const box = byId(view === "table" ? "board-rows" : "board-panels");
      look(box);
      if (byId("board-held").hidden) place(box, sight[1]);
      renewAll([...box.children].slice(...sight));
    });
  }
  document.addEventListener("scroll", scrolled, { passive: true });
  addEventListener("resize", scrolled);

  motcua.list = { begin, draw, ages, all: () => (everyone = true) };
})();

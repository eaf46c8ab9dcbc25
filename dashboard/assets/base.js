/* What our scripts share; it loads first. */
(function () {
  "use strict";

  function make(tag, className, ...children) {
    const el = document.createElement(tag);
    if (className) el.className = className;
    el.append(...children);
    return el;
  }
  function link(href, ...children) {
    const el = make("a", "", ...children);
    el.href = href;
    return el;
  }
  function sign(mark, hollow) {
    const el = make("span", `mark mark-${mark}${hollow ? " hollow" : ""}`);
    el.setAttribute("aria-hidden", "true");
    return el;
  }

  window.motcua = { dom: { make, link, sign, byId: (id) => document.getElementById(id) } };
})();

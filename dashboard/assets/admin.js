// A native select for each choice of the administration: Dash has none, and what it has instead is not usable by screen readers.
// The select stands before Dash's own input and writes into it, so that callbacks see its value.
(() => {
  "use strict";
  const write = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;

  function choose(label) {
    label.dataset.done = "1";
    const input = label.querySelector("input");
    const box = input.closest(".dash-input-container") || input;
    const select = document.createElement("select");
    for (const [value, text] of JSON.parse(label.dataset.options)) select.add(new Option(text, value));
    if (![...select.options].some((o) => o.value === input.value)) select.add(new Option("", input.value), 0);
    select.value = input.value;
    select.addEventListener("change", () => {
      write.call(input, select.value);
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
    box.hidden = true;
    box.before(select);
  }

  function look() {
    for (const label of document.querySelectorAll("label[data-options]:not([data-done])")) if (label.querySelector("input")) choose(label);
  }

  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });
})();

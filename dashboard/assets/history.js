/* What the page of history does by itself: hide the days to compare with until they are wanted, and save a chart as a picture. */
(function () {
  "use strict";

  const SCALE = 2;

  // Dash's drop-downs hold a hidden field that the keyboard could reach: nothing would be said there.
  new MutationObserver(function () {
    for (const field of document.querySelectorAll('.dash-dropdown-focus-target[tabindex="0"]')) field.tabIndex = -1;
  }).observe(document.body, { childList: true, subtree: true });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.motcua_history = {
    free: function (vs) {
      return vs === "free" ? "pair" : "pair empty";
    },
    png: function (clicks) {
      const no = window.dash_clientside.no_update;
      if (!clicks) return no;
      const name = window.dash_clientside.callback_context.triggered_id.png;
      const chart = document.querySelector(`#${name} .js-plotly-plot`);
      if (!chart) return no;
      const day = new Date().toISOString().slice(0, 10);
      window.Plotly.downloadImage(chart, {
        format: "png",
        width: Math.max(900, chart.clientWidth),
        height: chart.clientHeight,
        scale: SCALE,
        filename: `motcua-${name}-${day}`,
      });
      return no;
    },
  };
})();

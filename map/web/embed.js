// <script async src="https://…/embed.js" data-lang="vi" data-height="720"></script> puts the offices where it stands.
"use strict";
(() => {
  const script = document.currentScript;
  const { lang, procedure, height } = script.dataset;
  const address = new URL("embed", script.src);
  if (lang === "en") address.searchParams.set("lang", lang);
  if (procedure) address.searchParams.set("procedure", procedure);
  const frame = Object.assign(document.createElement("iframe"), {
    src: address.href, title: lang === "en" ? "One-stop offices and waits" : "Bộ phận Một cửa và thời gian chờ",
    loading: "lazy", allow: "geolocation", referrerPolicy: "strict-origin-when-cross-origin",
  });
  frame.style.cssText = "display:block;width:100%;border:0";
  frame.style.height = `${Math.min(2000, Math.max(320, Number(height) || 720))}px`;
  script.after(frame);
})();

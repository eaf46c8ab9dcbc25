/* Lets the kiosk's page open without a connection: the network first, the last copy else. Answers never pass through here. */
"use strict";
const FILES = ["/kiosk", "/rate-assets/rate.css", "/rate-assets/kiosk.js"];
self.addEventListener("install", (event) => event.waitUntil(caches.open("kiosk").then((c) => c.addAll(FILES)).then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const path = new URL(event.request.url).pathname;
  if (event.request.method !== "GET" || !FILES.includes(path)) return;
  event.respondWith(
    fetch(event.request).then((fresh) => {
      const copy = fresh.clone();
      if (fresh.ok) caches.open("kiosk").then((c) => c.put(path, copy));
      return fresh;
    }).catch(() => caches.match(path))
  );
});

// Keeps the last page and the last figures for when there is no connection. Nothing that was typed is kept.
"use strict";
const KEPT = "motcua-1";
const HOME = new URL("./", self.location).href;
const MOST_PAGES = 40;

async function warm() {
  const cache = await caches.open(KEPT);
  const page = await fetch(HOME, { cache: "no-cache" });
  if (!page.ok) return;
  await cache.put(HOME, page.clone());
  const files = [...(await page.text()).matchAll(/(?:href|src)="([^"]*\/map-assets\/[^"]+)"/g)].map(([, at]) => new URL(at, HOME).href);
  await cache.addAll([...new Set(files)]);
}

async function keep(request, reply) {
  const { status, headers } = reply;
  const whole = new Response(await reply.blob(), { status, headers }); // a reply that breaks off must not replace the last one
  const cache = await caches.open(KEPT);
  await cache.put(request, whole);
  const keys = await cache.keys();
  for (const old of keys.filter(({ url }) => url !== HOME && !url.includes("/map-assets/")).slice(0, -MOST_PAGES)) await cache.delete(old);
}

function marked(reply) {
  const headers = new Headers(reply.headers);
  headers.set("X-Motcua-Stored", "1");
  return new Response(reply.body, { status: reply.status, headers });
}

async function newest(request, worthKeeping) {
  try {
    const reply = await fetch(request);
    if (reply.ok && worthKeeping) await keep(request, reply.clone());
    return reply;
  } catch (error) {
    const stored = (await caches.match(request)) || (request.mode === "navigate" && (await caches.match(HOME)));
    if (!stored) throw error;
    return marked(stored);
  }
}

async function file(request) {
  const stored = await caches.match(request);
  if (stored) return stored;
  const reply = await fetch(request);
  if (reply.ok) await keep(request, reply.clone());
  return reply;
}

self.addEventListener("install", (event) => event.waitUntil(warm().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith("motcua-") && name !== KEPT) await caches.delete(name);
  await self.clients.claim();
})()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.includes("/map-assets/")) event.respondWith(file(request));
  else if (request.mode === "navigate") event.respondWith(newest(request, !url.searchParams.has("q")));
  else if (url.pathname.includes("/api/v1/public/offices")) event.respondWith(newest(request, true));
});

/* Keeps the folder for a visit without a network. Nothing but the folder's own files is ever asked for. */
self.addEventListener("install", event =>
  event.waitUntil(caches.open(CACHE).then(cache => cache.addAll(FILES)).then(() => self.skipWaiting())));

self.addEventListener("activate", event =>
  event.waitUntil(caches.keys()
    .then(names => Promise.all(names.filter(name => name.startsWith("explorer-") && name !== CACHE)
      .map(name => caches.delete(name))))
    .then(() => self.clients.claim())));

self.addEventListener("fetch", event => {
  if (event.request.method !== "GET" || new URL(event.request.url).origin !== location.origin) return;
  event.respondWith(caches.match(event.request, { ignoreSearch: true }).then(kept => kept ?? fetch(event.request)));
});

/**
 * Every request that htmx sends carries the CSRF token and, when it reads, no empty parameters, so that an
 * address says only what it must; an answer that asks to sign in again leads there.
 */

document.addEventListener("htmx:config:request", (event) => {
  const { request } = event.detail.ctx;
  const token = document.querySelector("meta[name=csrf-token]")?.content;
  if (token) request.headers["X-CSRF-Token"] = token;
  if (request.method !== "GET" || !request.body) return;
  for (const [name, value] of [...request.body]) if (value === "") request.body.delete(name);
});

document.addEventListener("htmx:before:swap", (event) => {
  if (event.detail.ctx?.response?.status !== 401) return;
  event.preventDefault();
  location.reload();
});

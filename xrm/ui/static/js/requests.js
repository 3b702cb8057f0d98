/**
 * Every request that htmx sends carries the CSRF token; an answer that asks to sign in again leads there.
 */

document.addEventListener("htmx:config:request", (event) => {
  const token = document.querySelector("meta[name=csrf-token]")?.content;
  if (token) event.detail.ctx.request.headers["X-CSRF-Token"] = token;
});

document.addEventListener("htmx:before:swap", (event) => {
  if (event.detail.ctx?.response?.status !== 401) return;
  event.preventDefault();
  location.reload();
});

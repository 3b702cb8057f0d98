/**
 * What assistive technology needs from a page whose parts are replaced: the focus stays on the element with the
 * same id, and busy regions say so. What happened is told by `say` of write.js in the page's one live region.
 */

let focused = "";

document.addEventListener("htmx:before:swap", () => {
  focused = document.activeElement?.id ?? "";
});

document.addEventListener("htmx:after:swap", () => {
  const now = focused && document.getElementById(focused);
  if (now && now !== document.activeElement) now.focus({ preventScroll: true });
});

let waiting = 0;

function busy(change) {
  waiting = Math.max(0, waiting + change);
  document.body.classList.toggle("busy", waiting > 0);
}

document.addEventListener("htmx:before:request", (event) => {
  busy(1);
  event.detail.ctx?.target?.setAttribute?.("aria-busy", "true");
});

document.addEventListener("htmx:finally:request", (event) => {
  busy(-1);
  event.detail.ctx?.target?.removeAttribute?.("aria-busy");
});

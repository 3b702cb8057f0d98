/**
 * Small forms of a list in a dialog over it: links marked `data-sheet`, and those that lead to the forms of views.
 * Without scripts, and with a modifier key, they lead to the same form on a page of its own.
 */

import { refusal, request, say } from "../write.js";

const sheet = document.getElementById("sheet");
const VIEW_FORM = /^\/r\/[a-z0-9_]+\/views\/[^/]+\/(edit|delete)$/;
let home = null;

const leadsHere = (link) => link && (link.hasAttribute("data-sheet") || VIEW_FORM.test(link.pathname));

async function fill(answer, focus) {
  if (answer && !answer.ok && answer.status !== 422) return say(await refusal(answer), { alarm: true });
  if (!answer) return null;
  if (answer.redirected) return location.assign(answer.url);
  sheet.innerHTML = await answer.text();
  window.htmx?.process(sheet);
  if (!sheet.open) sheet.showModal();
  const wanted = sheet.querySelector("[aria-invalid=true]") ?? (focus && document.getElementById(focus));
  (wanted ?? sheet.querySelector("[autofocus], input:not([type=hidden], [disabled]), select, button.danger") ?? sheet).focus();
  return null;
}

if (sheet) {
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[href]");
    if (!leadsHere(link) || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (!sheet.contains(link)) home = link.closest("details")?.querySelector("summary") ?? link;
    link.closest("details.adder")?.removeAttribute("open");
    fill(await request(link.href, { target: "sheet" }));
  });
  sheet.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    event.preventDefault();
    form.setAttribute("aria-busy", "true");
    await fill(await request(form.action, { body: new FormData(form, event.submitter), target: "sheet" }));
    form.removeAttribute("aria-busy");
  });
  sheet.addEventListener("click", (event) => {
    if (event.target === sheet || event.target.closest("[data-cancel]")) sheet.close();
  });
  sheet.addEventListener("close", () => home?.focus?.());
}

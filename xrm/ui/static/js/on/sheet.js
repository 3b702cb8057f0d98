/**
 * Small forms of a list in a dialog over it: links marked `data-sheet`, and those that lead to the forms of views.
 * Without scripts, and with a modifier key, they lead to the same form on a page of its own.
 *
 * A control marked `data-again` asks for the form anew with what it holds. An answer that leads elsewhere is followed.
 */

import "./choose.js";
import { refusal, request, say } from "../write.js";

const sheet = document.getElementById("sheet");
const VIEW_FORM = /^\/r\/[a-z0-9_]+\/views\/[^/]+\/(edit|delete)$/;
const FIRST = "[autofocus], input:not([type=hidden], [disabled]), textarea, select, .alternatives a, button.danger";
let home = null;

const leadsHere = (link) => link && (link.hasAttribute("data-sheet") || VIEW_FORM.test(link.pathname));

async function fill(answer, focus) {
  if (answer && !answer.ok && answer.status !== 422) return say(await refusal(answer), { alarm: true });
  if (!answer) return null;
  if (answer.redirected) return location.assign(answer.url);
  sheet.innerHTML = await answer.text();
  sheet.setAttribute("aria-labelledby", "sheet-title");
  if (!sheet.open) sheet.showModal();
  const wanted = sheet.querySelector("[aria-invalid=true]") ?? (focus && document.getElementById(focus));
  (wanted ?? sheet.querySelector(FIRST) ?? sheet).focus();
  return null;
}

function asked(form, submitter) {
  const data = new FormData(form, submitter);
  if (form.method === "post") return request(form.action, { body: data, target: "sheet" });
  const said = new URLSearchParams([...data].filter(([, value]) => value !== ""));
  return request(`${form.action}?${said}`, { target: "sheet" });
}

async function send(form, { submitter, focus } = {}) {
  form.setAttribute("aria-busy", "true");
  await fill(await asked(form, submitter), focus);
  form.removeAttribute("aria-busy");
}

/** What is taken along is the list as it is now, and not as it was when the page came. */
document.addEventListener("submit", ({ target }) => {
  const there = new URL(target.getAttribute("action") ?? "", location.href);
  if (there.pathname === `${location.pathname}/export`) target.setAttribute("action", there.pathname + location.search);
}, true);

if (sheet) {
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[href]");
    if (event.target === sheet || event.target.closest("#sheet [data-cancel]")) {
      event.preventDefault();
      return sheet.close();
    }
    if (!leadsHere(link) || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return null;
    event.preventDefault();
    if (!sheet.contains(link)) home = link.closest("details")?.querySelector("summary") ?? link;
    link.closest("details.adder")?.removeAttribute("open");
    return fill(await request(link.href, { target: "sheet" }));
  });
  sheet.addEventListener("change", (event) => {
    if (event.target.matches("[data-again]")) send(event.target.form, { focus: event.target.id || undefined });
  });
  sheet.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.target, { submitter: event.submitter ?? undefined, focus: event.submitter?.id });
  });
  sheet.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches("#c-text")) return;
    event.preventDefault();
    event.target.form.requestSubmit(sheet.querySelector("#c-done"));
  });
  sheet.addEventListener("close", () => home?.focus?.());
}

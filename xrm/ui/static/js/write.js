/**
 * The one way in which pages write without being loaded anew: a request with the CSRF token, and what was done is
 * offered to be undone for eight seconds, and with Ctrl Z for as long as the page lives.
 */

import { bind } from "./keys.js";

const KEPT = 8000;
const undone = []; // what Ctrl Z takes back, the last first
const again = []; // what Ctrl Shift Z brings about again

const region = () => document.getElementById("status");

/** The answer of the server, null where none came; `target` names the part of the page that asks. */
export async function request(url, { body, target = "part" } = {}) {
  const headers = { "HX-Request": "true", "HX-Target": `div#${target}`, Accept: "text/html" };
  if (body) headers["X-CSRF-Token"] = document.querySelector("meta[name=csrf-token]")?.content ?? "";
  const answer = await fetch(url, { method: body ? "POST" : "GET", body, headers, credentials: "same-origin" }).catch(() => null);
  if (answer?.status === 401) location.reload();
  return answer;
}

/** A way to ask in which only the last question counts: the text that answers it, null for every earlier one. */
export function lastOnly() {
  let asked = 0;
  return async (url, options) => {
    const mine = (asked += 1);
    const answer = await request(url, options);
    const text = answer?.ok ? await answer.text() : null;
    return mine === asked ? text : null;
  };
}

/** The sentence with which the server refuses, or that says that none came; a whole page of its own is not one. */
export async function refusal(answer) {
  const isText = answer?.headers.get("Content-Type")?.startsWith("text/plain");
  return isText ? answer.text() : region().dataset[answer ? "failed" : "lost"];
}

/** Says what happened, with a button beside it while there is something to take back. */
export function say(text, { label, run, alarm = false } = {}) {
  const toast = document.createElement("p");
  toast.className = alarm ? "toast alarm" : "toast";
  toast.append(text);
  if (run) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: label });
    button.addEventListener("click", () => {
      toast.remove();
      run();
    });
    toast.append(button);
  }
  region().replaceChildren(toast);
  leave(toast);
}

/** A toast stays while it is looked at. */
function leave(toast) {
  setTimeout(() => (toast.matches(":hover, :focus-within") ? leave(toast) : toast.remove()), KEPT);
}

/** What an answer says it has done, to be undone by its token. */
export function done(answer) {
  const token = answer.headers.get("X-Undo");
  const said = decodeURIComponent(answer.headers.get("X-Said") ?? "");
  if (token) undone.push(token);
  if (said) say(said, token ? { label: region().dataset.undo, run: () => undo(token) } : {});
}

/** The act is taken back; every part of the page that shows what it touched hears of it. */
async function undo(token, { isRedo = false } = {}) {
  if (undone.includes(token)) undone.splice(undone.indexOf(token), 1);
  const answer = await request(`/undo/${encodeURIComponent(token)}`, { body: new FormData(), target: "undo" });
  if (!answer?.ok) return say(await refusal(answer), { alarm: true });
  const back = answer.headers.get("X-Undo");
  (isRedo ? undone : again).push(back);
  const { undone: said, redo, redone } = region().dataset;
  if (isRedo) say(redone, { label: region().dataset.undo, run: () => undo(back) });
  else say(said, { label: redo, run: () => undo(back, { isRedo: true }) });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  changed([...page.querySelectorAll("i[data-id]")].map(({ dataset }) => ({ ...dataset })));
}

/** Tells the page which records are not as it shows them. */
export function changed(records) {
  document.dispatchEvent(new CustomEvent("record:changed", { detail: { records } }));
}

/** What came with the page leaves after the same while; Ctrl Z still takes back what it tells of. */
const came = document.getElementById("said");
if (came) leave(came);
const offered = came?.querySelector("form");

function press() {
  if (!came.isConnected) Object.assign(region().appendChild(came), { hidden: true });
  offered.requestSubmit();
}

if (offered) bind(offered.elements.redo ? "Ctrl Shift Z" : "Ctrl Z", press);
bind("Ctrl Z", () => (undone.length ? void undo(undone.at(-1)) : false));
bind("Ctrl Shift Z", () => (again.length ? void undo(again.pop(), { isRedo: true }) : false));

const askLive = lastOnly();

/** The parts of a record's page that say they are live are fetched anew when the record has changed. */
document.addEventListener("record:changed", async () => {
  if (!document.querySelector("main [data-live]")) return;
  const text = await askLive(location.href, { target: "live" });
  if (text === null || document.querySelector(".editing")) return;
  const page = new DOMParser().parseFromString(text, "text/html");
  const focused = document.activeElement?.id;
  for (const part of document.querySelectorAll("main [data-live]")) {
    const fresh = page.getElementById(part.id);
    if (fresh) part.replaceWith(document.adoptNode(fresh));
  }
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
});

/**
 * What is typed in a form is kept in this browser until it is saved, for its person and its record, and offered when
 * the form is opened again. Secrets, sensitive values and files are never kept.
 *
 * A draft is restored by the server: it gets what was typed, as if it were sent, and shows it beside what has become
 * of the record since; nothing is saved by that.
 */

import { isDirty, settle, tell } from "./form.js";

const form = document.getElementById("form");
const name = form.dataset.draft;
const KEY = `xrm.draft:${form.elements._by?.value}:${name}`;
const [PAUSE, DAYS, MOST] = [400, 14, 500_000];
const FRAME = new Set(["csrf_token", "_by", "_at", "_draft", "version", "was", "then", "next"]);
const offer = document.getElementById("draft");
let offered = null; // the draft that waits for an answer
let timer = 0;
let isWhole = true; // everything that was typed is kept

const isPrivate = (element) => element.type === "password" || element.type === "file" || element.closest("[data-private]") !== null;

/** What the form holds, as it would be sent, without what is not for keeping. */
function held() {
  const closed = new Set([...form.elements].filter((e) => e.name && isPrivate(e)).map((e) => e.name));
  return [...new FormData(form)].filter(([n, v]) => typeof v === "string" && !FRAME.has(n) && !n.startsWith("keep.") && !closed.has(n));
}

const first = JSON.stringify(held());

function read() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY));
    return found && Date.now() - Date.parse(found.at) < DAYS * 86_400_000 ? found : null;
  } catch {
    return null;
  }
}

function put(draft) {
  try {
    if (draft) localStorage.setItem(KEY, JSON.stringify(draft));
    else localStorage.removeItem(KEY);
    return true;
  } catch {
    return false; // no room, or none that may be used
  }
}

/** What stands in the form is the draft now; of what was never changed there is none. */
function keep() {
  clearTimeout(timer);
  timer = 0;
  const pairs = held();
  const isSame = !form.dataset.typed && JSON.stringify(pairs) === first;
  const at = new Date().toISOString();
  const draft = { at, version: form.elements.version?.value, was: form.elements.was?.value, pairs, older: offered };
  const fits = isSame || JSON.stringify(pairs).length < MOST;
  const isKept = fits && put(isSame ? offered : draft);
  form.elements._at.value = isSame ? "" : at;
  settle({ isChanged: !isSame || !isWhole, isSafe: () => isKept && isWhole });
  tell(isSame && isWhole ? "" : isKept && isWhole ? form.dataset.kept : form.dataset.guard);
}

form.addEventListener("input", (event) => {
  if (isPrivate(event.target)) isWhole = false;
  clearTimeout(timer);
  timer = setTimeout(keep, PAUSE);
});
form.addEventListener("change", (event) => event.target.type === "file" && (isWhole = false), true);
form.addEventListener("submit", () => isDirty() && keep(), true);
addEventListener("pagehide", () => timer && keep());

// --- offering ---------------------------------------------------------------------------------------------

/** When the draft was written, as one says it: of today the time alone. */
function when(at) {
  const moment = new Date(at);
  const language = document.documentElement.lang;
  const locale = navigator.languages.find((l) => l.startsWith(language)) ?? language;
  const isToday = moment.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(locale, isToday ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" }).format(moment);
}

function show(draft) {
  offered = draft;
  offer.hidden = !draft;
  if (draft) offer.querySelector("span").textContent = offer.dataset.says.replace("{when}", when(draft.at));
}

/** The server shows the form as it was typed. */
function restore() {
  const again = Object.assign(document.createElement("form"), { method: "post", action: form.action, hidden: true });
  const frame = { csrf_token: form.elements.csrf_token.value, _by: form.elements._by.value, _at: offered.at, _draft: "1" };
  if (offered.was) Object.assign(frame, { version: offered.version, was: offered.was });
  for (const [n, value] of [...Object.entries(frame), ...offered.pairs]) {
    again.append(Object.assign(document.createElement("textarea"), { name: n, value }));
  }
  const other = read();
  put({ ...offered, older: other?.at === offered.at ? offered.older : { ...other, older: null } });
  settle({ isChanged: false });
  document.body.append(again);
  again.submit();
}

function discard() {
  const { older } = offered;
  const isNewer = isDirty() && read()?.at !== offered.at;
  if (!isNewer) put(older ?? null);
  show(older ?? null);
  if (isNewer) keep();
  if (offer.hidden) form.querySelector("input:not([type=hidden]), select, textarea")?.focus();
}

document.getElementById("draft-restore").addEventListener("click", restore);
document.getElementById("draft-discard").addEventListener("click", discard);

const found = read();
if (found) show(found.at === form.dataset.typed ? (found.older ?? null) : found);
else put(null);
if (form.dataset.typed) {
  settle({ isSafe: () => isWhole });
  tell(form.dataset.kept);
}

// --- leaving ----------------------------------------------------------------------------------------------

const leaving = document.getElementById("leaving");
let go = null;

/** Asks what becomes of the changes before the person goes on; Escape stays. */
function ask(event, isOver, on) {
  event.preventDefault();
  event.stopPropagation();
  keep();
  go = on;
  const mayWait = isWhole && !isOver;
  leaving.querySelector("[data-leave=keep]").hidden = !mayWait;
  document.getElementById("leaving-kept").hidden = !mayWait;
  leaving.showModal();
  leaving.querySelector("[data-leave=save]").focus();
}

function leave(how) {
  leaving.close();
  if (how === "save") return save();
  if (how === "discard") put(offered);
  settle({ isChanged: false });
  go.run();
}

/** Saves, and goes on to where the person wanted, if it is a place. */
function save() {
  if (go.href) {
    form.elements.next?.remove();
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "next", value: go.href }));
  }
  form.requestSubmit(document.getElementById("save"));
}

leaving.addEventListener("click", (event) => {
  const button = event.target.closest("[data-leave]");
  if (button) leave(button.dataset.leave);
  else if (event.target === leaving) leaving.close();
});

document.addEventListener(
  "click",
  (event) => {
    const link = event.target.closest?.("a[href]");
    const isOther = event.button || event.ctrlKey || event.metaKey || event.shiftKey || link?.target === "_blank";
    if (!link || isOther || !isDirty() || link.origin !== location.origin) return;
    if (link.getAttribute("href").startsWith("#")) return;
    ask(event, false, { href: link.pathname + link.search, run: () => location.assign(link.href) });
  },
  true,
);

document.addEventListener(
  "submit",
  (event) => {
    const isOut = event.target.matches("[action$='/logout']");
    if (isOut && isDirty()) ask(event, true, { run: () => event.target.requestSubmit() });
  },
  true,
);

/**
 * A form: Ctrl Enter saves, leaving with changes asks first, and it stays on its page while the server cannot be
 * reached. What is kept of it on the device is in draft.js.
 */

const form = document.getElementById("form");
const note = document.getElementById("form-note");
const lost = document.getElementById("form-lost");
const PATIENCE = 10_000;
let dirty = document.getElementById("summary") !== null || Boolean(form.dataset.typed);
let asked = "no";
let isKept = () => false;

/** Whether there is something that is not saved. */
export const isDirty = () => dirty;

/** `isSafe` says whether what was typed is kept elsewhere, so that the browser need not ask. */
export function settle({ isChanged = dirty, isSafe = isKept }) {
  dirty = isChanged;
  isKept = isSafe;
}

/** Says beside the buttons how it is with the form. */
export const tell = (text) => (note.textContent === text ? null : (note.textContent = text));

/** Whether the server answers: a page that a browser cannot send is replaced by the browser's own, with all it held. */
async function isReached() {
  try {
    const answer = await fetch("/health/live", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    return answer.status < 500;
  } catch {
    return false;
  }
}

form.addEventListener("input", () => {
  dirty = true;
  tell(form.dataset.guard);
});

form.addEventListener("submit", async (event) => {
  if (event.defaultPrevented) return;
  if (asked === "answered") {
    dirty = false;
    return;
  }
  event.preventDefault();
  if (asked === "asking") return;
  asked = "asking";
  lost.textContent = "";
  form.setAttribute("aria-busy", "true");
  asked = (await isReached()) ? "answered" : "no";
  if (asked === "answered") return form.requestSubmit(event.submitter);
  form.removeAttribute("aria-busy");
  lost.textContent = lost.dataset.says;
});

addEventListener("pageshow", () => {
  asked = "no";
  form.removeAttribute("aria-busy");
});

addEventListener("beforeunload", (event) => {
  if (dirty && !isKept()) event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  const isHere = event.target === document.body || form.contains(event.target);
  if (isHere && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit(document.getElementById(event.shiftKey ? "save-new" : "save") ?? undefined);
  }
});

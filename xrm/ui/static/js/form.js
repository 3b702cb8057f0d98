/**
 * Forms: the summary of errors takes the focus, Ctrl Enter saves, leaving with changes asks first, a form stays on
 * its page while the server cannot be reached, and a colour picker writes into its input.
 */

/** After signing in again there is nothing to decide: the form goes back to its page. */
document.getElementById("resume")?.requestSubmit();

const form = document.getElementById("form");
const PATIENCE = 10_000;

/** Whether the server answers: a page that a browser cannot send is replaced by the browser's own, with all it held. */
async function isReached() {
  try {
    const answer = await fetch("/health/live", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    return answer.status < 500;
  } catch {
    return false;
  }
}

document.querySelector("#summary, #clashes")?.focus();

if (form) {
  let dirty = document.getElementById("summary") !== null;
  const note = document.getElementById("form-note");

  form.addEventListener("input", () => {
    dirty = true;
    note.textContent = form.dataset.guard;
  });
  const lost = document.getElementById("form-lost");
  let asked = "no";
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
    if (dirty) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    const isHere = event.target === document.body || form.contains(event.target);
    if (isHere && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(document.getElementById(event.shiftKey ? "save-new" : "save") ?? undefined);
    }
  });
}

document.addEventListener("input", (event) => {
  const target = event.target.dataset?.writes && document.getElementById(event.target.dataset.writes);
  if (target) target.value = event.target.value;
});

/** A menu made of `<details>` closes with Escape and by a click elsewhere. */
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && document.querySelector("details.adder[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.adder[open]")) if (!open.contains(event.target)) open.open = false;
});

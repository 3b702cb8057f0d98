/**
 * What forms of any page need: the summary of errors takes the focus, a form that waited for its person goes back to
 * its page, a colour picker writes into its input, menus close, and drafts that have done their service are forgotten.
 */

/** After signing in again there is nothing to decide: the form goes back to its page. */
document.getElementById("resume")?.requestSubmit();

document.querySelector("#summary, #clashes")?.focus();

const status = document.getElementById("status");
const own = `xrm.draft:${status?.dataset.mark}:`;

/** Drafts of this person: of one form, or of all of them. */
function forget(name) {
  try {
    for (const key of Object.keys(localStorage)) if (key === own + name || (!name && key.startsWith(own))) localStorage.removeItem(key);
  } catch {
    // a browser that keeps nothing has nothing to forget
  }
}

if (status?.dataset.saved) forget(status.dataset.saved);
document.addEventListener("submit", (event) => event.target.matches("[action$='/logout']") && !event.defaultPrevented && forget());

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

/**
 * Forms: the summary of errors takes the focus, Ctrl Enter saves, leaving with changes asks first, and a colour
 * picker writes into its input.
 */

/** After signing in again there is nothing to decide: the form goes back to its page. */
document.getElementById("resume")?.requestSubmit();

const form = document.getElementById("form");

document.getElementById("summary")?.focus();

if (form) {
  let dirty = document.getElementById("summary") !== null;
  const note = document.getElementById("form-note");

  form.addEventListener("input", () => {
    dirty = true;
    note.textContent = form.dataset.guard;
  });
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    dirty = false;
    form.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => form.removeAttribute("aria-busy"));
  addEventListener("beforeunload", (event) => {
    if (dirty) event.preventDefault();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
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

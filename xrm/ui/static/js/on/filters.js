/**
 * The condition over a list is asked when it is done, with Enter or its button, never while one types. One that
 * cannot be used says why below its box, and the list stays.
 */

const box = document.getElementById("f-filter");
const said = document.getElementById("e-filter");

function say(text) {
  said.hidden = !text;
  said.querySelector("span").textContent = text;
  box.toggleAttribute("aria-invalid", Boolean(text));
}

if (box) {
  box.addEventListener("input", (event) => event.stopPropagation());
  box.addEventListener("change", (event) => event.stopPropagation());
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    box.form.requestSubmit();
  });
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    const list = new DOMParser().parseFromString(ctx.text ?? "", "text/html").getElementById("list");
    const refusal = box.value.trim() ? (list?.dataset.refused ?? "") : "";
    say(refusal);
    if (!refusal) return;
    box.closest("details").open = true;
    event.preventDefault();
  });
}

/* The first run: a pack brings those that it needs, the browser tells its time zone, and one press is enough. */
const form = document.getElementById("setup");
const boxes = [...form.querySelectorAll('input[name="packs"]')];
const needs = (box) => (box.dataset.needs ?? "").split(" ").filter(Boolean);

form.addEventListener("change", ({ target }) => {
  if (target.name !== "packs") return;
  const follow = (box) => {
    for (const other of boxes) {
      const must = target.checked ? needs(box).includes(other.value) : needs(other).includes(box.value);
      if (must && other.checked !== target.checked) {
        other.checked = target.checked;
        follow(other);
      }
    }
  };
  follow(target);
});

const zone = form.querySelector('[name="zone"]');
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (!document.getElementById("summary") && [...zone.options].some((one) => one.value === here)) zone.value = here;

form.addEventListener("submit", () => {
  const button = form.querySelector("button.primary");
  button.textContent = button.dataset.busy;
  button.setAttribute("aria-disabled", "true");
});

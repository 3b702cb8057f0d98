/**
 * The menu: a box that filters it, arrow keys that walk it, and groups that stay as one left them.
 *
 * A cookie holds the names of the groups that are not as they come, so that the next page has them in its first byte.
 */

const nav = document.getElementById("nav");
const box = document.getElementById("nav-find");
const groups = nav ? [...nav.querySelectorAll("details")] : [];
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
let was = null; // which groups were open before one began to filter

/** At once, for who has just folded a group may be on the way to another page: `turning` is about to open or fold. */
function remember(turning) {
  const other = groups.filter((group) => (group.open !== (group === turning)) === group.hasAttribute("data-folded"));
  document.cookie = `xrm_menu=${other.map((group) => group.dataset.group).join(".")}; path=/; max-age=31536000; samesite=lax`;
}

function filter() {
  const wanted = plain(box.value.trim());
  if (wanted && !was) was = groups.map((group) => group.open);
  for (const item of nav.querySelectorAll("li")) item.hidden = !plain(item.textContent).includes(wanted);
  groups.forEach((group, i) => {
    group.hidden = !group.querySelector("li:not([hidden])");
    group.open = wanted ? true : was ? was[i] : group.open;
  });
  if (!wanted) was = null;
  document.getElementById("nav-none").hidden = links().length > 0;
}

/** The links that can be seen now. */
function links() {
  return [...nav.querySelectorAll("li:not([hidden]) a")].filter((link) => link.checkVisibility());
}

function key(event) {
  const step = event.altKey ? 0 : { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.target === box && event.key === "Enter" && box.value.trim()) {
    const kept = "[data-group=favourites], [data-group=recent]"; // places of the menu come before what one keeps
    (links().find((link) => !link.closest(kept)) ?? links()[0])?.click();
  }
  else if (event.target === box && event.key === "Escape" && box.value) {
    event.stopPropagation();
    box.value = "";
    filter();
  } else if (step) {
    const all = [box, ...links()];
    const next = all[all.indexOf(document.activeElement) + step];
    if (!next || !all.includes(document.activeElement)) return;
    event.preventDefault();
    next.focus();
  }
}

if (nav) {
  box.addEventListener("input", filter);
  for (const place of [box, nav]) place.addEventListener("keydown", key);
  for (const group of groups) group.querySelector("summary").addEventListener("click", () => was ?? remember(group));
  nav.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

/**
 * The drawer on narrow screens: opens with the menu button, closes with Escape, the shade or a choice,
 * keeps the focus inside, and gives it back. Without scripts the same links use `:target`.
 */

const sidebar = document.getElementById("sidebar");
const menu = document.getElementById("menu");
const narrow = matchMedia("(max-width: 760px)");

function set(open) {
  sidebar.classList.toggle("open", open);
  menu.setAttribute("aria-expanded", String(open));
  document.querySelector(".stage").inert = open;
  if (open) sidebar.querySelector("a, button").focus();
  else menu.focus();
}

if (sidebar && menu) {
  menu.setAttribute("aria-expanded", "false");
  menu.addEventListener("click", (event) => {
    event.preventDefault();
    set(!sidebar.classList.contains("open"));
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === " ") menu.click();
  });
  document.querySelector(".scrim").addEventListener("click", (event) => {
    event.preventDefault();
    set(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && sidebar.classList.contains("open")) set(false);
  });
  narrow.addEventListener("change", () => {
    if (sidebar.classList.contains("open")) set(false);
  });
}

/** Ctrl or Cmd with K goes to the search; a single slash to the box of the page. */
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable=true]");
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    document.getElementById("jump")?.click();
  } else if (event.key === "/" && !typing) {
    const box = document.getElementById("q");
    if (box) event.preventDefault();
    box?.focus();
  }
});

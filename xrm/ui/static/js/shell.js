/**
 * The drawer on narrow screens: opens with the menu button, closes with Escape, the shade or a choice,
 * keeps the focus inside, and gives it back. Without scripts the same links use `:target`.
 */

import { isQuiet } from "./keys.js";

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

/** A single slash goes to the box of the page. */
document.addEventListener("keydown", (event) => {
  const box = document.getElementById("q");
  if (event.key !== "/" || !box || isQuiet() || event.target.closest?.("input, textarea, select, [contenteditable=true], dialog")) return;
  event.preventDefault();
  box.focus();
});

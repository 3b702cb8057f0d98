/**
 * Light and dark without a trip: the button sets the theme at once and lets the server remember it.
 * Without scripts the same form posts and the next page comes in the other theme.
 */

const root = document.documentElement;

/** The theme that is seen now, whatever was chosen. */
function seen() {
  const chosen = root.dataset.theme;
  if (chosen !== "system") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-form]");
  if (!form) return;
  event.preventDefault();
  const theme = seen() === "dark" ? "light" : "dark";
  const data = new FormData(form);
  data.set("theme", theme);
  root.dataset.theme = theme;
  fetch(form.action, { method: "POST", body: new URLSearchParams(data), credentials: "same-origin", redirect: "manual" });
});

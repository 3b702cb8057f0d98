/**
 * The registry of keys. A module says which key does what and where; one listener finds whose turn it is.
 * Single keys work only where nobody types; what was bound last is asked first, and may pass by answering false.
 */

const bound = [];
const TYPING = "input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable=true]";

/** Whether this person has switched off the keys that are a single character. */
export const isQuiet = () => document.documentElement.dataset.keys === "off";

/** Whether this element takes letters itself. A box keeps the focus for a moment when its dialog has been closed. */
export const isTyping = (element) => Boolean(element?.closest?.(TYPING)) && !element.closest("dialog:not([open])");

/** `key` as in "j", "Shift X", "Ctrl Z", "Escape"; `run(event)` answers false to let others have it. */
export function bind(key, run, { whileTyping = false } = {}) {
  bound.push({ key: key.toLowerCase(), run, whileTyping });
}

function named(event) {
  const held = [event.ctrlKey || event.metaKey ? "ctrl" : "", event.altKey ? "alt" : "", event.shiftKey ? "shift" : ""];
  const key = event.key === " " ? "space" : event.key.toLowerCase();
  return [...held.filter(Boolean), key].join(" ");
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const key = named(event);
  const typing = isTyping(event.target);
  if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey && isQuiet()) return;
  for (const one of [...bound].reverse()) {
    if (one.key !== key || (typing && !one.whileTyping) || one.run(event) === false) continue;
    event.preventDefault();
    return;
  }
});

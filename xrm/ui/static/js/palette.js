/**
 * The palette (Ctrl K, or the search in the menu): records, commands and places by name; and keys that lead somewhere:
 * G and a letter to an entity, a question mark to the help. Without scripts the same link leads to the search page.
 *
 * What can be done on the page is found on the page. Places and commands come once, records as one types.
 */

import { bind, isTyping } from "./keys.js";

const palette = document.getElementById("palette");
const box = document.getElementById("palette-text");
const list = document.getElementById("palette-list");
const none = document.getElementById("palette-none");
const keys = document.getElementById("keys");
const WAIT = 80;
const MOST = 7;
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const parsed = (html) => [...new DOMParser().parseFromString(html, "text/html").body.children];
let whole = []; // what is offered without words
let records = [];
let timer;
let trip;
let at = 0;

async function get(url, target, signal) {
  const headers = { "HX-Request": "true", "HX-Target": `div#${target.id}`, Accept: "text/html" };
  const answer = await fetch(url, { headers, signal });
  return answer.ok ? parsed(await answer.text()) : [];
}

async function open() {
  if (palette.open) return;
  document.querySelector("dialog[open]")?.close();
  palette.showModal();
  box.value = "";
  records = [];
  const own = here();
  whole = [own];
  show();
  try {
    const [first, ...rest] = await get(palette.dataset.src, list);
    whole = first?.dataset.group === "recent" ? [first, own, ...rest] : [own, first, ...rest];
    show();
  } catch {
    none.hidden = false;
  }
}

/** The buttons of the page as a group of commands. */
function here() {
  const group = document.createElement("div");
  const label = Object.assign(document.createElement("p"), { className: "group", id: "pal-here", textContent: palette.dataset.here });
  group.setAttribute("role", "group");
  group.setAttribute("aria-labelledby", label.id);
  group.dataset.group = "commands";
  group.append(label);
  const buttons = ".topbar .actions :is(a, button), .toggles button, .transitions :is(a, button), .happened-head li a";
  for (const button of document.querySelectorAll(buttons)) {
    const menu = button.closest(".happened-head details")?.querySelector("summary").textContent ?? "";
    const name = [menu, button.textContent].map((text) => text.replace(/\s+/g, " ").trim()).filter(Boolean).join(": ");
    if (!name || button.closest("[aria-disabled=true]")) continue;
    const option = document.createElement("div");
    option.setAttribute("role", "option");
    option.append(button.querySelector("svg")?.cloneNode(true) ?? "", Object.assign(document.createElement("span"), { className: "cut", textContent: name }));
    option.addEventListener("chosen", () => button.click());
    group.append(option);
  }
  return group;
}

/** How well a name fits: at its beginning, at that of a word, anywhere, or not at all. */
function fit(name, words) {
  const text = plain(name);
  if (text.startsWith(words)) return 0;
  if (text.includes(` ${words}`)) return 1;
  return words.split(" ").every((word) => text.includes(word)) ? 2 : 9;
}

function show() {
  const commands = box.value.startsWith(">");
  const words = plain(box.value.replace(/^>/, "").trim());
  const groups = [];
  const known = new Set();
  for (const group of words ? [...whole, ...records] : whole) {
    if (commands && group.dataset.group !== "commands") continue;
    const name = (option) => option.querySelector(".cut").textContent;
    const isFound = records.includes(group);
    let fitting = [...group.querySelectorAll("[role=option]")].map((option) => [isFound || !words ? 0 : fit(name(option), words), option]);
    fitting = fitting.filter(([rank]) => rank < 9).sort((a, b) => a[0] - b[0]);
    fitting = fitting.filter(([, { dataset }]) => dataset.href !== location.pathname && !(dataset.href && known.has(dataset.href)));
    if (!fitting.length) continue;
    const shown = group.cloneNode(false);
    shown.append(group.querySelector(".group").cloneNode(true));
    for (const [, option] of fitting.slice(0, words || commands ? MOST : 5)) {
      known.add(option.dataset.href);
      const copy = option.cloneNode(true);
      copy.addEventListener("click", (event) => choose(option, event));
      shown.append(copy);
    }
    groups.push(shown);
  }
  list.replaceChildren(...groups);
  options().forEach((option, i) => (option.id = `palette-${i}`));
  const isEmpty = !options().length;
  list.hidden = isEmpty;
  none.hidden = !isEmpty || !words;
  document.getElementById("palette-search").href = `/search?q=${encodeURIComponent(box.value)}`;
  box.setAttribute("aria-expanded", String(!isEmpty));
  mark(0);
}

function options() {
  return [...list.querySelectorAll("[role=option]")];
}

function mark(index) {
  const all = options();
  at = all.length ? (index + all.length) % all.length : 0;
  all.forEach((option, i) => option.setAttribute("aria-selected", String(i === at)));
  if (all[at]) box.setAttribute("aria-activedescendant", all[at].id);
  else box.removeAttribute("aria-activedescendant");
  all[at]?.scrollIntoView({ block: "nearest" });
}

function choose(option, event) {
  const { href, press } = option.dataset;
  if (href && (event.ctrlKey || event.metaKey)) return window.open(href, "_blank", "noopener");
  palette.close();
  if (press === keys.id) help();
  else if (press && document.getElementById(press)) document.getElementById(press).click();
  else if (href) location.href = href;
  else option.dispatchEvent(new Event("chosen"));
}

async function look() {
  const words = box.value.trim();
  records = [];
  trip?.abort(); // the search before this one; places and commands may still be on their way
  if (words && !words.startsWith(">")) {
    trip = new AbortController();
    try {
      records = await get(`${palette.dataset.src}?q=${encodeURIComponent(words)}`, list, trip.signal);
    } catch {
      return;
    }
  }
  if (palette.open && words === box.value.trim()) show();
}

async function help() {
  if (!keys.open) keys.showModal();
  const place = document.getElementById("keys-list");
  if (!place.children.length) place.replaceChildren(...(await get(keys.dataset.src, place)));
}

if (palette) {
  box.addEventListener("input", () => {
    if (box.value === "?") {
      palette.close();
      return help();
    }
    show();
    clearTimeout(timer);
    timer = setTimeout(look, WAIT);
  });
  box.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) mark(at + step);
    else if (event.key === "Enter") options()[at]?.dispatchEvent(new MouseEvent("click", { ctrlKey: event.ctrlKey || event.metaKey }));
    else return;
    event.preventDefault();
  });
  for (const dialog of [palette, keys]) dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.getElementById("jump")?.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
}

let going = 0; // when G was pressed

if (palette) {
  bind("Ctrl K", open, { whileTyping: true });
  bind("?", help);
  bind("Shift ?", help);
  bind("g", () => (going = Date.now()));
}

/** The letter after G leads to an entity, before any other key of the page hears of it. */
document.addEventListener("keydown", (event) => {
  const isNext = Date.now() - going < 1200;
  going = 0;
  if (!isNext || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const letter = /^[a-z]$/i.test(event.key) ? event.key.toLowerCase() : event.code.replace("Key", "").toLowerCase();
  const target = document.querySelector(`[data-go="${CSS.escape(letter)}"]`);
  if (!target) return;
  event.preventDefault();
  event.stopPropagation();
  target.click();
}, { capture: true });

/**
 * What a form shows and asks for while somebody types: its conditions are judged as the server will judge them. What is
 * hidden keeps what was typed into it, and the server does not write it.
 */

import { evaluate } from "./evaluate.js";

const form = document.getElementById("form");
const told = JSON.parse(form.dataset.conditions);
const other = told.mark === "," ? "." : ",";
const GROUPED = new RegExp(`^[+-]?[1-9]\\d{0,2}(${other === "." ? "\\." : other}\\d{3})+$`);

const controls = (name) => Array.from(form.querySelectorAll(`[name="${CSS.escape(name)}"]`));

/** The last of the values that the form would send under the name: a hidden companion comes first and gives way. */
const sent = (name) => new FormData(form).getAll(name).at(-1)?.trim() ?? "";

/** The number in a text with a point as its decimal mark, as the server reads it; nothing where there is none. */
function number(text) {
  let bare = text.replace(/[%\s\u00a0\u202f'’]/g, "").replace("−", "-");
  const [whole, ...parts] = bare.split(told.mark);
  if (parts.length > 1 || (parts.length && (parts[0].includes(other) || (whole.includes(other) && !GROUPED.test(whole))))) return null;
  bare = parts.length || GROUPED.test(whole) ? bare.replaceAll(other, "").replace(told.mark, ".") : bare.replace(other, ".");
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(bare) ? bare.replace(/^\+/, "").replace(/^(-?)\./, "$10.") : null;
}

function record(name) {
  const [id, entity] = sent(name).split("/").reverse();
  return id ? { id, entity } : null;
}

const READ = {
  boolean: (name) => sent(name) === "true",
  number(name) {
    const found = number(sent(name));
    return found !== null && /^-?\d{1,19}$/.test(found) ? found : null;
  },
  decimal: (name) => number(sent(name)),
  percent: (name) => number(sent(name)),
  lookup: record,
  multi_select: (name) => new FormData(form).getAll(name).filter(Boolean),
};

const valueOf = (name) => (READ[told.kinds[name]] ?? sent)(name);

const here = {
  value: (path) => (path in told.kinds ? valueOf(path) : told.values[path]),
  follow: () => null,
  many: () => [],
};

const holds = (tree) => evaluate(tree, here, told.context) === true;

function judge() {
  for (const { of, tree } of told.shown) document.getElementById(of)?.toggleAttribute("hidden", !holds(tree));
  for (const { of, tree } of told.needed) {
    const field = document.getElementById(of);
    const isNeeded = field && holds(tree);
    if (!field) continue;
    field.querySelector(".optional")?.toggleAttribute("hidden", isNeeded);
    for (const control of controls(of.slice(2))) if (control.type !== "hidden") control.required = isNeeded;
  }
}

form.addEventListener("input", judge);
form.addEventListener("change", judge);
judge();

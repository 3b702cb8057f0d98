/**
 * What a form shows and asks for while somebody types: its conditions are judged as the server will judge them. What is
 * hidden keeps what was typed into it, and the server does not write it.
 */

import { evaluate } from "./evaluate.js";
import { numberIn } from "./typed.js";

const form = document.getElementById("form");
const told = JSON.parse(form.dataset.conditions);

const controls = (name) => Array.from(form.querySelectorAll(`[name="${CSS.escape(name)}"]`));

/** The last of the values that the form would send under the name: a hidden companion comes first and gives way. */
const sent = (name) => new FormData(form).getAll(name).at(-1)?.trim() ?? "";

const decimal = (name) => numberIn(sent(name).replace(/[% \u00a0]+$/, ""), told.mark);

function record(name) {
  const [id, entity] = sent(name).split("/").reverse();
  return id ? { id, entity } : null;
}

const READ = {
  boolean: (name) => sent(name) === "true",
  number(name) {
    const found = numberIn(sent(name), told.mark);
    return found !== null && /^-?\d{1,19}$/.test(found) ? found : null;
  },
  decimal,
  percent: decimal,
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

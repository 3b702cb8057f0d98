/** A block of cells as spreadsheets copy it, and how its texts go into controls. */

const YES = new Set(["true", "yes", "y", "1", "x", "✓", "sim", "sí", "si", "s", "да"]);
const NO = new Set(["", "false", "no", "n", "0", "não", "nao", "нет"]);

const plain = (text) => text.trim().normalize("NFC").toLowerCase();

/** Rows of texts; a cell in quotes may hold tabs and lines. */
export function parse(text) {
  const rows = [[]];
  const cell = /(?:"((?:[^"]|"")*)"(?=\t|\r?\n|$)|([^\t\r\n]*))(\t|\r?\n|$)/gy;
  const whole = text.replace(/\r?\n$/, "");
  for (let found = cell.exec(whole); found; found = cell.exec(whole)) {
    rows.at(-1).push(found[1] === undefined ? found[2] : found[1].replaceAll('""', '"'));
    if (!found[3]) break;
    if (found[3] !== "\t") rows.push([]);
  }
  return rows;
}

/** The text stands in the control of the cell; false where it means nothing to it. */
export function put(cell, text) {
  const amount = cell.querySelector("[name$='.amount']");
  if (amount) return putMoney(cell, amount, text);
  const lookup = cell.querySelector("x-lookup");
  if (lookup) return putLookup(lookup, text);
  const options = [...cell.querySelectorAll("[type=radio]")];
  if (options.length) return putRadio(options, text);
  const boxes = [...cell.querySelectorAll("[type=checkbox]")];
  if (boxes.length) return boxes[0].getAttribute("role") === "switch" ? putSwitch(boxes[0], text) : putBoxes(boxes, text);
  const select = cell.querySelector("select");
  if (select) return putOption(select, text);
  const input = cell.querySelector("input:not([type=hidden]), textarea");
  return Boolean(input) && putText(input, text);
}

function putText(input, text) {
  const typed = text.trim();
  const value = input.type === "date" ? day(typed) : input.type === "datetime-local" ? typed.replace(" ", "T") : input.matches("textarea") ? text : typed.replace(/\s+/g, " ");
  const was = input.value;
  input.value = value;
  if (input.value || !typed) return true;
  input.value = was;
  return false;
}

/** A day as browsers take it: 2026-03-01, or in the order of the reader's own region. */
function day(text) {
  const found = /^(\d{1,2})[./-](\d{1,2})[./-](\d{4})$/.exec(text);
  if (!found) return text;
  const language = document.documentElement.lang;
  const locale = navigator.languages.find((l) => l.startsWith(language)) ?? language;
  const order = new Intl.DateTimeFormat(locale).formatToParts(new Date()).map((p) => p.type);
  const [d, m] = order.indexOf("day") < order.indexOf("month") ? [found[1], found[2]] : [found[2], found[1]];
  return `${found[3]}-${m.padStart(2, "0")}-${d.padStart(2, "0")}`;
}

const SIGNS = { "€": "EUR", "£": "GBP", $: "USD", "¥": "JPY", "₽": "RUB", "R$": "BRL" };

function putMoney(cell, amount, text) {
  const figure = text.replace(/[^\d.,\-−+'’\s]/g, "").trim();
  if (text.trim() && !/\d/.test(figure)) return false;
  const mark = /[A-Z]{3}/.exec(text)?.[0] ?? SIGNS[/R\$|[€£$¥₽]/.exec(text)?.[0]];
  const currency = cell.querySelector("[name$='.currency']");
  if (mark && currency && currency.value !== mark) {
    if (currency.matches("[type=hidden], [readonly]")) return false;
    if (currency.matches("select") && ![...currency.options].some((o) => o.value === mark)) return false;
    currency.value = mark;
  }
  amount.value = figure;
  return true;
}

function putLookup(lookup, text) {
  lookup.take("", text.trim());
  return true;
}

function putRadio(options, text) {
  const wanted = plain(text);
  const label = (input) => plain(input.closest("label")?.textContent ?? "");
  const found = options.find((o) => plain(o.value) === wanted || label(o) === wanted);
  if (found) found.checked = true;
  return Boolean(found);
}

function putSwitch(box, text) {
  const wanted = plain(text);
  if (YES.has(wanted) || NO.has(wanted)) box.checked = YES.has(wanted);
  return YES.has(wanted) || NO.has(wanted);
}

function putBoxes(boxes, text) {
  const wanted = text.split(/[,;]/).map(plain).filter(Boolean);
  const names = boxes.map((box) => [plain(box.value), plain(box.closest("label")?.textContent ?? "")]);
  if (!wanted.every((word) => names.some((pair) => pair.includes(word)))) return false;
  boxes.forEach((box, i) => (box.checked = names[i].some((name) => wanted.includes(name))));
  return true;
}

function putOption(select, text) {
  const wanted = plain(text);
  const found = [...select.options].find((o) => plain(o.value) === wanted || plain(o.label) === wanted);
  if (found) select.value = found.value;
  return Boolean(found);
}

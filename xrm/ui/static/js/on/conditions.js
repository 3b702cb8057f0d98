/**
 * What a form shows, asks for and offers while somebody types: its conditions are judged as the server will judge them.
 * What is hidden keeps what was typed into it, and the server does not write it. Conditions that look where a page does
 * not see are put to the server, with the values that they read.
 */

import { evaluate } from "./evaluate.js";
import { numberIn } from "./typed.js";

const WAIT = 180;

/** From now on the form is as its conditions make it. */
export function live(form) {
  const told = JSON.parse(form.dataset.conditions);
  const prefix = told.prefix ?? ""; // what keeps the names of this form apart from those of another one
  const left = new Set(); // what was chosen of options that may not be chosen now
  const kept = new Set(told.kept.map((pair) => pair.join(" "))); // what stood there all the same when the page came

  const controls = (name) => Array.from(form.querySelectorAll(`[name="${CSS.escape(prefix + name)}"]`));
  const all = (name) => new FormData(form).getAll(prefix + name);

  /** The element of the form that has that name where names stand alone. */
  const at = (of) => form.querySelector(`#${of.slice(0, 2)}${CSS.escape(prefix.replaceAll(".", "-") + of.slice(2))}`);

  /** The last of the values that the form would send under the name: a hidden companion comes first and gives way. */
  const sent = (name) => all(name).at(-1)?.trim() ?? "";

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
    multi_select: (name) => all(name).filter(Boolean),
  };

  const valueOf = (name) => (READ[told.kinds[name]] ?? sent)(name);

  const here = {
    value: (path) => (path in told.kinds ? valueOf(path) : told.values[path]),
    follow: () => null,
    many: () => [],
  };

  const holds = (tree) => evaluate(tree, here, told.context) === true;

  function show(of, isShown) {
    at(of)?.toggleAttribute("hidden", !isShown);
  }

  function need(of, isNeeded) {
    const field = at(of);
    field?.querySelector(".optional")?.toggleAttribute("hidden", isNeeded);
    for (const control of field ? controls(of.slice(2)) : []) if (control.type !== "hidden") control.required = isNeeded;
  }

  /** What one chooses an option by: an entry of a list, or a chip. */
  function choices(of, option) {
    const entries = controls(of).flatMap((control) => (control.matches("select") ? [...control.options] : [control]));
    return entries.filter((one) => one.value === option && one.type !== "hidden");
  }

  /** What may not be chosen is chosen no more; it is again as soon as it may be, if nothing else was. */
  function offer(of, option, mayBe) {
    const key = `${of} ${option}`;
    if (mayBe) kept.delete(key);
    const isOffered = mayBe || kept.has(key);
    for (const choice of choices(of, option)) {
      if (choice.disabled === !isOffered) continue;
      const state = choice.matches("option") ? "selected" : "checked";
      if (!isOffered && choice[state]) left.add(key);
      if (!isOffered) choice[state] = false;
      choice.disabled = !isOffered;
      (choice.closest("label.chip") ?? choice).toggleAttribute("hidden", !isOffered);
      const isAlone = choice.type === "radio" || choice.parentElement.matches("select:not([multiple])");
      if (isOffered && left.delete(key) && (!isAlone || !sent(of))) choice[state] = true;
      settle(of, choice);
    }
  }

  /** A choice of one that has lost what was chosen says so. */
  function settle(of, choice) {
    const list = choice.closest("select:not([multiple])");
    if (list && list.selectedIndex < 0) list.value = "";
    const none = choice.type === "radio" && choices(of, "")[0];
    if (none && !controls(of).some((one) => one.checked)) none.checked = true;
  }

  const chosen = () => told.offered.map(({ of }) => all(of).join()).join(";");

  /** What was chosen no more may decide over others: as often as there are such options, at most. */
  function judge(rounds = told.offered.length) {
    const before = chosen();
    for (const { of, option, tree } of told.offered) offer(of, option, holds(tree));
    for (const { of, tree } of told.shown) show(of, holds(tree));
    for (const { of, tree } of told.needed) need(of, holds(tree));
    if (rounds && before !== chosen()) judge(rounds - 1);
  }

  // --- what the server is asked

  const wanted = told.ask;
  let trip = null;
  let timer = 0;
  let answered = wanted && values();

  /** The part of the form that the server reads. */
  function values() {
    const own = (key) => wanted.names.some((name) => key === name || key.startsWith(`${name}.`));
    const sends = [...new FormData(form)].filter(([key, value]) => typeof value === "string" && key.startsWith(prefix));
    return new URLSearchParams(sends.map(([key, value]) => [key.slice(prefix.length), value]).filter(([key]) => own(key))).toString();
  }

  async function ask() {
    const asked = values();
    if (asked === answered) return;
    trip?.abort();
    trip = new AbortController();
    const headers = { "Content-Type": "application/x-www-form-urlencoded", "X-CSRF-Token": document.querySelector("meta[name=csrf-token]").content };
    try {
      const answer = await fetch(wanted.href, { method: "POST", headers, body: asked, signal: trip.signal, credentials: "same-origin" });
      if (answer.ok) take(await answer.json(), asked);
    } catch (error) {
      if (error.name !== "AbortError") answered = null; // the server judges when the form is posted
    }
  }

  /** What follows from the values of the form, as the server writes it. */
  function preview(of, html) {
    const place = at(of)?.querySelector(".given > div");
    if (place && html !== undefined) place.innerHTML = html;
  }

  /** What rules say of what is chosen, at the field that they speak of. */
  function say(texts) {
    for (const old of form.querySelectorAll(".said")) old.remove();
    for (const [of, lines] of Object.entries(texts)) {
      for (const text of new Set(lines)) {
        const line = document.createElement("p");
        line.className = "said";
        line.setAttribute("role", "status");
        line.textContent = text;
        at(of)?.append(line);
      }
    }
  }

  function take(verdicts, asked) {
    answered = asked;
    for (const { of, option } of wanted.offered) offer(of, option, verdicts.offered[of]?.[option] ?? true);
    for (const { of } of wanted.shown) show(of, verdicts.shown[of] ?? true);
    for (const { of } of wanted.values) preview(of, verdicts.values[of]);
    for (const { of } of wanted.needed) need(of, verdicts.needed[of] ?? false);
    if (wanted.said) say(verdicts.said);
    judge();
  }

  function changed() {
    judge();
    if (!wanted) return;
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  }

  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  judge();
  if (wanted?.said) {
    answered = null;
    ask();
  }
}

const main = document.getElementById("form");
if (main?.dataset.conditions) live(main);

/**
 * `<x-choose>`: a long list of choices, found by any part of their names as one types.
 *
 * It holds a `<select>`, which is what the form sends and what there is without scripts.
 */

import { Lookup } from "../lookup.js";

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
const make = (tag, props, attributes = {}) => {
  const made = Object.assign(document.createElement(tag), props);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

class Choose extends Lookup {
  connectedCallback() {
    const select = this.querySelector("select");
    const { id } = select;
    const label = (select.value && select.selectedOptions[0]?.label) || "";
    const combobox = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${id}-list` };
    const input = make("input", { className: "input", type: "text", id, value: label, autocomplete: "off", placeholder: this.dataset.find }, combobox);
    const list = make("div", { id: `${id}-list`, hidden: true }, { role: "listbox", "aria-label": this.dataset.name });
    input.toggleAttribute("autofocus", select.autofocus);
    select.autofocus = false;
    select.id = "";
    select.hidden = true;
    this.prepend(input);
    this.append(list);
    super.connectedCallback();
    this.chosen = select;
    this.shown = { value: label };
    input.addEventListener("focus", () => input.select());
  }

  type() {
    this.load();
  }

  load() {
    const typed = this.input.value === this.shown.value ? "" : this.input.value.trim();
    const found = [...this.chosen.querySelectorAll("optgroup")].map((group) => this.group(group, plain(typed)));
    const shown = found.filter(Boolean);
    this.offer(shown.length ? shown : [this.nothing()], this.input.value.trim());
    this.mark(typed ? this.best(plain(typed)) : this.options().findIndex(({ dataset }) => dataset.value === this.chosen.value));
  }

  nothing() {
    const note = { className: "option-note", textContent: this.dataset.none };
    return make("div", note, { role: "option", "aria-disabled": "true", "aria-selected": "false" });
  }

  options() {
    return super.options().filter(({ dataset }) => dataset.value);
  }

  choose(option) {
    if (option?.dataset.value) super.choose(option);
  }

  /** The options of a group that have the words, under its name; null where none has. */
  group(group, typed) {
    const options = [...group.children].filter((option) => plain(option.label).includes(typed));
    if (!options.length) return null;
    const made = make("div", {}, { role: "group", "aria-label": group.label });
    made.append(make("div", { className: "option-group", textContent: group.label }, { "aria-hidden": "true" }));
    made.append(...options.map((option) => {
      const one = make("div", {}, { role: "option", "aria-selected": "false", "data-value": option.value, "data-title": option.label });
      one.append(make("span", { className: "cut", textContent: option.label }));
      return one;
    }));
    return made;
  }

  /** The option that is called so, else one that begins so, else the first. */
  best(typed) {
    const names = this.options().map(({ dataset }) => plain(dataset.title));
    const places = [names.indexOf(typed), names.findIndex((name) => name.startsWith(typed)), 0];
    return places.find((place) => place >= 0);
  }

  set(value, title) {
    if (!value) return;
    this.chosen.value = value;
    this.shown.value = title;
  }

  take(value, title) {
    this.input.value = title;
    this.set(value, title);
    this.chosen.dispatchEvent(new Event("change", { bubbles: true }));
  }

  leave() {
    super.leave();
    this.input.value = this.shown.value;
  }
}

customElements.define("x-choose", Choose);

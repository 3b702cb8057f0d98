/**
 * `<x-rows>`: a grid of owned children. The button copies the row in the template under the next index;
 * the blank rows that serve readers without scripts are hidden, but for the first.
 */

const OPEN = "-1";

class Rows extends HTMLElement {
  connectedCallback() {
    this.body = this.querySelector("tbody");
    this.next = this.body.rows.length;
    this.querySelector("[data-add]")?.addEventListener("click", () => this.add());
    for (const row of [...this.body.rows].slice(1)) if (this.isBlank(row)) row.remove();
  }

  /** A new row in which nothing was typed, ticked or complained about. */
  isBlank(row) {
    if (row.querySelector("input[name$='.id'], [aria-invalid=true]")) return false;
    const typed = [...row.querySelectorAll("input, textarea, select")].filter((input) => input.type !== "hidden");
    return typed.every((input) => {
      if (input.type === "checkbox" || input.type === "radio") return input.checked === input.defaultChecked && (!input.checked || input.value === "");
      if (input.tagName === "SELECT") return [...input.options].every((option) => option.selected === option.defaultSelected) || input.value === "";
      return input.value === "" || input.readOnly;
    });
  }

  add() {
    const row = this.querySelector("template").content.firstElementChild.cloneNode(true);
    const index = String(this.next++);
    for (const element of [row, ...row.querySelectorAll("*")]) {
      for (const attribute of element.attributes) {
        attribute.value = attribute.value.replaceAll(`.${OPEN}.`, `.${index}.`).replaceAll(`-${OPEN}-`, `-${index}-`);
      }
    }
    this.body.append(row);
    row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  }
}

customElements.define("x-rows", Rows);

/**
 * `<x-rows>`: a grid of owned children. The button copies the row in the template under the next index;
 * of the blank rows that serve readers without scripts only the first stays.
 */

const OPEN = "-1";

class Rows extends HTMLElement {
  connectedCallback() {
    this.body = this.querySelector("tbody");
    this.next = Number(this.dataset.next);
    this.querySelector("[data-add]")?.addEventListener("click", () => this.add());
    for (const row of [...this.body.querySelectorAll("tr[data-blank]")].slice(1)) row.remove();
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

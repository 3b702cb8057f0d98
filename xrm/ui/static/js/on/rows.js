/**
 * `<x-rows>`: rows of a form under the keyboard. The button, or Enter and Tab at the end, add a row; arrows and Enter
 * walk the cells; a block that was copied from a spreadsheet fills them, and is taken back as one. Rows that stand in
 * the order of a number change places by Alt and an arrow, or by buttons.
 *
 * Of the blank rows that serve readers without scripts only the first stays.
 */

import { parse, put } from "./block.js";
import { say } from "../write.js";

const OPEN = "-1";
const MOST = 200;
const INPUT = "input:not([type=hidden]), select, textarea";
const TEXT = "input:not([type]), input[type=text], input[type=email], input[type=tel], input[type=url]";

class Rows extends HTMLElement {
  connectedCallback() {
    this.body = this.querySelector("tbody");
    this.next = Number(this.dataset.next);
    this.querySelector("[data-add]")?.addEventListener("click", () => this.focusIn(this.add(), 0));
    for (const row of [...this.body.querySelectorAll("tr[data-blank]")].slice(1)) row.remove();
    this.body.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("paste", (event) => this.paste(event));
    this.body.addEventListener("click", (event) => this.press(event.target.closest("[data-move]")));
    this.body.addEventListener("input", (event) => this.number(event.target.closest("tr")));
  }

  /** A new row from the pattern, under the next index. */
  add() {
    const row = this.querySelector("template").content.firstElementChild.cloneNode(true);
    const index = String(this.next++);
    for (const element of [row, ...row.querySelectorAll("*")]) {
      for (const attribute of element.attributes) {
        attribute.value = attribute.value.replaceAll(`.${OPEN}.`, `.${index}.`).replaceAll(`-${OPEN}-`, `-${index}-`);
      }
    }
    this.body.append(row);
    return row;
  }

  rows() {
    return [...this.body.rows].filter((row) => !row.matches(".row-error"));
  }

  /** The cells in which one types. */
  cells(row) {
    return [...row.cells].filter((cell) => !cell.matches(".remove") && cell.querySelector(INPUT));
  }

  isBlank(row) {
    const first = new FormData();
    for (const input of row.querySelectorAll(INPUT)) if (input.matches(TEXT) && !input.name.endsWith(".currency")) first.append("v", input.value);
    return [...first.values()].every((value) => !value.trim()) && !row.querySelector("input[name$='.id']");
  }

  /** A row that somebody has begun has the number after the highest one. */
  number(row) {
    const own = row && this.numberOf(row);
    if (!own) return;
    row.removeAttribute("data-blank");
    if (own.value || own === document.activeElement) return;
    own.value = Math.max(0, ...this.rows().map((r) => Number(this.numberOf(r)?.value) || 0)) + 1;
  }

  /** The input of the number in whose order the row stands, if rows do. */
  numberOf(row) {
    return this.dataset.order ? row.querySelector(`[name$=".${this.dataset.order}"]`) : null;
  }

  /** The row and the one beside it have changed places and numbers; false where there is none that has a number. */
  move(row, step) {
    const rows = this.rows();
    const other = rows[rows.indexOf(row) + step];
    const [own, theirs] = [row, other].map((r) => r && this.numberOf(r));
    if (!own?.value || !theirs?.value) return false;
    [own.value, theirs.value] = [theirs.value, own.value];
    // It is the other one that goes: a row that is taken out of the page loses the focus.
    if (step < 0) whole(row).at(-1).after(...whole(other));
    else row.before(...whole(other));
    this.body.dispatchEvent(new Event("input", { bubbles: true }));
    return true;
  }

  press(button) {
    if (button) this.move(button.closest("tr"), Number(button.dataset.move));
  }

  focusIn(row, place) {
    const cells = row ? this.cells(row) : [];
    const cell = cells[Math.min(Math.max(place, 0), cells.length - 1)];
    const input = cell?.querySelector("[type=radio]:checked") ?? cell?.querySelector(INPUT);
    if (!input) return false;
    input.focus();
    if (input.matches(TEXT)) input.select();
    return true;
  }

  // --- keys -----------------------------------------------------------------------------------------------

  key(event) {
    const { target } = event;
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || !target.matches(INPUT)) return;
    const isOpen = target.getAttribute("aria-expanded") === "true";
    const row = target.closest("tr");
    if (event.altKey) return this.shift(event, row, { ArrowUp: -1, ArrowDown: 1 }[event.key]);
    const moves = {
      Enter: () => !isOpen && !target.matches("textarea") && this.down(row, target, event.shiftKey ? -1 : 1),
      Tab: () => !event.shiftKey && this.beyond(row, target),
      ArrowDown: () => this.isFree(target) && this.walk(row, target, 1),
      ArrowUp: () => this.isFree(target) && this.walk(row, target, -1),
      ArrowRight: () => this.isAtEdge(target, 1) && this.side(row, target, 1),
      ArrowLeft: () => this.isAtEdge(target, -1) && this.side(row, target, -1),
    };
    if (moves[event.key]?.()) event.preventDefault();
  }

  /** Alt and an arrow, where they do not open the list of the input. */
  shift(event, row, step) {
    if (step && !event.shiftKey && this.isFree(event.target) && this.move(row, step)) event.preventDefault();
  }

  place(row, target) {
    return this.cells(row).indexOf(target.closest("td"));
  }

  /** Enter goes on below, and at the end to a new row; a form is saved by Ctrl Enter. */
  down(row, target, step) {
    if (target.closest(".remove")) return false;
    const isLast = row === this.rows().at(-1);
    if (step > 0 && isLast && !this.isBlank(row)) return this.focusIn(this.add(), 0);
    this.walk(row, target, step);
    return true;
  }

  walk(row, target, step) {
    const rows = this.rows();
    return this.focusIn(rows[rows.indexOf(row) + step], this.place(row, target));
  }

  side(row, target, step) {
    const there = this.place(row, target) + step;
    return there >= 0 && there < this.cells(row).length && this.focusIn(row, there);
  }

  /** Tab in the last cell of the last row goes on in a new one, unless nothing stands in this. */
  beyond(row, target) {
    const inputs = [...(this.cells(row).at(-1)?.querySelectorAll(INPUT) ?? [])];
    const isLast = row === this.rows().at(-1) && inputs.at(-1) === target;
    return isLast && !this.isBlank(row) && this.focusIn(this.add(), 0);
  }

  /** Whether the arrows up and down mean nothing else in this input. */
  isFree(target) {
    return target.matches(TEXT) && !target.matches("[role=combobox]");
  }

  /** Whether the cursor stands at the end of the text, or all of it is selected. */
  isAtEdge(target, step) {
    if (!target.matches(TEXT)) return false;
    const { selectionStart: start, selectionEnd: end, value } = target;
    const isWhole = start === 0 && end === value.length;
    return isWhole || (start === end && end === (step > 0 ? value.length : 0));
  }

  // --- pasting --------------------------------------------------------------------------------------------

  paste(event) {
    const block = parse(event.clipboardData.getData("text/plain"));
    const row = event.target.closest("tr");
    const from = row ? this.place(row, event.target) : -1;
    if (from < 0 || (block.length < 2 && block[0].length < 2)) return;
    event.preventDefault();
    this.fill(block.slice(0, MOST), row, from, event.target);
  }

  /** The block stands in the cells from this one on; what does not fit stands below its cell. */
  fill(block, row, from, home) {
    const before = this.rows().length;
    const start = this.rows().indexOf(row);
    const undo = [];
    let [count, unfit] = [0, 0];
    block.forEach((texts, down) => {
      const into = this.rows()[start + down] ?? this.add();
      const cells = this.cells(into);
      texts.slice(0, cells.length - from).forEach((text, side) => {
        const cell = cells[from + side];
        undo.push(held(cell));
        if (put(cell, text)) count += 1;
        else unfit += told(cell, text, this.dataset.unfit);
      });
      this.number(into);
    });
    const all = this.dataset.pasted.replace("{n}", count) + (unfit ? ` ${this.dataset.left.replace("{n}", unfit)}` : "");
    this.body.dispatchEvent(new Event("input", { bubbles: true }));
    home.focus();
    const back = () => {
      for (const restore of undo.reverse()) restore();
      for (const extra of this.rows().slice(before)) extra.remove();
      this.body.dispatchEvent(new Event("input", { bubbles: true }));
      home.focus();
    };
    say(all, { label: document.getElementById("status").dataset.undo, run: back, alarm: unfit > 0 });
  }
}

/** The row with what is said below it. */
function whole(row) {
  return row.nextElementSibling?.matches(".row-error") ? [row, row.nextElementSibling] : [row];
}

/** What brings the cell back to what it holds now. */
function held(cell) {
  const was = [...cell.querySelectorAll("input, select, textarea")].map((input) => [input, input.value, input.checked]);
  return () => {
    for (const [input, value, checked] of was) Object.assign(input, input.matches("[type=radio], [type=checkbox]") ? { checked } : { value });
    cell.querySelector(".unfit")?.remove();
  };
}

/** Nothing that was pasted is lost: what its cell does not take is told below it until somebody types there. */
function told(cell, text, says) {
  cell.querySelector(".unfit")?.remove();
  const note = Object.assign(document.createElement("p"), { className: "error unfit", textContent: says.replace("{text}", text) });
  cell.append(note);
  cell.addEventListener("input", () => note.remove(), { once: true });
  return 1;
}

customElements.define("x-rows", Rows);

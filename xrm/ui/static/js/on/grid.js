/**
 * `<x-grid>`: the rows of a list under the keyboard. The cursor is the focus on a row's own link or on one of its
 * cells; a selection of rows brings the bar from which all of them are changed at once.
 */

import { reloadList } from "./fresh.js";
import { edit, isEditing } from "./inline.js";
import { bind } from "../keys.js";
import { request } from "../write.js";

const ROWS = "tbody tr[id^='r-']";
const idOf = (row) => row.id.slice(2);

class Grid extends HTMLElement {
  connectedCallback() {
    this.bar = this.querySelector("#bulk-bar");
    this.isAll = false;
    this.asked = new Map(); // by id, the last question about its row
    this.addEventListener("change", (event) => this.tick(event));
    this.addEventListener("click", (event) => this.click(event));
    this.addEventListener("dblclick", (event) => this.editAt(event.target.closest("td"), event));
    this.addEventListener("focusin", (event) => this.follow(event.target.closest(ROWS)));
  }

  rows() {
    return [...this.querySelectorAll(ROWS)];
  }

  /** The row on which one is, or was last. */
  get row() {
    return document.activeElement?.closest?.(ROWS) ?? this.querySelector("tr.cursor");
  }

  follow(row) {
    if (!row || row.classList.contains("cursor")) return;
    for (const other of this.querySelectorAll("tr.cursor")) other.classList.remove("cursor");
    row.classList.add("cursor");
    this.dispatchEvent(new CustomEvent("grid:cursor", { bubbles: true, detail: { row } }));
  }

  /** Goes some rows on; at the end of what is there, more is fetched. With `keepsFocus` only the cursor moves. */
  walk(step, { keepsFocus = false } = {}) {
    const rows = this.rows();
    const at = rows.indexOf(this.row);
    const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1)];
    if (!next) return;
    if (rows.indexOf(next) >= rows.length - 5) this.querySelector("#load-more")?.click();
    next.scrollIntoView({ block: "nearest" });
    if (keepsFocus) this.follow(next);
    else this.column(next, this.place()).focus({ preventScroll: true });
    return next;
  }

  /** The number of the cell on which one is; the title's is the row itself. */
  place() {
    const cell = document.activeElement?.closest?.("td");
    return cell?.hasAttribute("tabindex") ? cell.cellIndex : -1;
  }

  column(row, place) {
    const cell = place < 0 ? null : row.cells[place];
    if (!cell || cell.matches(".slot-title")) return row.querySelector(".slot-title > a");
    cell.tabIndex = -1;
    return cell;
  }

  /** To the cell beside, past the box of the selection. */
  side(step) {
    const row = this.row;
    if (!row) return false;
    const title = row.querySelector(".slot-title").cellIndex;
    const here = this.place() < 0 ? title : this.place();
    const there = Math.min(Math.max(here + step, title), row.cells.length - 1);
    this.column(row, there).focus();
    row.cells[there].scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // --- one cell -----------------------------------------------------------------------------------------

  field(cell) {
    return this.querySelector("thead tr").cells[cell.cellIndex]?.dataset.field;
  }

  /** The control of a cell in its place; without a cell, of the first that can be edited. */
  async editAt(cell, event) {
    const row = cell?.closest(ROWS) ?? this.row;
    if (!row || event?.target.closest("form, button, input")) return false;
    const wanted = cell && this.field(cell) ? cell : cell ? null : [...row.cells].find((c) => this.field(c));
    if (!wanted) return false;
    getSelection()?.removeAllRanges();
    const name = this.field(wanted);
    const face = wanted.matches(".slot-title") ? "title" : "cell";
    const home = () => this.column(document.getElementById(row.id) ?? row, wanted.cellIndex);
    const place = face === "title" ? wanted.querySelector("a") : wanted;
    return edit(wanted, `${this.dataset.href}/${idOf(row)}/field/${name}`, {
      face: "cell",
      wrap: face === "title" ? place : null,
      home: { focus: (options) => home().focus(options) },
      move: (step) => this.editNext(row, wanted, step),
    });
  }

  editNext(row, cell, step) {
    const cells = [...row.cells].filter((c) => this.field(c));
    const next = cells[cells.indexOf(cell) + step];
    if (next) this.editAt(next);
    return Boolean(next);
  }

  // --- many rows ----------------------------------------------------------------------------------------

  boxes() {
    return [...this.querySelectorAll("tbody .tick input")];
  }

  ticked() {
    return this.boxes().filter((box) => box.checked);
  }

  tick(event) {
    const box = event.target.closest(".tick input");
    if (!box) return;
    if (box.id === "pick-all") for (const one of this.boxes()) one.checked = box.checked;
    else this.anchor = box;
    this.isAll = false;
    this.show();
  }

  /** The box of the row on which one is; with `extends`, all from the last one on. */
  toggle({ extend = false } = {}) {
    const boxes = this.boxes();
    const box = this.row?.querySelector(".tick input");
    if (!box) return false;
    if (extend && this.anchor) {
      const [from, to] = [boxes.indexOf(this.anchor), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const one of boxes.slice(from, to + 1)) one.checked = true;
    } else {
      box.checked = !box.checked;
      this.anchor = box;
    }
    this.isAll = false;
    this.show();
  }

  clear() {
    if (!this.bar || this.bar.hidden) return false;
    for (const box of this.querySelectorAll(".tick input")) box.checked = false;
    this.isAll = false;
    this.show();
  }

  show() {
    const boxes = this.boxes();
    const count = this.ticked().length;
    for (const box of boxes) box.closest("tr").classList.toggle("ticked", box.checked);
    const head = this.querySelector("#pick-all");
    head.checked = count > 0 && count === boxes.length;
    head.indeterminate = count > 0 && count < boxes.length;
    this.bar.hidden = count === 0;
    const merge = this.querySelector("#bulk-merge");
    if (merge) merge.hidden = this.isAll || count < 2 || count > 5;
    const all = this.querySelector("#bulk-all");
    this.bar.querySelector("[data-count]").textContent = this.isAll ? all.dataset.all : count;
    if (all) all.hidden = this.isAll;
  }

  click(event) {
    const button = event.target.closest("button");
    if (button?.id === "bulk-clear") this.clear();
    else if (button?.id === "bulk-all") this.takeAll();
    else if (button?.dataset.bulk) this.begin(button.dataset.bulk);
    else if (!event.target.closest("a, button, input, form, label") && !matchMedia("(max-width: 760px)").matches) this.land(event.target.closest("td"));
  }

  /** A click beside a link puts the cursor there. */
  land(cell) {
    const row = cell?.closest(ROWS);
    if (row && !isEditing()) this.column(row, cell.matches(".tick") ? -1 : cell.cellIndex).focus({ preventScroll: true });
  }

  takeAll() {
    for (const box of this.boxes()) box.checked = true;
    this.isAll = true;
    this.show();
    this.bar.querySelector("[data-bulk]")?.focus();
  }

  /** What was chosen, as the server takes it: ids, or the list itself. */
  selection(data = new FormData()) {
    if (this.isAll) {
      data.set("all", "1");
      data.set("list", location.search.slice(1));
    } else data.set("ids", this.ticked().map((box) => idOf(box.closest("tr"))).join(","));
    return data;
  }

  begin(action) {
    if (!this.querySelector(`[data-bulk="${action}"]`)) return false;
    if (!this.ticked().length && this.toggle() === false) return false;
    if (action === "export") return this.carry();
    if (action === "merge") return location.assign(`${this.dataset.href}/merge?id=${this.selection().get("ids").replaceAll(",", "&id=")}`);
    document.dispatchEvent(new CustomEvent("bulk:begin", { detail: { grid: this, action } }));
  }

  /** The selection as a file, by a form that is posted as any other. */
  carry() {
    const form = Object.assign(document.createElement("form"), { method: "post", action: `${this.dataset.href}/export${this.isAll ? location.search : ""}`, hidden: true });
    const token = document.querySelector("meta[name=csrf-token]").content;
    for (const [name, value] of [["csrf_token", token], ["format", "csv"], ...this.selection()]) {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
    document.body.append(form);
    form.submit();
    form.remove();
  }

  // --- what changed elsewhere ---------------------------------------------------------------------------

  /** Rows whose records have changed are as they are now; what is gone leaves, what came back brings the list anew. */
  async refresh(records) {
    const known = records.filter(({ id }) => document.getElementById(`r-${id}`));
    if (records.some(({ id, outcome }) => outcome === "restored" && !document.getElementById(`r-${id}`))) return reloadList();
    for (let start = 0; start < known.length; start += 40) await this.renew(known.slice(start, start + 40).map(({ id }) => id));
    if (!this.rows().length) reloadList();
  }

  async renew(ids) {
    const query = new URLSearchParams(location.search);
    query.delete("cursor");
    query.set("ids", ids.join(","));
    const mine = Symbol("this question");
    for (const id of ids) this.asked.set(id, mine);
    const answer = await request(`${this.dataset.href}/rows?${query}`, { target: "rows" });
    if (!answer?.ok) return;
    const table = document.createElement("table");
    table.innerHTML = await answer.text();
    for (const id of ids) {
      const [old, fresh] = [document.getElementById(`r-${id}`), table.querySelector(`#r-${CSS.escape(id)}`)];
      if (!old || old.querySelector(".editing") || this.asked.get(id) !== mine) continue;
      if (!fresh) old.remove();
      else {
        const box = fresh.querySelector(".tick input");
        if (box) box.checked = old.querySelector(".tick input").checked;
        fresh.className = old.className;
        const place = old.contains(document.activeElement) ? this.place() : null;
        old.replaceWith(fresh);
        if (place !== null) this.column(fresh, place).focus({ preventScroll: true });
      }
    }
    if (this.bar) this.show();
  }

}

customElements.define("x-grid", Grid);

const grid = () => document.querySelector("x-grid");
const isFree = () => !document.querySelector("dialog[open]") && !isEditing();
const withGrid = (run) => (event) => (grid() && isFree() ? run(grid(), event) : false);
const inGrid = (run) => withGrid((g, event) => (g.contains(event.target) || event.target === document.body ? run(g, event) : false));
const isPeeking = () => Boolean(document.querySelector("x-peek:not([hidden])"));

for (const [key, step] of [["J", 1], ["K", -1]]) bind(key, withGrid((g) => (isPeeking() ? false : void g.walk(step))));
for (const [key, step] of [["ArrowDown", 1], ["ArrowUp", -1]]) bind(key, inGrid((g) => void g.walk(step)));
for (const [key, step] of [["ArrowRight", 1], ["ArrowLeft", -1]]) bind(key, inGrid((g) => g.side(step)));
bind("X", withGrid((g) => g.toggle()));
bind("Shift X", withGrid((g) => g.toggle({ extend: true })));
bind("F2", inGrid((g, event) => void g.editAt(event.target.closest("td[tabindex]"))));
bind("Enter", inGrid((g, event) => (event.target.matches("td[tabindex]") ? void g.editAt(event.target) : false)));
bind("Escape", withGrid((g) => g.clear()));
for (const [key, action] of [["A", "assign"], ["E", "set"], ["Delete", "delete"]]) bind(key, inGrid((g) => g.begin(action)));

document.addEventListener("record:changed", (event) => (grid() ? grid().refresh(event.detail.records) : reloadList()));

/**
 * `<x-peek>`: a record beside its list. Space opens it on the row of the cursor, J and K walk the list with it, links
 * in it lead further in it up to three records deep, and Escape gives the focus back to the row.
 */

import { isEditing } from "./inline.js";
import { bind } from "../keys.js";
import { refusal, request, say } from "../write.js";

const DEEPEST = 3;
const RECORD = /^\/r\/[a-z][a-z0-9_]*\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

class Peek extends HTMLElement {
  connectedCallback() {
    this.body = this.querySelector(".peek-body");
    this.trail = [];
    this.addEventListener("click", (event) => this.click(event));
  }

  get grid() {
    return document.querySelector("x-grid");
  }

  get isOpen() {
    return !this.hidden;
  }

  async open(row) {
    if (!row) return false;
    this.grid.follow(row);
    this.trail = [row.querySelector(".slot-title > a").getAttribute("href")];
    this.hidden = false;
    document.documentElement.classList.add("peeking");
    await this.show({ takesFocus: true });
  }

  /** The record at the end of the trail. */
  async show({ takesFocus = false } = {}) {
    const href = this.trail.at(-1);
    const answer = await request(`${href}/peek`, { target: "peek" });
    if (this.trail.at(-1) !== href) return;
    if (!answer?.ok) return say(await refusal(answer), { alarm: true });
    const had = this.contains(document.activeElement);
    const focused = document.activeElement?.id;
    this.body.innerHTML = await answer.text();
    this.body.scrollTop = 0;
    this.querySelector("[data-go]").href = href;
    this.querySelector("[data-back]").hidden = this.trail.length < 2;
    for (const step of this.querySelectorAll("[data-step]")) step.hidden = this.trail.length > 1;
    if (takesFocus) this.querySelector("#peek-title").focus({ preventScroll: true });
    else if (had) (document.getElementById(focused) ?? this.querySelector("#peek-title")).focus({ preventScroll: true });
  }

  walk(step) {
    const row = this.grid.walk(step, { keepsFocus: true });
    if (!row) return;
    this.trail = [row.querySelector(".slot-title > a").getAttribute("href")];
    this.show({ takesFocus: true });
  }

  /** One layer less: the record before this one, else the panel itself. */
  back() {
    if (this.trail.length < 2) return this.close();
    this.trail.pop();
    this.show({ takesFocus: true });
  }

  close() {
    this.hidden = true;
    document.documentElement.classList.remove("peeking");
    this.trail = [];
    this.body.replaceChildren();
    this.grid?.querySelector("tr.cursor .slot-title > a")?.focus({ preventScroll: true });
  }

  click(event) {
    const button = event.target.closest("button");
    if (button?.hasAttribute("data-close")) this.close();
    else if (button?.hasAttribute("data-back")) this.back();
    else if (button?.dataset.step) this.walk(Number(button.dataset.step));
    else this.stack(event, event.target.closest("a"));
  }

  stack(event, link) {
    if (!link || link.hasAttribute("data-go") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!RECORD.test(link.getAttribute("href") ?? "") || this.trail.length >= DEEPEST) return;
    event.preventDefault();
    this.trail.push(link.getAttribute("href"));
    this.show({ takesFocus: true });
  }
}

customElements.define("x-peek", Peek);

const panel = () => document.querySelector("x-peek");
const whenOpen = (run) => (event) => (panel()?.isOpen && !isEditing() && !document.querySelector("dialog[open]") ? run(panel(), event) : false);

bind("Space", (event) => {
  const grid = document.querySelector("x-grid");
  if (!panel() || !grid || isEditing() || event.target.closest("button, summary, dialog, .filters")) return false;
  if (event.target.matches("input[type=checkbox]")) return false;
  if (panel().isOpen) panel().close();
  else return panel().open(grid.row) === false ? false : undefined;
});
for (const [key, step] of [["J", 1], ["K", -1]]) bind(key, whenOpen((peek) => void peek.walk(step)));
bind("Escape", whenOpen((peek) => void peek.back()));
bind("O", whenOpen((peek) => void peek.querySelector("[data-go]").click()));

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-peek]");
  if (button) panel()?.open(button.closest("tr"));
});
document.addEventListener("grid:cursor", (event) => {
  const peek = panel();
  const href = event.detail.row.querySelector(".slot-title > a").getAttribute("href");
  if (!peek?.isOpen || peek.trail[0] === href || peek.contains(document.activeElement)) return;
  peek.trail = [href];
  peek.show();
});
document.addEventListener("record:changed", () => {
  if (panel()?.isOpen && !isEditing()) panel().show();
});

/**
 * `<x-board>`: cards that are moved between lanes by dragging, by their menu, or with the key M.
 *
 * The server decides about every move: its answer is the board anew, the form of a step that asks for more, or a
 * refusal, which is said while the card stays in its lane. Without scripts the menu is a page and its buttons post.
 * A finger scrolls the board, so touch moves cards by their menu.
 */

import { replaceList } from "./fresh.js";
import { isQuiet } from "../keys.js";
import { done, say } from "../write.js";

const FAR_ENOUGH = 6; // pixels between a click and a drag
const EDGE = 48; // pixels at the side of the board that scroll it

const headers = (target) => ({ "HX-Request": "true", "HX-Target": target });

class Board extends HTMLElement {
  connectedCallback() {
    this.addEventListener("keydown", (event) => this.key(event));
    this.addEventListener("click", (event) => this.click(event), true);
    this.addEventListener("pointerdown", (event) => this.press(event));
    this.addEventListener("dragstart", (event) => event.preventDefault());
  }

  key(event) {
    if (event.key.toLowerCase() !== "m" || isQuiet() || event.ctrlKey || event.metaKey || event.altKey) return;
    const card = event.target.closest("[data-move]");
    if (!card || event.target.closest("dialog")) return;
    event.preventDefault();
    this.offer(card);
  }

  click(event) {
    if (this.dragged) {
      event.preventDefault();
      event.stopPropagation();
      this.dragged = false;
      return;
    }
    const opener = event.target.closest(".card-move");
    if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.offer(opener.closest("[data-move]"));
  }

  /** The open moves of a card in a dialog beside it. */
  async offer(card) {
    const answer = await this.ask(card.dataset.move, { headers: headers("div#moves") });
    if (!answer) return;
    const dialog = document.createElement("dialog");
    dialog.className = "card-menu";
    dialog.setAttribute("aria-label", card.querySelector(".card-move").title);
    dialog.innerHTML = await answer.text();
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("keydown", (event) => walk(event, dialog));
    dialog.addEventListener("submit", (event) => {
      event.preventDefault();
      dialog.close();
      this.move(card, event.submitter.value);
    });
    this.append(dialog);
    dialog.showModal();
    place(dialog, card);
    dialog.querySelector(".pick a, .pick button")?.focus();
  }

  /** The card goes to the lane, if the server lets it. */
  async move(card, lane) {
    const body = new URLSearchParams({ lane, version: card.dataset.version });
    card.setAttribute("aria-busy", "true");
    const answer = await this.ask(card.dataset.move, { method: "POST", body, headers: headers("div#list") });
    card.removeAttribute("aria-busy");
    if (!answer) return;
    if (answer.status < 400) return this.show(answer, card);
    const told = document.createElement("template");
    told.innerHTML = await answer.text();
    say(told.content.querySelector("[data-refused]")?.dataset.refused ?? this.dataset.lost, { alarm: true });
  }

  /** The board as it is after the move, with the focus on the same card; or the form that the step needs. */
  async show(answer, card) {
    if (!answer.url.includes("?") || new URL(answer.url).pathname.includes("/steps/")) return location.assign(answer.url);
    const left = this.scrollLeft;
    const board = replaceList(await answer.text()).querySelector("x-board");
    if (board) board.scrollLeft = left;
    const now = document.getElementById(`card-${card.dataset.card}`) ?? board;
    now?.focus({ preventScroll: false });
    done(answer);
  }

  /** What the server answers; nothing, and a sentence, when it cannot be reached. */
  async ask(address, options) {
    const token = document.querySelector("meta[name=csrf-token]")?.content ?? "";
    try {
      const answer = await fetch(address, { ...options, headers: { ...options.headers, "X-CSRF-Token": token } });
      if (answer.status === 401 || new URL(answer.url).pathname === "/login") location.reload();
      else return answer;
    } catch {
      say(this.dataset.lost);
    }
    return null;
  }

  press(event) {
    const card = event.target.closest("[data-move]");
    if (!card || event.button !== 0 || event.pointerType === "touch" || event.target.closest(".card-move, dialog")) return;
    const start = { x: event.clientX, y: event.clientY };
    const drag = { card, start, ghost: null, lane: null };
    const stop = new AbortController();
    const listen = (name, does) => document.addEventListener(name, does, { signal: stop.signal });
    const end = () => {
      stop.abort();
      this.drop(drag);
    };
    this.dragged = false;
    listen("pointermove", (e) => this.drag(drag, e));
    listen("pointerup", () => {
      end();
      if (drag.lane && drag.lane !== card.closest("[data-lane]")) this.move(card, drag.lane.dataset.lane);
    });
    listen("pointercancel", end);
    listen("keydown", (e) => e.key === "Escape" && end());
  }

  drag(drag, event) {
    const away = Math.hypot(event.clientX - drag.start.x, event.clientY - drag.start.y);
    if (!drag.ghost && away < FAR_ENOUGH) return;
    event.preventDefault();
    if (!drag.ghost) this.lift(drag);
    drag.ghost.style.translate = `${event.clientX - drag.start.x}px ${event.clientY - drag.start.y}px`;
    const sides = this.getBoundingClientRect();
    if (event.clientX > sides.right - EDGE) this.scrollLeft += 12;
    if (event.clientX < sides.left + EDGE) this.scrollLeft -= 12;
    const lane = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-lane]") ?? null;
    if (lane === drag.lane) return;
    drag.lane?.classList.remove("over");
    drag.lane = lane;
    lane?.classList.add("over");
  }

  /** A picture of the card goes with the pointer; the card itself waits in its lane. */
  lift(drag) {
    const box = drag.card.getBoundingClientRect();
    drag.ghost = drag.card.cloneNode(true);
    drag.ghost.classList.add("ghost");
    drag.ghost.setAttribute("aria-hidden", "true");
    drag.ghost.inert = true;
    for (const one of drag.ghost.querySelectorAll("[id]")) one.removeAttribute("id");
    Object.assign(drag.ghost.style, { left: `${box.left}px`, top: `${box.top}px`, width: `${box.width}px` });
    this.append(drag.ghost);
    this.classList.add("dragging");
    drag.card.classList.add("lifted");
    getSelection()?.removeAllRanges();
  }

  drop(drag) {
    if (!drag.ghost) return;
    this.dragged = true; // the click that follows is the end of the drag
    setTimeout(() => (this.dragged = false));
    drag.ghost.remove();
    drag.lane?.classList.remove("over");
    drag.card.classList.remove("lifted");
    this.classList.remove("dragging");
  }
}

/** Beside the card, as far as the window has room. */
function place(dialog, card) {
  const near = card.getBoundingClientRect();
  const own = dialog.getBoundingClientRect();
  const left = Math.max(8, Math.min(near.right - own.width, innerWidth - own.width - 8));
  const top = Math.max(8, Math.min(near.top + 36, innerHeight - own.height - 8));
  Object.assign(dialog.style, { left: `${left}px`, top: `${top}px` });
}

/** Arrow keys walk the moves. */
function walk(event, dialog) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...dialog.querySelectorAll(".pick a, .pick button")];
  all[(all.indexOf(document.activeElement) + step + all.length) % all.length]?.focus();
}

customElements.define("x-board", Board);

/**
 * The favourites of the menu are put in order: one is dragged, or moved with Alt and an arrow while it has the focus.
 *
 * The menu shows the new order at once; the server hears of the moves one after the other, and what it refuses is
 * where it was. Without scripts, and for fingers, the page of the favourites has buttons.
 */

import { refusal, request, say } from "../write.js";

const list = document.querySelector("[data-arrange]");
let held = null; // the item that is being dragged, and what stood behind it
let told = Promise.resolve();

async function tell(item, was, after) {
  const body = new FormData();
  body.append("record", item.dataset.record);
  body.append("after", after);
  const answer = await request(list.dataset.arrange, { body, target: "nav" });
  if (answer?.ok) return say(await answer.text());
  list.insertBefore(item, was);
  return say(await refusal(answer), { alarm: true });
}

/** The server hears where the item stands now; `was` stood behind it before. */
function settled(item, was) {
  if (item.nextElementSibling === was) return;
  const after = item.previousElementSibling?.dataset.record ?? "";
  told = told.then(() => tell(item, was, after));
}

function step(event) {
  const item = event.target.closest("[data-record]");
  const up = event.key === "ArrowUp";
  if (!item || !event.altKey || event.ctrlKey || event.metaKey || !(up || event.key === "ArrowDown")) return;
  event.preventDefault();
  event.stopPropagation();
  const was = item.nextElementSibling;
  const beside = up ? item.previousElementSibling : was;
  if (!beside) return;
  list.insertBefore(item, up ? beside : beside.nextElementSibling);
  event.target.focus();
  settled(item, was);
}

/** The item stands where the pointer is: before what it is over, or behind that in its lower half. */
function over(event) {
  const there = event.target.closest?.("[data-record]");
  if (!held) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "move";
  if (!there || there === held.item) return;
  const { top, height } = there.getBoundingClientRect();
  list.insertBefore(held.item, event.clientY < top + height / 2 ? there : there.nextElementSibling);
}

function lift(event) {
  const item = event.target.closest?.("[data-record]");
  if (!item) return;
  held = { item, was: item.nextElementSibling, isLeft: true };
  event.dataTransfer.effectAllowed = "copyLink move";
  requestAnimationFrame(() => held?.item.classList.add("lifted"));
}

function end() {
  if (!held) return;
  const { item, was, isLeft } = held;
  held = null;
  item.classList.remove("lifted");
  if (isLeft) list.insertBefore(item, was);
  else settled(item, was);
}

if (list) {
  list.addEventListener("keydown", step);
  list.addEventListener("dragstart", lift);
  list.addEventListener("dragover", over);
  list.addEventListener("drop", (event) => {
    if (!held) return;
    event.preventDefault();
    held.isLeft = false;
  });
  list.addEventListener("dragend", end);
}

/**
 * A value edited where it is read. The server gives its control and judges what comes of it: the value takes its
 * place again, or what is wrong stands below, and what was typed stays.
 */

import { bind } from "../keys.js";
import { changed, done, lastOnly, refusal, request, say } from "../write.js";

const FOCUSABLE = "input:not([type=hidden]), select, textarea, button:not([tabindex='-1']), [contenteditable=true]";
const TEXT = "input:not([type=radio], [type=checkbox], [type=date], [type=datetime-local], [type=time], [type=color])";
let open = null;
const WAIT = 180;
const pending = []; // what was saved while one goes from value to value
let ahead = null; // what was typed for the next value before it was there

/** While a value is on its way to the server, what is typed is meant for the next one. */
class Ahead {
  constructor(typed = "") {
    this.typed = typed;
    this.last = null;
    this.hear = (event) => this.hold(event);
    document.addEventListener("keydown", this.hear, true);
  }

  hold(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.key.length === 1) this.typed += event.key;
    else if (event.key === "Backspace") this.typed = this.typed.slice(0, -1);
    else this.last = event;
  }

  stop() {
    document.removeEventListener("keydown", this.hear, true);
  }

  /** What the next value begins with. */
  given(next) {
    const { typed, last } = this;
    return { typed, queue: last ? () => next.meant(last.key, last.shiftKey)?.() : undefined };
  }
}

/** One value in the hands of a person, until it is saved or left. */
class Edit {
  constructor(place, url, options = {}) {
    const { face = "read", move, home, wrap, typed } = options;
    this.options = options;
    Object.assign(this, { typed: typed ?? "", ...ahead?.given(this), place, url, face, move, wrap, home: home ?? document.activeElement, held: [...place.childNodes] });
  }

  async begin() {
    open = this;
    this.place.classList.add("editing");
    const hold = (event) => this.hold(event);
    document.addEventListener("keydown", hold, true);
    const answer = await request(this.url, { target: "editor" });
    const html = answer?.ok ? await answer.text() : "";
    document.removeEventListener("keydown", hold, true);
    if (!answer?.ok) {
      open = null;
      this.place.classList.remove("editing");
      say(await refusal(answer), { alarm: true });
      return false;
    }
    this.place.innerHTML = html;
    this.form = this.place.querySelector("form");
    this.first = this.read();
    this.form.addEventListener("submit", (event) => this.submit(event));
    this.form.addEventListener("keydown", (event) => this.key(event));
    this.form.addEventListener("focusout", () => setTimeout(() => this.left()));
    this.form.querySelector("[data-cancel]").addEventListener("click", () => this.end());
    if (this.form.dataset.ahead) this.foresee();
    this.focus();
    (this.next ?? this.queue)?.();
    return true;
  }

  /** What follows from the value is told while it is typed, with controls for what is needed then. */
  foresee() {
    const [box, ask] = [this.form.querySelector(".ahead"), lastOnly()];
    const tell = async () => {
      const html = await ask(this.form.dataset.ahead, { body: new FormData(this.form), target: "ahead" });
      if (html === null || open !== this) return;
      const page = new DOMParser().parseFromString(html, "text/html");
      const [had, fields] = [box, page].map((one) => one.querySelector(".ahead-fields"));
      if (had?.dataset.names === fields.dataset.names) fields.replaceWith(had); // with what was typed into them
      const focused = document.activeElement;
      box.replaceChildren(...page.body.children);
      if (box.contains(focused)) focused.focus({ preventScroll: true });
    };
    const later = () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(tell, WAIT);
    };
    for (const kind of ["input", "change"]) this.form.addEventListener(kind, (event) => box.contains(event.target) || later());
  }

  /** What is typed before the control is there goes into it, and nowhere else. */
  hold(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) this.typed += event.key;
    else this.next = this.meant(event.key, event.shiftKey) ?? this.next;
  }

  /** What a key does to a value. */
  meant(key, isBack) {
    if (key === "Enter") return () => this.save();
    if (key === "Tab" && this.move) return () => this.save(isBack ? -1 : 1);
    return key === "Escape" ? () => this.end() : null;
  }

  focus() {
    const inputs = [...this.form.querySelectorAll(FOCUSABLE)];
    const input = inputs.find((i) => i.matches("[type=radio]:checked")) ?? inputs[0];
    input?.focus();
    if (input?.matches("textarea")) this.fill(input, input.value + this.typed);
    else if (input?.matches("select") && this.typed) this.pick(input);
    else if (input?.matches(TEXT)) this.fill(input, this.typed || input.value, !this.typed);
    this.typed = "";
    this.place.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** The first option that begins so. */
  pick(select) {
    const found = [...select.options].find((o) => o.label.toLowerCase().startsWith(this.typed.toLowerCase()));
    if (found) this.fill(select, found.value);
  }

  fill(input, text, isSelected = false) {
    const isNew = input.value !== text;
    input.value = text;
    if (isSelected) input.select();
    if (isNew) input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  read() {
    return new URLSearchParams([...new FormData(this.form)].filter(([, value]) => typeof value === "string")).toString();
  }

  key(event) {
    if (event.defaultPrevented) return;
    const isLong = event.target.matches("textarea, [contenteditable=true]") && !event.ctrlKey && !event.metaKey;
    if (event.key === "Escape") this.stop(event, () => this.end());
    else if (event.key === "Enter" && !isLong && !event.target.matches("button")) this.stop(event, () => this.save());
    else if (event.key === "Tab" && this.move && this.isAtEnd(event)) this.stop(event, () => this.save(event.shiftKey ? -1 : 1));
  }

  stop(event, run) {
    event.preventDefault();
    event.stopPropagation();
    run();
  }

  /** Whether Tab would leave the inputs; the buttons are for those who point. */
  isAtEnd(event) {
    const inputs = [...this.form.querySelectorAll(FOCUSABLE)].filter((i) => !i.closest(".inline-keys"));
    const ends = event.shiftKey ? inputs.at(0) : inputs.at(-1);
    return event.target === ends || event.target.matches("[type=radio]");
  }

  submit(event) {
    event.preventDefault();
    this.save();
  }

  left() {
    if (open !== this || this.saving || this.form.contains(document.activeElement) || !document.hasFocus()) return;
    if (this.form.querySelector(".clash, .error:not([hidden])")) return;
    if (this.read() === this.first) this.end(0, false);
    else this.save(0, false);
  }

  /** The value goes to the server; `step` says which neighbour comes next. */
  async save(step = 0, takesFocus = true) {
    if (this.saving) return;
    if (this.read() === this.first) return this.end(step, takesFocus);
    this.saving = true;
    this.sent = this.read();
    this.form.setAttribute("aria-busy", "true");
    if (step && this.move) ahead = new Ahead(ahead?.typed);
    const answer = await request(`${this.url}?face=${this.face}`, { body: new FormData(this.form), target: "value" });
    this.saving = false;
    this.form.removeAttribute("aria-busy");
    if (answer?.ok) return this.finish(answer, step, takesFocus);
    ahead?.stop(); // what is wrong here is mended first; then the rest follows
    if (answer?.status === 412) return this.meet(await answer.text());
    this.warn(await refusal(answer));
  }

  async finish(answer, step, takesFocus) {
    const html = await answer.text();
    const more = step || this.read() === this.sent ? null : this.form.querySelector(`:is(${TEXT}, textarea):not([type=hidden])`)?.value;
    this.put(html);
    const [, , entity, id] = new URL(this.url, location.href).pathname.split("/");
    if (answer.headers.has("X-Undo")) pending.push({ entity, id, outcome: "updated" });
    done(answer);
    ahead?.stop();
    this.close(step, takesFocus);
    ahead = null;
    if (more != null) edit(this.place, this.url, { ...this.options, typed: more });
  }

  /** The new value; where it stands in a link, the link stays. */
  put(html) {
    if (!this.wrap) return void (this.place.innerHTML = html);
    this.place.replaceChildren(...this.held);
    const holder = Object.assign(document.createElement("div"), { innerHTML: html });
    this.wrap.textContent = holder.textContent.trim() || this.wrap.textContent;
  }

  warn(text) {
    const line = this.form.querySelector(".error");
    line.textContent = text;
    line.hidden = false;
    for (const input of this.form.querySelectorAll(FOCUSABLE)) input.setAttribute("aria-invalid", "true");
    if (!this.form.contains(document.activeElement)) this.focus();
  }

  /** Somebody else changed the same value: both stand side by side until one is chosen. */
  meet(html) {
    const box = this.form.querySelector(".inline-clash");
    box.innerHTML = html;
    const { version, was } = box.querySelector(".clash").dataset;
    box.querySelector("[data-mine]").addEventListener("click", () => {
      Object.assign(this.form.elements.version, { value: version });
      Object.assign(this.form.elements.was, { value: was });
      box.replaceChildren();
      this.save();
    });
    box.querySelector("[data-theirs]").addEventListener("click", () => {
      this.put(box.querySelector("dd").innerHTML);
      this.close(0, true);
    });
    box.querySelector("[data-mine]").focus();
  }

  /** The value is as it was read. */
  end(step = 0, takesFocus = true) {
    this.place.replaceChildren(...this.held);
    this.close(step, takesFocus);
  }

  close(step, takesFocus) {
    open = null;
    this.place.classList.remove("editing");
    if (takesFocus && step && this.move?.(step)) return;
    if (takesFocus) this.home?.focus?.({ preventScroll: true });
    if (pending.length) changed(pending.splice(0));
  }
}

/** Edits the value that stands in `place`; true once its control is there. */
export async function edit(place, url, options) {
  if (open) {
    if (open.place === place || !open.form) return false;
    await open.save(0, false);
    if (open) return false;
  }
  return new Edit(place, url, options).begin();
}

/** Whether a value is being edited now. */
export const isEditing = () => open !== null;

/** The details of a record: the pencil, a double click, F2 or Enter on the pencil. */
function editDetail(detail, home) {
  const all = [...detail.closest("article").querySelectorAll("dd.editable")];
  const move = (step) => {
    const next = all[all.indexOf(detail) + step];
    if (next) editDetail(next, next.querySelector(".pencil"));
    return Boolean(next);
  };
  edit(detail.querySelector(".value"), detail.dataset.edit, { move, home: home ?? detail.querySelector(".pencil") });
}

document.addEventListener("click", (event) => {
  const pencil = event.target.closest?.("[data-pencil]");
  if (pencil) editDetail(pencil.closest("dd"), pencil);
});
document.addEventListener("dblclick", (event) => {
  const detail = event.target.closest?.("dd.editable");
  if (!detail || event.target.closest("form, a, button")) return;
  getSelection()?.removeAllRanges();
  editDetail(detail);
});
bind("F2", (event) => {
  const detail = event.target.closest?.(".detail")?.querySelector("dd.editable");
  if (!detail) return false;
  editDetail(detail);
});

/**
 * `<x-lookup src>`: an ARIA combobox whose options come from the server as HTML.
 *
 * The visible input holds what is typed; the first hidden input the chosen id; the second the title that the id
 * belongs to. Emptying the text empties the choice; a text left without choosing is posted as text, and the
 * server resolves or refuses it, just as it does without scripts.
 */

const WAIT = 90;
const MOST = 200;

export class Lookup extends HTMLElement {
  connectedCallback() {
    if (!this.input) this.begin(); // a row that changes its place brings its lookups along
    document.addEventListener("scroll", this.follow, { capture: true, passive: true });
  }

  begin() {
    this.input = this.querySelector("[role=combobox]");
    [this.chosen, this.shown] = this.querySelectorAll("input[type=hidden]");
    this.list = this.querySelector("[role=listbox]");
    this.input.addEventListener("input", () => this.type());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("click", () => this.load());
    this.input.addEventListener("blur", () => this.leave());
    this.follow = () => this.place();
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => this.choose(event.target.closest("[role=option]")));
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    document.removeEventListener("scroll", this.follow, { capture: true });
    this.trip?.abort();
  }

  type() {
    if (!this.input.value.trim()) this.set("", "");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), WAIT);
  }

  async load() {
    this.trip?.abort();
    this.trip = new AbortController();
    const url = new URL(this.getAttribute("src"), location.href);
    const typed = this.input.value.trim();
    url.searchParams.set("q", typed === this.shown.value ? "" : typed);
    if (this.closest("#form")) url.searchParams.set("new", "1");
    for (const [name, value] of this.asked()) url.searchParams.append(`v.${name}`, value.slice(0, MOST));
    this.list.setAttribute("aria-busy", "true");
    try {
      const headers = { "HX-Request": "true", Accept: "text/html" };
      const answer = await fetch(url, { headers, signal: this.trip.signal, credentials: "same-origin" });
      if (answer.ok) this.show(await answer.text(), typed);
    } catch (error) {
      if (error.name !== "AbortError") this.close();
    } finally {
      this.list.removeAttribute("aria-busy");
    }
  }

  /** What the form holds now for the names on which the offers depend: of the same row first, then of the record. */
  asked() {
    const held = this.dataset.needs ? [...new FormData(this.input.form)].filter(([, value]) => typeof value === "string") : [];
    const row = this.dataset.needs ? this.dataset.name.replace(/[^.]+$/, "") : "";
    return (this.dataset.needs ?? "").split(" ").filter(Boolean).flatMap((need) => {
      const under = (name) => held.filter(([n]) => n === name || n.startsWith(`${name}.`)).map(([n, v]) => [need + n.slice(name.length), v]);
      const own = under(row + need);
      return own.length ? own : under(need);
    });
  }

  show(html, typed) {
    const page = new DOMParser().parseFromString(html, "text/html");
    this.offer(page.body.children, typed);
  }

  /** These options answer what is typed. */
  offer(nodes, typed) {
    if (document.activeElement !== this.input) return;
    this.answered = typed;
    this.list.replaceChildren(...nodes);
    this.options().forEach((option, i) => (option.id = `${this.list.id}-${i}`));
    this.list.hidden = false;
    this.place();
    this.input.setAttribute("aria-expanded", "true");
    this.mark(this.input.value.trim() && !this.isChosen() && !this.options()[0]?.dataset.make ? 0 : -1);
  }

  /** Under the input, or above where there is more room; fixed, so that no scrolling box cuts it off. */
  place() {
    if (this.list.hidden) return;
    const box = (this.input.closest(".pill") ?? this.input).getBoundingClientRect();
    const width = Math.min(Math.max(box.width, 260), innerWidth - 16);
    const below = innerHeight - box.bottom - 12;
    const upward = below < 180 && box.top > below;
    Object.assign(this.list.style, {
      width: `${width}px`,
      left: `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`,
      maxHeight: `${Math.min(324, upward ? box.top - 12 : below)}px`,
      top: upward ? "auto" : `${box.bottom + 4}px`,
      bottom: upward ? `${innerHeight - box.top + 4}px` : "auto",
    });
  }

  options() {
    return [...this.list.querySelectorAll("[role=option]")];
  }

  isChosen() {
    return this.chosen.value !== "" && this.input.value === this.shown.value;
  }

  mark(index) {
    const options = this.options();
    this.at = options.length ? Math.max(-1, Math.min(index, options.length - 1)) : -1;
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === this.at)));
    const current = options[this.at];
    if (current) this.input.setAttribute("aria-activedescendant", current.id);
    else this.input.removeAttribute("aria-activedescendant");
    current?.scrollIntoView({ block: "nearest" });
  }

  key(event) {
    const open = !this.list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (open) this.mark(this.at + (event.key === "ArrowDown" ? 1 : -1));
      else this.load();
    } else if (event.key === "Enter" && open && this.at >= 0) {
      event.preventDefault();
      this.choose(this.options()[this.at]);
    } else if (event.key === "Tab" && !event.shiftKey && open && this.at >= 0 && !this.options()[this.at].dataset.make && this.answered === this.input.value.trim()) {
      this.choose(this.options()[this.at]); // never of an older text: who only moves on reads no offers
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    }
  }

  choose(option) {
    if (!option) return;
    this.close();
    if (option.dataset.make) return this.dispatchEvent(new CustomEvent("lookup:make", { bubbles: true, detail: { url: option.dataset.make } }));
    this.take(option.dataset.value, option.dataset.title);
  }

  /** The record is the one that is chosen. */
  take(value, title) {
    this.input.value = title;
    this.set(value, title);
    this.input.dispatchEvent(new Event("change", { bubbles: true }));
    this.chosen.dispatchEvent(new Event("input", { bubbles: true }));
  }

  set(value, title) {
    this.chosen.value = value;
    this.shown.value = title;
  }

  /** A text that is exactly one offered title is that record. */
  leave() {
    const typed = this.input.value.trim().toLowerCase();
    const same = this.options().filter((option) => option.dataset.title?.toLowerCase() === typed);
    if (!this.list.hidden && !this.isChosen() && same.length === 1) this.choose(same[0]);
    this.trip?.abort();
    this.close();
  }

  close() {
    clearTimeout(this.timer);
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.at = -1;
  }
}

customElements.define("x-lookup", Lookup);

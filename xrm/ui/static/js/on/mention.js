/**
 * `<x-mention src>`: a text in which `@` and the beginning of a name offers people. Without scripts the name is typed;
 * the server finds out who is meant either way. Ctrl Enter sends the form.
 */

const WAIT = 120;
const BEGUN = /(?:^|[^\p{L}\p{N}_])@([\p{L}\p{N}_.'-]{1,40}(?: [\p{L}\p{N}_.'-]{0,40})?)$/u;

class Mention extends HTMLElement {
  connectedCallback() {
    this.text = this.querySelector("textarea");
    this.list = this.querySelector("[role=listbox]");
    this.text.addEventListener("input", () => this.typed());
    this.text.addEventListener("keydown", (event) => this.key(event));
    this.text.addEventListener("blur", () => this.close());
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => this.choose(event.target.closest("[role=option]")));
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    this.trip?.abort();
  }

  /** What stands behind the last `@` before the cursor. */
  begun() {
    return this.text.value.slice(0, this.text.selectionStart).match(BEGUN)?.[1] ?? "";
  }

  typed() {
    clearTimeout(this.timer);
    if (this.begun()) this.timer = setTimeout(() => this.load(), WAIT);
    else this.close();
  }

  async load() {
    this.trip?.abort();
    this.trip = new AbortController();
    const url = new URL(this.getAttribute("src"), location.href);
    url.searchParams.set("q", this.begun());
    try {
      const answer = await fetch(url, { headers: { "HX-Request": "true", Accept: "text/html" }, signal: this.trip.signal });
      if (answer.ok) this.show(await answer.text());
    } catch {
      this.close();
    }
  }

  show(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const options = [...page.querySelectorAll("[role=option]")];
    options.forEach((option, i) => (option.id = `${this.list.id}-${i}`));
    this.list.replaceChildren(...options);
    this.list.hidden = !options.length || document.activeElement !== this.text;
    this.mark(0);
  }

  mark(index) {
    const options = [...this.list.children];
    this.at = Math.max(0, Math.min(index, options.length - 1));
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === this.at)));
    if (this.list.hidden) this.text.removeAttribute("aria-activedescendant");
    else this.text.setAttribute("aria-activedescendant", options[this.at].id);
  }

  key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.text.form.requestSubmit();
    }
    if (this.list.hidden) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.mark(this.at + step);
    else if (event.key === "Enter" || event.key === "Tab") this.choose(this.list.children[this.at]);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  choose(option) {
    const begun = this.begun();
    if (option && begun) {
      const at = this.text.selectionStart;
      this.text.setRangeText(`${option.dataset.value} `, at - begun.length, at, "end");
    }
    this.close();
  }

  close() {
    clearTimeout(this.timer);
    this.trip?.abort();
    this.list.hidden = true;
    this.text.removeAttribute("aria-activedescendant");
  }
}

customElements.define("x-mention", Mention);

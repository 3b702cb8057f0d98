/**
 * `<x-tabs>`: links side by side; those that have no room move into a menu at the end. The current one always stays.
 */

class Tabs extends HTMLElement {
  connectedCallback() {
    this.bar = this.querySelector("nav");
    this.more = this.querySelector("details");
    this.menu = this.more.querySelector("ul");
    this.links = [...this.bar.querySelectorAll("a")];
    this.watch = new ResizeObserver(() => this.fit());
    this.watch.observe(this.parentElement);
    document.fonts?.ready.then(() => this.fit());
  }

  disconnectedCallback() {
    this.watch.disconnect();
  }

  fit() {
    this.bar.append(...this.links);
    this.menu.replaceChildren();
    this.more.hidden = true;
    if (this.fits()) return;
    this.more.hidden = false;
    for (const link of this.links.filter((l) => !l.hasAttribute("aria-current")).reverse()) {
      if (this.fits()) break;
      const item = document.createElement("li");
      item.append(link);
      this.menu.prepend(item);
    }
  }

  fits() {
    return this.bar.scrollWidth <= this.bar.clientWidth + 1;
  }
}

customElements.define("x-tabs", Tabs);

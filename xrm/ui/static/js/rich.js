/**
 * `<x-rich>`: formatted text over a plain textarea, which stays the one that is posted.
 * The server cleans what arrives, and cleaned what it sent.
 */

class Rich extends HTMLElement {
  connectedCallback() {
    if (this.area) return; // it has changed its place with its row
    this.area = this.querySelector("textarea");
    this.page = document.createElement("div");
    this.page.className = "input prose rich";
    this.page.contentEditable = "true";
    this.page.id = `${this.area.id}-page`;
    for (const [name, value] of [["role", "textbox"], ["aria-multiline", "true"], ["aria-label", this.dataset.label]]) {
      this.page.setAttribute(name, value);
    }
    for (const name of ["aria-describedby", "aria-invalid"]) {
      if (this.area.hasAttribute(name)) this.page.setAttribute(name, this.area.getAttribute(name));
    }
    this.page.append(...inert(this.area.value));
    this.area.hidden = true;
    this.area.before(this.page);
    this.area.addEventListener("focus", () => this.page.focus());
    this.page.addEventListener("input", () => this.keep());
    this.page.addEventListener("paste", (event) => this.paste(event));
    this.querySelector(".rich-bar").addEventListener("click", (event) => this.format(event.target.closest("[data-do]")));
    document.execCommand("styleWithCSS", false, "false");
    document.execCommand("defaultParagraphSeparator", false, "p");
  }

  keep() {
    this.area.value = this.page.textContent.trim() || this.page.querySelector("img") ? this.page.innerHTML : "";
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  paste(event) {
    event.preventDefault();
    document.execCommand("insertText", false, event.clipboardData.getData("text/plain"));
  }

  format(button) {
    if (!button) return;
    this.page.focus();
    document.execCommand(button.dataset.do, false);
    this.keep();
  }
}

/** The nodes of a piece of HTML without anything that acts; plain text keeps its lines. */
function inert(html) {
  if (!/[<&]/.test(html)) {
    return html.split("\n").filter(Boolean).map((line) => Object.assign(document.createElement("p"), { textContent: line }));
  }
  const page = new DOMParser().parseFromString(html, "text/html");
  page.querySelectorAll("script, style, iframe, object, embed, form, link, meta").forEach((node) => node.remove());
  for (const node of page.querySelectorAll("*")) {
    for (const name of node.getAttributeNames()) if (name !== "href" || !/^(https?:|mailto:)/i.test(node.getAttribute(name))) node.removeAttribute(name);
  }
  return [...page.body.childNodes];
}

customElements.define("x-rich", Rich);

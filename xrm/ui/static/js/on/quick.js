/**
 * A record made on the way: a lookup asks for it, a short form stands in a dialog, and the record that comes of it is
 * the one that the lookup holds.
 */

import { done, refusal, request, say } from "../write.js";

const sheet = document.getElementById("quick");
let lookup = null;

async function fill(answer) {
  if (!answer?.ok && answer?.headers.get("Content-Type")?.startsWith("text/html") !== true) return say(await refusal(answer), { alarm: true });
  sheet.innerHTML = await answer.text();
  sheet.setAttribute("aria-labelledby", "quick-title");
  const form = sheet.querySelector("form");
  if (form.dataset.conditions) (await import("./conditions.js")).live(form);
  if (!sheet.open) sheet.showModal();
  const wrong = sheet.querySelector("[aria-invalid=true]");
  const inputs = [...sheet.querySelectorAll("input:not([type=hidden]), select, textarea")].filter((input) => !input.closest("[hidden]") && !input.disabled);
  (wrong ?? inputs.find((input) => !input.value) ?? inputs[0])?.focus();
}

/** The lookup holds what was made, under the name that it has now. */
async function take(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const { entity, id, title } = page.querySelector("i[data-id]").dataset;
  lookup.take(lookup.hasAttribute("data-several") ? `${entity}/${id}` : id, title);
  sheet.close();
  done(answer);
}

document.addEventListener("lookup:make", async ({ target, detail }) => {
  lookup = target;
  fill(await request(detail.url, { target: "quick" }));
});

sheet.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  if (form.hasAttribute("aria-busy")) return;
  form.setAttribute("aria-busy", "true");
  const answer = await request(form.action, { body: new FormData(form, event.submitter), target: "quick" });
  form.removeAttribute("aria-busy");
  if (answer?.ok) take(answer);
  else fill(answer);
});

sheet.addEventListener("click", (event) => event.target.closest("[data-cancel]") && sheet.close());
sheet.addEventListener("close", () => {
  sheet.replaceChildren();
  lookup?.input.focus();
});

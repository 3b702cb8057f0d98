/**
 * The dialog in which a change of many rows is said, tried and confirmed. A grid asks for it with `bulk:begin`.
 */

import { changed, done, refusal, request, say } from "../write.js";

const sheet = document.getElementById("bulk");
let work = null;

async function fill(answer) {
  const isForm = (answer?.ok || answer?.status === 422) && answer.headers.get("Content-Type")?.startsWith("text/html");
  if (!isForm) return say(await refusal(answer), { alarm: true });
  sheet.innerHTML = await answer.text();
  if (!sheet.open) sheet.showModal();
  (sheet.querySelector("[aria-invalid=true], select, input:not([type=hidden]), #bulk-do") ?? sheet.querySelector("button")).focus();
}

const send = (data) => request(work.url, { body: work.grid.selection(data), target: "bulk" });

async function confirm(form) {
  const data = new FormData(form);
  for (const [name, value] of work.said) data.append(name, value);
  form.setAttribute("aria-busy", "true");
  const answer = await send(data);
  if (answer?.headers.has("X-Go")) return location.assign(answer.headers.get("X-Go"));
  if (!answer?.headers.has("X-Undo")) return fill(answer);
  sheet.close();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const records = [...page.querySelectorAll("i[data-id]")].map(({ dataset }) => ({ ...dataset }));
  work.grid.clear();
  done(answer);
  changed(records);
}

if (sheet) {
  document.addEventListener("bulk:begin", async ({ detail }) => {
    work = { grid: detail.grid, url: `${detail.grid.dataset.href}/bulk`, action: detail.action, said: [["action", detail.action]], home: document.activeElement };
    if (detail.action !== "delete") return fill(await request(`${work.url}?action=${detail.action}`, { target: "bulk" }));
    const data = new FormData();
    data.set("action", "delete");
    fill(await send(data));
  });
  sheet.addEventListener("change", async (event) => {
    if (!event.target.matches("[data-bulk-field]")) return;
    await fill(await request(`${work.url}?action=set&field=${encodeURIComponent(event.target.value)}`, { target: "bulk" }));
    sheet.querySelector(".field + .field :is(input:not([type=hidden]), select, textarea), fieldset :is(input:not([type=hidden]), select)")?.focus();
  });
  sheet.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (event.target.matches("[data-bulk-confirm]")) return confirm(event.target);
    work.said = [...new FormData(event.target)];
    event.target.setAttribute("aria-busy", "true");
    fill(await send(new FormData(event.target)));
  });
  sheet.addEventListener("click", (event) => {
    if (event.target === sheet || event.target.closest("[data-cancel]")) sheet.close();
  });
  sheet.addEventListener("close", () => work?.home?.focus?.());
}

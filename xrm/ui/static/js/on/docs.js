/**
 * The try-it forms of the API reference: each sends its own call under the reader's session and shows the answer.
 */

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form.try");
  if (!form) return;
  event.preventDefault();
  const outcome = form.querySelector(".outcome");
  const started = performance.now();
  const answer = await fetch(address(form), request(form)).catch((error) => error);
  outcome.hidden = false;
  outcome.querySelector("p").textContent = answer instanceof Response ? `${answer.status} · ${Math.round(performance.now() - started)} ms` : String(answer);
  outcome.querySelector("pre").textContent = answer instanceof Response ? pretty(await answer.text()) : "";
});

/** The call's address with its path and query parameters filled in. */
function address(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll("input[data-place]")) {
    if (input.dataset.place === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.dataset.place === "query" && input.value) query.set(input.name, input.value);
  }
  return query.size ? `${path}?${query}` : path;
}

function request(form) {
  const headers = { Accept: "application/json", "X-CSRF-Token": document.querySelector("meta[name=csrf-token]")?.content ?? "" };
  for (const input of form.querySelectorAll("input[data-place=header]")) if (input.value) headers[input.name] = input.value;
  const body = form.querySelector("[data-place=body]")?.value;
  if (body) headers["Content-Type"] = "application/json";
  return { method: form.dataset.method, headers, body: body || undefined, credentials: "same-origin" };
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** The body of a list or a board as the server has it now, in the place of the one that is shown. */

import { lastOnly } from "../write.js";

/** What `html` holds takes the place of `#list`, and of what the filter bar says of it. */
export function replaceList(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  for (const id of ["list", "conditions"]) {
    const part = fresh.content.getElementById(id);
    part?.removeAttribute("hx-swap-oob");
    if (part) document.getElementById(id)?.replaceWith(part);
  }
  const list = document.getElementById("list");
  window.htmx?.process(list);
  return list;
}

const ask = lastOnly();

/** The list of this address is fetched anew. */
export async function reloadList() {
  const text = await ask(location.pathname + location.search, { target: "list" });
  if (text !== null) replaceList(text);
}

/** The body of a list or a board as the server has it now, in the place of the one that is shown. */

import { request } from "../write.js";

/** `html` takes the place of `#list`. */
export function replaceList(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  document.getElementById("list").replaceWith(fresh.content);
  const list = document.getElementById("list");
  window.htmx?.process(list);
  return list;
}

/** The list of this address is fetched anew. */
export async function reloadList() {
  const answer = await request(location.pathname + location.search, { target: "list" });
  if (answer?.ok) replaceList(await answer.text());
}

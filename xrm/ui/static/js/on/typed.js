/** What people type, read as the server reads it (`plain_number` in xrm/ui/fields/parsing.py). */

const GROUPS = { ".": /^[+-]?[1-9]\d{0,2}(\.\d{3})+$/, ",": /^[+-]?[1-9]\d{0,2}(,\d{3})+$/ };

/** The number in a text with a point as its decimal mark, where `mark` is that of its locale; null where there is none. */
export function numberIn(text, mark) {
  const other = mark === "," ? "." : ",";
  let bare = text.replace(/[\s\u00a0\u202f'’]/g, "").replaceAll("−", "-");
  const [whole, ...parts] = bare.split(mark);
  const isGrouped = GROUPS[other].test(whole);
  if (parts.length > 1 || (parts.length && (parts[0].includes(other) || (whole.includes(other) && !isGrouped)))) return null;
  bare = parts.length || isGrouped ? bare.replaceAll(other, "").replace(mark, ".") : bare.replace(other, ".");
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(bare) ? bare.replace(/^\+/, "").replace(/^(-?)\./, "$10.") : null;
}

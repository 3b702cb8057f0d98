/**
 * The evaluator of expressions: it takes the typed tree that the server has checked, as data, and gives the answer that
 * Python and the databases give. There is no parser here, and no name that the server has not resolved.
 *
 * A record is `{entity, id, value(path), follow(relationship), many(relationship)}`: data of an attribute by its path
 * joined with dots, the record that a relationship leads to or null, and the records that it leads to.
 */

import {
  READ, WRITE, addMonths, ceiling, dateIn, day, dayOf, dayText, daysOf, floor, folded, kept, magnitude, moment, monthEnd,
  partsOf, plain, quotient, scaled, secondsBetween, secondsOf, span,
} from "./exact.js";
import * as more from "./functions.js";

const PLACES = 6;
const NUMBERS = ["integer", "decimal"];
const ACTOR = ["me", "my.teams", "my.unit", "my.units", "my.contact"];

const kindOf = (type) => (Array.isArray(type) ? type[0] : type);
const placesOf = (type) => (kindOf(type) !== "decimal" ? 0 : Array.isArray(type) ? type[3] : PLACES);

/** What data of the type means here. */
function meant(data, type) {
  if (data === null || data === undefined || data === "" || data.length === 0) return null;
  const read = READ[kindOf(type)];
  return read ? read(data, placesOf(type)) : data;
}

/** The data of a value of the type. */
export function written(value, type) {
  const write = WRITE[kindOf(type)];
  return value === null || !write ? value : write(value, placesOf(type));
}

/**
 * The value of a tree for a record. `context` has the data of `today`, `now`, `zone`, `me`, `my.teams`, `settings.x` and
 * the like; `outer` is the record in hand where bare names belong to another; `old` is the record before the change.
 */
export function evaluate(tree, record, context, outer = record, old = null) {
  return valueOf(tree, { record, outer, old, context });
}

const valueOf = (node, at) => NODES[node.node](node, at);

/** The values of nodes as numbers of the same decimals. */
function aligned(nodes, at, places) {
  return nodes.map((node) => {
    const value = valueOf(node, at);
    const own = placesOf(node.type);
    return value === null || own === places ? value : kept(scaled(value, own, places));
  });
}

const identity = (value) => value?.id ?? value;

/** Both sides of a comparison, as values that JavaScript compares. */
function sides(left, right, at) {
  const a = identity(valueOf(left, at));
  const b = identity(valueOf(right, at));
  if (a === null || b === null || !NUMBERS.includes(kindOf(left.type))) return [a, b];
  const [from, to] = [placesOf(left.type), placesOf(right.type)];
  return [scaled(a, from, Math.max(from, to)), scaled(b, to, Math.max(from, to))];
}

const isOfActor = (node) => node.node === "Parameter" && ACTOR.includes(node.name);

function isEqual(left, right, at) {
  const [a, b] = sides(left, right, at);
  return a === b && (a !== null || !(isOfActor(left) || isOfActor(right)));
}

const ORDERS = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b };

const follows = (record, hop) => {
  const [, relationship, targets, narrowed] = hop;
  const found = record?.follow(relationship) ?? null;
  return found && narrowed && !targets.includes(found.entity) ? null : found;
};

const start = (node, at) => (node.hops ?? []).reduce(follows, at[node.root]);

function access(node, at) {
  const record = start(node, at);
  if (!record) return null;
  const path = node.path.join(".");
  if (path === "id") return { entity: record.entity, id: record.id };
  const value = meant(record.value(path), node.type);
  return node.narrowed && value !== null && !node.type[1].includes(value.entity) ? null : value;
}

// --- calculation

function number(operator, left, right, type, [a, b]) {
  const [from, to] = [placesOf(left.type), placesOf(right.type)];
  if (operator === "/") return quotient(a, from, b, to, PLACES);
  if (operator === "*") return kept(scaled(a * b, from + to, placesOf(type)));
  const places = Math.max(from, to);
  const other = scaled(b, to, places);
  return kept(scaled(scaled(a, from, places) + (operator === "+" ? other : -other), places, placesOf(type)));
}

const signed = (operator, value) => (operator === "+" ? value : -value);

const TIMES = {
  "date duration": (operator, a, b) => day(a + daysOf(signed(operator, b))),
  "date date": (operator, a, b) => secondsOf(a - b),
  "datetime duration": (operator, a, b) => moment(a + signed(operator, b) * 1000000n),
  "datetime datetime": (operator, a, b) => secondsBetween(a, b),
  "duration duration": (operator, a, b) => (operator === "/" ? quotient(a, 0, b, 0, PLACES) : span(a + signed(operator, b))),
};

function ofDuration(operator, a, b, places) {
  if (operator === "/") return span(quotient(a, 0, b, places, 0));
  const found = kept(scaled(a * b, places, 0));
  return span(found);
}

function arithmetic(node, at) {
  const values = [valueOf(node.left, at), valueOf(node.right, at)];
  if (values.includes(null)) return null;
  const kinds = [kindOf(node.left.type), kindOf(node.right.type)];
  if (kinds.every((kind) => NUMBERS.includes(kind))) return number(node.operator, node.left, node.right, node.type, values);
  if (NUMBERS.includes(kinds[1])) return ofDuration(node.operator, ...values, placesOf(node.right.type));
  return TIMES[kinds.join(" ")](node.operator, ...values);
}

// --- many records

/** The records that an aggregate goes over, each with where its names are looked up. */
function reached(node, at) {
  const from = start(node.over, at);
  const all = (from?.many(node.over.path[0]) ?? []).map((record) => ({ ...at, record }));
  return node.where ? all.filter((one) => Boolean(valueOf(node.where, one)) === (node.function !== "all")) : all;
}

const least = (a, b) => (b < a ? b : a);
const greatest = (a, b) => (b > a ? b : a);
const total = (values) => values.reduce((a, b) => a + b, 0n);

function mean(values, type, from) {
  const [count, sum] = [BigInt(values.length), total(values)];
  return kindOf(type) === "duration" ? span(quotient(sum, 0, count, 0, 0)) : quotient(sum, from, count, 0, PLACES);
}

function reduced(node, at) {
  const values = reached(node, at).map((one) => valueOf(node.value, one)).filter((value) => value !== null);
  if (node.function === "sum") return kindOf(node.type) === "duration" ? span(kept(total(values))) : kept(total(values));
  if (node.function === "avg") return mean(values, node.type, placesOf(node.value.type));
  return values.length ? values.reduce(node.function === "min" ? least : greatest) : null;
}

function latest(node, at) {
  let last = null;
  for (const one of reached(node, at)) {
    const by = valueOf(node.by, one);
    if (by === null || (last && (by < last.by || (by === last.by && one.record.id < last.one.record.id)))) continue;
    last = { by, one };
  }
  return last && valueOf(node.value, last.one);
}

function first(node, at) {
  let found = null;
  for (const one of reached(node, at)) {
    const by = valueOf(node.by, one);
    if (by === null || (found && (by > found.by || (by === found.by && one.record.id > found.one.record.id)))) continue;
    found = { by, one };
  }
  return found && valueOf(node.value, found.one);
}

const MOST_LISTED = 20;
const LONGEST_LIST = 1000;

/** Which text comes first, character by character: a character is not a unit of UTF-16. */
function inOrder(a, b) {
  const [left, right] = [Array.from(a), Array.from(b)];
  const at = left.findIndex((character, place) => character !== right[place]);
  if (at < 0) return left.length - right.length;
  return at >= right.length ? 1 : left[at].codePointAt(0) - right[at].codePointAt(0);
}

function listed(node, at) {
  const all = reached(node, at).map((one) => valueOf(node.value, one)).filter(Boolean);
  const found = (node.function === "list" ? [...new Set(all)] : all).sort(inOrder);
  const more = found.length > MOST_LISTED ? ["…"] : [];
  const text = [...found.slice(0, MOST_LISTED), ...more].join(", ");
  return Array.from(text).slice(0, LONGEST_LIST).join("") || null;
}

const AGGREGATES = {
  any: (node, at) => reached(node, at).length > 0,
  all: (node, at) => reached(node, at).length === 0,
  count: (node, at) => BigInt(reached(node, at).length),
  sum: reduced,
  avg: reduced,
  min: reduced,
  max: reduced,
  latest,
  first,
  list: listed,
  list_all: listed,
};

// --- functions: each is given its arguments and their nodes; the strict ones no empty argument

const chosen = (choose) => (values) => values.filter((value) => value !== null).reduce(choose, null);
const within = (test) => ([text, part]) => {
  const [whole, inside] = [folded(text), folded(part)];
  return whole !== null && inside !== null && test(whole, inside);
};
const ofParts = (make) => ([date]) => make(...partsOf(date), date);

const LENIENT = {
  contains: within((whole, part) => whole.includes(part)),
  starts_with: within((whole, part) => whole.startsWith(part)),
  ends_with: within((whole, part) => whole.endsWith(part)),
  same_text: ([a, b]) => folded(a) === folded(b),
  length: ([text]) => BigInt(Array.from(text ?? "").length),
  min: chosen((a, b) => (a === null ? b : least(a, b))),
  max: chosen((a, b) => (a === null ? b : greatest(a, b))),
  first_of: (values) => values.find((value) => value !== null) ?? null,
  ...more.LENIENT,
};

const PRINTED = { integer: (value) => plain(value, 0), decimal: plain, date: dayText };

const STRICT = {
  text: ([value], [node]) => (PRINTED[kindOf(node.type)] ?? String)(value, placesOf(node.type)),
  round([value, places], [node], type) {
    const own = placesOf(node.type);
    const wanted = places === undefined ? 0 : Math.min(Number(places), own);
    return scaled(scaled(value, own, wanted), wanted, placesOf(type));
  },
  floor: ([value], [node]) => floor(value, placesOf(node.type)),
  ceiling: ([value], [node]) => ceiling(value, placesOf(node.type)),
  abs: ([value], [node]) => (kindOf(node.type) === "integer" ? kept(magnitude(value)) : magnitude(value)),
  days_between: ([a, b]) => BigInt(b - a),
  add_months: ([date, count]) => addMonths(date, count),
  add_years: ([date, count]) => addMonths(date, 12n * count),
  year: ofParts((year) => BigInt(year)),
  month: ofParts((year, month) => BigInt(month)),
  day: ofParts((year, month, date) => BigInt(date)),
  weekday: ([date]) => BigInt(((date - 1) % 7) + 1),
  start_of_month: ofParts((year, month) => dayOf(year, month, 1)),
  end_of_month: ofParts(monthEnd),
  start_of_week: ([date]) => date - ((date - 1) % 7),
  start_of_quarter: ofParts((year, month) => dayOf(year, month - ((month - 1) % 3), 1)),
  start_of_year: ofParts((year) => dayOf(year, 1, 1)),
  date_of: ([instant], nodes, type, context) => dateIn(instant, context.zone),
};

/** The names of the functions that can be called here. */
export const FUNCTIONS = [...Object.keys(LENIENT), ...Object.keys(STRICT), ...Object.keys(more.STRICT)];
const ALIKE = ["min", "max", "first_of", "clamp"];

function call(node, at) {
  const lenient = LENIENT[node.function];
  const places = placesOf(node.type);
  const asked = node.arguments;
  const values = ALIKE.includes(node.function) && places ? aligned(asked, at, places) : asked.map((one) => valueOf(one, at));
  if (lenient) return lenient(values);
  if (values.includes(null)) return null;
  const strict = STRICT[node.function];
  return strict ? strict(values, asked, node.type, at.context) : more.STRICT[node.function](values, asked, placesOf, node.type, at.context);
}

// --- nodes

function isIn(node, at) {
  if (node.options.node === "ListOf")
    return (node.options.items ?? []).some((option) => (kindOf(option.type) === "empty" ? valueOf(node.item, at) === null : isEqual(node.item, option, at)));
  const item = identity(valueOf(node.item, at));
  return item !== null && (valueOf(node.options, at) ?? []).map(identity).includes(item);
}

function hasChanged(node, at) {
  const now = valueOf(node.attribute, at);
  const before = at.old && meant(at.old.value(node.attribute.path.join(".")), node.attribute.type);
  return JSON.stringify(written(now, node.attribute.type)) !== JSON.stringify(written(before, node.attribute.type));
}

const NODES = {
  Literal: (node) => meant(node.value, node.type),
  Parameter: (node, at) => meant(at.context[node.name], node.type),
  Access: access,
  Not: (node, at) => !valueOf(node.operand, at),
  And: (node, at) => node.operands.every((one) => valueOf(one, at)),
  Or: (node, at) => node.operands.some((one) => valueOf(one, at)),
  Compare(node, at) {
    if (node.operator === "==") return isEqual(node.left, node.right, at);
    const [a, b] = sides(node.left, node.right, at);
    return a !== null && b !== null && ORDERS[node.operator](a, b);
  },
  In: isIn,
  IsEmpty: (node, at) => valueOf(node.operand, at) === null,
  Arithmetic: arithmetic,
  Join: (node, at) => node.parts.map((part) => valueOf(part, at) ?? "").join("") || null,
  IfElse(node, at) {
    const one = valueOf(node.condition, at) ? node.then : node.otherwise;
    const places = placesOf(node.type);
    return places ? aligned([one], at, places)[0] : valueOf(one, at);
  },
  Call: call,
  Aggregate: (node, at) => AGGREGATES[node.function](node, at),
  Changed: hasChanged,
};

/**
 * The functions of text, numbers and dates that expressions can call besides those of exact.js, with the answers that
 * Python and the databases give. Values are as there; a text is counted in characters (code points).
 */

import { addMonths, dateIn, day, dayOf, kept, monthEnd, partsOf, quotient, scaled } from "./exact.js";

const LONGEST = 10000;
const FAR = 1000000000n;
const PLACES = 6;
const WHITE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;

const characters = (text) => Array.from(text);
const made = (list) => list.join("") || null;
const near = (count) => Number(count > FAR ? FAR : count < -FAR ? -FAR : count);
const size = (value) => (value < 0n ? -value : value);
const power = (places) => 10n ** BigInt(places);

// --- capitals: runs of small letters as first, last, step and the way to their capitals; the server has the same

const RUNS = [
  97, 122, 1, -32, 224, 246, 1, -32, 248, 254, 1, -32, 255, 255, 1, 121, 257, 303, 2, -1, 307, 311, 2, -1, 314, 328,
  2, -1, 331, 375, 2, -1, 378, 382, 2, -1, 387, 389, 2, -1, 392, 392, 1, -1, 396, 396, 1, -1, 402, 402, 1, -1, 405,
  405, 1, 97, 409, 409, 1, -1, 414, 414, 1, 130, 417, 421, 2, -1, 424, 424, 1, -1, 429, 429, 1, -1, 432, 432, 1, -1,
  436, 438, 2, -1, 441, 441, 1, -1, 445, 445, 1, -1, 447, 447, 1, 56, 454, 454, 1, -2, 457, 457, 1, -2, 460, 460, 1,
  -2, 462, 476, 2, -1, 477, 477, 1, -79, 479, 495, 2, -1, 499, 499, 1, -2, 501, 501, 1, -1, 505, 543, 2, -1, 547,
  563, 2, -1, 595, 595, 1, -210, 596, 596, 1, -206, 598, 599, 1, -205, 601, 601, 1, -202, 603, 603, 1, -203, 608,
  608, 1, -205, 611, 611, 1, -207, 616, 616, 1, -209, 617, 617, 1, -211, 623, 623, 1, -211, 626, 626, 1, -213, 629,
  629, 1, -214, 640, 640, 1, -218, 643, 643, 1, -218, 648, 648, 1, -218, 650, 651, 1, -217, 658, 658, 1, -219, 940,
  940, 1, -38, 941, 943, 1, -37, 945, 961, 1, -32, 963, 971, 1, -32, 972, 972, 1, -64, 973, 974, 1, -63, 985, 1007,
  2, -1, 1072, 1103, 1, -32, 1104, 1119, 1, -80, 1121, 1153, 2, -1, 1163, 1215, 2, -1, 1218, 1230, 2, -1, 1233,
  1269, 2, -1, 1273, 1273, 1, -1, 1281, 1295, 2, -1, 1377, 1414, 1, -48, 7681, 7829, 2, -1, 7841, 7929, 2, -1, 7936,
  7943, 1, 8, 7952, 7957, 1, 8, 7968, 7975, 1, 8, 7984, 7991, 1, 8, 8000, 8005, 1, 8, 8017, 8023, 2, 8, 8032, 8039,
  1, 8, 8048, 8049, 1, 74, 8050, 8053, 1, 86, 8054, 8055, 1, 100, 8056, 8057, 1, 128, 8058, 8059, 1, 112, 8060,
  8061, 1, 126, 8112, 8113, 1, 8, 8144, 8145, 1, 8, 8160, 8161, 1, 8, 8165, 8165, 1, 7,
];
const CAPITALS = new Map();
for (let at = 0; at < RUNS.length; at += 4)
  for (let code = RUNS[at]; code <= RUNS[at + 1]; code += RUNS[at + 2])
    CAPITALS.set(String.fromCharCode(code), String.fromCharCode(code + RUNS[at + 3]));
const SMALLS = new Map([...CAPITALS].map(([small, capital]) => [capital, small]));
CAPITALS.set("ς", "Σ");

const turned = (table) => ([text]) => characters(text).map((letter) => table.get(letter) ?? letter).join("");

// --- text

function mid([text, start, count]) {
  if (start < 1n || count < 1n) return null;
  return made(characters(text).slice(near(start) - 1, near(start) - 1 + near(count)));
}

function position([text, part]) {
  const found = text.indexOf(part);
  return BigInt(found < 0 ? 0 : characters(text.slice(0, found)).length + 1);
}

function replace([text, part, other]) {
  const parts = part ? (text ?? "").split(part) : [text ?? ""];
  const long = (some) => characters(some ?? "").length;
  if (long(text) + (parts.length - 1) * (long(other) - long(part)) > LONGEST) return null;
  return parts.join(other ?? "") || null;
}

function repeat([text, count]) {
  const fits = count > 0n && count <= LONGEST && characters(text).length * Number(count) <= LONGEST;
  return fits ? text.repeat(Number(count)) : null;
}

function padded(put) {
  return ([text, width, fill = " "]) => {
    if (width > LONGEST) return null;
    const missing = Math.max(near(width) - characters(text).length, 0);
    const with_ = characters(fill);
    return put(text, Array.from({ length: missing }, (none, at) => with_[at % with_.length]).join(""));
  };
}

function part([text, separator, number]) {
  const parts = text.split(separator);
  const at = near(number);
  return (at > 0 ? parts[at - 1] : parts[parts.length + at]) || null;
}

function fixed([value, places], [node], placesOf) {
  const own = placesOf(node.type);
  const wanted = Number(places);
  const digits = String(size(scaled(value, own, wanted))).padStart(wanted + 1, "0");
  const [whole, rest] = [digits.slice(0, digits.length - wanted), digits.slice(digits.length - wanted)];
  const sign = value < 0n && /[1-9]/.test(digits) ? "-" : "";
  return sign + (wanted ? `${whole}.${rest}` : whole);
}

function number([text]) {
  const found = /^([+-]?)([0-9]{1,18})(?:[.]([0-9]{1,18}))?$/.exec(text);
  if (!found) return null;
  const [, sign, whole, rest = ""] = found;
  const value = scaled(BigInt(whole + rest), rest.length, PLACES);
  return kept(sign === "-" ? -value : value);
}

function dateText([date, pattern]) {
  const [year, month, of] = partsOf(date).map(String);
  const long = year.padStart(4, "0");
  const shown = { YYYY: long, YY: long.slice(2), MM: month.padStart(2, "0"), M: month, DD: of.padStart(2, "0"), D: of };
  return pattern.replace(/YYYY|YY|MM|M|DD|D/g, (token) => shown[token]);
}

// --- numbers

const up = (value, unit) => ((size(value) + unit - 1n) / unit) * (value < 0n ? -1n : 1n);

const shortened = (choose) => ([value, places], [node], placesOf) => {
  const own = placesOf(node.type);
  const wanted = Math.min(Number(places ?? 0n), own);
  return choose(value, power(own - wanted));
};

function mod([a, b], [left, right], placesOf, type) {
  if (b === 0n) return null;
  const places = placesOf(type);
  const [x, y] = [scaled(a, placesOf(left.type), places), scaled(b, placesOf(right.type), places)];
  return kept(((x % y) + y) % y);
}

const raised = ([value, exponent], [node], placesOf, type) =>
  kept(scaled(value ** exponent, placesOf(node.type) * Number(exponent), placesOf(type)));

/** The whole square root, rounded down. */
function root(value) {
  if (value < 2n) return value;
  let found = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (found + value / found) >> 1n;
    if (next >= found) return found;
    found = next;
  }
}

function sqrt([value], [node], placesOf) {
  if (value < 0n) return null;
  return kept(scaled(root(value * power(36 - placesOf(node.type))), 18, PLACES));
}

const percentOf = ([a, b], [left, right], placesOf) =>
  quotient(a * 100n, placesOf(left.type), b, placesOf(right.type), PLACES);

const counted = (unit) => ([seconds]) => quotient(seconds, 0, unit, 0, PLACES);

// --- dates: the number 1 is a Monday

const weekday = (date) => ((date - 1) % 7) + 1;
const moved = (date, count) => (count > FAR || count < -FAR ? null : day(date + Number(count)));

/** Calendars by their texts: the working weekdays, and the holidays on them with how many business days come before each. */
const calendars = new Map();

function calendarOf(text = "12345") {
  if (!calendars.has(text)) {
    const [digits, ...rest] = text.split(" ");
    const week = Array.from(digits, Number);
    const until = (date) => Math.floor(date / 7) * week.length + week.filter((one) => one <= date % 7).length;
    const dates = rest.map((one) => dayOf(...one.split("-").map(Number)));
    const holidays = dates.filter((date) => week.includes(weekday(date)));
    calendars.set(text, { week, until, holidays, reached: holidays.map((date, place) => until(date) - 1 - place) });
  }
  return calendars.get(text);
}

const among = (sorted, value) => sorted.filter((one) => one < value).length;
const business = (date, { until, holidays }) => until(date) - among(holidays, date + 1);

function dated([year, month, of]) {
  if (year < 1n || year > 9999n || month < 1n || month > 12n || of < 1n || of > 31n) return null;
  const found = dayOf(Number(year), Number(month), Number(of));
  return found !== null && partsOf(found)[2] === Number(of) ? found : null;
}

function week([date]) {
  const thursday = date - weekday(date) + 4;
  return BigInt(Math.floor((thursday - dayOf(partsOf(thursday)[0], 1, 1)) / 7) + 1);
}

function addBusinessDays([date, count, text]) {
  if (count === 0n) return date;
  if (count > FAR || count < -FAR) return null;
  const calendar = calendarOf(text);
  const place = business(count > 0n ? date : date - 1, calendar) + Number(count) + (count > 0n ? 0 : 1);
  if (place < 1) return null;
  const { week, reached } = calendar;
  const found = place - 1 + among(reached, place);
  return day(Math.floor(found / week.length) * 7 + week[found % week.length]);
}

function months(a, b) {
  if (b < a) return -months(b, a);
  const [from, to] = [partsOf(a), partsOf(b)];
  const found = (to[0] - from[0]) * 12 + to[1] - from[1];
  const reached = addMonths(a, BigInt(found));
  return reached !== null && reached <= b ? found : found - 1;
}

/** The date and the time of day in a zone; empty where the date is. */
function clock(part) {
  const shown = new Map();
  return ([instant], nodes, placesOf, type, { zone }) => {
    if (dateIn(instant, zone) === null) return null;
    if (!shown.has(zone))
      shown.set(zone, new Intl.DateTimeFormat("en-u-ca-gregory", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }));
    const micros = instant >= 0n || instant % 1000n === 0n ? instant / 1000n : instant / 1000n - 1n;
    return BigInt(shown.get(zone).formatToParts(new Date(Number(micros))).find((one) => one.type === part).value);
  };
}

/** Those that take empty arguments. */
export const LENIENT = {
  replace,
  join: ([separator, ...parts]) => parts.filter((one) => one !== null).join(separator ?? "") || null,
  clamp([value, low, high]) {
    if (value === null) return null;
    const found = low !== null && value < low ? low : value;
    return high !== null && found > high ? high : found;
  },
};

/** Those that are empty with an empty argument: each gets values, nodes, what tells decimals, type and context. */
export const STRICT = {
  upper: turned(CAPITALS),
  lower: turned(SMALLS),
  trim: ([text]) => text.replace(WHITE, " ").replace(/^ | $/g, "") || null,
  left: ([text, count]) => made(characters(text).slice(0, Math.max(near(count), 0))),
  right: ([text, count]) => (count > 0n ? made(characters(text).slice(-near(count))) : null),
  mid,
  position,
  repeat,
  pad_left: padded((text, filling) => filling + text),
  pad_right: padded((text, filling) => text + filling),
  split_part: part,
  fixed,
  number,
  date_text: dateText,
  round_up: shortened(up),
  round_down: shortened((value, unit) => value / unit),
  sign: ([value]) => (value > 0n ? 1n : value < 0n ? -1n : 0n),
  mod,
  power: raised,
  sqrt,
  percent_of: percentOf,
  in_days: counted(86400n),
  in_hours: counted(3600n),
  in_minutes: counted(60n),
  date: dated,
  quarter: ([date]) => BigInt(Math.floor((partsOf(date)[1] + 2) / 3)),
  week,
  end_of_week: ([date]) => day(date - weekday(date) + 7),
  end_of_quarter: ([date]) => monthEnd(partsOf(date)[0], partsOf(date)[1] + 2 - ((partsOf(date)[1] - 1) % 3)),
  end_of_year: ([date]) => dayOf(partsOf(date)[0], 12, 31),
  add_days: ([date, count]) => moved(date, count),
  add_business_days: addBusinessDays,
  months_between: ([a, b]) => BigInt(months(a, b)),
  years_between: ([a, b]) => BigInt(Math.trunc(months(a, b) / 12)),
  business_days_between: ([a, b, text]) => BigInt(business(b, calendarOf(text)) - business(a, calendarOf(text))),
  hour: clock("hour"),
  minute: clock("minute"),
};

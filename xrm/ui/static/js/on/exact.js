/**
 * Values of expressions in the browser, with the answers that Python and the databases give. Whole numbers are BigInt,
 * decimals BigInt in units of their last decimal, durations BigInt seconds, instants BigInt microseconds since 1970,
 * dates the number of their day (1 is 0001-01-01), times of day microseconds. What is empty is null.
 */

const LARGEST = 10n ** 18n;
const DAY = 86400n;
const LONGEST = 999999999n * DAY;
const EPOCH_DAY = 719163; // 1970-01-01
const LAST_DAY = 3652059; // 9999-12-31
const FIRST_MOMENT = -62135596800000000n;
const LAST_MOMENT = 253402300799999999n;

const power = (places) => 10n ** BigInt(places);
const size = (value) => (value < 0n ? -value : value);

/** The quotient of whole numbers, half away from zero. */
function halved(a, b) {
  const found = (2n * size(a) + size(b)) / (2n * size(b));
  return a < 0n === b < 0n ? found : -found;
}

/** The quotient of whole numbers, rounded down. */
function below(a, b) {
  const found = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? found - 1n : found;
}

/** A number of `from` decimals with `to` decimals, half away from zero. */
export const scaled = (value, from, to) => (to >= from ? value * power(to - from) : halved(value, power(from - to)));

/** The number, or empty beyond 18 digits. */
export const kept = (value) => (size(value) < LARGEST ? value : null);

/** a of `left` decimals divided by b of `right` decimals, with `places` decimals; empty when b is zero. */
export const quotient = (a, left, b, right, places) =>
  b === 0n ? null : kept(halved(a * power(right + places), b * power(left)));

export const floor = (value, places) => below(value, power(places));
export const ceiling = (value, places) => -below(-value, power(places));
export const magnitude = size;

/** The number as text, without zeros at the end of its decimals. */
export function plain(value, places) {
  const digits = String(size(value)).padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  const part = digits.slice(digits.length - places).replace(/0+$/, "");
  const text = part && places ? `${whole}.${part}` : whole;
  return value < 0n ? `-${text}` : text;
}

export const span = (seconds) => (seconds === null || size(seconds) > LONGEST ? null : seconds);
export const daysOf = (seconds) => Number(seconds / DAY);
export const secondsOf = (days) => BigInt(days) * DAY;
export const day = (number) => (number >= 1 && number <= LAST_DAY ? number : null);
export const moment = (micros) => (micros >= FIRST_MOMENT && micros <= LAST_MOMENT ? micros : null);
export const secondsBetween = (a, b) => span(below(a - b, 1000000n));

/** Year, month and day of a date. */
export function partsOf(number) {
  const date = new Date((number - EPOCH_DAY) * 86400000);
  return [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
}

/** The date of year, month and day; empty before the year 1 and after 9999. */
export function dayOf(year, month, date) {
  const found = new Date(0);
  found.setUTCFullYear(year, month - 1, date);
  return day(found.getTime() / 86400000 + EPOCH_DAY);
}

export const monthEnd = (year, month) => dayOf(year, month + 1, 0) ?? LAST_DAY;

/** The same day so many months later, or the last day of a month that is shorter. */
export function addMonths(number, count) {
  const [year, month, date] = partsOf(number);
  const months = BigInt(year * 12 + month - 1) + count;
  if (months < 12n || months >= 120000n) return null;
  const [then, of] = [Number(months / 12n), Number(months % 12n) + 1];
  return dayOf(then, of, Math.min(date, partsOf(monthEnd(then, of))[2]));
}

const clocks = new Map();

/** The date that it is in a time zone at an instant; empty before the year 1 and after 9999. */
export function dateIn(micros, zone) {
  if (!clocks.has(zone)) {
    const parts = { timeZone: zone, era: "short", year: "numeric", month: "numeric", day: "numeric" };
    clocks.set(zone, new Intl.DateTimeFormat("en-u-ca-gregory", parts));
  }
  const shown = clocks.get(zone).formatToParts(new Date(Number(below(micros, 1000n))));
  const part = Object.fromEntries(shown.map(({ type, value }) => [type, value]));
  return part.era === "BC" ? null : dayOf(Number(part.year), Number(part.month), Number(part.day));
}

const two = (number) => String(number).padStart(2, "0");

export function dayText(number) {
  const [year, month, date] = partsOf(number);
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(date)}`;
}

/** What a value is, from the text or data that the server writes for it. */
export const READ = {
  integer: (text) => BigInt(text),
  decimal(text, places) {
    const [whole, part = ""] = String(text).split(".");
    return BigInt(whole + part.slice(0, places).padEnd(places, "0"));
  },
  date: (text) => dayOf(...text.split("-").map(Number)),
  datetime(text) {
    const [, until, part = ""] = /^(.{19})(?:\.(\d+))?Z$/.exec(text);
    return BigInt(Date.parse(`${until}Z`)) * 1000n + BigInt(part.padEnd(6, "0"));
  },
  time(text) {
    const [, hours, minutes, seconds, part = ""] = /^(\d+):(\d+):(\d+)(?:\.(\d+))?$/.exec(text);
    return ((hours * 60 + +minutes) * 60 + +seconds) * 1000000 + Number(part.padEnd(6, "0"));
  },
  duration: (seconds) => BigInt(seconds),
};

/** The data of a value as the server would write it. */
export const WRITE = {
  integer: String,
  decimal: (value, places) => plain(value, places),
  date: dayText,
  datetime: (micros) => `${new Date(Number(below(micros, 1000n))).toISOString().slice(0, 19)}.${String(micros - below(micros, 1000000n) * 1000000n).padStart(6, "0")}Z`,
  time: (micros) => `${two(Math.floor(micros / 3600000000))}:${two(Math.floor(micros / 60000000) % 60)}:${two(Math.floor(micros / 1000000) % 60)}`,
  duration: Number,
};

const IOTA = "\u0345"; // of the highest combining class, so that any other combining mark is put before it
const isCombining = (mark) => mark === IOTA || !(IOTA + mark).normalize("NFD").startsWith(IOTA);

/** Letters of one case; "ı" has another capital than small letters that fold to it. */
const ofOneCase = (text) => Array.from(text, (c) => (c === "ı" ? c : c.toUpperCase().toLowerCase())).join("");

/** The text without case, accents and compatibility forms; nothing is left of accents alone, and nothing is empty. */
export function folded(text) {
  if (!text) return null;
  const bare = Array.from(ofOneCase(text).normalize("NFKD"), (c) => (isCombining(c) ? "" : c)).join("");
  return ofOneCase(bare).normalize("NFKD") || null;
}

/**
 * Sums of money, exact: in whole units of the last decimal, by BigInt, never over several currencies.
 */

import { decimal } from "./format.js";

/**
 * An amount as units of its last decimal, and how many decimals it has.
 *
 * @param {string} text
 * @returns {{ units: bigint, digits: number }}
 */
function parsed(text) {
    const point = text.indexOf(".");
    const digits = point < 0 ? 0 : text.length - point - 1;
    return { units: BigInt(text.replace(".", "")), digits };
}

/**
 * @param {bigint} units
 * @param {number} digits
 */
function written(units, digits) {
    const sign = units < 0n ? "-" : "";
    const text = (units < 0n ? -units : units).toString().padStart(digits + 1, "0");
    if (digits === 0) return sign + text;
    return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/**
 * The sum of amounts of one currency; `"0"` of none.
 *
 * @param {Iterable<string>} amounts
 * @returns {string}
 */
export function sum(amounts) {
    let units = 0n;
    let digits = 0;
    for (const each of amounts) {
        const next = parsed(each);
        if (next.digits > digits) {
            units *= 10n ** BigInt(next.digits - digits);
            digits = next.digits;
        }
        units += next.units * 10n ** BigInt(digits - next.digits);
    }
    return written(units, digits);
}

/**
 * @param {string} amount
 * @param {string} less
 */
export function difference(amount, less) {
    return sum([amount, negated(less)]);
}

/** @param {string} amount */
export function negated(amount) {
    const { units, digits } = parsed(amount);
    return written(-units, digits);
}

/**
 * Whether an amount is below (-1), at (0) or above (1) another one of its currency.
 *
 * @param {string} amount
 * @param {string} other
 */
export function compare(amount, other) {
    const { units } = parsed(difference(amount, other));
    return units < 0n ? -1 : units > 0n ? 1 : 0;
}

/**
 * Sums by currency, of what has `currency` and `amount`, in the order of the currencies' names.
 *
 * @param {Iterable<{ currency: string, amount: string }>} things
 * @returns {{ currency: string, amount: string, count: number }[]}
 */
export function sumsByCurrency(things) {
    /** @type {Map<string, string[]>} */
    const amounts = new Map();
    for (const { currency, amount } of things) {
        const of = amounts.get(currency);
        if (of) of.push(amount);
        else amounts.set(currency, [amount]);
    }
    return [...amounts]
        .map(([currency, of]) => ({ currency, amount: sum(of), count: of.length }))
        .sort((one, other) => (one.currency < other.currency ? -1 : 1));
}

/**
 * Which share of a whole an amount is, from 0 to 1, to draw it by: never to count with.
 *
 * @param {string} amount
 * @param {string} whole
 */
export function share(amount, whole) {
    const { units, digits } = parsed(amount);
    const all = parsed(whole);
    const scale = BigInt(Math.max(0, digits - all.digits));
    const of = all.units * 10n ** scale;
    if (of <= 0n || units <= 0n) return 0;
    const part = units * 10n ** BigInt(Math.max(0, all.digits - digits));
    return Math.min(1, Number((part * 10_000n) / of) / 10_000);
}

/**
 * An amount as a reader types it, as the service takes it: with the decimal sign of their language, and
 * spaces between thousands; with commas there, too, where the point is the decimal sign.
 *
 * `1,234` is one thousand to some and one unit to others: it is never read as what the reader's language
 * does not write.
 *
 * @param {string} text
 * @returns {string | null} null for what is no amount
 */
export function typed(text) {
    const close = text.replace(/[\s\u00a0\u202f]/g, "").replace("\u2212", "-");
    const plain = decimal("0.1").includes(",")
        ? close.replace(",", ".")
        : /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(close)
        ? close.replaceAll(",", "")
        : close;
    return /^-?\d{1,12}(\.\d{1,12})?$/.test(plain) ? plain : null;
}

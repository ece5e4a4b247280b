/**
 * Figures and dates in the reader's language. Money stays a text: it is never a number of JavaScript.
 */

/** What formats are made for, and those that are made. */
const made = {
    language: "en",
    /** @type {Map<string, Intl.NumberFormat>} */
    numbers: new Map(),
    /** @type {Map<string, string>} */
    dates: new Map(),
};

/** @param {string} language a tag such as `nb` */
export function useLanguage(language) {
    made.language = language === "en" ? "en-GB" : language;
    made.numbers.clear();
    made.dates.clear();
}

/** @param {number} digits */
function decimals(digits) {
    const key = String(digits);
    let format = made.numbers.get(key);
    if (!format) {
        format = new Intl.NumberFormat(made.language, {
            minimumFractionDigits: digits,
            maximumFractionDigits: digits,
        });
        made.numbers.set(key, format);
    }
    return format;
}

/**
 * An amount or a quantity as it was told, with the reader's separators and just its own decimals.
 *
 * @param {string | null | undefined} text `"1600.00"`; a dash where there is none
 */
export function decimal(text) {
    if (text === null || text === undefined) return "–";
    const point = text.indexOf(".");
    const digits = point < 0 ? 0 : text.length - point - 1;
    return decimals(digits).format(/** @type {any} */ (text));
}

/**
 * An amount with its currency.
 *
 * @param {string} amount
 * @param {string} currency
 */
export function money(amount, currency) {
    return `${decimal(amount)}\u00a0${currency}`;
}

/** @param {number} count */
export function count(count) {
    return decimals(0).format(count);
}

/**
 * A day, `2026-10-05`, as the reader writes it.
 *
 * @param {string | null | undefined} day
 */
export function date(day) {
    if (!day) return "–";
    let text = made.dates.get(day);
    if (text === undefined) {
        text = new Intl.DateTimeFormat(made.language, { dateStyle: "medium", timeZone: "UTC" })
            .format(
                new Date(`${day}T00:00:00Z`),
            );
        if (made.dates.size > 5000) made.dates.clear();
        made.dates.set(day, text);
    }
    return text;
}

/**
 * A month, `2026-10`.
 *
 * @param {string} month
 */
export function month(month) {
    return new Intl.DateTimeFormat(made.language, {
        month: "short",
        year: "numeric",
        timeZone: "UTC",
    }).format(new Date(`${month}-01T00:00:00Z`));
}

/**
 * An instant, in the reader's zone.
 *
 * @param {string} instant
 */
export function time(instant) {
    return new Intl.DateTimeFormat(made.language, {
        dateStyle: "medium",
        timeStyle: "medium",
    }).format(new Date(instant));
}

/**
 * Several things, as in a sentence.
 *
 * @param {string[]} texts
 */
export function list(texts) {
    return new Intl.ListFormat(made.language, { type: "conjunction" }).format(texts);
}

/** A day of the reader's calendar, as the service writes it. */
export function today() {
    const now = new Date();
    const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
    return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

/**
 * Values of events, each with how it is shown: as money, a day, a word of the trade, a link.
 */

import { el } from "../dom.js";
import { count, date, decimal, list, money } from "../format.js";
import { urlOf } from "../location.js";
import { told } from "../refusals.js";
import { has, t } from "../words.js";

/**
 * @typedef {object} Value
 * @property {"money" | "quantity" | "day" | "percent" | "count" | "word" | "words" | "text" | "contract" |
 *   "invoice" | "item" | "limit" | "problem"} as
 * @property {any} value null where there is none
 * @property {string} [of] the currency of money, the group of a word, the label of an invoice
 */

/**
 * A value as the reader reads it.
 *
 * @param {Value | undefined} shown
 * @returns {import("../dom.js").Child}
 */
export function written(shown) {
    if (!shown || shown.value === null || shown.value === undefined || shown.value === "") {
        return "–";
    }
    const { as, value, of = "" } = shown;
    switch (as) {
        case "money":
            return money(value, of);
        case "quantity":
            return decimal(trimmed(value));
        case "percent":
            return `${decimal(value)}\u00a0%`;
        case "day":
            return date(value);
        case "count":
            return count(value);
        case "word":
            return word(of, value);
        case "words":
            return list(value.map((/** @type {string} */ each) => word(of, each)));
        case "contract":
            return el("a", { href: urlOf("contracts", value) }, value);
        case "invoice":
            return el("a", { href: urlOf("invoices", value) }, of || short(value));
        case "item":
            return el("a", { href: urlOf("history", null, { item_id: value }) }, short(value));
        case "limit":
            return t("history.over_limit", {
                level: t(`level.${value.level}`),
                shortfall: decimal(value.shortfall),
            });
        case "problem":
            return told({ code: value });
        default:
            return String(value);
    }
}

/**
 * What a value of a group is called, as `billing_status.ready`; itself where it has no name.
 *
 * @param {string} group
 * @param {string} value
 */
function word(group, value) {
    const key = `${group}.${value}`;
    return has(key) ? t(key) : value;
}

/**
 * A quantity without zeros at its end.
 *
 * @param {string} text
 */
export function trimmed(text) {
    return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/**
 * The end of an id, by which a reader tells it from others beside it.
 *
 * @param {string} id
 */
export function short(id) {
    return id.length > 12 ? `…${id.slice(-8)}` : id;
}

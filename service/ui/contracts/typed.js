/**
 * Amounts as readers type them, and as the service wants them.
 */

import { decimal } from "../format.js";

const GROUPS = /[\s\u00a0\u202f']/g;

/** How the reader's language writes a tenth. */
function point() {
    return decimal("0.1").includes(",") ? "," : ".";
}

/**
 * An amount as it was typed, with the reader's separators, as the service wants it; `undefined` where it
 * is none, and null of nothing.
 *
 * A separator is never guessed at: what could be meant in two ways is none.
 *
 * @param {string} typed
 * @returns {string | null | undefined}
 */
export function amountOf(typed) {
    const text = typed.trim().replace(GROUPS, "");
    if (text === "") return null;
    const plain = point() === ","
        ? text.replace(",", ".")
        : /^\d{1,3}(,\d{3})+(\.\d+)?$/.test(text)
        ? text.replaceAll(",", "")
        : text;
    return /^\d{1,12}(\.\d{1,12})?$/.test(plain) ? plain : undefined;
}

/**
 * An amount to be edited: as the reader writes it, without groups.
 *
 * @param {string | null} amount
 */
export function typedOf(amount) {
    return amount === null ? "" : amount.replace(".", point());
}

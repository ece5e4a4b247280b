/**
 * What events say, field by field: what was before, what is after.
 *
 * Events tell how something stands from then on; what was before is what an earlier event of the same thing
 * told. So they are read in order from the first one, and none is left out.
 */

import { others, SAYS } from "./says.js";

/** @typedef {import("./values.js").Value} Value */

/**
 * @typedef {object} Change
 * @property {string} field a key of the texts, without `history.field.`
 * @property {string | null} of which one of several, as a customer's id
 * @property {Value | undefined} before undefined where it isn't known or there was none
 * @property {Value} after
 */

/** Changes of one event that are shown; of more, its data tell. */
export const MOST = 12;

/**
 * Reads events in order.
 *
 * @param {{ item?: string | null, complete: boolean }} about `item`: only what concerns this one is told;
 *   `complete`: no event about the same thing is left out
 * @returns {(event: any) => { changes: Change[], more: number }}
 */
export function reader({ item = null, complete }) {
    /** @type {Map<string, Value>} */
    const known = new Map();
    return ({ type, data }) => {
        /** @type {Change[]} */
        const changes = [];
        /** @type {import("./says.js").Say} */
        const say = (subject, field, as, value, of, name = null) => {
            const after = { as, value, of };
            const before = complete ? known.get(`${subject}/${field}`) : undefined;
            know(subject, field, as, value, of);
            if (before && same(before, after)) return;
            if (!before && (value === null || value === undefined)) return;
            changes.push({ field, of: name, before, after });
        };
        /** @type {import("./says.js").Say} */
        const know = (subject, field, as, value, of) => {
            known.set(`${subject}/${field}`, { as, value, of });
        };
        const name = type.split(".")[0];
        (SAYS[name] ?? others)(data, { say, know, item, type: name });
        return { changes: changes.slice(0, MOST), more: Math.max(0, changes.length - MOST) };
    };
}

/**
 * @param {Value} one
 * @param {Value} other
 */
function same(one, other) {
    return JSON.stringify(one) === JSON.stringify(other);
}

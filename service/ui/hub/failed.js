/**
 * Limits that items failed, and by how much each falls short of all of them.
 */

import { compare, difference, sum } from "../amounts.js";
import { get } from "../api.js";
import { eachOf } from "../loading.js";

/**
 * @typedef {object} FailedLimit
 * @property {string} level
 * @property {string} contract_id
 * @property {string} contract_name
 * @property {string | null} line_id of a limit of a line
 * @property {string | null} line_name
 * @property {string | null} customer_id of a limit of a customer
 * @property {string | null} customer_name
 * @property {string} currency
 * @property {number} count of items that failed it
 * @property {string} amount of these items
 * @property {string | null} shortfall what the limit lacks for all of them; null where it is not known
 * @property {boolean} fits all of them would pass by now
 */

const AT_ONCE = 3;

/**
 * The limits behind a summary by contract, line and customer, those that most items failed first.
 *
 * @param {any[]} items
 * @returns {FailedLimit[]}
 */
export function failedLimits(items) {
    /** @type {Map<string, FailedLimit>} */
    const limits = new Map();
    for (const item of items) {
        for (const [level, part] of Object.entries(item.blocked.levels)) {
            const ofLine = level.startsWith("line");
            const ofCustomer = level.endsWith("customer");
            const line_id = ofLine ? item.line_id : null;
            const customer_id = ofCustomer ? item.customer_id : null;
            const key = JSON.stringify([level, item.contract_id, line_id, customer_id]);
            const known = limits.get(key);
            if (known) {
                known.count += part.count;
                known.amount = sum([known.amount, part.amount]);
                continue;
            }
            limits.set(key, {
                level,
                contract_id: item.contract_id,
                contract_name: item.contract_name ?? item.contract_id,
                line_id,
                line_name: ofLine ? item.line_name : null,
                customer_id,
                customer_name: ofCustomer ? item.customer_name : null,
                currency: item.currency,
                count: part.count,
                amount: part.amount,
                shortfall: null,
                fits: false,
            });
        }
    }
    return [...limits.values()].sort((one, other) => other.count - one.count);
}

/**
 * The same limits with what each lacks.
 *
 * @param {FailedLimit[]} limits
 * @param {AbortSignal} signal
 */
export async function withShortfalls(limits, signal) {
    const ids = [...new Set(limits.map(({ contract_id }) => contract_id))];
    await eachOf(ids, AT_ONCE, signal, async (id) => {
        const { levels } = await get(
            `v1/contracts/${encodeURIComponent(id)}/limits`,
            {},
            { signal },
        );
        for (const limit of limits) {
            if (limit.contract_id !== id) continue;
            const standing = levels.find((/** @type {any} */ each) =>
                each.level === limit.level && each.line_id === limit.line_id &&
                each.customer_id === limit.customer_id
            );
            if (!standing) continue;
            limit.fits = standing.remaining === null ||
                compare(standing.remaining, limit.amount) >= 0;
            limit.shortfall = limit.fits ? null : difference(limit.amount, standing.remaining);
        }
    });
    return limits;
}

/**
 * Limits that items failed, and by how much each falls short of all of them.
 */

import { compare, difference, sum } from "../amounts.js";
import { get } from "../api.js";
import { el } from "../dom.js";
import { count, decimal, money } from "../format.js";
import { eachOf, renew } from "../loading.js";
import { urlOf } from "../location.js";
import { t } from "../words.js";
import { items, well } from "./attention.js";

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
 * @property {string | null} shortfall what the limit lacks for all of them; null while it is not known
 * @property {boolean} fits all of them would pass by now
 */

/** How many limits are shown; the others are behind a link. */
const SHOWN = 5;
const AT_ONCE = 3;

/**
 * The limits behind a summary by contract, line and customer, those that most items failed first.
 *
 * @param {any[]} items
 * @returns {FailedLimit[]}
 */
function failedLimits(items) {
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
async function withShortfalls(limits, signal) {
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

/** @param {AbortSignal} signal */
export async function readFailed(signal) {
    const { items: found, next } = await get("v1/backlog/summary", {
        by: ["contract", "line", "customer"],
        billing_status: "not_ready",
        nte_status: "failed",
        limit: 1000,
    }, { signal });
    const limits = failedLimits(found);
    return { shown: limits.slice(0, SHOWN), limits: limits.length, isCut: next !== null };
}

/**
 * Draws the limits at once, and what each lacks as soon as that is known.
 *
 * @param {HTMLElement} element
 * @param {Awaited<ReturnType<typeof readFailed>>} answer
 * @returns {AbortController} stops what is still read
 */
export function showFailed(element, answer) {
    const stop = new AbortController();
    drawFailed(element, answer);
    withShortfalls(answer.shown, stop.signal).catch(() => {}).then(() => {
        if (!stop.signal.aborted) drawFailed(element, answer);
    });
    return stop;
}

/**
 * @param {HTMLElement} element
 * @param {Awaited<ReturnType<typeof readFailed>>} answer
 */
function drawFailed(element, { shown, limits, isCut }) {
    if (shown.length === 0) return renew(element, well("hub.no_failed"));
    renew(
        element,
        el(
            "div",
            {
                class: "scroll",
                tabindex: "0",
                role: "group",
                "aria-label": t("hub.failed"),
            },
            el(
                "table",
                { class: "plain-table" },
                el(
                    "thead",
                    {},
                    el(
                        "tr",
                        {},
                        el("th", { scope: "col" }, t("field.contract")),
                        el("th", { scope: "col" }, t("hub.limit_of")),
                        el("th", { scope: "col", class: "amount" }, t("hub.blocked_amount")),
                        el("th", { scope: "col", class: "amount" }, t("hub.short_by")),
                    ),
                ),
                el(
                    "tbody",
                    {},
                    ...shown.map((limit) =>
                        el(
                            "tr",
                            {},
                            el(
                                "th",
                                { scope: "row" },
                                el(
                                    "a",
                                    { href: urlOf("contracts", limit.contract_id) },
                                    limit.contract_name,
                                ),
                            ),
                            el("td", {}, t(`level.${limit.level}`), ...namesOf(limit)),
                            el(
                                "td",
                                { class: "amount" },
                                el(
                                    "a",
                                    { href: failedUrl(limit) },
                                    money(limit.amount, limit.currency),
                                ),
                                el("div", { class: "quiet" }, items(limit.count)),
                            ),
                            el(
                                "td",
                                { class: "amount" },
                                limit.fits
                                    ? t("hub.fits_now")
                                    : limit.shortfall === null
                                    ? "–"
                                    : decimal(limit.shortfall),
                            ),
                        )
                    ),
                ),
            ),
        ),
        el(
            "a",
            {
                href: urlOf("time-and-material", null, {
                    billing_status: "not_ready",
                    nte_status: "failed",
                }),
            },
            limits > shown.length || isCut
                ? t("hub.all_failed_of", { count: `${count(limits)}${isCut ? "+" : ""}` })
                : t("hub.all_failed"),
        ),
    );
}

/** @param {FailedLimit} limit */
function namesOf(limit) {
    return [limit.line_name, limit.customer_name].filter(Boolean).map((name) =>
        el("div", { class: "quiet" }, name)
    );
}

/** @param {FailedLimit} limit */
function failedUrl({ contract_id, line_id, customer_id }) {
    return urlOf("time-and-material", null, {
        contract_id,
        line_id,
        customer_id,
        billing_status: "not_ready",
        nte_status: "failed",
    });
}

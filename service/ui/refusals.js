/**
 * What the service refused, in the reader's language: from its code and figures, never its English text.
 */

import { Refusal } from "./api.js";
import { count, decimal } from "./format.js";
import { has, t } from "./words.js";

/** So many of the errors in a problem are told; the first ones say enough. */
const MOST_TOLD = 3;

/**
 * A problem, or one of the errors in it, as a sentence or two: what is wrong, and what helps.
 *
 * Where it names a limit, or the limits that an item failed at, the first of them is told with its figures.
 *
 * @param {Record<string, any>} problem with `code`, and figures where there are some
 * @returns {string}
 */
export function told(problem) {
    const key = `refusal.${problem.code}`;
    if (!has("refusal.other")) return t("unreachable"); // these texts were not to be had either
    if (!has(key)) return t("refusal.other", { code: problem.code ?? "–" });
    const limit = problem.level ? problem : problem.levels?.[0];
    const level = limit && has(`level.${limit.level}`) ? t(`level.${limit.level}`) : null;
    return t(level && has(`${key}.figures`) ? `${key}.figures` : key, {
        level: level ?? "",
        shortfall: decimal(limit?.shortfall),
        limit: decimal(limit?.limit),
        used: decimal(limit?.used),
        expected: figure(problem.expected),
        found: figure(problem.found),
        field: fieldOf(problem.field),
    });
}

/** @param {unknown} value */
function figure(value) {
    return typeof value === "number" ? count(value) : "–";
}

/**
 * What a field is called at the screen: the last name of its path.
 *
 * @param {string | undefined} path `customers.0.nte_limit`
 */
export function fieldOf(path) {
    if (!path) return "–";
    const names = path.split(".").filter((each) => !/^\d+$/.test(each));
    const name = (names.at(-1) ?? path).replace(/_id$/, "");
    return has(`field.${name}`) ? t(`field.${name}`) : path;
}

/**
 * Why something failed, as a few sentences: the problem, and the first of the errors in it.
 *
 * @param {unknown} error
 */
export function reason(error) {
    if (!(error instanceof Refusal)) return t("unreachable");
    const errors = (error.problem.errors ?? []).filter((/** @type {any} */ each) =>
        each.code && has(`refusal.${each.code}`)
    );
    const texts = new Set([told({ code: error.code, ...error.problem }), ...errors.map(told)]);
    return [...texts].slice(0, 1 + MOST_TOLD).join(" ");
}

/**
 * How many things were left alone for which reason, the most frequent first.
 *
 * @param {Record<string, any>[]} skipped
 * @returns {{ text: string, count: number }[]}
 */
export function byReason(skipped) {
    /** @type {Map<string, { text: string, count: number }>} */
    const reasons = new Map();
    for (const each of skipped) {
        const code = has(`refusal.${each.code}`) ? each.code : "other";
        const known = reasons.get(code);
        if (known) known.count += 1;
        else reasons.set(code, { text: told({ code: each.code }), count: 1 });
    }
    return [...reasons.values()].sort((one, other) => other.count - one.count);
}

/**
 * What the service refused, in the reader's language: from its code and figures, never its English text.
 */

import { Refusal } from "./api.js";
import { decimal } from "./format.js";
import { has, t } from "./words.js";

/**
 * A problem, or one of the errors in it, as a sentence or two: what is wrong, and what helps.
 *
 * @param {Record<string, any>} problem with `code`, and figures where there are some
 * @returns {string}
 */
export function told(problem) {
    const key = `refusal.${problem.code}`;
    if (!has(key)) return t("refusal.other", { code: problem.code ?? "–" });
    return t(key, {
        level: problem.level && has(`level.${problem.level}`) ? t(`level.${problem.level}`) : "",
        shortfall: decimal(problem.shortfall),
        limit: decimal(problem.limit),
        used: decimal(problem.used),
        expected: problem.expected ?? "–",
        found: problem.found ?? "–",
        field: problem.field ?? "",
    });
}

/**
 * Why something failed, as a sentence.
 *
 * @param {unknown} error
 */
export function reason(error) {
    if (error instanceof Refusal) {
        const [first] = error.problem.errors ?? [];
        const whole = told(error.problem);
        return first?.code && has(`refusal.${first.code}`) ? `${whole} ${told(first)}` : whole;
    }
    return t("unreachable");
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

/**
 * Not-to-exceed limits: how full each is, as bars with their numbers.
 */

import { compare, share, sum } from "../amounts.js";
import { el } from "../dom.js";
import { decimal } from "../format.js";
import { t } from "../words.js";

/** The levels in the order in which they are checked. */
export const LEVELS = ["line_customer", "line", "contract_customer", "contract"];

/**
 * How much of a limit is used, in hundredths, to show it by and to compare.
 *
 * @param {any} level with `limit`, `committed` and `invoiced`
 */
function percentUsed(level) {
    if (compare(level.remaining, "0") < 0) return 101; // over it, by however little
    if (compare(level.limit, "0") === 0) return 100;
    return Math.floor(100 * share(sum([level.committed, level.invoiced]), level.limit));
}

/**
 * The bar of a limit: what is invoiced, committed, and remains.
 *
 * @param {any} level
 */
export function limitBar(level) {
    const used = sum([level.committed, level.invoiced]);
    const whole = compare(used, level.limit) > 0 ? used : level.limit;
    return el(
        "span",
        { class: "bar limit", "aria-hidden": "true" },
        ...["invoiced", "committed"].map((kind) => {
            const part = el("span", { class: kind });
            part.style.inlineSize = `${100 * share(level[kind], whole)}%`;
            return part;
        }),
    );
}

/**
 * The limit of which most is used.
 *
 * @param {any[]} levels
 */
export function fullest(levels) {
    const limited = levels.filter(({ limit }) => limit !== null);
    if (limited.length === 0) {
        return el("span", { class: "quiet" }, t("contracts.no_limit"));
    }
    const [most] = limited.sort((one, other) => percentUsed(other) - percentUsed(one));
    const used = percentUsed(most);
    return el(
        "span",
        { class: "fullest" },
        limitBar(most),
        el(
            "span",
            { class: used >= 100 ? "refusal" : undefined },
            used > 100 ? t("contracts.over") : t("contracts.used", { percent: used }),
        ),
        el("span", { class: "quiet" }, t(`level.${most.level}`)),
    );
}

/**
 * The limits of all four levels as a table, level by level.
 *
 * @param {any[]} levels
 * @param {(id: string) => string} lineName
 * @param {(id: string) => string} customerName
 */
export function limitsTable(levels, lineName, customerName) {
    const columns = ["limit", "use", "invoiced", "committed", "remaining"];
    return el(
        "div",
        {
            class: "scroll",
            tabindex: "0",
            role: "group",
            "aria-label": t("contracts.limits"),
        },
        el(
            "table",
            { class: "plain-table limits" },
            el("caption", { class: "unseen" }, t("contracts.limits")),
            el(
                "thead",
                {},
                el(
                    "tr",
                    {},
                    el("th", { scope: "col" }, t("contracts.limit_of")),
                    ...columns.map((name) =>
                        el(
                            "th",
                            { scope: "col", class: name === "use" ? undefined : "amount" },
                            ["invoiced", "committed", "remaining"].includes(name) &&
                                el("span", { class: `swatch ${name}`, "aria-hidden": "true" }),
                            t(`contracts.limit.${name}`),
                        )
                    ),
                ),
            ),
            ...LEVELS.map((name) =>
                el(
                    "tbody",
                    {},
                    el(
                        "tr",
                        { class: "group" },
                        el(
                            "th",
                            { scope: "rowgroup", colspan: columns.length + 1 },
                            t(`contracts.level.${name}`),
                        ),
                    ),
                    ...levels.filter(({ level }) => level === name).map((level) =>
                        limitRow(
                            level,
                            [
                                level.line_id && lineName(level.line_id),
                                level.customer_id && customerName(level.customer_id),
                            ].filter(Boolean).join(" · ") || t("contracts.whole"),
                        )
                    ),
                )
            ),
        ),
    );
}

/**
 * @param {any} level
 * @param {string} name
 */
function limitRow(level, name) {
    const isLimited = level.limit !== null;
    const isOver = isLimited && compare(level.remaining, "0") < 0;
    return el(
        "tr",
        {},
        el("th", { scope: "row" }, name),
        el("td", { class: "amount" }, isLimited ? decimal(level.limit) : t("contracts.no_limit")),
        el("td", {}, isLimited && limitBar(level)),
        el("td", { class: "amount" }, decimal(level.invoiced)),
        el("td", { class: "amount" }, decimal(level.committed)),
        el(
            "td",
            { class: isOver ? "amount refusal" : "amount" },
            decimal(level.remaining),
            isOver && el("div", {}, t("contracts.over")),
        ),
    );
}

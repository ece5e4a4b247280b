/**
 * An invoice is confirmed, after one has seen what that books and what each limit becomes: for good.
 */

import { get } from "../api.js";
import { difference, negated, sum } from "../amounts.js";
import { el, fill } from "../dom.js";
import { count, decimal, money, today } from "../format.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";
import { ask } from "../invoices/asking.js";
import { dateInput, field, intention } from "../invoices/forms.js";

/**
 * Asks whether to confirm, dated when, and does it.
 *
 * @param {ReturnType<import("./opened.js").opening>} opening
 * @param {(scope: string) => boolean} may
 * @returns {Promise<boolean>} whether it is confirmed
 */
export function confirmOne(opening, may) {
    const keyOf = intention();
    const day = dateInput("accounting_date", today(), { autofocus: true });
    const preview = el("div", { class: "stack preview", "aria-live": "polite" }, t("loading"));
    let turn = 0;
    /** What the figures that one sees are of: others may change it while one looks at them. */
    /** @type {import("./opened.js").Opened | null} */
    let seen = null;

    /** @param {HTMLButtonElement} button */
    async function look(button) {
        const mine = ++turn;
        button.disabled = true;
        try {
            const found = await opening.preview("/confirm", body());
            const limits = await limitsAfter(found.seen.invoice, may("backlog:read"));
            if (mine !== turn) return;
            seen = found.seen;
            fill(preview, ...booked(found.would, seen), limitTable(limits, found.would.currency));
            button.disabled = false;
        } catch (error) {
            if (mine === turn) fill(preview, el("p", { class: "alert" }, reason(error)));
        }
    }
    const body = () => ({ accounting_date: day.value || null });

    return ask({
        title: t("invoice.confirm_title"),
        wide: true,
        content: [
            field(
                "accounting_date",
                t("invoices.accounting_date"),
                day,
                t("invoices.accounting_date_hint"),
            ),
            preview,
            el("p", { class: "alert warn" }, t("invoices.no_undo")),
        ],
        yes: t("invoice.confirm"),
        act: () => {
            const key = keyOf([body(), seen?.etag]);
            return opening.command("POST", "/confirm", body(), { key, seen });
        },
        onOpen: ({ button }) => {
            day.addEventListener("change", () => void look(button));
            void look(button);
        },
        onStale: ({ button }) => void look(button),
    });
}

/**
 * What is booked: sums by line and billing type, and what edits do beyond them.
 *
 * @param {any} would the invoice as it would be
 * @param {import("./opened.js").Opened} opened
 */
function booked(would, opened) {
    const cuts =
        opened.invoice.lines.flatMap((/** @type {any} */ line) => line.details.filter(isCut))
            .length;
    const rows = would.lines.flatMap((/** @type {any} */ line) =>
        line.groups.map((/** @type {any} */ group) => ({ line, group }))
    );
    return [
        el(
            "div",
            {
                class: "scroll",
                tabindex: "0",
                role: "region",
                "aria-label": t("invoice.books"),
            },
            el(
                "table",
                { class: "plain-table" },
                el("caption", {}, t("invoice.books")),
                el(
                    "thead",
                    {},
                    el(
                        "tr",
                        {},
                        el("th", { scope: "col" }, t("field.line")),
                        el("th", { scope: "col" }, t("billing_type")),
                        ...["count", "amount", "tax"].map((name) =>
                            el("th", { scope: "col", class: "amount" }, t(`field.${name}`))
                        ),
                    ),
                ),
                el(
                    "tbody",
                    {},
                    ...rows.map((/** @type {{ line: any, group: any }} */ { line, group }) =>
                        el(
                            "tr",
                            {},
                            el(
                                "th",
                                { scope: "row" },
                                opened.lines.get(line.line_id)?.name ?? line.line_id,
                            ),
                            el("td", {}, t(`billing_type.${group.billing_type}`)),
                            el("td", { class: "amount" }, count(group.count)),
                            el("td", { class: "amount" }, decimal(group.amount)),
                            el("td", { class: "amount" }, decimal(group.tax)),
                        )
                    ),
                ),
                el(
                    "tfoot",
                    {},
                    el(
                        "tr",
                        {},
                        el(
                            "th",
                            { scope: "row", colspan: 3 },
                            t("invoice.billed_total", {
                                total: money(would.total, would.currency),
                            }),
                        ),
                        el("td", { class: "amount" }, decimal(would.amount)),
                        el("td", { class: "amount" }, decimal(would.tax)),
                    ),
                ),
            ),
        ),
        cuts > 0 && el("p", {}, t("invoice.cuts", { number: cuts, count: count(cuts) })),
        would.corrects !== null && el("p", {}, t("invoice.comes_back")),
    ];
}

/**
 * Whether a detail bills less than its source: what is left is booked as non-chargeable (D-45).
 *
 * @param {any} detail
 */
function isCut(detail) {
    if (detail.corrects_detail !== null || detail.source === null) return false;
    const less = difference(detail.quantity, detail.source.quantity);
    const below = detail.source.quantity.startsWith("-") ? negated(less) : less;
    return below.startsWith("-");
}

/**
 * What each limit that the draft counts at becomes: what its items committed is freed, and what it
 * bills is invoiced.
 *
 * @param {any} draft
 * @param {boolean} mayRead
 */
async function limitsAfter(draft, mayRead) {
    const limits = draft?.figures?.limits ?? [];
    if (limits.length === 0 || !mayRead) return [];
    /** @type {{ line_id: string, nte_status: string, amount: string }[]} */
    let items = [];
    if (draft.corrects === null) {
        const found = await get("v1/backlog/summary", {
            by: ["line", "nte_status"],
            invoice_id: draft.invoice_id,
            limit: 1000,
        });
        items = found.items.filter((/** @type {any} */ it) => it.nte_status === "committed");
    }
    return limits.map((/** @type {any} */ level) => {
        const counts = (/** @type {any} */ it) =>
            level.line_id === null || it.line_id === level.line_id;
        const freed = sum(items.filter(counts).map((it) => it.amount));
        const billed = sum(draft.lines.filter(counts).map((/** @type {any} */ it) => it.amount));
        const committed = difference(level.committed, freed);
        const invoiced = sum([level.invoiced, billed]);
        return {
            level,
            committed,
            invoiced,
            remaining: level.limit === null
                ? null
                : difference(level.limit, sum([committed, invoiced])),
        };
    });
}

/**
 * @param {any[]} limits
 * @param {string} currency
 */
function limitTable(limits, currency) {
    if (limits.length === 0) return null;
    const names = ["committed", "invoiced", "remaining"];
    return el(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": t("invoice.limits_after") },
        el(
            "table",
            { class: "plain-table" },
            el("caption", {}, t("invoice.limits_after")),
            el(
                "thead",
                {},
                el(
                    "tr",
                    {},
                    el("th", { scope: "col" }, t("invoice.limit_of")),
                    el("th", { scope: "col", class: "amount" }, t("invoice.limit")),
                    ...names.map((name) =>
                        el("th", { scope: "col", class: "amount" }, t(`invoice.${name}`))
                    ),
                ),
            ),
            el(
                "tbody",
                {},
                ...limits.map((each) =>
                    el(
                        "tr",
                        {},
                        el(
                            "th",
                            { scope: "row", class: "limit-level" },
                            t(`level.${each.level.level}`),
                            each.level.line_id && el("p", { class: "quiet" }, each.level.line_id),
                        ),
                        el("td", { class: "amount" }, money(each.level.limit, currency)),
                        ...names.map((name) =>
                            el(
                                "td",
                                { class: "amount" },
                                el("span", { class: "quiet" }, `${decimal(each.level[name])} → `),
                                decimal(each[name]),
                            )
                        ),
                    )
                ),
            ),
        ),
    );
}

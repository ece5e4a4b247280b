/**
 * Sums of the invoices that are listed, by currency and status.
 */

import { sum, sumsByCurrency } from "../amounts.js";
import { el, fill } from "../dom.js";
import { count, decimal, list, money } from "../format.js";
import { t } from "../words.js";

const STATUSES = ["draft", "in_review", "confirmed", "paid"];

export function totals() {
    const caption = el("caption");
    const body = el("tbody");
    const element = el(
        "div",
        {
            class: "card scroll",
            tabindex: "0",
            role: "region",
            "aria-label": t("invoices.totals"),
            hidden: true,
        },
        el(
            "table",
            { class: "plain-table" },
            caption,
            el(
                "thead",
                {},
                el(
                    "tr",
                    {},
                    el("th", { scope: "col" }, t("field.currency")),
                    el("th", { scope: "col" }, t("invoices.status")),
                    el("th", { scope: "col", class: "amount" }, t("invoices.number_of")),
                    ...["amount", "tax", "total"].map((name) =>
                        el("th", { scope: "col", class: "amount" }, t(`field.${name}`))
                    ),
                ),
            ),
            body,
        ),
    );
    return {
        element,
        /**
         * @param {any[]} items
         * @param {boolean} more whether there are others that are not loaded
         */
        show(items, more) {
            element.hidden = items.length === 0;
            const values = { number: items.length, count: count(items.length) };
            fill(caption, t(more ? "invoices.totals_of_some" : "invoices.totals_of_all", values));
            fill(
                body,
                ...grouped(items).map(({ currency, status, of }) =>
                    el(
                        "tr",
                        {},
                        el("th", { scope: "row" }, currency),
                        el("td", {}, statusOf(status)),
                        el("td", { class: "amount" }, count(of.length)),
                        ...["amount", "tax", "total"].map((name) =>
                            el("td", { class: "amount" }, decimal(sum(of.map((it) => it[name]))))
                        ),
                    )
                ),
            );
        },
        of: summed,
    };
}

/**
 * How many invoices, and their totals by currency, for a sentence.
 *
 * @param {any[]} items
 */
export function summed(items) {
    const sums = sumsByCurrency(items.map(({ currency, total }) => ({ currency, amount: total })));
    return {
        number: items.length,
        count: count(items.length),
        sums: list(sums.map(({ amount, currency }) => money(amount, currency))),
    };
}

/** @param {string} status */
export function statusOf(status) {
    return el("span", { class: `status ${status}` }, t(`invoice_status.${status}`));
}

/** @param {any[]} items */
function grouped(items) {
    /** @type {Map<string, { currency: string, status: string, of: any[] }>} */
    const groups = new Map();
    for (const each of items) {
        const key = `${each.currency}/${STATUSES.indexOf(each.status)}`;
        const group = groups.get(key);
        if (group) group.of.push(each);
        else groups.set(key, { currency: each.currency, status: each.status, of: [each] });
    }
    return [...groups].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, group]) => group);
}

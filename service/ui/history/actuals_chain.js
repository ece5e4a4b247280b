/**
 * The actuals of an item or an invoice in the order they were booked: what reverses and what replaces what.
 */

import { el } from "../dom.js";
import { count, date, decimal, money } from "../format.js";
import { urlOf } from "../location.js";
import { pagedList } from "../paged_list.js";
import { t } from "../words.js";
import { short, trimmed } from "./values.js";

/**
 * @param {{ item_id?: string | null, invoice_id?: string | null }} about
 */
export function actualsChain({ item_id, invoice_id }) {
    /** @type {Map<string, number>} the numbers of actuals, in the order they come */
    const numbers = new Map();

    /** @param {string} id */
    function numbered(id) {
        const known = numbers.get(id) ?? numbers.size + 1;
        numbers.set(id, known);
        return known;
    }

    /**
     * @param {"reverses" | "replaces"} relation
     * @param {string | null} id
     */
    function related(relation, id) {
        if (id === null) return null;
        const number = numbers.get(id);
        const which = number === undefined
            ? short(id)
            : t("history.number", { number: count(number) });
        return el("div", {}, t(`history.${relation}`, { which }));
    }

    const list = pagedList({
        path: "v1/actuals",
        label: t("history.chain"),
        heads: [
            t("history.no"),
            t("history.actual"),
            t("history.relation"),
            t("history.accounted"),
            { amount: t("field.quantity") },
            { amount: t("field.unit_price") },
            { amount: t("field.amount") },
            { amount: t("field.tax") },
            t("billing_type"),
            t("history.adjustment"),
        ],
        keyOf: ({ actual_id }) => actual_id,
        cells: (one) => [
            [count(numbered(one.actual_id))],
            [
                el("strong", {}, t(`history.actual.${one.reversal_of ? "reversal" : one.type}`)),
                el("div", { class: "quiet" }, t(`history.cause.${one.cause}`)),
            ],
            [
                related("reverses", one.reversal_of),
                related("replaces", one.replaces),
                one.item_id !== null && one.item_id !== item_id &&
                el(
                    "a",
                    { href: urlOf("history", null, { item_id: one.item_id }) },
                    t("history.its_item"),
                ),
                one.invoice_id !== null && one.invoice_id !== invoice_id &&
                el("a", { href: urlOf("invoices", one.invoice_id) }, t("history.its_invoice")),
            ],
            [date(one.accounting_date)],
            [figure(decimal(trimmed(one.quantity)))],
            [figure(decimal(one.unit_price))],
            [figure(money(one.amount, one.currency))],
            [figure(money(one.tax, one.currency))],
            [t(`billing_type.${one.billing_type}`)],
            [t(`history.adjustment.${one.adjustment_status}`)],
        ],
        nothing: () => [el("p", {}, t("history.no_actuals"))],
    });
    list.show({ item_id, invoice_id });
    return list;
}

/** @param {string} text */
function figure(text) {
    return el("div", { class: "amount" }, text);
}

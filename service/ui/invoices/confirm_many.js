/**
 * Several drafts are confirmed, after one has seen how many and what they come to: for good.
 */

import { el } from "../dom.js";
import { count, money, today } from "../format.js";
import { dateInput, field } from "../invoice/forms.js";
import { sumsByCurrency } from "../amounts.js";
import { notify } from "../overlay.js";
import { t } from "../words.js";
import { begin } from "./beginning.js";
import { MOST } from "./rows.js";

/**
 * Asks whether to confirm these, dated when, and begins.
 *
 * @param {any[]} invoices
 * @returns {Promise<string | null>} the job that confirms them; null when it was left
 */
export async function confirmMany(invoices) {
    const number = invoices.length;
    if (number > MOST) {
        notify(t("invoices.too_many", { count: count(MOST) }), { kind: "failed" });
        return null;
    }
    const sums = sumsByCurrency(
        invoices.map(({ currency, total }) => ({ currency, amount: total })),
    );
    const day = dateInput("accounting_date", today(), { autofocus: true });
    return await begin(
        t("invoices.confirm_title", { number, count: count(number) }),
        [
            el(
                "dl",
                { class: "facts" },
                ...sums.map((each) =>
                    el(
                        "div",
                        {},
                        el(
                            "dt",
                            {},
                            t("invoices.number", {
                                number: each.count,
                                count: count(each.count),
                            }),
                        ),
                        el("dd", { class: "amount" }, money(each.amount, each.currency)),
                    )
                ),
            ),
            field(
                "accounting_date",
                t("invoices.accounting_date"),
                day,
                t("invoices.accounting_date_hint"),
            ),
            el("p", {}, t("invoices.each_by_itself")),
            el("p", { class: "alert warn" }, t("invoices.no_undo")),
        ],
        t("invoices.confirm", { number, count: count(number) }),
        "v1/invoices/confirm",
        () => ({
            invoice_ids: invoices.map((each) => each.invoice_id),
            accounting_date: day.value || null,
        }),
    );
}

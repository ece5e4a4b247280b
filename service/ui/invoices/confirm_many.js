/**
 * Several drafts are confirmed, after one has seen how many and what they come to: for good.
 */

import { send } from "../api.js";
import { sumsByCurrency } from "../amounts.js";
import { el } from "../dom.js";
import { count, money, today } from "../format.js";
import { notify } from "../overlay.js";
import { t } from "../words.js";
import { ask } from "./asking.js";
import { dateInput, field, intention } from "./forms.js";
import { MOST } from "./rows.js";

/**
 * Asks whether to confirm these, dated when, and begins.
 *
 * @param {any[]} invoices
 * @returns {Promise<string | null>} the job that confirms them; null when it was left
 */
export async function confirmMany(invoices) {
    const number = { number: invoices.length, count: count(invoices.length) };
    if (invoices.length > MOST) {
        notify(t("invoices.too_many", { count: count(MOST) }), { kind: "failed" });
        return null;
    }
    const keyOf = intention();
    const sums = sumsByCurrency(
        invoices.map(({ currency, total }) => ({ currency, amount: total })),
    );
    const day = dateInput("accounting_date", today(), { autofocus: true });
    const hint = t("invoices.accounting_date_hint");
    let job = null;
    await ask({
        title: t("invoices.confirm_title", number),
        content: [
            el(
                "dl",
                { class: "facts" },
                ...sums.map((each) => {
                    const of = { number: each.count, count: count(each.count) };
                    return el(
                        "div",
                        {},
                        el("dt", {}, t("invoices.number", of)),
                        el("dd", { class: "amount" }, money(each.amount, each.currency)),
                    );
                }),
            ),
            field("accounting_date", t("invoices.accounting_date"), day, hint),
            el("p", {}, t("invoices.each_by_itself")),
            el("p", { class: "alert warn" }, t("invoices.no_undo")),
        ],
        yes: t("invoices.confirm", number),
        act: async () => {
            const body = {
                invoice_ids: invoices.map((each) => each.invoice_id),
                accounting_date: day.value || null,
            };
            job = (await send("POST", "v1/invoices/confirm", body, { key: keyOf(body) })).job_id;
        },
    });
    return job;
}

/**
 * Drafts that would be made, or were: by contract and customer, with their sums and the way back.
 */

import { sumsByCurrency } from "../amounts.js";
import { send } from "../api.js";
import { el } from "../dom.js";
import { count, money } from "../format.js";
import { urlOf } from "../location.js";
import { buttons, notify } from "../overlay.js";
import { reason, told } from "../refusals.js";
import { t } from "../words.js";

/**
 * @param {import("./drafting.js").Step[]} steps
 * @param {(() => void) | null} leave called as one goes to a draft; null where there are none yet
 */
function invoicesTable(steps, leave) {
    const label = t("contracts.drafts");
    return el(
        "div",
        { class: "scroll", tabindex: "0", role: "group", "aria-label": label },
        el(
            "table",
            { class: "plain-table" },
            el("caption", { class: "unseen" }, label),
            el(
                "thead",
                {},
                el(
                    "tr",
                    {},
                    el("th", { scope: "col" }, t("field.contract")),
                    el("th", { scope: "col" }, t("field.customer")),
                    el("th", { scope: "col", class: "amount" }, t("field.amount")),
                    el("th", { scope: "col", class: "amount" }, t("field.tax")),
                ),
            ),
            el(
                "tbody",
                {},
                ...steps.flatMap(({ contract, invoices }) =>
                    invoices.map((invoice) => {
                        const customer = nameOf(contract, invoice.customer_id);
                        return el(
                            "tr",
                            {},
                            el("td", {}, contract.name),
                            el(
                                "th",
                                { scope: "row" },
                                leave
                                    ? el(
                                        "a",
                                        {
                                            href: urlOf("invoices", invoice.invoice_id),
                                            onclick: leave,
                                        },
                                        customer,
                                    )
                                    : customer,
                            ),
                            el("td", { class: "amount" }, money(invoice.amount, invoice.currency)),
                            el("td", { class: "amount" }, money(invoice.tax, invoice.currency)),
                        );
                    })
                ),
            ),
        ),
    );
}

/**
 * @param {import("./drafting.js").Contract} contract
 * @param {string} id
 */
function nameOf(contract, id) {
    return contract.customers.find(({ customer_id }) => customer_id === id)?.name ?? id;
}

/**
 * @param {import("./drafting.js").Step[]} steps
 * @param {string} key of the sentence that sums up
 * @param {(() => void) | null} leave
 * @returns {import("../dom.js").Child[]}
 */
export function outcome(steps, key, leave) {
    const invoices = steps.flatMap((each) => each.invoices);
    const failed = steps.filter(({ invoices }) => invoices.length === 0);
    return [
        el("p", { class: "total" }, summary(invoices, key)),
        invoices.length > 0 && invoicesTable(steps, leave),
        ...failed.map(({ contract, error }) =>
            el(
                "p",
                { class: "quiet" },
                `${contract.name}: `,
                error instanceof Error
                    ? reason(error)
                    : error
                    ? told(/** @type {any} */ (error))
                    : t("contracts.nothing"),
            )
        ),
    ];
}

/**
 * @param {any[]} invoices
 * @param {string} key
 */
export function summary(invoices, key) {
    const number = invoices.length;
    if (number === 0) return t(`${key}_none`);
    const sums = sumsByCurrency(invoices);
    return t(key, { number, count: count(number) }) + " " +
        sums.map((each) => money(each.amount, each.currency)).join(" · ");
}

/**
 * @param {any[]} invoices
 * @param {(result: null) => void} end
 */
export function doneButtons(invoices, end) {
    const undo = el("button", { type: "button" }, t("contracts.delete_drafts"));
    undo.addEventListener("click", async () => {
        undo.disabled = true;
        let gone = 0;
        try {
            for (const { invoice_id } of invoices) {
                await send("DELETE", `v1/invoices/${encodeURIComponent(invoice_id)}`);
                gone += 1;
            }
            notify(t("contracts.drafts_deleted", { number: gone, count: count(gone) }));
        } catch (error) {
            const text = t("contracts.drafts_deleted", { number: gone, count: count(gone) });
            notify(`${text} ${reason(error)}`, { kind: "failed" });
        }
        end(null);
    });
    return buttons(
        invoices.length > 0 && undo,
        el(
            "a",
            {
                class: "button",
                href: urlOf("invoices", null, { status: ["draft", "in_review"] }),
                onclick: () => end(null),
            },
            t("contracts.to_drafts"),
        ),
        el("button", { type: "button", class: "first", onclick: () => end(null) }, t("close")),
    );
}

/**
 * Drafts that would be made, or were, by contract and customer.
 */

import { el } from "../dom.js";
import { money } from "../format.js";
import { urlOf } from "../location.js";
import { t } from "../words.js";

/**
 * @param {import("./drafting.js").Step[]} steps
 * @param {(() => void) | null} leave called as one goes to a draft; null where there are none yet
 */
export function invoicesTable(steps, leave) {
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

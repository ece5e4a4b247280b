/**
 * What an invoice is: for whom, of what, how far it is, what it comes to, what it is linked to.
 */

import { el, fill } from "../dom.js";
import { count, date, money, time } from "../format.js";
import { urlOf } from "../location.js";
import { t } from "../words.js";
import { statusOf } from "../invoices/totals.js";
import { refill } from "../invoices/forms.js";

/** What an invoice is called, as a heading. @param {any} invoice */
export function titleOf(invoice) {
    if (invoice.number !== null) return t("invoice.title", { number: invoice.number });
    return t(invoice.corrects === null ? "invoice.draft_title" : "invoice.corrective_title");
}

export function heading() {
    const name = el("h1", { tabindex: "-1" });
    const status = el("p");
    const facts = el("dl", { class: "card facts" });
    const amounts = el("dl", { class: "card facts" });
    const figures = el("dl", { class: "card facts" });
    const note = el("p", { class: "quiet", hidden: true }, t("invoice.corrective_note"));
    const element = el(
        "header",
        {},
        el("p", {}, el("a", { href: urlOf("invoices") }, `← ${t("screen.invoices")}`)),
        el("div", { class: "named" }, name, status),
        note,
        el("div", { class: "cards" }, facts, amounts, figures),
    );
    let drawn = "";
    return {
        element,
        focus: () => name.focus(),
        /** @param {import("./opened.js").Opened} opened */
        show(opened) {
            const { invoice, contract, corrections } = opened;
            const now = JSON.stringify([{ ...invoice, lines: null, position: 0 }, corrections]);
            if (now === drawn) return;
            drawn = now;
            fill(name, titleOf(invoice));
            fill(status, statusOf(invoice.status));
            note.hidden = invoice.corrects === null;
            const customer = contract?.customers
                .find((/** @type {any} */ it) => it.customer_id === invoice.customer_id);
            refill(facts, ...aboutRows(opened, customer?.name ?? invoice.customer_id));
            refill(
                amounts,
                ...["amount", "tax", "total"].map((field) =>
                    fact(t(`field.${field}`), money(invoice[field], invoice.currency))
                ),
            );
            figures.hidden = invoice.figures === undefined;
            if (invoice.figures) refill(figures, ...figureRows(invoice));
        },
        clear() {
            drawn = "";
            fill(name, t("loading"));
            for (const each of [status, facts, amounts, figures]) fill(each);
        },
    };
}

/**
 * @param {import("./opened.js").Opened} opened
 * @param {string} customer
 */
function aboutRows({ invoice, contract, corrections }, customer) {
    const { approval } = invoice;
    return [
        fact(
            t("field.customer"),
            link(urlOf("invoices", null, { customer_id: invoice.customer_id }), customer),
        ),
        fact(
            t("field.contract"),
            link(urlOf("contracts", invoice.contract_id), contract?.name ?? invoice.contract_id),
        ),
        invoice.number === null
            ? fact(t("invoices.cutoff"), date(invoice.cutoff))
            : fact(t("invoices.accounting_date"), date(invoice.accounting_date)),
        invoice.corrects && fact(
            t("invoice.corrects"),
            link(urlOf("invoices", invoice.corrects), invoice.corrects_number),
        ),
        corrections.length > 0 && fact(
            t("invoice.corrections"),
            ...corrections.map((each) =>
                link(urlOf("invoices", each.invoice_id), each.number ?? t("invoices.a_draft"))
            ),
        ),
        approval && fact(
            t("invoice.approved_by"),
            `${approval.actor ?? "–"}, ${time(approval.at)}`,
        ),
        contract && contract.approval !== "none" && !approval && invoice.number === null &&
        fact(t("invoice.approval"), t(`invoice.approval.${contract.approval}`)),
    ];
}

/** @param {any} invoice */
function figureRows({ figures, pending, currency, contract_id, customer_id, corrects }) {
    const of = { contract_id, customer_id };
    /** @param {string} status */
    const waiting = (status) =>
        link(
            urlOf("time-and-material", null, { ...of, billing_status: status }),
            `${money(pending[status].amount, currency)} (${count(pending[status].count)})`,
        );
    return [
        fact(t("invoice.contract_value"), money(figures.contract_value, currency)),
        fact(t("invoice.billed"), money(figures.billed, currency)),
        fact(t("invoice.remaining"), money(figures.remaining, currency)),
        fact(t("invoice.remaining_after"), money(figures.remaining_after, currency)),
        pending && corrects === null && fact(t("billing_status.ready"), waiting("ready")),
        pending && corrects === null && fact(t("billing_status.not_ready"), waiting("not_ready")),
    ];
}

/**
 * @param {string} href
 * @param {string} text
 */
function link(href, text) {
    return el("a", { href, "data-part": href }, text);
}

/**
 * @param {string} name
 * @param {...import("../dom.js").Child} values
 */
function fact(name, ...values) {
    return el("div", {}, el("dt", {}, name), el("dd", {}, ...separated(values)));
}

/** @param {import("../dom.js").Child[]} values */
function separated(values) {
    return values.flatMap((value, index) => index === 0 ? [value] : [" ", value]);
}

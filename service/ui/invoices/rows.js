/**
 * The table of invoices, and which of them are selected.
 */

import { el, keyed } from "../dom.js";
import { date, decimal } from "../format.js";
import { refill } from "./forms.js";
import { urlOf } from "../location.js";
import { t } from "../words.js";
import { statusOf } from "./totals.js";

const OPEN = new Set(["draft", "in_review"]);
/** The most invoices that one job confirms. */
export const MOST = 1000;

/**
 * @param {boolean} selectable whether invoices can be selected, to confirm them
 * @param {(items: any[]) => void} onSelected is told those that are selected whenever they are others
 */
export function invoiceRows(selectable, onSelected) {
    /** @type {Set<string>} */
    const chosen = new Set();
    /** @type {any[]} */
    let items = [];
    const all = el("input", {
        type: "checkbox",
        "aria-label": t("invoices.select_all"),
        onchange: () => {
            chosen.clear();
            if (all.checked) {
                for (const each of items.filter(canConfirm).slice(0, MOST)) {
                    chosen.add(each.invoice_id);
                }
            }
            draw();
        },
    });
    const body = el("tbody");
    const amounts = ["amount", "tax", "total"];
    const element = el(
        "div",
        {
            class: "card scroll",
            tabindex: "0",
            role: "region",
            "aria-label": t("screen.invoices"),
            hidden: true,
        },
        el(
            "table",
            { class: "plain-table invoice-rows" },
            el(
                "thead",
                {},
                el(
                    "tr",
                    {},
                    selectable && el("td", {}, all),
                    el("th", { scope: "col" }, t("field.invoice")),
                    el("th", { scope: "col" }, t("invoices.status")),
                    el("th", { scope: "col" }, t("field.contract")),
                    el("th", { scope: "col" }, t("field.customer")),
                    el("th", { scope: "col" }, t("invoices.cutoff")),
                    el("th", { scope: "col" }, t("invoices.accounting_date")),
                    ...amounts.map((name) =>
                        el("th", { scope: "col", class: "amount" }, t(`field.${name}`))
                    ),
                    el("th", { scope: "col" }, t("field.currency")),
                ),
            ),
            body,
        ),
    );

    function selected() {
        return items.filter((each) => chosen.has(each.invoice_id));
    }

    function draw() {
        const open = items.filter(canConfirm);
        const listed = new Set(open.map((each) => each.invoice_id));
        for (const id of chosen) if (!listed.has(id)) chosen.delete(id);
        element.hidden = items.length === 0;
        all.disabled = open.length === 0;
        all.checked = open.length > 0 && chosen.size === open.length;
        all.indeterminate = chosen.size > 0 && chosen.size < open.length;
        keyed(body, items, (each) => each.invoice_id, () => el("tr"), update);
        onSelected(selected());
    }

    /**
     * @param {HTMLTableRowElement & { drawn?: string }} row
     * @param {any} invoice
     */
    function update(row, invoice) {
        const isChosen = chosen.has(invoice.invoice_id);
        row.classList.toggle("picked", isChosen);
        const now = JSON.stringify(invoice);
        if (row.drawn !== now) {
            row.drawn = now;
            refill(row, ...cells(invoice));
        }
        const box = row.querySelector("input");
        if (box) box.checked = isChosen;
    }

    /** @param {any} invoice */
    function cells(invoice) {
        const id = invoice.invoice_id;
        return [
            selectable && el(
                "td",
                {},
                canConfirm(invoice) && el("input", {
                    type: "checkbox",
                    "data-part": "box",
                    "aria-label": t("invoices.select", { name: nameOf(invoice) }),
                    onchange: () => {
                        if (!chosen.delete(id)) chosen.add(id);
                        draw();
                    },
                }),
            ),
            el(
                "th",
                { scope: "row" },
                el(
                    "a",
                    {
                        href: urlOf("invoices", id),
                        "data-part": "link",
                        "aria-label": nameOf(invoice),
                    },
                    invoice.number ?? t("invoices.a_draft"),
                ),
                invoice.corrects && el(
                    "p",
                    { class: "quiet" },
                    t("invoices.corrects", { number: invoice.corrects_number }),
                ),
                invoice.has_corrections && el("p", { class: "quiet" }, t("invoices.corrected")),
            ),
            el(
                "td",
                {},
                statusOf(invoice.status),
                invoice.approval && el("p", { class: "quiet" }, `✓ ${t("invoices.approved")}`),
            ),
            el(
                "td",
                {},
                el(
                    "a",
                    { href: urlOf("contracts", invoice.contract_id), "data-part": "contract" },
                    invoice.contract_name ?? invoice.contract_id,
                ),
            ),
            el(
                "td",
                {},
                el("a", {
                    href: urlOf("invoices", null, { customer_id: invoice.customer_id }),
                    "data-part": "customer",
                }, invoice.customer_name ?? invoice.customer_id),
            ),
            el("td", {}, date(invoice.cutoff)),
            el("td", {}, date(invoice.accounting_date)),
            ...amounts.map((name) => el("td", { class: "amount" }, decimal(invoice[name]))),
            el("td", {}, invoice.currency),
        ];
    }

    return {
        element,
        selected,
        /** @param {any[]} now */
        show(now) {
            items = now;
            draw();
        },
        clear() {
            chosen.clear();
            draw();
        },
        focus: () => element.focus(),
    };
}

/** @param {any} invoice */
function canConfirm(invoice) {
    return OPEN.has(invoice.status);
}

/**
 * What an invoice is called: its number, or what a draft is of.
 *
 * @param {any} invoice
 */
export function nameOf(invoice) {
    return invoice.number ??
        t("invoices.draft_for", { name: invoice.customer_name ?? invoice.customer_id });
}

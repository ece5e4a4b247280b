/**
 * What stands beside a draft: ready items of its contract and customer, to be added.
 */

import { get } from "../api.js";
import { sum } from "../amounts.js";
import { el, fill } from "../dom.js";
import { count, date, decimal, money } from "../format.js";
import { urlOf } from "../location.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";
import { refill } from "../invoices/forms.js";

/** Items of each view that are shown. */
const SHOWN = 200;
const VIEWS = /** @type {const} */ (["time-and-material", "fixed-price"]);

/**
 * @param {(items: string[]) => Promise<void>} add
 * @param {() => void} close
 */
export function beside(add, close) {
    /** @type {Set<string>} */
    const chosen = new Set();
    /** @type {any[]} */
    let items = [];
    let turn = 0;
    let currency = "";
    let more = false;
    /** @type {any} */
    let draft = null;
    const said = el("p", { role: "status" });
    const heads = el("input", {
        type: "checkbox",
        "aria-label": t("invoice.select_all"),
        onchange: () => {
            chosen.clear();
            if (heads.checked) { for (const each of items) chosen.add(each.item_id); }
            draw();
        },
    });
    const body = el("tbody");
    const table = el(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": t("invoice.beside") },
        el(
            "table",
            { class: "plain-table" },
            el(
                "thead",
                {},
                el(
                    "tr",
                    {},
                    el("td", {}, heads),
                    ...["date", "line", "description"].map((name) =>
                        el("th", { scope: "col" }, t(`field.${name}`))
                    ),
                    ...["quantity", "amount", "tax"].map((name) =>
                        el("th", { scope: "col", class: "amount" }, t(`field.${name}`))
                    ),
                ),
            ),
            body,
        ),
    );
    const adding = el("button", { type: "button", class: "first", onclick: () => void addThem() });
    const elsewhere = el("p", { class: "quiet" });
    const element = el(
        "section",
        { class: "card stack beside", hidden: true },
        el(
            "div",
            { class: "head" },
            el("h2", {}, t("invoice.beside")),
            el(
                "button",
                { type: "button", class: "icon", "aria-label": t("close"), onclick: close },
                "✕",
            ),
        ),
        said,
        table,
        el("div", { class: "row" }, adding),
        elsewhere,
    );

    async function load() {
        const mine = ++turn;
        const filters = { contract_id: draft.contract_id, customer_id: draft.customer_id };
        try {
            const pages = await Promise.all(
                VIEWS.map((view) =>
                    get(`v1/backlog/${view}`, {
                        ...filters,
                        billing_status: "ready",
                        sort: "date",
                        limit: SHOWN,
                    })
                ),
            );
            if (mine !== turn) return;
            items = pages.flatMap((page) => page.items);
            fill(
                elsewhere,
                ...VIEWS.flatMap((view) => [
                    el("a", { href: urlOf(view, null, filters) }, t(`screen.${view}`)),
                    " ",
                ]),
            );
            more = pages.some((page) => page.next !== null);
            draw();
        } catch (error) {
            if (mine === turn) fill(said, reason(error));
        }
    }

    function draw() {
        const listed = new Set(items.map((each) => each.item_id));
        for (const id of chosen) if (!listed.has(id)) chosen.delete(id);
        table.hidden = items.length === 0;
        adding.hidden = items.length === 0;
        adding.disabled = chosen.size === 0;
        heads.checked = chosen.size > 0 && chosen.size === items.length;
        heads.indeterminate = chosen.size > 0 && chosen.size < items.length;
        if (items.length === 0) fill(said, t("invoice.nothing_beside"));
        else fill(said, more ? t("invoice.first_beside", { count: count(items.length) }) : null);
        const of = items.filter((each) => chosen.has(each.item_id));
        const values = {
            number: of.length,
            count: count(of.length),
            sum: money(sum(of.map((each) => each.amount)), currency),
        };
        fill(adding, of.length === 0 ? t("invoice.add") : t("invoice.add_items", values));
        refill(body, ...items.map(row));
    }

    /** @param {any} item */
    function row(item) {
        const name = item.description ?? item.milestone_name;
        return el(
            "tr",
            {},
            el(
                "td",
                {},
                el("input", {
                    type: "checkbox",
                    checked: chosen.has(item.item_id),
                    "data-part": item.item_id,
                    "aria-label": t("invoice.select_detail", { name }),
                    onchange: () => {
                        if (!chosen.delete(item.item_id)) chosen.add(item.item_id);
                        draw();
                    },
                }),
            ),
            el("td", { class: "day" }, date(item.date)),
            el("td", {}, item.line_name ?? item.line_id),
            el("th", { scope: "row" }, name || "–"),
            el("td", { class: "amount" }, decimal(item.quantity ?? "1")),
            el("td", { class: "amount" }, decimal(item.amount)),
            el("td", { class: "amount" }, decimal(item.tax)),
        );
    }

    async function addThem() {
        if (chosen.size === 0 || adding.disabled) return;
        adding.disabled = true;
        try {
            await add([...chosen]);
            chosen.clear();
        } finally {
            draw();
        }
    }

    return {
        element,
        /**
         * @param {any} invoice the draft
         * @param {boolean} isOpen
         */
        show(invoice, isOpen) {
            element.hidden = !isOpen;
            if (!isOpen) return;
            if (draft?.invoice_id !== invoice.invoice_id) {
                chosen.clear();
                items = [];
                fill(said, t("loading"));
                refill(body);
                table.hidden = true;
                adding.hidden = true;
            }
            draft = invoice;
            currency = invoice.currency;
            void load();
        },
    };
}

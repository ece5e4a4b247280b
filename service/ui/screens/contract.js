/**
 * One contract: its figures, lines, customers and shares, and how full its limits are.
 */

import { get, Refusal } from "../api.js";
import { el, fill } from "../dom.js";
import { count } from "../format.js";
import { focusBack, loadedInto, renew } from "../loading.js";
import { urlOf } from "../location.js";
import { setShortcuts } from "../keys.js";
import { createInvoices } from "../contracts/drafting.js";
import { editContract, editLine } from "../contracts/editing.js";
import { figureCells, FIGURES, viewsOf } from "../contracts/figures.js";
import { limitsTable } from "../contracts/limits.js";
import { sharesTable } from "../contracts/shares.js";
import { t } from "../words.js";

/** How many items whose verdict would change are looked at by their ids. */
const MOST_IDS = 50;

/** @type {import("../app.js").OpenScreen} */
export default function contract(app) {
    const content = el("div", { class: "stack contract" });
    /** @type {string | null} */
    let id = null;
    const heading = el("h1", {}, t("loading"));
    /** @type {import("../app.js").Screen} */
    const screen = {
        title: t("kind.contract"),
        element: el("div", { class: "stack" }, heading, content),
        show(place) {
            if (place.id === id) return;
            id = place.id;
            heading.textContent = id ?? "";
            fill(content);
            part.stop();
            part = loadedInto(content, read, draw);
            void part.load();
        },
        changed({ contracts, reset }) {
            if (reset || contracts === null || contracts.includes(id ?? "")) part.soon();
        },
        close() {
            part.stop();
        },
    };
    let part = loadedInto(content, read, draw);
    /** @type {any} the terms as they were read last, with their ETag */
    let latest = null;

    /** @param {AbortSignal} signal */
    async function read(signal) {
        const path = `v1/contracts/${encodeURIComponent(id ?? "")}`;
        try {
            const [terms, performance, limits, lines] = await Promise.all([
                get(path, {}, { signal }),
                get(`${path}/performance`, {}, { signal }),
                get(`${path}/limits`, {}, { signal }),
                get("v1/lines", { contract_id: id, limit: 1000 }, { signal }),
            ]);
            return { terms, performance, limits, lines: lines.items };
        } catch (error) {
            if (error instanceof Refusal && error.status === 404) return null;
            throw error;
        }
    }

    /** @param {{ terms: any, performance: any, limits: any, lines: any[] } | null} answer */
    function draw(answer) {
        if (answer === null) {
            return fill(
                content,
                el("p", {}, t("contracts.not_found")),
                el("a", { href: urlOf("contracts") }, t("screen.contracts")),
            );
        }
        const { terms, performance, limits, lines } = answer;
        heading.textContent = terms.name;
        screen.title = terms.name;
        document.title = `${terms.name} · ${t("product")}`;
        latest = terms;
        const { contract_id } = terms;
        const views = viewsOf(lines);
        const customers = new Map(
            terms.customers.map((/** @type {any} */ each) => [each.customer_id, each.name]),
        );
        const lineNames = new Map(lines.map(({ line_id, name }) => [line_id, name]));
        const isTime = views.includes("time-and-material");
        const mayDraft = app.may("invoices:write");
        const mayEdit = app.may("contracts:write");
        const create = () => thenAnew("create-invoices", createInvoices([latest]));
        const edit = () => thenAnew("edit-contract", editContract(latest));
        setShortcuts("screen", [
            ...(mayDraft
                ? [{ keys: "c", label: t("contracts.create_invoices"), act: create }]
                : []),
            ...(mayEdit ? [{ keys: "e", label: t("contracts.edit"), act: edit }] : []),
        ]);
        renew(
            content,
            el(
                "div",
                { class: "head" },
                el(
                    "p",
                    { class: "quiet" },
                    `${contract_id} · ${terms.currency} · ${
                        t(`contracts.approval.${terms.approval}`)
                    }`,
                ),
                el(
                    "div",
                    { class: "actions" },
                    mayDraft &&
                        el("button", {
                            type: "button",
                            class: "first",
                            id: "create-invoices",
                            onclick: create,
                        }, t("contracts.create_invoices")),
                    mayEdit &&
                        el(
                            "button",
                            { type: "button", id: "edit-contract", onclick: edit },
                            t("contracts.edit"),
                        ),
                ),
            ),
            el(
                "nav",
                { class: "ways", "aria-label": t("contracts.ways") },
                ...views.map((view) =>
                    el("a", { href: urlOf(view, null, { contract_id }) }, t(`screen.${view}`))
                ),
                app.may("invoices:read") &&
                    el(
                        "a",
                        { href: urlOf("invoices", null, { contract_id }) },
                        t("screen.invoices"),
                    ),
                app.may("audit:read") &&
                    el("a", { href: urlOf("history", null, { contract_id }) }, t("screen.history")),
            ),
            section("figures", figuresTable(performance, views)),
            section(
                "shares",
                lines.length === 0
                    ? el("p", { class: "quiet" }, t("contracts.no_lines"))
                    : sharesTable(
                        lines,
                        customers,
                        mayEdit
                            ? (line) =>
                                void thenAnew(`edit-${line.line_id}`, editLine(line, customers))
                            : null,
                    ),
            ),
            section(
                "limits",
                isTime && limits.reevaluate.length > 0 && el(
                    "p",
                    { class: "alert warn" },
                    t("contracts.reevaluate", {
                        number: limits.reevaluate.length,
                        count: count(limits.reevaluate.length),
                    }),
                    " ",
                    el(
                        "a",
                        {
                            href: urlOf("time-and-material", null, {
                                item_id: limits.reevaluate.slice(0, MOST_IDS),
                            }),
                        },
                        t("contracts.see_items"),
                    ),
                ),
                limitsTable(
                    limits.levels,
                    (line) => lineNames.get(line) ?? line,
                    (customer) => customers.get(customer) ?? customer,
                ),
            ),
        );
    }

    /**
     * @param {string} opener the id of what opened the dialog
     * @param {Promise<boolean>} doing whether it was done
     */
    async function thenAnew(opener, doing) {
        const isDone = await doing;
        focusBack(opener);
        if (isDone) await part.load();
    }

    /**
     * @param {any} performance
     * @param {string[]} views
     */
    function figuresTable(performance, views) {
        const mayInvoices = app.may("invoices:read");
        const { contract_id, limits } = performance;
        return el(
            "div",
            {
                class: "scroll",
                tabindex: "0",
                role: "group",
                "aria-label": t("contracts.part.figures"),
            },
            el(
                "table",
                { class: "plain-table figures" },
                el("caption", { class: "unseen" }, t("contracts.part.figures")),
                el(
                    "thead",
                    {},
                    el(
                        "tr",
                        {},
                        el("th", { scope: "col" }, t("field.line")),
                        ...FIGURES.map(({ name }) =>
                            el(
                                "th",
                                { scope: "col", class: "amount" },
                                t(`contracts.column.${name}`),
                            )
                        ),
                    ),
                ),
                el(
                    "tbody",
                    {},
                    ...performance.lines.map((/** @type {any} */ line) =>
                        el(
                            "tr",
                            {},
                            el(
                                "th",
                                { scope: "row" },
                                line.name,
                                el("div", { class: "quiet" }, line.line_id),
                            ),
                            ...figureCells(
                                line,
                                {
                                    contract_id,
                                    line_id: line.line_id,
                                    views: viewsOf([line]),
                                    mayInvoices,
                                },
                                limits.filter((/** @type {any} */ each) =>
                                    each.line_id === line.line_id
                                ),
                            ),
                        )
                    ),
                ),
                el(
                    "tfoot",
                    {},
                    el(
                        "tr",
                        {},
                        el("th", { scope: "row" }, t("contracts.whole")),
                        ...figureCells(performance, { contract_id, views, mayInvoices }, limits),
                    ),
                ),
            ),
        );
    }

    return screen;
}

/**
 * @param {string} name
 * @param {...import("../dom.js").Child} children
 */
function section(name, ...children) {
    const heading = `part-${name}`;
    return el(
        "section",
        { class: "card stack", "aria-labelledby": heading },
        el("h2", { id: heading }, t(`contracts.part.${name}`)),
        ...children,
    );
}

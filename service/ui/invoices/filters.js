/**
 * Which invoices are listed, by the URL: their status, corrections alone, a contract, a customer.
 */

import { el, fill } from "../dom.js";
import { change, urlOf } from "../location.js";
import { t } from "../words.js";

/** The ways to see them, and the parameters of each. */
const VIEWS = [
    { name: "all", params: {} },
    { name: "draft", params: { status: "draft" } },
    { name: "in_review", params: { status: "in_review" } },
    { name: "confirmed", params: { status: "confirmed" } },
    { name: "corrections", params: { corrective: "true" } },
];
const KEPT = ["contract_id", "customer_id", "corrects"];
const NEWEST = "-position";

export function filters() {
    const views = el("nav", { class: "invoice-views", "aria-label": t("invoices.which") });
    const chips = el("div", { class: "filtered-by" });
    const order = el(
        "select",
        {
            "aria-label": t("invoices.order"),
            onchange: () => change({ sort: order.value === NEWEST ? null : order.value }),
        },
        el("option", { value: NEWEST }, t("invoices.newest_first")),
        el("option", { value: "position" }, t("invoices.oldest_first")),
    );
    const element = el("div", { class: "invoice-filters" }, views, chips, order);
    let params = new URLSearchParams();

    return {
        element,
        /** @param {URLSearchParams} now */
        show(now) {
            params = now;
            order.value = now.get("sort") === "position" ? "position" : NEWEST;
            const kept = KEPT.flatMap((name) => now.getAll(name).map((value) => [name, value]));
            if (now.has("sort")) kept.push(["sort", now.get("sort") ?? ""]);
            const current = currentOf(now);
            fill(
                views,
                ...VIEWS.map((view) => {
                    const search = new URLSearchParams([...Object.entries(view.params), ...kept]);
                    return el("a", {
                        href: urlOf("invoices", null, search),
                        "aria-current": view.name === current ? "page" : undefined,
                    }, t(`invoices.view.${view.name}`));
                }),
            );
        },
        /**
         * Names what is filtered by, from the rows that are there.
         *
         * @param {any[]} items
         */
        name(items) {
            const parts = KEPT.flatMap((name) => params.getAll(name).map((id) => ({ name, id })));
            fill(
                chips,
                ...parts.map(({ name, id }) =>
                    el(
                        "button",
                        {
                            type: "button",
                            "aria-label": t("invoices.drop", { name: named(name, id, items) }),
                            onclick: () =>
                                change({ [name]: params.getAll(name).filter((it) => it !== id) }),
                        },
                        named(name, id, items),
                        el("span", { "aria-hidden": "true" }, "✕"),
                    )
                ),
            );
        },
        /**
         * What is asked of the API for a view.
         *
         * @param {URLSearchParams} now
         */
        asked(now) {
            const asked = new URLSearchParams();
            for (const name of ["status", "corrective", ...KEPT]) {
                for (const value of now.getAll(name)) asked.append(name, value);
            }
            asked.set("sort", now.get("sort") ?? NEWEST);
            return asked;
        },
    };
}

/** @param {URLSearchParams} params */
function currentOf(params) {
    if (params.get("corrective") === "true") return "corrections";
    const statuses = params.getAll("status");
    if (statuses.length === 0) return "all";
    return statuses.length === 1 ? statuses[0] : null;
}

/**
 * @param {string} field
 * @param {string} id
 * @param {any[]} items
 */
function named(field, id, items) {
    const found = items.find((each) => each[field] === id);
    if (field === "contract_id") return `${t("field.contract")}: ${found?.contract_name ?? id}`;
    if (field === "customer_id") return `${t("field.customer")}: ${found?.customer_name ?? id}`;
    return t("invoices.corrections_of", { number: found?.corrects_number ?? id });
}

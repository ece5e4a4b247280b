/**
 * The figures of a contract or a line, each leading to its rows.
 */

import { el } from "../dom.js";
import { decimal } from "../format.js";
import { urlOf } from "../location.js";
import { t } from "../words.js";
import { fullest } from "./limits.js";

/** The columns of figures, and what each is sorted by, if it can be. */
export const FIGURES = [
    { name: "value", sort: "contract_value" },
    { name: "invoiced", sort: "invoiced" },
    { name: "on_drafts", sort: "on_drafts" },
    { name: "ready", sort: "ready" },
    { name: "not_ready", sort: "not_ready" },
    { name: "remaining", sort: "remaining" },
    { name: "fullest", sort: null },
];
const CLASSES = ["time", "expense", "material", "fee", "milestone"];

/**
 * @typedef {object} About
 * @property {string} contract_id
 * @property {string} [line_id] of figures of a line
 * @property {string[]} views in which there are rows of it
 * @property {boolean} mayInvoices whether invoices are shown to whoever is signed in
 */

/**
 * The cells of a row, in the order of the columns.
 *
 * @param {any} figures as the API gives them, with `contract_value`, `ready` and so on
 * @param {About} about
 * @param {any[] | null} limits those of a contract or a line; null while they are not known
 */
export function figureCells(figures, about, limits) {
    const { contract_id, line_id, mayInvoices } = about;
    const classes = CLASSES.filter((name) => name in figures.not_ready);
    return [
        amount(decimal(figures.contract_value)),
        amount(
            mayInvoices
                ? link(
                    figures.invoiced,
                    urlOf("invoices", null, { contract_id, status: ["confirmed", "paid"] }),
                )
                : decimal(figures.invoiced),
        ),
        amount(...inViews(figures.on_drafts, about, "invoice_created")),
        amount(...inViews(figures.ready, about, "ready")),
        amount(
            ...(classes.length === 0 ? ["–"] : classes.map((name) => {
                const isMilestone = name === "milestone";
                return el(
                    "a",
                    {
                        class: "part",
                        href: isMilestone
                            ? urlOf("fixed-price", null, {
                                contract_id,
                                line_id,
                                billing_status: "not_ready",
                            })
                            : urlOf("time-and-material", null, {
                                contract_id,
                                line_id,
                                billing_status: "not_ready",
                                billing_type: "chargeable",
                                class: name,
                            }),
                    },
                    el("span", {}, t(`class.${name}`)),
                    " ",
                    decimal(figures.not_ready[name]),
                );
            })),
        ),
        amount(decimal(figures.remaining)),
        amount(limits === null ? el("span", { class: "quiet" }, "…") : fullest(limits)),
    ];
}

/** @param {...import("../dom.js").Child} children */
function amount(...children) {
    return el("td", { class: "amount" }, ...children);
}

/**
 * @param {string} figure
 * @param {string} href
 */
function link(figure, href) {
    return isNothing(figure) ? "–" : el("a", { href }, decimal(figure));
}

/**
 * A figure of rows in a status. Where they may be in both views, there is a way to each.
 *
 * @param {string} figure
 * @param {About} about
 * @param {string} billing_status
 */
function inViews(figure, { contract_id, line_id, views }, billing_status) {
    /** @param {string} view */
    const url = (view) =>
        urlOf(view, null, {
            contract_id,
            line_id,
            billing_status,
            billing_type: view === "time-and-material" ? "chargeable" : null,
        });
    const [only] = views;
    if (isNothing(figure) || !only) return [isNothing(figure) ? "–" : decimal(figure)];
    if (views.length === 1) return [link(figure, url(only))];
    return [
        el("span", {}, decimal(figure)),
        ...views.map((view) =>
            el("a", { class: "part", href: url(view) }, t(`contracts.rows.${view}`))
        ),
    ];
}

/** @param {string} figure */
function isNothing(figure) {
    return /^-?0(\.0*)?$/.test(figure);
}

/**
 * The views in which there are rows of lines.
 *
 * @param {{ billing_method: string }[]} lines
 */
export function viewsOf(lines) {
    const methods = new Set(lines.map(({ billing_method }) => billing_method));
    return [
        ...(methods.has("time_and_material") ? ["time-and-material"] : []),
        ...(methods.has("fixed_price") ? ["fixed-price"] : []),
    ];
}

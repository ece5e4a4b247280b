/**
 * The rows of contracts and their lines, the headers that sort them, and the way between pages.
 */

import { el } from "../dom.js";
import { count } from "../format.js";
import { change, here, urlOf } from "../location.js";
import { t } from "../words.js";
import { figureCells, FIGURES, viewsOf } from "./figures.js";

/**
 * @typedef {object} Shown
 * @property {any} performance of the contract, by line; null while it is not known
 * @property {boolean} isOpen whether its lines are shown
 * @property {boolean} mayInvoices
 * @property {{ isChosen: boolean, choose: (is: boolean) => void, create: () => void } | null} drafting
 */

/**
 * The row of a contract, and those of its lines where they are shown.
 *
 * @param {any} contract
 * @param {Shown} shown
 */
export function contractRows(contract, { performance, isOpen, mayInvoices, drafting }) {
    const id = contract.contract_id;
    const about = { contract_id: id, views: viewsOf(performance?.lines ?? []), mayInvoices };
    const head = el(
        "tr",
        {},
        drafting &&
            el(
                "td",
                {},
                el("input", {
                    type: "checkbox",
                    id: `choose-${id}`,
                    "aria-label": t("contracts.choose", { name: contract.name }),
                    checked: drafting.isChosen,
                    onchange: (/** @type {Event} */ event) =>
                        drafting.choose(/** @type {HTMLInputElement} */ (event.target).checked),
                }),
            ),
        nameCell(contract, isOpen, drafting),
        ...figureCells(contract.performance, about, performance?.limits ?? null),
    );
    if (!isOpen) return [head];
    if (performance === null) {
        const columns = FIGURES.length + (drafting ? 2 : 1);
        return [head, el("tr", {}, el("td", { class: "quiet", colspan: columns }, t("loading")))];
    }
    return [
        head,
        ...performance.lines.map((/** @type {any} */ line) =>
            lineRow(id, line, performance.limits, mayInvoices, drafting !== null)
        ),
    ];
}

/**
 * @param {any} contract
 * @param {boolean} isOpen
 * @param {Shown["drafting"]} drafting
 */
function nameCell(contract, isOpen, drafting) {
    const id = contract.contract_id;
    const names = contract.customers.map((/** @type {any} */ each) => each.name).join(", ");
    return el(
        "th",
        { scope: "row" },
        el("a", { href: urlOf("contracts", id) }, contract.name),
        el("div", { class: "quiet" }, `${id} · ${contract.currency} · ${names}`),
        el(
            "div",
            { class: "actions" },
            contract.lines.length > 0 &&
                el(
                    "button",
                    {
                        type: "button",
                        class: "plain",
                        id: `lines-${id}`,
                        "aria-expanded": String(isOpen),
                        onclick: () => toggle(id),
                    },
                    el("span", { "aria-hidden": "true" }, isOpen ? "▾ " : "▸ "),
                    t("contracts.number_of_lines", {
                        number: contract.lines.length,
                        count: count(contract.lines.length),
                    }),
                ),
            drafting &&
                el(
                    "button",
                    {
                        type: "button",
                        class: "plain",
                        id: `create-${id}`,
                        "aria-label": t("contracts.create_of", { name: contract.name }),
                        onclick: drafting.create,
                    },
                    t("contracts.create"),
                ),
        ),
    );
}

/**
 * @param {string} contract_id
 * @param {any} line
 * @param {any[]} limits of the contract
 * @param {boolean} mayInvoices
 * @param {boolean} mayDraft
 */
function lineRow(contract_id, line, limits, mayInvoices, mayDraft) {
    return el(
        "tr",
        { class: "line" },
        mayDraft && el("td", {}),
        el(
            "th",
            { scope: "row" },
            line.name,
            el(
                "div",
                { class: "quiet" },
                `${line.line_id} · ${t(`contracts.method.${line.billing_method}`)}`,
            ),
        ),
        ...figureCells(
            line,
            { contract_id, line_id: line.line_id, views: viewsOf([line]), mayInvoices },
            limits.filter(({ line_id }) => line_id === line.line_id),
        ),
    );
}

/** @param {string} id */
function toggle(id) {
    const open = here().params.getAll("open");
    const now = open.includes(id) ? open.filter((each) => each !== id) : [...open, id];
    change({ open: now }, { replace: true });
}

/**
 * The header of a column: a button where one can sort by it, amounts from the largest at first.
 *
 * @param {string} name
 * @param {string | null} by
 * @param {string} sort what it is sorted by now
 */
export function header(name, by, sort) {
    const label = t(`contracts.column.${name}`);
    const isUp = sort === by;
    const isDown = sort === `-${by}`;
    const isText = name === "name";
    return el(
        "th",
        {
            scope: "col",
            class: isText ? undefined : "amount",
            "aria-sort": isUp ? "ascending" : isDown ? "descending" : undefined,
        },
        by === null ? label : el(
            "button",
            {
                type: "button",
                class: "sort",
                id: `sort-${by}`,
                onclick: () =>
                    change({ sort: isDown || (isText && !isUp) ? by : `-${by}`, cursor: null }),
            },
            label,
            el("span", { "aria-hidden": "true" }, isUp ? " ▲" : isDown ? " ▼" : ""),
        ),
    );
}

/**
 * The way to the next page and back to the first; nothing where there is one page.
 *
 * @param {string | null} next
 */
export function pages(next) {
    const { screen, id, params } = here();
    /** @param {string | null} cursor */
    const url = (cursor) => {
        const of = new URLSearchParams(params);
        of.delete("cursor");
        if (cursor) of.set("cursor", cursor);
        return urlOf(screen, id, of);
    };
    const isFirst = !params.has("cursor");
    if (isFirst && next === null) return null;
    return el(
        "nav",
        { class: "pages", "aria-label": t("contracts.pages") },
        !isFirst && el("a", { class: "button", href: url(null) }, t("contracts.first_page")),
        next !== null && el("a", { class: "button", href: url(next) }, t("contracts.next_page")),
    );
}

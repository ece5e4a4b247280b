/**
 * Figures by currency, a row each: a table whose cells have a bar and lead to their rows.
 */

import { share } from "../amounts.js";
import { el } from "../dom.js";
import { count, decimal } from "../format.js";
import { t } from "../words.js";
import { largest, VIEWS, whole } from "./summaries.js";

/** @typedef {import("./summaries.js").Cell} Cell */
/** @typedef {{ key: string, label: string, kind: string }} Column `kind` colours its bars */

/**
 * @param {string} label
 * @param {Column[]} columns
 * @param {import("./summaries.js").Table} rows
 * @param {(view: string, column: string, currency: string) => string} urlFor
 */
export function matrix(label, columns, rows, urlFor) {
    return el(
        "div",
        { class: "scroll", tabindex: "0", role: "group", "aria-label": label },
        el(
            "table",
            { class: "plain-table matrix" },
            el("caption", { class: "unseen" }, label),
            el(
                "thead",
                {},
                el(
                    "tr",
                    {},
                    el("th", { scope: "col" }, t("field.currency")),
                    ...columns.map(({ key, label, kind }) =>
                        el("th", { scope: "col", class: "amount", "data-column": key }, [
                            el("span", { class: `swatch ${kind}`, "aria-hidden": "true" }),
                            label,
                        ])
                    ),
                ),
            ),
            el(
                "tbody",
                {},
                ...[...rows].map(([currency, cells]) => {
                    const most = largest(cells.values());
                    return el(
                        "tr",
                        {},
                        el("th", { scope: "row" }, currency),
                        ...columns.map(({ key, kind }) =>
                            el(
                                "td",
                                { class: "amount" },
                                figure(
                                    cells.get(key),
                                    most,
                                    kind,
                                    (view) => urlFor(view, key, currency),
                                ),
                            )
                        ),
                    );
                }),
            ),
        ),
    );
}

/**
 * One figure. In one view, all of it is the link; in both, each part has its own.
 *
 * @param {Cell | undefined} cell
 * @param {string} most the amount whose bar is as wide as the cell
 * @param {string} kind
 * @param {(view: string) => string} urlOfView
 */
function figure(cell, most, kind, urlOfView) {
    const all = whole(cell);
    if (cell === undefined || all.count === 0) {
        return el("span", { class: "figure none" }, bar(), el("span", {}, "–"));
    }
    const items = t("number_of_items", { number: all.count, count: count(all.count) });
    const there = VIEWS.filter((view) => cell[view].count > 0);
    const [only] = there;
    if (there.length === 1 && only) {
        return el(
            "a",
            { class: "figure", href: urlOfView(only) },
            bar(segment("span", kind, share(cell[only].amount, most))),
            el("span", {}, decimal(all.amount)),
            el("span", { class: "quiet" }, items),
        );
    }
    return el(
        "div",
        { class: "figure" },
        bar(
            ...there.map((view) =>
                segment("a", `${kind} ${view}`, share(cell[view].amount, most), urlOfView(view))
            ),
        ),
        el("span", {}, decimal(all.amount)),
        el("span", { class: "quiet" }, items),
        ...there.map((view) =>
            el(
                "a",
                { class: "part", href: urlOfView(view) },
                `${t(`hub.view.${view}`)} `,
                decimal(cell[view].amount),
            )
        ),
    );
}

/** @param {...HTMLElement} segments */
function bar(...segments) {
    return el("span", { class: "bar", "aria-hidden": "true" }, ...segments);
}

/**
 * @param {"a" | "span"} tag
 * @param {string} kind
 * @param {number} width of the whole bar
 * @param {string} [href]
 */
function segment(tag, kind, width, href) {
    const element = el(tag, { class: kind, href, tabindex: href ? "-1" : undefined });
    element.style.inlineSize = `${100 * width}%`;
    return element;
}

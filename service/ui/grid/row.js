/**
 * One row of the table: its elements are made once, and show one row of the list after another.
 */

import { el, setText } from "../dom.js";

/** Characters of an amount from which on it is written smaller: no figure of it may be cut off. */
const LONG = 13;

/**
 * @template R
 * @typedef {object} Column
 * @property {string} name
 * @property {string} label
 * @property {number} width pixels, unless the reader chose another one
 * @property {string} [sort] the field that it is sorted by
 * @property {boolean} [isAmount]
 * @property {(row: R) => string} text
 * @property {(row: R) => string} [detail] what stands quietly behind the text
 * @property {(row: R) => string} [status] the text is a status of this kind
 */

/**
 * The elements of a row that shows nothing yet.
 *
 * @template R
 * @param {Column<R>[]} columns
 */
export function newRow(columns) {
    return el(
        "tr",
        { role: "row" },
        el("td", { role: "gridcell", class: "tick" }, el("span", { class: "box" })),
        ...columns.map(({ isAmount, status, detail }) =>
            el(
                "td",
                { role: "gridcell", class: isAmount ? "amount" : undefined },
                el("span", { class: status ? "status" : undefined }),
                detail && " ",
                detail && el("small", { class: "quiet" }),
            )
        ),
    );
}

/**
 * Has the elements show a row; nothing while it is not there.
 *
 * @template R
 * @param {HTMLTableRowElement} tr
 * @param {Column<R>[]} columns
 * @param {R | null | undefined} row
 */
export function showRow(tr, columns, row) {
    tr.classList.toggle("coming", !row);
    for (const [at, column] of columns.entries()) {
        const text = /** @type {HTMLElement} */ (tr.cells[at + 1]?.firstElementChild);
        const said = row ? column.text(row) : "";
        setText(text, said);
        if (column.isAmount) text.classList.toggle("long", said.length > LONG);
        if (column.status) text.className = row ? `status ${column.status(row)}` : "";
        if (column.detail) {
            const quiet = /** @type {HTMLElement} */ (text.nextElementSibling);
            setText(quiet, row ? column.detail(row) : "");
        }
    }
}

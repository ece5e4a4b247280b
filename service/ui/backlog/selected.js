/**
 * What commands of a backlog view are about: what was picked, the active row, or all that match.
 */

import { el } from "../dom.js";
import { count, money } from "../format.js";
import { t } from "../words.js";
import { matchingOf } from "./views.js";

/** @typedef {import("./views.js").Row} Row */

/**
 * @typedef {object} Desk what actions work on
 * @property {import("./views.js").View} view
 * @property {import("../grid/selection.js").Selection<any>} selection
 * @property {() => URLSearchParams} filter
 * @property {() => import("./totals.js").Total[]} totals of all that match
 * @property {() => Row | undefined} active the row that the reader is at, in sight
 * @property {() => void} point brings the active row in sight, and the keys to it
 * @property {(row: Row) => Row} now a row that was picked, as it is shown now
 * @property {(changes: Map<string, (row: Row) => Row>) => void} patch
 * @property {() => void} reload shows the list anew
 * @property {(position: number, rows?: Row[]) => void} wrote the history is this far with what was done
 *   here, to these rows or to any
 */

/**
 * The rows that were picked, or the active one; none where all that match are selected.
 *
 * @param {Desk} desk
 * @returns {Row[]}
 */
export function picked({ selection, active }) {
    if (!selection.isEmpty) return selection.isAll ? [] : selection.rows;
    const row = active();
    return row ? [row] : [];
}

/**
 * What a command says of all that match: how many were seen, and what was unticked.
 *
 * @param {Desk} desk
 */
export function matching(desk) {
    const { selection } = desk;
    const all = desk.totals().reduce((sum, each) => sum + each.count, 0);
    const without = selection.keys;
    return {
        ...matchingOf(desk.view, desk.filter()),
        ...(without.length > 0 ? { except: without } : {}),
        expect: { count: selection.count(all) },
    };
}

/**
 * Sums by currency, as a list.
 *
 * @param {import("../grid/selection.js").Total[]} sums
 */
export function listOf(sums) {
    return el(
        "dl",
        { class: "facts" },
        ...sums.map(({ currency, amount, count: number }) =>
            el(
                "div",
                {},
                el("dt", {}, t("number_of_items", { number, count: count(number) })),
                el("dd", { class: "amount" }, money(amount, currency)),
            )
        ),
    );
}

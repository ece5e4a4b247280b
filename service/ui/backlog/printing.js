/**
 * Prints a list: its filter, its totals and its first rows.
 */

import { el } from "../dom.js";
import { count } from "../format.js";
import { notify } from "../overlay.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";

/** Rows that are printed at most. */
const MOST = 2000;

/**
 * @param {import("../grid/table.js").GridTable<any>} table
 * @param {() => number} matching how many rows the whole list has
 */
export async function printList(table, matching) {
    const { pages } = table.options;
    if (!pages) return;
    while (pages.length < MOST && !pages.isWhole && pages.failure === null) await pages.grow();
    if (pages.failure !== null) {
        notify(reason(pages.failure), { kind: "failed" });
        return;
    }
    table.drawAll(MOST);
    const printed = Math.min(MOST, pages.length);
    const note = el(
        "p",
        { class: "print-note" },
        t("backlog.printed", {
            number: printed,
            count: count(printed),
            all: count(Math.max(printed, matching())),
        }),
    );
    table.element.after(note);
    globalThis.print();
    note.remove();
    table.draw();
}

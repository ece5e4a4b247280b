/**
 * Rows for a sheet: as text with tabs, amounts as they were told.
 */

import { count } from "../format.js";
import { notify } from "../overlay.js";
import { t } from "../words.js";

/** @typedef {import("./views.js").Row} Row */
/** @typedef {import("./views.js").Column} Column */

/**
 * Copies rows, with the names of the columns above them.
 *
 * @param {Column[]} columns
 * @param {Row[]} rows
 */
export async function copyRows(columns, rows) {
    const lines = [
        [...columns.map(({ label }) => label), t("field.currency")],
        ...rows.map((row) => [...columns.map((each) => cell(each, row)), row.currency]),
    ];
    try {
        await navigator.clipboard.writeText(lines.map((line) => line.join("\t")).join("\n"));
        notify(t("backlog.copied", { number: rows.length, count: count(rows.length) }));
    } catch {
        notify(t("backlog.not_copied"), { kind: "failed" });
    }
}

/**
 * @param {Column} column
 * @param {Row} row
 */
function cell(column, row) {
    const text = column.isAmount ? String(row[column.name] ?? "") : column.text(row);
    // a sheet would take what begins so for a formula
    const safe = !column.isAmount && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return safe.replace(/[\t\n\r]+/g, " ");
}

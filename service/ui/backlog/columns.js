/**
 * Which columns a list shows, in which order and how wide: the reader's choice, kept in the browser.
 */

import { el } from "../dom.js";
import { choose, preferences } from "../preferences.js";
import { t } from "../words.js";

/** @typedef {import("./views.js").View} View */
/** @typedef {import("./views.js").Column} Column */

/**
 * The columns to show.
 *
 * @param {View} view
 * @returns {Column[]}
 */
export function chosenColumns(view) {
    const all = new Map(view.columns().map((column) => [column.name, column]));
    const chosen = preferences.columns[view.name];
    if (!chosen) return [...all.values()].filter(({ name }) => !view.hidden.includes(name));
    return chosen.flatMap(({ name, width }) => {
        const column = all.get(name);
        return column ? [{ ...column, width }] : [];
    });
}

/**
 * @param {View} view
 * @param {{ name: string, width: number }[]} columns
 */
export function keep(view, columns) {
    const chosen = columns.map(({ name, width }) => ({ name, width }));
    choose({ columns: { ...preferences.columns, [view.name]: chosen } });
}

/**
 * @param {View} view
 * @param {string} name
 * @param {number} width
 */
export function keepWidth(view, name, width) {
    keep(view, chosenColumns(view).map((each) => (each.name === name ? { ...each, width } : each)));
}

/**
 * @param {View} view
 * @param {(columns: Column[]) => void} changed
 */
export function columnsButton(view, changed) {
    /** What chooses them is loaded when it is wanted. */
    async function open() {
        await (await import("./choosing_columns.js")).chooseColumns(view);
        changed(chosenColumns(view));
    }
    return el("button", { type: "button", onclick: open }, t("backlog.columns"));
}

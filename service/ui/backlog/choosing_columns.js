/**
 * The dialog in which columns are chosen and put in order.
 */

import { el, keyed } from "../dom.js";
import { buttons, dialog } from "../overlay.js";
import { choose, preferences } from "../preferences.js";
import { t } from "../words.js";
import { chosenColumns, keep } from "./columns.js";

/** @typedef {import("./views.js").View} View */
/** @typedef {import("./views.js").Column} Column */

/** @param {View} view */
export async function chooseColumns(view) {
    const list = el("ol", { class: "columns" });
    let shown = chosenColumns(view);

    /** @param {Column[]} columns */
    function set(columns) {
        shown = columns;
        keep(view, columns);
        draw();
    }

    /**
     * @param {Column} column
     * @param {number} by
     */
    function move(column, by) {
        const at = shown.findIndex(({ name }) => name === column.name);
        const to = at + by;
        if (at < 0 || to < 0 || to >= shown.length) return;
        const columns = [...shown];
        columns.splice(to, 0, ...columns.splice(at, 1));
        set(columns);
    }

    function draw() {
        const others = view.columns().filter(({ name }) =>
            !shown.some((each) => each.name === name)
        );
        keyed(
            list,
            [...shown, ...others],
            ({ name }) => name,
            (column) =>
                el(
                    "li",
                    {},
                    el(
                        "label",
                        {},
                        el("input", {
                            type: "checkbox",
                            onchange: (/** @type {Event} */ event) => {
                                const { checked } = /** @type {HTMLInputElement} */ (event.target);
                                const rest = shown.filter(({ name }) => name !== column.name);
                                set(checked ? [...rest, column] : rest.length > 0 ? rest : shown);
                            },
                        }),
                        column.label,
                    ),
                    el("button", {
                        type: "button",
                        class: "icon",
                        "aria-label": t("backlog.column_up", { name: column.label }),
                        onclick: () => move(column, -1),
                    }, "↑"),
                    el("button", {
                        type: "button",
                        class: "icon",
                        "aria-label": t("backlog.column_down", { name: column.label }),
                        onclick: () => move(column, 1),
                    }, "↓"),
                ),
            (element, column) => {
                const isShown = shown.some(({ name }) => name === column.name);
                element.querySelector("input").checked = isShown;
                for (const button of element.querySelectorAll("button")) button.disabled = !isShown;
            },
        );
    }

    draw();
    await dialog(t("backlog.columns"), (end) => [
        list,
        buttons(
            el("button", {
                type: "button",
                onclick: () => {
                    const { [view.name]: _, ...rest } = preferences.columns;
                    choose({ columns: rest });
                    end(true);
                },
            }, t("backlog.columns_reset")),
            el("button", { type: "button", class: "first", onclick: () => end(true) }, t("close")),
        ),
    ]);
}

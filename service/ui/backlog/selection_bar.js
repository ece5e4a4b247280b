/**
 * What is selected, what it comes to, and what can be done with it: in sight as long as something is.
 */

import { el, fill, setText } from "../dom.js";
import { count, decimal, list } from "../format.js";
import { byCurrency } from "../grid/selection.js";
import { t } from "../words.js";

/**
 * @param {import("../app.js").App} app
 * @param {import("./selected.js").Desk} desk
 * @param {ReturnType<typeof import("./actions.js").actionsOf>} actions
 * @param {() => void} cleared
 */
export function selectionBar(app, desk, actions, cleared) {
    const { selection } = desk;
    const number = el("strong");
    const sums = el("span");
    const every = el("button", {
        type: "button",
        class: "plain",
        onclick: () => selection.all(),
    });
    const element = el("div", {
        class: "selected",
        role: "region",
        "aria-label": t("backlog.selection"),
    });
    fill(
        element,
        number,
        sums,
        every,
        ...(app.may("backlog:write") ? marks(desk, actions) : []),
        app.may("invoices:write") &&
            el("button", { type: "button", onclick: actions.draft }, t("backlog.draft")),
        el("button", {
            type: "button",
            onclick: () => {
                selection.clear();
                cleared();
            },
        }, t("backlog.clear")),
    );
    element.hidden = true;

    function show() {
        element.hidden = selection.isEmpty;
        if (selection.isEmpty) return;
        const totals = byCurrency(desk.totals());
        const all = totals.reduce((sum, each) => sum + each.count, 0);
        const selected = selection.count(all);
        setText(number, t("backlog.selected", { number: selected, count: count(selected) }));
        const amounts = selection.sums(totals).map((each) =>
            `${decimal(each.amount)} ${each.currency}`
        );
        setText(sums, list(amounts));
        setText(every, t("backlog.select_all", { number: all, count: count(all) }));
        every.hidden = selection.isAll;
    }
    return { element, show };
}

/**
 * @param {import("./selected.js").Desk} desk
 * @param {ReturnType<typeof import("./actions.js").actionsOf>} actions
 */
function marks(desk, actions) {
    const isSales = desk.view.name === "time-and-material";
    /** @type {import("./actions.js").Kind[]} */
    const kinds = isSales ? ["ready", "not_ready", "reset", "reevaluate"] : ["ready", "not_ready"];
    return kinds.map((kind) =>
        el("button", {
            type: "button",
            class: kind === "ready" ? "first" : undefined,
            onclick: () => actions.apply(kind),
        }, t(`backlog.${kind}`))
    );
}

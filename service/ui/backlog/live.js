/**
 * What others do, in the list: rows in sight change in place, and how much else has changed is said,
 * without a row that moves under the hand.
 */

import { get } from "../api.js";
import { el, setText } from "../dom.js";
import { count } from "../format.js";
import { t } from "../words.js";

/** Milliseconds between two looks at what changed. */
const BETWEEN = 400;
/** Positions of our own writes that are remembered. */
const OWN = 1000;

/**
 * @typedef {object} Shown
 * @property {import("./views.js").View} view
 * @property {() => Record<string, any>[]} rows those in sight
 * @property {(changes: Map<string, (row: any) => any>) => void} patch
 * @property {() => void} totalsChanged
 * @property {() => void} reload
 * @property {() => void} again shows the open item anew
 */

/** @param {Shown} shown */
export function followChanges(shown) {
    const element = el(
        "button",
        { type: "button", class: "changes", onclick: () => shown.reload() },
        "",
    );
    element.hidden = true;
    const state = { others: 0, seen: 0, timer: 0, isLooking: false, isWanted: false };
    /** @type {number[]} */
    const own = [];

    /** @param {import("../stream.js").Change} change */
    function changed(change) {
        const before = state.seen || change.position - 1;
        state.seen = Math.max(state.seen, change.position);
        if (
            !change.reset &&
            !change.kinds.some((kind) => [shown.view.kind, "limits", "invoices"].includes(kind))
        ) return;
        const mine = own.filter((at) => at > before && at <= change.position).length;
        const others = change.reset ? 1 : Math.max(0, change.position - before - mine);
        if (others > 0) {
            state.others += others;
            setText(
                element,
                t("backlog.changes", { number: state.others, count: count(state.others) }),
            );
            element.hidden = false;
        }
        soon();
    }

    function soon() {
        state.isWanted = true;
        if (!state.timer && !state.isLooking) state.timer = setTimeout(look, BETWEEN);
    }

    async function look() {
        state.timer = 0;
        state.isWanted = false;
        state.isLooking = true;
        try {
            shown.totalsChanged();
            const ids = shown.rows().map((row) => row.item_id);
            if (ids.length > 0) shown.patch(await asTheyAre(shown.view, ids));
            shown.again();
        } catch {
            // the next change looks again; a stream that is lost is said elsewhere
        } finally {
            state.isLooking = false;
            if (state.isWanted) soon();
        }
    }

    return {
        element,
        changed,
        /** @param {number} position */
        wrote(position) {
            own.push(position);
            if (own.length > OWN) own.shift();
            soon();
        },
        reloaded() {
            state.others = 0;
            element.hidden = true;
        },
        close: () => clearTimeout(state.timer),
    };
}

const ANY_STATUS = ["not_ready", "ready", "invoice_created", "invoice_posted", "canceled"];

/**
 * These items as they are now; those that are no more are as they were.
 *
 * @param {import("./views.js").View} view
 * @param {string[]} ids
 */
async function asTheyAre(view, ids) {
    const asked = new URLSearchParams({ limit: "200" });
    for (const id of ids.slice(0, 200)) asked.append("item_id", id);
    for (const status of ANY_STATUS) asked.append("billing_status", status);
    const { items } = await get(`v1/backlog/${view.name}`, asked);
    /** @type {Map<string, (row: any) => any>} */
    const changes = new Map();
    for (const item of items) changes.set(item.item_id, () => item);
    return changes;
}

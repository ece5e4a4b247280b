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
 * @property {(itemId: string) => boolean} isUnderWay whether something is being done to an item
 * @property {() => boolean} isMarking whether anything is, whose place in the history is not known yet
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
    /** @type {{ position: number, contracts: Set<string> | null }[]} */
    const own = [];
    /** @type {(import("../stream.js").Change & { after: number })[]} not counted yet */
    let told = [];

    /** @param {import("../stream.js").Change} change */
    function changed(change) {
        const after = state.seen || change.position - 1;
        state.seen = Math.max(state.seen, change.position);
        const kinds = [shown.view.kind, "limits", "invoices"];
        if (!change.reset && !change.kinds.some((kind) => kinds.includes(kind))) return;
        told.push({ ...change, after });
        soon();
    }

    /** Counts what others did; what was done here is known by then. */
    function countOthers() {
        state.others += told.filter(isOfOthers).length;
        told = [];
        const { others } = state;
        setText(element, t("backlog.changes", { number: others, count: count(others) }));
        element.hidden = others === 0;
    }

    /** @param {import("../stream.js").Change & { after: number }} change */
    function isOfOthers({ reset, after, position, contracts }) {
        if (reset) return true;
        const mine = own.filter((each) => each.position > after && each.position <= position);
        if (mine.length === 0) return true;
        if (contracts === null) return false;
        return !contracts.every((id) =>
            mine.some((each) => each.contracts === null || each.contracts.has(id))
        );
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
            if (shown.isMarking()) state.isWanted = true; // counted once it is known whose each is
            else countOthers();
            shown.totalsChanged();
            const ids = shown.rows().map((row) => row.item_id);
            if (ids.length > 0) {
                const changes = await asTheyAre(shown.view, ids);
                for (const id of changes.keys()) if (shown.isUnderWay(id)) changes.delete(id);
                shown.patch(changes);
            }
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
        /**
         * @param {number} position
         * @param {Record<string, any>[]} [rows]
         */
        wrote(position, rows) {
            const contracts = rows ? new Set(rows.map((row) => row.contract_id)) : null;
            own.push({ position, contracts });
            if (own.length > OWN) own.shift();
            soon();
        },
        /** @param {number} position what the list shows: changes are those after it */
        startAt(position) {
            state.seen = Math.max(state.seen, position);
        },
        reloaded() {
            state.others = 0;
            told = [];
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

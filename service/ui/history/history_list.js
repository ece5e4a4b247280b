/**
 * The history of something, from the first event on; what happens meanwhile comes after the last one.
 */

import { get } from "../api.js";
import { el, setText } from "../dom.js";
import { count } from "../format.js";
import { announce } from "../overlay.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";
import { reader } from "./changes.js";
import { entry, who } from "./event_entry.js";

const PAGE = 100;

/**
 * @typedef {object} Asked whose history, and which of it
 * @property {string | null} [item_id]
 * @property {string | null} [invoice_id]
 * @property {string | null} [contract_id]
 * @property {string | null} [line_id]
 * @property {string[]} [actor]
 * @property {string[]} [type]
 * @property {string | null} [from] an instant
 * @property {string | null} [to] an instant
 */

/**
 * The history of an item, an invoice or a contract, as an element that loads itself.
 *
 * @param {{ item_id?: string, invoice_id?: string, contract_id?: string }} about
 * @returns {HTMLElement}
 */
export function historyOf(about) {
    return historyList(about).element;
}

/**
 * @param {Asked} asked
 * @returns {{ element: HTMLElement, refresh: () => Promise<void>, close: () => void }}
 */
export function historyList(asked) {
    const complete = !asked.actor?.length && !asked.type?.length && !asked.from && !asked.to;
    const read = reader({ item: asked.item_id ?? null, complete });
    const closed = new AbortController();
    /** @type {{ cursor: string | null, isOver: boolean, isAsking: boolean, last: any, shown: number }} */
    const state = { cursor: null, isOver: false, isAsking: false, last: null, shown: 0 };
    /** @type {HTMLElement | null} the events of the request that the last event is of */
    let together = null;

    const list = el("ol", { class: "history" });
    const status = el("p", { class: "quiet" }, t("loading"));
    const problem = el("p", { class: "refusal", role: "alert" });
    const more = el(
        "button",
        { type: "button", hidden: true, onclick: () => void readOn() },
        t("more"),
    );
    const again = el(
        "button",
        { type: "button", hidden: true, onclick: () => void readOn() },
        t("retry"),
    );
    const element = el("div", { class: "stack history-list" }, list, status, problem, again, more);

    /** @param {any} event */
    function add(event) {
        if (!together || event.correlation_id !== state.last.correlation_id) {
            together = el("ol", { class: "events" });
            list.append(el("li", {}, who(event), together));
        }
        together.append(entry(event, read(event)));
        state.last = event;
        state.shown += 1;
    }

    /** Reads what comes after what is shown. */
    async function readOn() {
        if (state.isAsking) return;
        state.isAsking = true;
        more.disabled = true;
        const held = document.activeElement === more;
        const before = list.lastElementChild;
        try {
            const params = { ...asked, limit: PAGE, cursor: state.cursor };
            const page = await get("v1/audit/events", params, { signal: closed.signal });
            for (const event of page.items) add(event);
            // At the end the next event comes after the last one that was seen.
            state.cursor = page.next ?? (state.last ? String(state.last.position) : state.cursor);
            state.isOver = page.next === null;
            setText(problem, "");
            again.hidden = true;
            more.hidden = state.isOver;
            setText(status, told());
            if (held && state.isOver) focus(before?.nextElementSibling ?? list.lastElementChild);
        } catch (error) {
            if (!closed.signal.aborted) {
                setText(problem, reason(error));
                again.hidden = false;
                setText(status, state.shown > 0 ? told() : "");
            }
        }
        state.isAsking = false;
        more.disabled = false;
        if (held && !more.hidden) more.focus();
    }

    function told() {
        if (state.shown === 0) return t(state.isOver ? "history.nothing" : "history.nothing_yet");
        return t(state.isOver ? "history.all" : "history.some", {
            number: state.shown,
            count: count(state.shown),
        });
    }

    /** @param {Element | null | undefined} place */
    function focus(place) {
        const summary = place?.querySelector("summary");
        if (summary) summary.focus();
    }

    void readOn();
    return {
        element,
        /** Adds what was recorded since, where the end is in sight. */
        async refresh() {
            if (!state.isOver || state.isAsking) return;
            const before = state.shown;
            await readOn();
            if (state.shown > before) announce(told());
        },
        close() {
            closed.abort();
        },
    };
}

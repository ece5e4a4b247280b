/**
 * The whole history from its end.
 */

import { get } from "../api.js";
import { el, fill, setText } from "../dom.js";
import { count } from "../format.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";
import { reader } from "./changes.js";
import { entry, who } from "./event_entry.js";

const PAGE = 100;

/**
 * The last events of the whole history, the newest first.
 *
 * Positions have no gaps, so that the page before is the one of as many positions less.
 *
 * @returns {ReturnType<typeof import("./history_list.js").historyList>}
 */
export function latestEvents() {
    const read = reader({ complete: false });
    const closed = new AbortController();
    let first = 0;
    let newest = 0;
    /** @type {HTMLElement | null} the events of the request that the last event in sight is of */
    let together = null;
    let correlation = "";
    const list = el("ol", { class: "history" });
    const problem = el("p", { class: "refusal", role: "alert" });
    const changes = el("button", { type: "button", hidden: true, onclick: () => void start() });
    const more = el(
        "button",
        { type: "button", hidden: true, onclick: () => void before() },
        t("more"),
    );
    const again = el(
        "button",
        { type: "button", hidden: true, onclick: () => void start() },
        t("retry"),
    );
    const element = el("div", { class: "stack history-list" }, changes, list, problem, again, more);

    /**
     * @param {number} after
     * @param {number} limit
     */
    async function page(after, limit) {
        const params = { cursor: String(after), limit };
        return await get("v1/audit/events", params, { signal: closed.signal });
    }

    /** @param {() => Promise<void>} act */
    async function attempt(act) {
        more.disabled = changes.disabled = true;
        try {
            await act();
            setText(problem, "");
            again.hidden = true;
        } catch (error) {
            if (closed.signal.aborted) return;
            setText(problem, reason(error));
            again.hidden = false;
        }
        more.disabled = changes.disabled = false;
    }

    function start() {
        return attempt(async () => {
            const { position } = await page(0, 1);
            newest = position;
            first = position;
            fill(list);
            together = null;
            changes.hidden = true;
            await older();
        });
    }

    function before() {
        return attempt(older);
    }

    async function older() {
        const after = Math.max(0, first - PAGE);
        const limit = first - after;
        const { items } = limit > 0 ? await page(after, limit) : { items: [] };
        first = after;
        more.hidden = first === 0;
        if (items.length === 0 && newest === 0) fill(list, el("li", {}, t("history.nothing")));
        for (const event of items.reverse()) {
            if (!together || event.correlation_id !== correlation) {
                together = el("ol", { class: "events" });
                list.append(el("li", {}, who(event), together));
                correlation = event.correlation_id;
            }
            together.append(entry(event, read(event)));
        }
    }

    void start();
    return {
        element,
        async refresh() {
            if (newest === 0) return; // it is being read
            try {
                const { position } = await page(newest, 1);
                const number = position - newest;
                changes.hidden = number <= 0;
                setText(changes, t("number_of_changes", { number, count: count(number) }));
            } catch {
                // the shell says when nothing is reached, and the next change asks again
            }
        },
        close() {
            closed.abort();
        },
    };
}

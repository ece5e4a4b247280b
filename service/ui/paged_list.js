/**
 * A list by its cursor, as a table: page after page, and current without moving a row under the hand.
 *
 * What others change shows in place. What they add or take away waits behind a button that counts it.
 */

import { get } from "./api.js";
import { el, fill, keyed, setText } from "./dom.js";
import { count } from "./format.js";
import { announce } from "./overlay.js";
import { reason } from "./refusals.js";
import { t } from "./words.js";

const PAGE = 100;
/** Rows that the service gives at once at most. */
const MOST = 1000;

/**
 * @template I
 * @typedef {object} Listed
 * @property {string} path of the API
 * @property {string} label what the table is called
 * @property {(string | { amount: string })[]} heads of its columns; an empty one is for actions
 * @property {(item: I) => string} keyOf
 * @property {(item: I) => import("./dom.js").Child[][]} cells what stands in each column
 * @property {() => import("./dom.js").Child[]} nothing what is said when the list is empty
 */

/**
 * @template I
 * @param {Listed<I>} listed
 */
export function pagedList({ path, label, heads, keyOf, cells, nothing }) {
    /** @type {{ items: I[], next: string | null, params: Record<string, any> }} */
    let shown = { items: [], next: null, params: {} };
    /** @type {typeof shown | null} */
    let fresh = null;
    let loaded = false;
    let asking = new AbortController();
    /** What is asked for: by the reader, whose answer is shown at once; or what others have changed. */
    let under = /** @type {"" | "reader" | "others"} */ ("");
    /** Whether others have changed something since that was asked. */
    let isStale = false;

    const changes = el("button", { type: "button", hidden: true, onclick: () => take() });
    const problem = el("p", { class: "refusal" });
    const again = el(
        "button",
        { type: "button", hidden: true, onclick: () => reload() },
        t("retry"),
    );
    const body = el("tbody");
    const table = el(
        "div",
        { class: "scroll card", tabindex: "0", role: "region", "aria-label": label },
        el(
            "table",
            { class: "plain-table" },
            el(
                "thead",
                {},
                el(
                    "tr",
                    {},
                    ...heads.map((head) => {
                        if (head === "") return el("td", {});
                        const isText = typeof head === "string";
                        const props = { scope: "col", class: isText ? null : "amount" };
                        return el("th", props, isText ? head : head.amount);
                    }),
                ),
            ),
            body,
        ),
    );
    const empty = el("div", { class: "state" });
    const more = el("button", { type: "button", hidden: true, onclick: () => readOn() }, t("more"));
    const element = el(
        "div",
        { class: "stack paged-list" },
        el("div", { class: "alerts" }, el("div", { role: "alert" }, problem), again, changes),
        table,
        empty,
        el("div", { class: "buttons" }, more),
    );

    function draw() {
        element.toggleAttribute("aria-busy", false);
        const gone = new Set(fresh ? difference(shown.items, fresh.items) : []);
        keyed(
            body,
            shown.items,
            keyOf,
            () => el("tr"),
            (row, item) => {
                const text = JSON.stringify(item);
                if (row.dataset.shown !== text) redraw(row, cells(item));
                row.dataset.shown = text;
                row.classList.toggle("gone", gone.has(item));
            },
        );
        const waiting = fresh ? gone.size + difference(fresh.items, shown.items).length : 0;
        changes.hidden = waiting === 0;
        setText(changes, t("number_of_changes", { number: waiting, count: count(waiting) }));
        more.hidden = shown.next === null;
        table.hidden = shown.items.length === 0;
        empty.hidden = !loaded || shown.items.length > 0;
        if (!empty.hidden) fill(empty, ...nothing());
        said("");
    }

    /**
     * @param {I[]} items
     * @param {I[]} less
     */
    function difference(items, less) {
        const keys = new Set(less.map(keyOf));
        return items.filter((item) => !keys.has(keyOf(item)));
    }

    /** @param {string} text */
    function said(text) {
        setText(problem, text);
        again.hidden = text === "";
        if (text === "") return;
        element.toggleAttribute("aria-busy", false);
        if (!loaded) fill(empty);
    }

    /**
     * As many as `wanted` from the first on, or a few more.
     *
     * @param {Record<string, any>} params
     * @param {number} wanted
     * @param {string | null} [after] the cursor of the page before
     * @returns {Promise<typeof shown>}
     */
    async function read(params, wanted, after = null) {
        const { signal } = asking;
        /** @type {I[]} */
        const items = [];
        let cursor = after;
        do {
            const limit = Math.min(MOST, Math.max(PAGE, wanted - items.length));
            const page = await get(path, { ...params, limit, cursor }, { signal });
            items.push(...page.items);
            cursor = page.next;
        } while (cursor !== null && items.length < wanted);
        return { items, next: cursor, params };
    }

    /**
     * Asks, and goes on with what is answered unless something else is asked for by then.
     *
     * @param {"reader" | "others"} by
     * @param {() => Promise<typeof shown>} ask
     * @param {(answer: typeof shown) => void} then
     */
    async function asked(by, ask, then) {
        asking.abort();
        asking = new AbortController();
        const { signal } = asking;
        under = by;
        isStale = false;
        try {
            const answer = await ask();
            if (!signal.aborted) then(answer);
        } catch (error) {
            if (!signal.aborted) said(reason(error));
        }
        if (signal.aborted) return;
        under = "";
        if (isStale) await refresh();
    }

    /** Looks at what others have changed, once more where that is asked meanwhile. */
    async function refresh() {
        if (under || !loaded) {
            isStale = true;
            return;
        }
        await asked("others", () => read(shown.params, shown.items.length), (answer) => {
            if (shown.items.length === 0) return becomes(answer);
            const now = new Map(answer.items.map((item) => [keyOf(item), item]));
            shown.items = shown.items.map((item) => now.get(keyOf(item)) ?? item);
            fresh = answer;
            draw();
        });
    }

    /** @param {typeof shown} answer */
    function becomes(answer) {
        loaded = true;
        shown = answer;
        fresh = null;
        draw();
    }

    function take() {
        if (fresh === null) return;
        const waiting = changes.textContent ?? "";
        becomes(fresh);
        announce(waiting);
        table.focus({ preventScroll: true });
    }

    async function readOn() {
        more.disabled = true;
        const at = shown.items.length;
        const { items: before, next, params } = shown;
        await asked("reader", () => read(params, PAGE, next), (page) => {
            const items = [...before, ...difference(page.items, before)];
            becomes({ items, next: page.next, params });
            focusRow(at);
        });
        more.disabled = false;
    }

    /** @param {number} at a row's place; the last one where there are fewer */
    function focusRow(at) {
        const row = body.children[Math.min(at, body.childElementCount - 1)];
        const first = row?.querySelector("button") ?? row?.querySelector("a, summary");
        if (first instanceof HTMLElement) first.focus();
        else table.focus();
    }

    /**
     * Shows the list as it is now, after what the reader has done to the row of a key.
     *
     * @param {string} [key]
     */
    async function reload(key) {
        const at = shown.items.findIndex((item) => keyOf(item) === key);
        await asked("reader", () => read(shown.params, shown.items.length), (answer) => {
            const held = element.contains(document.activeElement) ||
                document.activeElement === document.body;
            becomes(answer);
            if (at >= 0 && held && !element.contains(document.activeElement)) focusRow(at);
        });
    }

    return {
        element,
        reload,
        refresh,
        /**
         * Shows what matches; does nothing where that is shown.
         *
         * @param {Record<string, any>} params
         */
        show(params) {
            if (loaded && JSON.stringify(params) === JSON.stringify(shown.params)) return;
            element.toggleAttribute("aria-busy", true);
            shown = { ...shown, params };
            if (!loaded) {
                table.hidden = true;
                fill(empty, el("p", {}, t("loading")));
            }
            void asked("reader", () => read(params, PAGE), becomes);
        },
        close() {
            asking.abort();
        },
    };
}

/**
 * Draws the cells of a row anew; what had the focus in it has it again.
 *
 * @param {HTMLTableRowElement} row
 * @param {import("./dom.js").Child[][]} cells
 */
function redraw(row, cells) {
    const focused = row.contains(document.activeElement)
        ? document.activeElement?.getAttribute("data-act")
        : null;
    fill(row, ...cells.map((content) => el("td", {}, ...content)));
    if (!focused) return;
    const same = row.querySelector(`[data-act="${CSS.escape(focused)}"]`);
    if (same instanceof HTMLElement) same.focus();
}

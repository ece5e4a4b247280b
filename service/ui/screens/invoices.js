/**
 * All invoices: drafts, in review, confirmed, corrections. Many are created and confirmed here.
 */

import { get } from "../api.js";
import { el, fill } from "../dom.js";
import { count } from "../format.js";
import { createInvoices } from "../invoices/create.js";
import { confirmMany } from "../invoices/confirm_many.js";
import { filters } from "../invoices/filters.js";
import { jobPanel } from "../invoices/job.js";
import { invoiceRows } from "../invoices/rows.js";
import { totals } from "../invoices/totals.js";
import { setShortcuts } from "../keys.js";
import { change } from "../location.js";
import { announce } from "../overlay.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";

/** Invoices that are asked for at a time. */
const PAGE = 100;
/** The most that are looked at again when others change something; more are asked for by hand. */
const AGAIN = 1000;
/** Milliseconds in which several changes are looked at as one. */
const TOGETHER = 300;

/** @type {import("../app.js").OpenScreen} */
export default function invoices(app) {
    const title = t("screen.invoices");
    /** @type {{ items: any[], next: string | null, waiting: any | null }} */
    const shown = { items: [], next: null, waiting: null };
    let asked = new URLSearchParams();
    let query = "";
    let turn = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    let aborted = new AbortController();

    const chosen = filters();
    const sums = totals();
    const job = jobPanel(app, () => void load());
    const state = el("div", { class: "state", hidden: true });
    const news = el("button", {
        type: "button",
        class: "news",
        hidden: true,
        onclick: () => take(),
    });
    const more = el("button", { type: "button", hidden: true, onclick: () => void loadMore() });
    const rows = invoiceRows(app.may("invoices:confirm"), selected);
    const confirm = el("button", {
        type: "button",
        class: "first",
        onclick: () => void confirmThem(),
    });
    const said = el("p");
    const bar = el(
        "div",
        {
            class: "card selection",
            hidden: true,
            role: "region",
            "aria-label": t("invoices.selected"),
        },
        said,
        el("button", { type: "button", onclick: () => rows.clear() }, t("invoices.clear")),
        confirm,
    );
    const create = app.may("invoices:write") && el(
        "button",
        { type: "button", class: "first", onclick: () => void createThem() },
        t("invoices.create"),
    );
    const element = el(
        "section",
        { class: "stack invoices" },
        el("div", { class: "head" }, el("h1", {}, title), create),
        job.element,
        chosen.element,
        sums.element,
        news,
        state,
        rows.element,
        more,
        bar,
    );

    function draw() {
        state.hidden = true;
        rows.show(shown.items);
        sums.show(shown.items, shown.next !== null);
        chosen.name(shown.items);
        more.hidden = shown.next === null;
        fill(more, t("invoices.more"));
        news.hidden = shown.waiting === null;
        if (shown.items.length === 0) nothing();
    }

    function nothing() {
        const filtered = ["status", "corrective", "contract_id", "customer_id", "corrects"]
            .filter((name) => asked.has(name));
        say(
            t(filtered.length ? "invoices.no_match" : "invoices.nothing"),
            t(filtered.length ? "invoices.no_match_help" : "invoices.nothing_help"),
            filtered.length > 0 && el(
                "button",
                {
                    type: "button",
                    onclick: () => change(Object.fromEntries(filtered.map((name) => [name, null]))),
                },
                t("invoices.drop_filters"),
            ),
        );
    }

    /**
     * @param {string} heading
     * @param {string} text
     * @param {import("../dom.js").Child} [action]
     */
    function say(heading, text, action) {
        fill(state, el("h2", {}, heading), el("p", {}, text), action);
        state.hidden = false;
    }

    /**
     * @param {number} limit
     * @param {string | null} [cursor]
     */
    function page(limit, cursor) {
        const params = new URLSearchParams(asked);
        params.set("limit", String(limit));
        if (cursor) params.set("cursor", cursor);
        return get("v1/invoices", params, { signal: aborted.signal });
    }

    /** Loads the first page anew. */
    async function load() {
        aborted.abort();
        aborted = new AbortController();
        const mine = ++turn;
        if (shown.items.length === 0) say(t("loading"), "");
        element.setAttribute("aria-busy", "true");
        try {
            const answer = await page(PAGE);
            if (mine !== turn) return;
            Object.assign(shown, { items: answer.items, next: answer.next, waiting: null });
            draw();
        } catch (error) {
            if (mine === turn) failed(error);
        } finally {
            if (mine === turn) element.removeAttribute("aria-busy");
        }
    }

    async function loadMore() {
        const mine = turn;
        more.disabled = true;
        try {
            const answer = await page(PAGE, shown.next);
            if (mine !== turn) return;
            const known = new Set(shown.items.map((each) => each.invoice_id));
            const added = answer.items.filter((/** @type {any} */ each) =>
                !known.has(each.invoice_id)
            );
            shown.items = [...shown.items, ...added];
            shown.next = answer.next;
            draw();
            announce(t("invoices.loaded", { count: count(shown.items.length) }));
        } catch (error) {
            if (mine === turn) announce(reason(error));
        } finally {
            more.disabled = false;
        }
    }

    /** @param {unknown} error */
    function failed(error) {
        Object.assign(shown, { items: [], next: null, waiting: null });
        draw();
        say(
            t("not_loaded"),
            reason(error),
            el("button", { type: "button", onclick: () => void load() }, t("retry")),
        );
    }

    /** What others changed: rows in sight change in place, rows that come and go wait for a click. */
    async function lookAgain() {
        const mine = turn;
        try {
            const limit = Math.min(AGAIN, Math.max(PAGE, shown.items.length));
            const answer = await page(limit);
            if (mine !== turn) return;
            const found = new Map(
                answer.items.map((/** @type {any} */ each) => [each.invoice_id, each]),
            );
            const known = new Set(shown.items.map((each) => each.invoice_id));
            const seen = shown.items.slice(0, limit);
            const gone = seen.filter((each) => !found.has(each.invoice_id)).length;
            const come = answer.items.filter((/** @type {any} */ each) =>
                !known.has(each.invoice_id)
            ).length;
            shown.items = shown.items.map((each) => found.get(each.invoice_id) ?? each);
            const number = Math.max(gone, come);
            shown.waiting = number > 0 ? answer : null;
            draw();
            fill(news, t("number_of_changes", { number, count: count(number) }));
        } catch {
            // the next change, or the reader, asks again
        }
    }

    function take() {
        const answer = shown.waiting;
        if (answer === null) return;
        Object.assign(shown, { items: answer.items, next: answer.next, waiting: null });
        draw();
        rows.focus();
    }

    /** @param {any[]} items */
    function selected(items) {
        bar.hidden = items.length === 0;
        fill(said, t("invoices.selected_sum", sums.of(items)));
        fill(confirm, t("invoices.confirm", { number: items.length, count: count(items.length) }));
    }

    async function confirmThem() {
        const items = rows.selected();
        if (items.length === 0) return;
        const begun = await confirmMany(items);
        if (begun) change({ job: begun });
    }

    async function createThem() {
        const begun = await createInvoices();
        if (begun) change({ job: begun });
    }

    return {
        title,
        element,
        show(place) {
            chosen.show(place.params);
            job.show(place.params.get("job"));
            asked = chosen.asked(place.params);
            if (asked.toString() === query && turn > 0) return;
            if (asked.toString() !== query) rows.clear();
            query = asked.toString();
            shown.items = [];
            rows.show([]);
            void load();
            const keys = [];
            if (create) {
                keys.push({ keys: "c", label: t("invoices.create"), act: () => create.click() });
            }
            if (app.may("invoices:confirm")) {
                keys.push({
                    keys: "b",
                    label: t("invoices.confirm_selected"),
                    act: () => void confirmThem(),
                });
            }
            setShortcuts("screen", keys);
        },
        changed(told) {
            if (told.kinds.includes("jobs") || told.reset) job.changed();
            if (!told.reset && !told.kinds.includes("invoices")) return;
            if (timer) return; // several changes at once are looked at together
            timer = setTimeout(() => {
                timer = undefined;
                void lookAgain();
            }, TOGETHER);
        },
        close() {
            turn += 1;
            clearTimeout(timer);
            aborted.abort();
            job.close();
        },
    };
}

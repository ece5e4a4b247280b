/**
 * A backlog view as a place to work: filters, totals, the list, an item explained, what is selected.
 */

import { get } from "../api.js";
import { el, fill } from "../dom.js";
import { count } from "../format.js";
import { Pages } from "../grid/pages.js";
import { Selection } from "../grid/selection.js";
import { GridTable } from "../grid/table.js";
import { setShortcuts } from "../keys.js";
import { change, here } from "../location.js";
import { announce, notify } from "../overlay.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";
import { actionsOf } from "./actions.js";
import { copyRows } from "./copying.js";
import { chosenColumns, columnsButton, keepWidth } from "./columns.js";
import { clear, filterBar } from "./filters.js";
import { itemPanel } from "./item_panel.js";
import { followChanges } from "./live.js";
import { savedViews } from "./saved_views.js";
import { selectionBar } from "./selection_bar.js";
import { totalsBar } from "./totals.js";
import { filterOf } from "./views.js";

const PAGE = 200;
/** @typedef {import("./views.js").Row} Row */

/**
 * What one of the views has beside what both have. Each is told whom to tell that it has written, and how
 * far the history is with that.
 *
 * @typedef {object} Own
 * @property {(item: Record<string, any>, wrote: (position: number) => void) => import("../dom.js").Child} [ofItem]
 *   shown with an item
 * @property {(wrote: (position: number) => void) => import("../dom.js").Child} [tool] beside the title
 */

/**
 * @param {import("../app.js").App} app
 * @param {import("./views.js").View} view
 * @param {Own} [own]
 * @returns {import("../app.js").Screen}
 */
export function backlogScreen(app, view, own = {}) {
    const title = t(`screen.${view.name}`);
    const key = (/** @type {Row} */ row) => row.item_id;
    const state = {
        filter: new URLSearchParams(),
        /** What the list shown was asked by; another one is a new list. */
        asked: /** @type {string | null} */ (null),
        /** @type {import("./totals.js").Total[]} */
        totals: [],
        turn: 0,
    };
    /** @type {Pages<Row> | null} */
    let pages = null;

    const selection = new Selection(key, () => {
        table.draw();
        bar.show();
    });
    const table = new GridTable({
        label: title,
        columns: chosenColumns(view),
        pages: null,
        isSelected: (row) => selection.has(row),
        toggle: (row) => selection.toggle(row),
        extend: (rows) => selection.set(rows, true),
        open: (row) => change({ item: row.item_id }, { replace: here().params.has("item") }),
        sortBy: (field) => change({ sort: field, seek: null }),
        resized: (name, width) => keepWidth(view, name, width),
    });
    const filters = filterBar(view);
    const totals = totalsBar();
    const panel = itemPanel(app, closePanel, (item) => own.ofItem?.(item, written));
    const live = followChanges({
        view,
        rows: () => table.inSight,
        patch: (changes) => pages?.patch(changes),
        totalsChanged: () => void sumUp(),
        reload: () => load({ isSame: true }),
        again: () => panel.again(),
        isUnderWay: (itemId) => actions.isUnderWay(itemId),
        isMarking: () => actions.isMarking(),
    });
    const desk = {
        view,
        selection,
        filter: () => state.filter,
        totals: () => state.totals,
        active: () => table.pointed,
        point: () => table.point(),
        now: shownNow,
        patch: (/** @type {Map<string, (row: Row) => Row>} */ changes) => pages?.patch(changes),
        reload: () => load({ isSame: true }),
        wrote: live.wrote,
    };
    const actions = actionsOf(desk);

    const said = el("div", { class: "state", role: "status" });
    said.hidden = true;
    const bar = selectionBar(app, desk, actions, () => table.focus());
    const seek = el("input", {
        type: "date",
        onchange: () => change({ seek: seek.value, ...(seek.value ? { sort: null } : {}) }),
    });
    const element = el(
        "section",
        { class: "backlog" },
        el(
            "div",
            { class: "head" },
            el("h1", {}, title),
            el(
                "div",
                { class: "tools" },
                live.element,
                own.tool?.(written),
                el("label", { class: "inline" }, t("backlog.seek"), " ", seek),
                savedViews(view),
                columnsButton(view, (columns) => table.setColumns(columns)),
            ),
        ),
        filters.element,
        totals.element,
        el(
            "div",
            { class: "split" },
            el("div", { class: "list" }, table.element, said),
            panel.element,
        ),
        bar.element,
    );

    /** @param {import("../location.js").Place} place */
    function show({ params }) {
        filters.show(params);
        if (document.activeElement !== seek) seek.value = params.get("seek") ?? "";
        const filter = filterOf(view, params);
        const asked = `${filter}&sort=${params.get("sort") ?? ""}&seek=${params.get("seek") ?? ""}`;
        if (asked !== state.asked) {
            const isOther = state.asked !== null && filter.toString() !== state.filter.toString();
            state.asked = asked;
            state.filter = filter;
            if (isOther && selection.isAll) {
                selection.clear();
                notify(t("backlog.all_given_up"));
            }
            load();
        }
        table.head.tellSort(params.get("sort") ?? "date");
        const item = params.get("item");
        const row = item === null
            ? null
            : [...(pages?.rows() ?? [])].find(([, each]) => key(each) === item)?.[1];
        void panel.show(item, row ?? null);
    }

    /** @param {number} position how far the history is with what was written here */
    function written(position) {
        live.wrote(position);
        load({ isSame: true });
    }

    /**
     * A row as the list shows it now; as it was where its page was let go.
     *
     * @param {Row} row
     */
    function shownNow(row) {
        for (const [, each] of pages?.rows() ?? []) if (key(each) === key(row)) return each;
        return row;
    }

    /**
     * Shows the list that the URL names, from its beginning; or anew, where one is in it.
     *
     * @param {{ isSame?: boolean }} [options]
     */
    function load({ isSame = false } = {}) {
        const { params } = here();
        const query = new URLSearchParams(state.filter);
        query.set("sort", params.get("sort") ?? view.sort);
        pages?.close();
        live.reloaded();
        const mine = new Pages(
            async (cursor, signal) => {
                const asked = new URLSearchParams(query);
                asked.set("limit", String(PAGE));
                if (cursor) asked.set("cursor", cursor);
                else if (params.get("seek")) asked.set("seek", params.get("seek") ?? "");
                const page = await get(`v1/backlog/${view.name}`, asked, { signal });
                if (cursor === null) live.startAt(page.position);
                return page;
            },
            key,
            () => {
                if (mine === pages) {
                    table.draw();
                    showState();
                }
            },
        );
        pages = mine;
        void grown(mine, isSame ? table.lastInSight : 0).then(() => {
            if (mine !== pages) return;
            table.show(mine, { isSame });
            if (isSame && document.activeElement === document.body) table.focus();
        });
        void sumUp();
    }

    /**
     * Fetches a list up to a row, and no further than one can go back to.
     *
     * @param {Pages<Row>} list
     * @param {number} row
     */
    async function grown(list, row) {
        do await list.grow(); while (
            list.length <= row && !list.isWhole && list.failure === null && list === pages
        );
    }

    /** Asks what all that match come to, and how many each chip would show. */
    async function sumUp() {
        const turn = ++state.turn;
        const asked = new URLSearchParams(state.filter);
        asked.set("limit", "1");
        asked.set("totals", "true");
        for (const { name } of view.chips) asked.append("facets", name);
        try {
            const answer = await get(`v1/backlog/${view.name}`, asked);
            if (turn !== state.turn) return;
            state.totals = answer.totals;
            totals.show(answer.totals);
            filters.setCounts(answer.facets);
            const number = matchingCount();
            table.setTotal(number);
            announce(t("backlog.matching", { number, count: count(number) }));
            bar.show();
        } catch (error) {
            if (turn === state.turn) notify(reason(error), { kind: "failed" });
        }
    }

    function matchingCount() {
        return state.totals.reduce((sum, each) => sum + each.count, 0);
    }

    /** Says why there is nothing to see, where that is so. */
    function showState() {
        const isEmpty = pages?.isThere === true && pages.length === 0 && pages.isWhole;
        const failed = pages?.failure ?? null;
        said.hidden = !isEmpty && failed === null;
        table.element.classList.toggle(
            "empty",
            isEmpty || (failed !== null && pages?.length === 0),
        );
        if (failed !== null) {
            fill(
                said,
                el("p", {}, reason(failed)),
                el("button", {
                    type: "button",
                    onclick: () => {
                        if (pages) pages.failure = null;
                        void pages?.grow();
                    },
                }, t("retry")),
            );
        } else if (isEmpty && state.filter.size > 0) {
            fill(
                said,
                el("h2", {}, t("backlog.nothing_matches")),
                el(
                    "button",
                    { type: "button", onclick: () => clear(view) },
                    t("backlog.clear_filters"),
                ),
            );
        } else if (isEmpty) {
            fill(
                said,
                el("h2", {}, t("backlog.nothing_yet")),
                el("p", {}, t("backlog.how_to_begin")),
            );
        }
    }

    function closePanel() {
        change({ item: null }, { replace: true });
        table.focus();
    }

    /** Of all that match, those that are there. */
    function rowsToCopy() {
        if (selection.isAll) {
            return [...(pages?.rows() ?? [])].map(([, row]) => row).filter((row) =>
                selection.has(row)
            );
        }
        if (!selection.isEmpty) return selection.rows;
        return table.activeRow ? [table.activeRow] : [];
    }

    function shortcuts() {
        const marking = app.may("backlog:write")
            ? [
                { keys: "r", label: t("backlog.ready"), act: () => void actions.apply("ready") },
                {
                    keys: "n",
                    label: t("backlog.not_ready"),
                    act: () => void actions.apply("not_ready"),
                },
            ]
            : [];
        setShortcuts("screen", [
            { keys: "/", label: t("backlog.search"), act: () => filters.search.focus() },
            ...marking,
            ...(app.may("invoices:write")
                ? [{ keys: "d", label: t("backlog.draft"), act: () => void actions.draft() }]
                : []),
            {
                keys: "Ctrl+a",
                label: t("backlog.select_everything"),
                act: () => matchingCount() > 0 && selection.all(),
            },
            {
                keys: "Ctrl+c",
                label: t("backlog.copy"),
                when: () => getSelection()?.isCollapsed !== false,
                act: () => void copyRows(table.columns, rowsToCopy()),
            },
            {
                keys: "Ctrl+p",
                label: t("backlog.print"),
                act: async () => (await import("./printing.js")).printList(table, matchingCount),
            },
            { keys: "Escape", label: t("backlog.back"), act: escape },
            ...["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Space", "Enter"].map((keys) => ({
                keys,
                label: t(`backlog.key.${keys}`),
            })),
        ]);
    }

    function escape() {
        if (here().params.has("item")) closePanel();
        else if (!selection.isEmpty) selection.clear();
        table.focus();
    }

    return {
        title,
        element,
        show: (place) => {
            shortcuts();
            show(place);
        },
        changed: live.changed,
        close: () => {
            pages?.close();
            live.close();
        },
    };
}

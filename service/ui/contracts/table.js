/**
 * Contracts with their figures and lines, a page at a time, to draft invoices of one or many.
 */

import { get } from "../api.js";
import { el, fill } from "../dom.js";
import { count } from "../format.js";
import { change, here, urlOf } from "../location.js";
import { eachOf, loadedInto } from "../loading.js";
import { announce } from "../overlay.js";
import { t } from "../words.js";
import { createInvoices } from "./drafting.js";
import { figureCells, FIGURES, viewsOf } from "./figures.js";

const PAGE = 25;
/** How many contracts are asked at once how they perform by line. */
const AT_ONCE = 3;

/**
 * @param {import("../app.js").App} app
 * @param {{ none: () => import("../dom.js").Child[] }} options what is said where nothing is found
 */
export function contractsTable(app, { none }) {
    const mayDraft = app.may("invoices:write");
    /** @type {Map<string, any>} contracts chosen, on this page and others */
    const chosen = new Map();
    /** @type {Map<string, any>} how contracts perform, by line; from the page that is shown */
    let performances = new Map();
    /** @type {{ items: any[], next: string | null }} */
    let page = { items: [], next: null };
    let asked = new URLSearchParams();
    let rest = new AbortController();

    const content = el("div", { class: "stack" });
    const create = el("button", { type: "button", class: "first", onclick: createOfChosen });
    const drop = el("button", {
        type: "button",
        onclick: () => {
            chosen.clear();
            for (const box of content.querySelectorAll("input")) box.checked = false;
            showChosen();
        },
    }, t("contracts.choose_none"));
    const bar = el("div", { class: "chosen", role: "group" }, create, drop);
    const element = el("div", { class: "stack contracts" }, content, mayDraft && bar);

    const part = loadedInto(content, read, (answer) => {
        page = answer;
        draw();
        rest.abort();
        rest = new AbortController();
        void loadPerformances(rest.signal);
    });

    /** @param {AbortSignal} signal */
    async function read(signal) {
        return await get("v1/contracts", {
            include: "performance",
            q: asked.get("q"),
            customer_id: asked.getAll("customer_id"),
            sort: asked.get("sort"),
            cursor: asked.get("cursor"),
            limit: PAGE,
        }, { signal });
    }

    /** @param {AbortSignal} signal */
    async function loadPerformances(signal) {
        const before = performances;
        performances = new Map();
        for (const { contract_id: id } of page.items) {
            if (before.has(id)) performances.set(id, before.get(id));
        }
        await eachOf(page.items, AT_ONCE, signal, async ({ contract_id: id }) => {
            try {
                const path = `v1/contracts/${encodeURIComponent(id)}/performance`;
                const answer = await get(path, {}, { signal });
                if (signal.aborted) return;
                performances.set(id, answer);
                drawContract(id);
            } catch {
                // Only the fullest limit and the lines lack then; the next reading tries again.
            }
        });
    }

    /** @param {string} id */
    function drawContract(id) {
        const body = [...content.querySelectorAll("tbody")].find(({ dataset }) =>
            dataset.contract === id
        );
        const contract = page.items.find(({ contract_id }) => contract_id === id);
        if (!body || !contract) return;
        const focused = body.contains(document.activeElement) ? document.activeElement : null;
        const name = focused?.id || focused?.getAttribute("href");
        fill(body, ...rowsOf(contract));
        if (!name) return;
        for (const each of body.querySelectorAll("a, button, input")) {
            if ((each.id || each.getAttribute("href")) === name) {
                return /** @type {HTMLElement} */ (each).focus({ preventScroll: true });
            }
        }
    }

    function draw() {
        if (page.items.length === 0) return fill(content, ...none());
        const ids = page.items.map(({ contract_id }) => contract_id);
        fill(
            content,
            el(
                "div",
                {
                    class: "scroll",
                    tabindex: "0",
                    role: "group",
                    "aria-label": t("screen.contracts"),
                },
                el(
                    "table",
                    { class: "plain-table figures" },
                    el("caption", { class: "unseen" }, t("screen.contracts")),
                    el("thead", {}, headers(ids)),
                    ...page.items.map((contract) =>
                        el(
                            "tbody",
                            { "data-contract": contract.contract_id },
                            ...rowsOf(contract),
                        )
                    ),
                ),
            ),
            pages(),
        );
        showChosen();
    }

    /** @param {string[]} ids */
    function headers(ids) {
        const sort = asked.get("sort") ?? "contract_id";
        return el(
            "tr",
            {},
            mayDraft &&
                el(
                    "th",
                    { scope: "col" },
                    el("input", {
                        type: "checkbox",
                        id: "choose-page",
                        "aria-label": t("contracts.choose_page"),
                        checked: ids.every((id) => chosen.has(id)),
                        onchange: (/** @type {Event} */ event) => {
                            const box = /** @type {HTMLInputElement} */ (event.target);
                            for (const contract of page.items) choose(contract, box.checked);
                            for (const each of content.querySelectorAll("tbody input")) {
                                /** @type {HTMLInputElement} */ (each).checked = box.checked;
                            }
                            showChosen();
                        },
                    }),
                ),
            header("name", "name", sort, undefined),
            ...FIGURES.map(({ name, sort: by }) => header(name, by, sort, "amount")),
            mayDraft && el("th", { scope: "col" }, el("span", { class: "unseen" }, t("more"))),
        );
    }

    /**
     * @param {string} name
     * @param {string | null} by
     * @param {string} sort
     * @param {string | undefined} kind
     */
    function header(name, by, sort, kind) {
        const label = t(`contracts.column.${name}`);
        const isUp = sort === by;
        const isDown = sort === `-${by}`;
        return el(
            "th",
            {
                scope: "col",
                class: kind,
                "aria-sort": isUp ? "ascending" : isDown ? "descending" : undefined,
            },
            by === null ? label : el(
                "button",
                {
                    type: "button",
                    class: "sort",
                    id: `sort-${by}`,
                    onclick: () =>
                        change({
                            sort: isDown || (kind === undefined && !isUp) ? by : `-${by}`,
                            cursor: null,
                        }),
                },
                label,
                el("span", { "aria-hidden": "true" }, isUp ? " ▲" : isDown ? " ▼" : ""),
            ),
        );
    }

    /** @param {any} contract */
    function rowsOf(contract) {
        const id = contract.contract_id;
        const mayInvoices = app.may("invoices:read");
        const performance = performances.get(id) ?? null;
        const isOpen = asked.getAll("open").includes(id);
        const about = {
            contract_id: id,
            views: viewsOf(performance?.lines ?? []),
            mayInvoices,
        };
        const names = contract.customers.map((/** @type {any} */ each) => each.name).join(", ");
        const head = el(
            "tr",
            {},
            mayDraft &&
                el(
                    "td",
                    {},
                    el("input", {
                        type: "checkbox",
                        id: `choose-${id}`,
                        "aria-label": t("contracts.choose", { name: contract.name }),
                        checked: chosen.has(id),
                        onchange: (/** @type {Event} */ event) => {
                            choose(
                                contract,
                                /** @type {HTMLInputElement} */ (event.target).checked,
                            );
                            showChosen();
                        },
                    }),
                ),
            el(
                "th",
                { scope: "row" },
                el("a", { href: urlOf("contracts", id) }, contract.name),
                el("div", { class: "quiet" }, `${id} · ${contract.currency} · ${names}`),
                contract.lines.length > 0 && el(
                    "button",
                    {
                        type: "button",
                        class: "plain toggle",
                        id: `lines-${id}`,
                        "aria-expanded": String(isOpen),
                        onclick: () => toggle(id),
                    },
                    `${isOpen ? "▾" : "▸"} `,
                    t("contracts.number_of_lines", {
                        number: contract.lines.length,
                        count: count(contract.lines.length),
                    }),
                ),
            ),
            ...figureCells(contract.performance, about, performance?.limits ?? null),
            mayDraft &&
                el(
                    "td",
                    {},
                    el(
                        "button",
                        {
                            type: "button",
                            id: `create-${id}`,
                            "aria-label": t("contracts.create_of", { name: contract.name }),
                            onclick: () => void createOf([contract]),
                        },
                        t("contracts.create"),
                    ),
                ),
        );
        return isOpen ? [head, ...linesOf(id, performance, mayInvoices)] : [head];
    }

    /**
     * @param {string} contract_id
     * @param {any} performance
     * @param {boolean} mayInvoices
     */
    function linesOf(contract_id, performance, mayInvoices) {
        if (performance === null) {
            const columns = FIGURES.length + (mayDraft ? 3 : 1);
            return [
                el("tr", {}, el("td", { class: "quiet", colspan: columns }, t("loading"))),
            ];
        }
        return performance.lines.map((/** @type {any} */ line) => {
            const about = {
                contract_id,
                line_id: line.line_id,
                views: viewsOf([line]),
                mayInvoices,
            };
            const limits = performance.limits.filter((/** @type {any} */ limit) =>
                limit.line_id === line.line_id
            );
            return el(
                "tr",
                { class: "line" },
                mayDraft && el("td", {}),
                el(
                    "th",
                    { scope: "row" },
                    line.name,
                    el(
                        "div",
                        { class: "quiet" },
                        `${line.line_id} · ${t(`contracts.method.${line.billing_method}`)}`,
                    ),
                ),
                ...figureCells(line, about, limits),
                mayDraft && el("td", {}),
            );
        });
    }

    /** @param {string} id */
    function toggle(id) {
        const open = here().params.getAll("open");
        const isOpen = open.includes(id);
        change({ open: isOpen ? open.filter((each) => each !== id) : [...open, id] }, {
            replace: true,
        });
    }

    function pages() {
        const place = here();
        /** @param {string | null} cursor */
        const url = (cursor) => {
            const params = new URLSearchParams(place.params);
            params.delete("cursor");
            if (cursor) params.set("cursor", cursor);
            return urlOf(place.screen, place.id, params);
        };
        const isFirst = !asked.has("cursor");
        if (isFirst && page.next === null) return null;
        return el(
            "nav",
            { class: "pages", "aria-label": t("contracts.pages") },
            !isFirst && el("a", { class: "button", href: url(null) }, t("contracts.first_page")),
            page.next !== null &&
                el("a", { class: "button", href: url(page.next) }, t("contracts.next_page")),
        );
    }

    /**
     * @param {any} contract
     * @param {boolean} isChosen
     */
    function choose(contract, isChosen) {
        if (isChosen) chosen.set(contract.contract_id, contract);
        else chosen.delete(contract.contract_id);
    }

    function showChosen() {
        const number = chosen.size;
        bar.hidden = number === 0;
        const text = t("contracts.create_chosen", { number, count: count(number) });
        if (create.textContent !== text) {
            create.textContent = text;
            if (number > 0) announce(t("contracts.chosen", { number, count: count(number) }));
        }
        const all = content.querySelector("#choose-page");
        if (all instanceof HTMLInputElement) {
            const here = page.items.filter(({ contract_id }) => chosen.has(contract_id)).length;
            all.checked = here > 0 && here === page.items.length;
            all.indeterminate = here > 0 && here < page.items.length;
        }
    }

    function createOfChosen() {
        return createOf([...chosen.values()]);
    }

    /** @param {any[]} contracts */
    async function createOf(contracts) {
        if (!await createInvoices(contracts)) return;
        for (const { contract_id } of contracts) chosen.delete(contract_id);
        void part.load();
    }

    return {
        element,
        /** @param {URLSearchParams} params what the URL asks for */
        show(params) {
            const before = new URLSearchParams(asked);
            asked = params;
            const now = new URLSearchParams(params);
            for (const name of ["open", "currency"]) {
                before.delete(name);
                now.delete(name);
            }
            if (page.items.length > 0 && before.toString() === now.toString()) {
                for (const { contract_id } of page.items) drawContract(contract_id);
            } else {
                void part.load();
            }
        },
        soon: part.soon,
        close() {
            part.stop();
            rest.abort();
        },
    };
}

/**
 * Contracts with their figures and lines, a page at a time, to draft invoices of one or many.
 */

import { get } from "../api.js";
import { el } from "../dom.js";
import { count } from "../format.js";
import { focusBack, loadedInto, renew } from "../loading.js";
import { announce } from "../overlay.js";
import { t } from "../words.js";
import { createInvoices } from "./drafting.js";
import { FIGURES } from "./figures.js";
import { contractRows, header, pages } from "./rows.js";

const PAGE = 25;
/** Of how many contracts it is asked at once how they perform by line. */
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
    /** What of contracts in sight is read after them; another one for each reading of the page. */
    let rest = newRest();

    const content = el("div", { class: "stack" });
    const create = el("button", {
        type: "button",
        id: "create-chosen",
        class: "first",
        onclick: createOfChosen,
    });
    const drop = el("button", {
        type: "button",
        onclick: () => {
            chosen.clear();
            showChosen();
            focusBack("choose-page");
        },
    }, t("contracts.choose_none"));
    const bar = el("div", { class: "for-chosen", role: "group", hidden: true }, create, drop);
    const element = el("div", { class: "stack contracts" }, content, mayDraft && bar);

    const part = loadedInto(content, read, (answer) => {
        page = answer;
        draw();
        watchRows();
    });
    const seen = new IntersectionObserver((entries) => {
        for (const { isIntersecting, target } of entries) {
            const id = /** @type {HTMLElement} */ (target).dataset.contract;
            if (!isIntersecting || !id) continue;
            seen.unobserve(target);
            rest.waiting.push(id);
            if (rest.running < AT_ONCE) void loadPerformances(rest);
        }
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

    // How contracts perform by line is a call each: of those in sight, a few at a time.
    function watchRows() {
        seen.disconnect();
        rest.stop.abort();
        rest = newRest();
        const ids = page.items.map(({ contract_id }) => contract_id);
        performances = new Map([...performances].filter(([id]) => ids.includes(id)));
        for (const body of content.querySelectorAll("tbody")) seen.observe(body);
    }

    /** @param {ReturnType<typeof newRest>} mine */
    async function loadPerformances(mine) {
        const { waiting, stop: { signal } } = mine;
        mine.running += 1;
        for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
            try {
                const path = `v1/contracts/${encodeURIComponent(id)}/performance`;
                const answer = await get(path, {}, { signal });
                if (signal.aborted) return;
                performances.set(id, answer);
                drawContract(id);
            } catch {
                if (signal.aborted) return;
                // Only the fullest limit and the lines lack then; the next reading tries again.
            }
        }
        mine.running -= 1;
    }

    /** @param {string} id */
    function drawContract(id) {
        const body = [...content.querySelectorAll("tbody")].find(({ dataset }) =>
            dataset.contract === id
        );
        const contract = page.items.find(({ contract_id }) => contract_id === id);
        if (body && contract) renew(body, ...rowsOf(contract));
    }

    /** @param {any} contract */
    function rowsOf(contract) {
        const id = contract.contract_id;
        return contractRows(contract, {
            performance: performances.get(id) ?? null,
            isOpen: asked.getAll("open").includes(id),
            mayInvoices: app.may("invoices:read"),
            drafting: mayDraft
                ? {
                    isChosen: chosen.has(id),
                    choose: (is) => {
                        choose(contract, is);
                        showChosen();
                    },
                    create: () => void createOf([contract], `create-${id}`),
                }
                : null,
        });
    }

    function draw() {
        if (page.items.length === 0) return renew(content, ...none());
        const ids = page.items.map(({ contract_id }) => contract_id);
        renew(
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
            pages(page.next),
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
                            showChosen();
                        },
                    }),
                ),
            header("name", "name", sort),
            ...FIGURES.map(({ name, sort: by }) => header(name, by, sort)),
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
        for (const box of content.querySelectorAll("tbody input")) {
            const { contract } = /** @type {HTMLElement} */ (box.closest("tbody")).dataset;
            /** @type {HTMLInputElement} */ (box).checked = chosen.has(contract ?? "");
        }
        const all = content.querySelector("#choose-page");
        if (all instanceof HTMLInputElement) {
            const here = page.items.filter(({ contract_id }) => chosen.has(contract_id)).length;
            all.checked = here > 0 && here === page.items.length;
            all.indeterminate = here > 0 && here < page.items.length;
        }
    }

    function createOfChosen() {
        void createOf([...chosen.values()], "create-chosen");
    }

    /**
     * @param {any[]} contracts
     * @param {string} opener the id of what opened the dialog
     */
    async function createOf(contracts, opener) {
        const isDone = await createInvoices(contracts);
        if (isDone) {
            for (const { contract_id } of contracts) chosen.delete(contract_id);
            showChosen();
            void part.load();
        }
        focusBack(opener, `choose-${contracts[0]?.contract_id}`, "choose-page");
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
            seen.disconnect();
            rest.stop.abort();
        },
    };
}

function newRest() {
    return { stop: new AbortController(), running: 0, waiting: /** @type {string[]} */ ([]) };
}

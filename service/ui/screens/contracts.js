/**
 * The contracts: found by a text or a customer.
 */

import { get } from "../api.js";
import { el, fill } from "../dom.js";
import { change, here } from "../location.js";
import { setShortcuts } from "../keys.js";
import { contractsTable } from "../contracts/table.js";
import { t } from "../words.js";

/** Milliseconds after the last letter before contracts are looked for. */
const PAUSE = 250;

/** @type {import("../app.js").OpenScreen} */
export default function contracts(app) {
    const title = t("screen.contracts");
    const search = el("input", { type: "search", id: "q", maxlength: "200", autocomplete: "off" });
    const customer = el("input", {
        type: "search",
        id: "customer",
        list: "customers",
        autocomplete: "off",
        maxlength: "200",
        "aria-describedby": "customer-help",
    });
    const customers = el("datalist", { id: "customers" });
    const filters = el("ul", { class: "customers", "aria-label": t("contracts.of_customers") });
    /** @type {Map<string, string>} names of customers, by their ids */
    const names = new Map();
    let timer = 0;
    let asked = 0;
    /** What this screen itself asked for last: what was typed since then stays. */
    let mine = "";

    const table = contractsTable(app, { none: nothing });
    const element = el(
        "div",
        { class: "stack" },
        el("h1", {}, title),
        el(
            "form",
            { class: "card fields", role: "search", onsubmit: look },
            el(
                "div",
                { class: "field" },
                el("label", { for: "q" }, t("contracts.search")),
                search,
            ),
            el(
                "div",
                { class: "field" },
                el("label", { for: "customer" }, t("contracts.add_customer")),
                customer,
                customers,
                el("p", { class: "quiet", id: "customer-help" }, t("contracts.customer_help")),
            ),
            filters,
        ),
        el("section", { class: "card" }, el("h2", { class: "unseen" }, title), table.element),
    );

    search.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(look, PAUSE);
    });
    customer.addEventListener("input", () => void suggest());
    customer.addEventListener("change", () => void take());

    /** @param {Event} [event] */
    function look(event) {
        event?.preventDefault();
        clearTimeout(timer);
        const before = here().params.get("q");
        const q = search.value.trim();
        if (q === (before ?? "")) return;
        mine = q;
        change({ q, cursor: null }, { replace: before !== null });
    }

    async function suggest() {
        const q = customer.value.trim();
        const turn = ++asked;
        if (q === "" || names.has(q)) return;
        try {
            const { items } = await get("v1/customers", { q, limit: 10 });
            if (turn !== asked) return;
            for (const { customer_id: id, name } of items) names.set(id, name);
            fill(
                customers,
                ...items.map((/** @type {any} */ each) =>
                    el("option", { value: each.customer_id }, each.name)
                ),
            );
        } catch {
            // nothing is suggested then: an id that is typed filters just as well
        }
    }

    async function take() {
        const typed = customer.value.trim();
        if (typed === "") return;
        const low = typed.toLocaleLowerCase();
        if (!names.has(typed)) await suggest();
        const found = [...names].find(([id, name]) =>
            id === typed || name.toLocaleLowerCase() === low
        );
        customer.value = "";
        const id = found?.[0] ?? typed;
        const chosen = here().params.getAll("customer_id");
        if (!chosen.includes(id)) change({ customer_id: [...chosen, id], cursor: null });
    }

    /** @param {string[]} ids */
    function showFilters(ids) {
        fill(
            filters,
            ...ids.map((id) =>
                el(
                    "li",
                    {},
                    el(
                        "button",
                        {
                            type: "button",
                            "aria-label": t("contracts.drop_customer", {
                                name: names.get(id) ?? id,
                            }),
                            onclick: () => {
                                change({
                                    customer_id: ids.filter((each) => each !== id),
                                    cursor: null,
                                });
                                customer.focus();
                            },
                        },
                        names.get(id) ?? id,
                        el("span", { "aria-hidden": "true" }, " ✕"),
                    ),
                )
            ),
        );
    }

    /** @param {string[]} ids */
    async function nameFilters(ids) {
        showFilters(ids);
        const unknown = ids.filter((id) => !names.has(id));
        await Promise.all(unknown.map(async (id) => {
            try {
                const { items } = await get("v1/customers", { q: id, limit: 100 });
                for (const each of items) names.set(each.customer_id, each.name);
            } catch {
                // the id stands for the customer then
            }
        }));
        if (unknown.length > 0) showFilters(here().params.getAll("customer_id"));
    }

    function nothing() {
        const { params } = here();
        const isFiltered = params.has("q") || params.has("customer_id");
        return [
            el(
                "div",
                { class: "state" },
                el("h3", {}, t(isFiltered ? "contracts.no_match" : "contracts.nothing_yet")),
                isFiltered
                    ? el(
                        "button",
                        {
                            type: "button",
                            onclick: () => {
                                change({ q: null, customer_id: null, cursor: null });
                                search.focus();
                            },
                        },
                        t("contracts.drop_filters"),
                    )
                    : el("p", {}, t("contracts.how_to_begin")),
            ),
        ];
    }

    return {
        title,
        element,
        show({ params }) {
            const q = params.get("q") ?? "";
            if (q !== mine) search.value = q;
            mine = q;
            void nameFilters(params.getAll("customer_id"));
            setShortcuts("screen", [
                { keys: "/", label: t("contracts.search"), act: () => search.focus() },
            ]);
            table.show(params);
        },
        changed({ reset, kinds }) {
            if (reset || kinds.some((kind) => kind !== "intake" && kind !== "jobs")) table.soon();
        },
        close() {
            clearTimeout(timer);
            table.close();
        },
    };
}

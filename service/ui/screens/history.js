/**
 * History: of an item, an invoice, a contract, or of all: who did what, when and why, and what it changed.
 */

import { el, fill } from "../dom.js";
import { actualsChain } from "../history/actuals_chain.js";
import { titleOf } from "../history/event_entry.js";
import { historyList } from "../history/history_list.js";
import { latestEvents } from "../history/latest_events.js";
import { change, here, urlOf } from "../location.js";
import { keysOf, t } from "../words.js";

const TEXTS = ["contract_id", "invoice_id", "item_id", "actor"];
const DAYS = ["from", "to"];

/** @type {import("../app.js").OpenScreen} */
export default function history(app) {
    const title = t("screen.history");
    const heading = el("h2");
    const links = el("p");
    const chain = el("div", { class: "stack" });
    const events = el("div");
    /** @type {{ refresh: () => unknown, close: () => void }[]} */
    let lists = [];
    let shown = "";

    const type = el(
        "select",
        { id: "history-type", onchange: asks },
        el("option", { value: "" }, t("all")),
        ...types().map(({ name, label }) => el("option", { value: name }, label)),
    );
    const fields = new Map(
        [...TEXTS, ...DAYS].map((name) => [
            name,
            el("input", {
                id: `history-${name}`,
                type: DAYS.includes(name) ? "date" : "text",
                autocomplete: "off",
                spellcheck: "false",
            }),
        ]),
    );
    const form = el(
        "form",
        {
            class: "card fields",
            "aria-label": t("history.filters"),
            onsubmit: asks,
            onchange: asks,
        },
        ...[...fields].map(([name, input]) => field(name, input)),
        field("type", type),
    );
    const element = el(
        "section",
        { class: "stack history-screen" },
        el("h1", {}, title),
        form,
        el("div", { class: "head" }, heading, links),
        events,
        chain,
    );

    /** @param {Event} event */
    function asks(event) {
        event.preventDefault();
        /** @type {Record<string, string>} */
        const values = {};
        for (const [name, input] of fields) values[name] = input.value.trim();
        values.type = type.value;
        change(values);
    }

    /** @param {URLSearchParams} params */
    function open(params) {
        for (const list of lists) list.close();
        const asked = askedBy(params);
        const isAll = Object.values(asked).every((value) => !value?.length);
        const list = isAll ? latestEvents() : historyList(asked);
        lists = [list];
        fill(events, list.element);
        heading.textContent = of(asked, isAll);
        fill(links, ...ways(asked));
        fill(chain);
        if (app.may("backlog:read") && (asked.item_id || asked.invoice_id)) {
            const actuals = actualsChain(asked);
            lists.push(actuals);
            fill(chain, el("h2", {}, t("history.chain")), actuals.element);
        }
    }

    /** @param {import("../history/history_list.js").Asked} asked */
    function ways({ invoice_id, contract_id }) {
        return [
            invoice_id && app.may("invoices:read") &&
            el("a", { href: urlOf("invoices", invoice_id) }, t("history.open_invoice")),
            " ",
            contract_id && app.may("backlog:read") &&
            el("a", { href: urlOf("contracts", contract_id) }, t("history.open_contract")),
        ];
    }

    return {
        title,
        element,
        show({ params }) {
            for (const [name, input] of fields) {
                const value = params.get(name) ?? "";
                if (input.value.trim() !== value) input.value = value;
            }
            type.value = params.get("type") ?? "";
            const view = params.toString();
            if (view === shown && lists.length > 0) return;
            shown = view;
            open(params);
        },
        changed({ contracts, reset }) {
            const contract = here().params.get("contract_id");
            if (!reset && contract && contracts && !contracts.includes(contract)) return;
            for (const list of lists) void list.refresh();
        },
        close() {
            for (const list of lists) list.close();
        },
    };
}

/**
 * @param {string} name
 * @param {HTMLElement} control
 */
function field(name, control) {
    return el(
        "div",
        { class: "field" },
        el("label", { for: control.id }, t(`history.filter.${name}`)),
        control,
    );
}

/** The types of events, by what they are called. */
function types() {
    return keysOf("happened.")
        .map((name) => ({ name, label: titleOf(name) }))
        .sort((one, other) => one.label.localeCompare(other.label));
}

/**
 * What the API is asked for a view; days are those of the reader's calendar.
 *
 * @param {URLSearchParams} params
 * @returns {import("../history/history_list.js").Asked}
 */
function askedBy(params) {
    return {
        item_id: params.get("item_id"),
        invoice_id: params.get("invoice_id"),
        contract_id: params.get("contract_id"),
        line_id: params.get("line_id"),
        actor: params.getAll("actor"),
        type: params.getAll("type"),
        from: instant(params.get("from"), "00:00:00"),
        to: instant(params.get("to"), "23:59:59.999"),
    };
}

/**
 * @param {string | null} day
 * @param {string} time
 */
function instant(day, time) {
    const at = new Date(`${day}T${time}`);
    return day === null || Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/**
 * Whose history it is.
 *
 * @param {import("../history/history_list.js").Asked} asked
 * @param {boolean} isAll
 */
function of({ item_id, invoice_id, contract_id }, isAll) {
    if (item_id) return t("history.of_item", { id: item_id });
    if (invoice_id) return t("history.of_invoice", { id: invoice_id });
    if (contract_id) return t("history.of_contract", { id: contract_id });
    return t(isAll ? "history.latest" : "history.matching");
}

/**
 * The bar that a backlog view is filtered by: text, chips with their counts, values that the data has.
 *
 * It writes to the URL; what the URL says is shown.
 */

import { get } from "../api.js";
import { el, fill, keyed, setText } from "../dom.js";
import { count } from "../format.js";
import { change, here } from "../location.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";
import { filterNames, filterOf } from "./views.js";

/** Milliseconds without a key before what was typed is looked for. */
const TYPING = 250;

/**
 * @param {import("./views.js").View} view
 */
export function filterBar(view) {
    const search = el("input", {
        type: "search",
        class: "search",
        placeholder: t("backlog.search_hint"),
        "aria-label": t("backlog.search"),
    });
    let typing = 0;
    search.addEventListener("input", () => {
        clearTimeout(typing);
        typing = setTimeout(() => {
            typing = 0;
            change({ q: search.value.trim() }, { replace: true });
        }, TYPING);
    });

    /** @type {Map<string, { button: HTMLButtonElement, count: HTMLElement }>} */
    const chips = new Map();
    const groups = view.chips.map(({ name, values }) =>
        el(
            "div",
            { class: "chips", role: "group", "aria-label": t(name) },
            el("span", { class: "quiet" }, t(name)),
            ...values.map((value) => {
                const number = el("span", { class: "quiet" });
                const button = el(
                    "button",
                    {
                        type: "button",
                        class: "chip",
                        "aria-pressed": "false",
                        onclick: () => flip(name, value),
                    },
                    t(`${name}.${value}`),
                    " ",
                    number,
                );
                chips.set(`${name}=${value}`, { button, count: number });
                return button;
            }),
        )
    );
    const from = day("date_from");
    const to = day("date_to");
    const chosen = el("div", { class: "chosen" });
    const toggle = el("button", {
        type: "button",
        class: "filters-toggle",
        "aria-expanded": "false",
        onclick: () =>
            toggle.setAttribute("aria-expanded", String(element.classList.toggle("open"))),
    }, t("backlog.filters"));
    const element = el(
        "div",
        { class: "filters", role: "search" },
        search,
        toggle,
        ...groups,
        el(
            "div",
            { class: "chips" },
            ...view.pickers.map(({ name, label }) => picker(view, name, t(label))),
            el("label", { class: "inline" }, t("backlog.from"), " ", from),
            el("label", { class: "inline" }, t("backlog.to"), " ", to),
        ),
        chosen,
    );

    /** @param {URLSearchParams} params */
    function show(params) {
        // A dialog may have the focus by now, and what was typed is not in the URL yet.
        const isTyped = typing !== 0 || document.activeElement === search;
        if (!isTyped) search.value = params.get("q") ?? "";
        for (const [key, { button }] of chips) {
            const [name = "", value = ""] = key.split("=");
            button.setAttribute("aria-pressed", String(params.getAll(name).includes(value)));
        }
        if (document.activeElement !== from) from.value = params.get("date_from") ?? "";
        if (document.activeElement !== to) to.value = params.get("date_to") ?? "";
        showChosen(params);
    }

    /** @param {URLSearchParams} params */
    function showChosen(params) {
        const bare = new Set(view.chips.map(({ name }) => name));
        const tokens = filterNames(view)
            .filter((name) => !bare.has(name) && name !== "q")
            .flatMap((name) => params.getAll(name).map((value) => ({ name, value })));
        const any = filterOf(view, params).size > 0;
        keyed(
            chosen,
            any ? [...tokens, { name: "", value: "" }] : [],
            ({ name, value }) => `${name}=${value}`,
            ({ name, value }) =>
                name === ""
                    ? el(
                        "button",
                        { type: "button", class: "plain", onclick: () => clear(view) },
                        t("backlog.clear_filters"),
                    )
                    : el(
                        "button",
                        {
                            type: "button",
                            class: "chip",
                            "aria-label": t("backlog.drop_filter", {
                                name: labelOf(view, name),
                                value,
                            }),
                            onclick: () => drop(name, value),
                        },
                        `${labelOf(view, name)}: ${value} ✕`,
                    ),
        );
    }

    /** @param {Record<string, { value: string, count: number }[]>} facets */
    function setCounts(facets) {
        for (const [key, chip] of chips) {
            const [name = "", value = ""] = key.split("=");
            if (!(name in facets)) continue;
            const found = facets[name]?.find((each) => each.value === value);
            setText(chip.count, count(found?.count ?? 0));
        }
    }

    return { element, search, show, setCounts };
}

/** @param {"date_from" | "date_to"} name */
function day(name) {
    return el("input", {
        type: "date",
        onchange: (/** @type {Event} */ event) =>
            change({ [name]: /** @type {HTMLInputElement} */ (event.target).value }),
    });
}

/**
 * @param {import("./views.js").View} view
 * @param {string} name
 */
function labelOf(view, name) {
    const picked = view.pickers.find((each) => each.name === name);
    if (picked) return t(picked.label);
    const fields = {
        date_from: "backlog.from",
        date_to: "backlog.to",
        role: "field.role",
        category: "field.category",
        task_id: "field.task",
        invoice_id: "field.invoice",
        item_id: "field.item",
        amount_min: "backlog.amount_min",
        amount_max: "backlog.amount_max",
    };
    return t(fields[/** @type {keyof typeof fields} */ (name)]);
}

/**
 * @param {string} name
 * @param {string} value
 */
function flip(name, value) {
    const now = here().params.getAll(name);
    change({
        [name]: now.includes(value) ? now.filter((each) => each !== value) : [...now, value],
    });
}

/**
 * @param {string} name
 * @param {string} value
 */
function drop(name, value) {
    change({ [name]: here().params.getAll(name).filter((each) => each !== value) });
}

/** @param {import("./views.js").View} view */
export function clear(view) {
    change(Object.fromEntries(filterNames(view).map((name) => [name, null])));
}

/**
 * A button that opens the values that the data has for a field, each with its count.
 *
 * @param {import("./views.js").View} view
 * @param {string} name
 * @param {string} label
 */
function picker(view, name, label) {
    const id = `pick-${name}`;
    const list = el("ul", { class: "values" });
    const input = el("input", {
        type: "search",
        "aria-label": t("backlog.find_value", { name: label }),
    });
    const said = el("p", { class: "quiet", role: "status" });
    const box = el(
        "div",
        { id, popover: "auto", class: "picker", role: "dialog", "aria-label": label },
        input,
        said,
        list,
    );
    /** @type {{ value: string, name: string | null, count: number }[]} */
    let values = [];
    let turn = 0;

    async function load() {
        const mine = ++turn;
        setText(said, t("loading"));
        try {
            const filter = filterOf(view, here().params);
            filter.set("facets", name);
            filter.set("limit", "1");
            const answer = await get(`v1/backlog/${view.name}`, filter);
            if (mine !== turn) return;
            values = answer.facets[name] ?? [];
            const more = answer.facets_more?.[name] ?? 0;
            setText(
                said,
                more > 0 ? t("backlog.more_values", { number: more, count: count(more) }) : "",
            );
            draw();
        } catch (error) {
            if (mine === turn) setText(said, reason(error));
        }
    }

    function draw() {
        const text = input.value.toLocaleLowerCase();
        const chosen = here().params.getAll(name);
        keyed(
            list,
            values.filter((each) =>
                `${each.name ?? ""} ${each.value}`.toLocaleLowerCase().includes(text)
            ),
            ({ value }) => value,
            (each) =>
                el(
                    "li",
                    {},
                    el(
                        "label",
                        {},
                        el("input", { type: "checkbox", onchange: () => flip(name, each.value) }),
                        el("span", {}, each.name ?? each.value),
                        el("span", { class: "quiet amount" }),
                    ),
                ),
            (element, each) => {
                element.querySelector("input").checked = chosen.includes(each.value);
                setText(element.querySelector(".amount"), count(each.count));
            },
        );
    }

    input.addEventListener("input", draw);
    box.addEventListener("beforetoggle", (event) => {
        if (/** @type {ToggleEvent} */ (event).newState === "open") {
            fill(list);
            input.value = "";
            void load();
        }
    });
    box.addEventListener("toggle", (event) => {
        if (/** @type {ToggleEvent} */ (event).newState === "open") input.focus();
    });
    return el(
        "span",
        { class: "pick" },
        el("button", { type: "button", class: "chip", popovertarget: id }, `${label} ▾`),
        box,
    );
}

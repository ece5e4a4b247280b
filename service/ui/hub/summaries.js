/**
 * How far the backlog has come: by stage, by age and by month, in each currency and view.
 *
 * Only chargeable amounts count: they are what invoices come to.
 */

import { compare, sum } from "../amounts.js";
import { get } from "../api.js";
import { today } from "../format.js";
import { urlOf } from "../location.js";

/** @typedef {{ count: number, amount: string }} Part */
/** @typedef {{ "time-and-material": Part, "fixed-price": Part }} Cell what there is in each view */
/** @typedef {Map<string, Map<string, Cell>>} Table cells by currency, then by column */
/** @typedef {{ name: string, from: string | null, to: string | null }} Span days, both included */

/** @type {["time-and-material", "fixed-price"]} */
export const VIEWS = ["time-and-material", "fixed-price"];
export const STAGES = ["not_ready", "blocked", "ready", "on_draft", "posted"];
const UNBILLED = ["not_ready", "blocked", "ready", "on_draft"];
const MONTHS = 12;

/**
 * A day so many days later, or before.
 *
 * @param {string} day
 * @param {number} days
 */
export function shifted(day, days) {
    const date = new Date(`${day}T00:00:00Z`);
    date.setUTCDate(date.getUTCDate() + days);
    return date.toISOString().slice(0, 10);
}

/**
 * The spans of age, the oldest first, that every day is in one of.
 *
 * @param {string} day from which on they are counted back
 * @returns {Span[]}
 */
export function agesOn(day) {
    return [
        { name: "over_90", from: null, to: shifted(day, -91) },
        { name: "61_90", from: shifted(day, -90), to: shifted(day, -61) },
        { name: "31_60", from: shifted(day, -60), to: shifted(day, -31) },
        { name: "0_30", from: shifted(day, -30), to: day },
        { name: "later", from: shifted(day, 1), to: null },
    ];
}

/**
 * The backlog by stage and by age. Each span is a call of its own, since spans don't end with months.
 *
 * @param {AbortSignal} signal
 * @returns {Promise<{ stages: Table, ages: Table, ready: Table, spans: Span[] }>}
 */
export async function readBacklog(signal) {
    const spans = agesOn(today());
    const answers = await Promise.all(spans.map(({ from, to }) =>
        get("v1/backlog/summary", {
            by: "class",
            billing_type: "chargeable",
            date_from: from,
            date_to: to,
            limit: 1000,
        }, { signal })
    ));
    /** @type {Table} */
    const stages = new Map();
    /** @type {Table} */
    const ages = new Map();
    /** @type {Table} */
    const ready = new Map();
    answers.forEach(({ items }, at) => {
        const { name } = /** @type {Span} */ (spans[at]);
        for (const item of items) {
            for (const stage of STAGES) add(stages, stage, item, item[stage]);
            for (const stage of UNBILLED) add(ages, name, item, item[stage]);
            add(ready, name, item, item.ready);
        }
    });
    return { stages: sorted(stages), ages: sorted(ages), ready: sorted(ready), spans };
}

/**
 * What is posted, by the month of the work: of the last twelve months, from the first with anything on.
 *
 * @param {AbortSignal} signal
 * @returns {Promise<{ posted: Table, months: string[] }>}
 */
export async function readPosted(signal) {
    const months = lastMonths(today().slice(0, 7));
    const { items } = await get("v1/backlog/summary", {
        by: ["month", "class"],
        billing_type: "chargeable",
        billing_status: "invoice_posted",
        date_from: `${months[0]}-01`,
        limit: 1000,
    }, { signal });
    /** @type {Table} */
    const posted = new Map();
    for (const item of items) add(posted, item.month, item, item.posted);
    const used = new Set([...posted.values()].flatMap((cells) => [...cells.keys()]));
    for (const month of used) if (!months.includes(month)) months.push(month);
    months.sort();
    const first = months.findIndex((month) => used.has(month));
    return { posted: sorted(posted), months: first < 0 ? [] : months.slice(first) };
}

/** @param {string} month */
function lastMonths(month) {
    const [year = 0, number = 1] = month.split("-").map(Number);
    return Array.from({ length: MONTHS }, (_, at) => {
        const first = new Date(Date.UTC(year, number - MONTHS + at, 1));
        return first.toISOString().slice(0, 7);
    });
}

/**
 * @param {Table} table
 * @param {string} column
 * @param {{ currency: string, class: string }} item
 * @param {Part} part
 */
function add(table, column, item, part) {
    if (part.count === 0) return;
    const row = table.get(item.currency) ?? new Map();
    table.set(item.currency, row);
    const cell = row.get(column) ?? emptyCell();
    row.set(column, cell);
    const of = cell[item.class === "milestone" ? "fixed-price" : "time-and-material"];
    of.count += part.count;
    of.amount = sum([of.amount, part.amount]);
}

/** @param {Table} table */
function sorted(table) {
    return new Map([...table].sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** @returns {Cell} */
function emptyCell() {
    return {
        "time-and-material": { count: 0, amount: "0" },
        "fixed-price": { count: 0, amount: "0" },
    };
}

/**
 * What a cell comes to in both views.
 *
 * @param {Cell | undefined} cell
 * @returns {Part}
 */
export function whole(cell) {
    if (cell === undefined) return { count: 0, amount: "0" };
    return {
        count: cell["time-and-material"].count + cell["fixed-price"].count,
        amount: sum([cell["time-and-material"].amount, cell["fixed-price"].amount]),
    };
}

/**
 * The largest amount of some cells, to draw others by it.
 *
 * @param {Iterable<Cell>} cells
 */
export function largest(cells) {
    let most = "0";
    for (const cell of cells) {
        const { amount } = whole(cell);
        if (compare(amount, most) > 0) most = amount;
    }
    return most;
}

/**
 * The filter of the rows in a stage, as both views take it.
 *
 * @param {string} stage
 * @param {string} view
 * @returns {Record<string, string | string[]>}
 */
export function stageFilter(stage, view) {
    const isTime = view === "time-and-material";
    switch (stage) {
        case "not_ready":
            return {
                billing_status: "not_ready",
                nte_status: isTime ? ["committed", "not_evaluated", "not_applicable"] : [],
            };
        case "blocked":
            return { billing_status: "not_ready", nte_status: isTime ? "failed" : [] };
        case "on_draft":
            return { billing_status: "invoice_created" };
        case "posted":
            return { billing_status: "invoice_posted" };
        case "unbilled":
            return { billing_status: ["not_ready", "ready", "invoice_created"] };
        default:
            return { billing_status: stage };
    }
}

/**
 * The URL of chargeable rows in a view. That of milestones has no billing type to filter by.
 *
 * @param {string} view
 * @param {Record<string, string | string[] | null | undefined>} filter
 */
export function rowsUrl(view, filter) {
    const type = view === "time-and-material" ? "chargeable" : null;
    return urlOf(view, null, { ...filter, billing_type: type });
}

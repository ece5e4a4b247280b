/**
 * The two backlog views: what each can be filtered by, its columns, and what can be done with its rows.
 */

import { date, decimal } from "../format.js";
import { t } from "../words.js";

/** @typedef {Record<string, any> & { currency: string, amount: string }} Row a row of a view, as the API tells it */
/** @typedef {import("../grid/table.js").Column<Row>} Column */

/**
 * @typedef {object} View
 * @property {"time-and-material" | "fixed-price"} name
 * @property {string} kind of the changes that the stream tells
 * @property {{ name: string, values: string[] }[]} chips filters by a few known values
 * @property {{ name: string, label: string }[]} pickers filters by values that the data has
 * @property {() => Column[]} columns all there are, in the order that they have at first
 * @property {string[]} hidden columns that are not shown at first
 * @property {string} sort what the service sorts by unless told otherwise
 */

/**
 * @param {string} name
 * @param {number} width
 */
const status = (name, width) => ({
    name,
    label: t(name),
    width,
    sort: name,
    text: (/** @type {Row} */ row) => (row[name] ? t(`${name}.${row[name]}`) : ""),
    status: (/** @type {Row} */ row) => row[name] ?? "none",
});

/**
 * @param {string} name of the field of the row
 * @param {string} label
 * @param {number} width
 */
const plain = (name, label, width) => ({
    name,
    label: t(label),
    width,
    sort: name,
    text: (/** @type {Row} */ row) => row[name] ?? "",
});

/** @returns {Record<string, Column>} */
function common() {
    return {
        date: { ...plain("date", "field.date", 116), text: (row) => date(row.date) },
        customer: plain("customer_name", "field.customer", 135),
        contract: plain("contract_name", "field.contract", 150),
        line: plain("line_name", "field.line", 130),
        amount: {
            ...plain("amount", "field.amount", 130),
            isAmount: true,
            text: (row) => decimal(row.amount),
            detail: (row) => row.currency,
        },
        tax: { ...plain("tax", "field.tax", 100), isAmount: true, text: (row) => decimal(row.tax) },
        billing: status("billing_status", 200),
        type: {
            ...plain("billing_type", "billing_type", 130),
            text: (row) => t(`billing_type.${row.billing_type}`),
        },
        project: plain("project_id", "field.project", 120),
        task: plain("task_id", "field.task", 100),
    };
}

const BILLING_STATUSES = ["not_ready", "ready", "invoice_created", "invoice_posted"];
const PICKED = ["contract", "line", "project", "customer"];

/** @type {View} */
export const TIME_AND_MATERIAL = {
    name: "time-and-material",
    kind: "sales",
    chips: [
        { name: "billing_status", values: BILLING_STATUSES },
        { name: "nte_status", values: ["committed", "failed", "not_evaluated", "not_applicable"] },
        { name: "class", values: ["time", "expense", "material", "fee"] },
        { name: "billing_type", values: ["chargeable", "non_chargeable", "complimentary"] },
    ],
    pickers: [
        ...PICKED.map((name) => ({ name: `${name}_id`, label: `field.${name}` })),
        { name: "resource", label: "field.resource" },
        { name: "currency", label: "field.currency" },
    ],
    columns: () => {
        const { date, customer, contract, line, amount, tax, billing, type, project, task } =
            common();
        return /** @type {Column[]} */ ([
            date,
            customer,
            contract,
            line,
            { ...plain("class", "class", 74), text: (row) => t(`class.${row.class}`) },
            {
                ...plain("resource", "field.resource", 135),
                detail: (row) => row.role ?? row.category ?? "",
            },
            {
                ...plain("quantity", "field.quantity", 85),
                isAmount: true,
                text: (row) => decimal(row.quantity),
            },
            amount,
            status("nte_status", 140),
            billing,
            plain("description", "field.description", 240),
            {
                ...plain("unit_price", "field.unit_price", 110),
                isAmount: true,
                text: (row) => decimal(row.unit_price),
            },
            tax,
            type,
            project,
            task,
            plain("approval_id", "field.approval", 150),
        ]);
    },
    hidden: [
        "line_name",
        "description",
        "unit_price",
        "tax",
        "billing_type",
        "project_id",
        "task_id",
        "approval_id",
    ],
    sort: "date",
};

/** @type {View} */
export const FIXED_PRICE = {
    name: "fixed-price",
    kind: "milestones",
    chips: [
        { name: "billing_status", values: BILLING_STATUSES },
        { name: "milestone_status", values: ["not_started", "in_progress", "completed"] },
    ],
    pickers: [
        ...PICKED.map((name) => ({ name: `${name}_id`, label: `field.${name}` })),
        { name: "currency", label: "field.currency" },
    ],
    columns: () => {
        const { date, customer, contract, line, amount, tax, billing, type, project, task } =
            common();
        return /** @type {Column[]} */ ([
            date,
            plain("milestone_name", "field.milestone", 220),
            status("milestone_status", 130),
            customer,
            contract,
            line,
            amount,
            tax,
            billing,
            type,
            project,
            task,
        ]);
    },
    hidden: ["billing_type", "project_id", "task_id"],
    sort: "date,milestone_id",
};

/** What of a URL's parameters filters a view. */
export function filterNames(/** @type {View} */ view) {
    return [
        ...view.chips.map(({ name }) => name),
        ...view.pickers.map(({ name }) => name),
        "q",
        "date_from",
        "date_to",
        "amount_min",
        "amount_max",
        "role",
        "category",
        "task_id",
        "invoice_id",
        "item_id",
    ];
}

/**
 * The filter that a URL names, as parameters of the API.
 *
 * @param {View} view
 * @param {URLSearchParams} params
 */
export function filterOf(view, params) {
    const filter = new URLSearchParams();
    for (const name of filterNames(view)) {
        for (const value of params.getAll(name)) filter.append(name, value);
    }
    filter.sort();
    return filter;
}

const SINGLE = new Set(["q", "date_from", "date_to", "amount_min", "amount_max"]);

/**
 * The filter as commands over all that match take it.
 *
 * @param {View} view
 * @param {URLSearchParams} filter
 * @returns {Record<string, unknown>}
 */
export function matchingOf(view, filter) {
    /** @type {Record<string, unknown>} */
    const matching = { view: view.name };
    for (const name of new Set(filter.keys())) {
        matching[name] = SINGLE.has(name) ? filter.get(name) : filter.getAll(name);
    }
    return matching;
}

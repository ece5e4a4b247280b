/**
 * What each type of event says, field by field.
 */

/**
 * @typedef {(subject: string, field: string, as: import("./values.js").Value["as"], value: any, of?: string, name?: string | null) =>
 *   void} Say `subject` is the thing that has the field; `name` tells it from others in the same event
 */
/**
 * @typedef {object} Telling
 * @property {Say} say tells a field
 * @property {Say} know keeps a field for what comes later, and tells nothing
 * @property {string | null} item
 * @property {string} type
 */
/** @typedef {(data: any, telling: Telling) => void} Says */

/** The billing status that items have by an event. */
const STATUS = {
    MarkedReady: "ready",
    MarkedNotReady: "not_ready",
    ItemsDrafted: "invoice_created",
    ItemsReleased: "ready",
    ItemsPosted: "invoice_posted",
    SalesReversed: "canceled",
};

/** @type {Says} */
function items(data, { say, item, type }) {
    const status = STATUS[/** @type {keyof STATUS} */ (type)];
    if (item !== null) say(item, "billing_status", "word", status, "billing_status");
    else say(type, "items", "count", data.items.length);
    if (data.invoice_id) say(`${type}${data.invoice_id}`, "invoice", "invoice", data.invoice_id);
    for (const { milestone_id, status } of data.milestones ?? []) {
        say(milestone_id, "milestone_status", "word", status, "milestone_status");
    }
}

/** @type {Says} */
function sales(data, { say, item }) {
    const found = data.approvals.flatMap((/** @type {any} */ work) =>
        work.sales.map((/** @type {any} */ sale) => ({ ...work, ...sale }))
    );
    if (item === null) return say("sales", "items", "count", found.length);
    const sale = found.find((/** @type {any} */ each) => each.item_id === item);
    if (!sale) return; // it is named as what another one replaces
    say(item, "approval", "text", sale.approval_id);
    say(item, "customer", "text", sale.customer_id);
    say(item, "date", "day", sale.date);
    say(item, "description", "text", sale.description);
    say(item, "quantity", "quantity", sale.quantity);
    say(item, "unit_price", "money", sale.unit_price, data.currency);
    say(item, "amount", "money", sale.amount, data.currency);
    say(item, "tax", "money", sale.tax, data.currency);
    say(item, "billing_type", "word", sale.billing_type, "billing_type");
    say(item, "nte_status", "word", sale.nte_status, "nte_status");
    say(item, "billing_status", "word", "not_ready", "billing_status");
}

/** @type {Says} */
function milestone(data, { say, item }) {
    const { milestone_id: id, currency } = data;
    const part = data.parts.find((/** @type {any} */ each) => each.item_id === item);
    const of = part ? part.item_id : id;
    say(id, "name", "text", data.name);
    say(id, "date", "day", data.date);
    say(of, "amount", "money", (part ?? data).amount, currency);
    say(of, "tax", "money", (part ?? data).tax, currency);
    say(id, "task", "text", data.task_id);
}

/** @type {Says} */
function credited(data, { say, item }) {
    for (const { kept, returned } of data.parts) {
        for (const part of [kept, returned]) {
            if (part === null || (item !== null && part.item_id !== item)) continue;
            say(part.item_id, "amount", "money", part.amount, data.currency, part.customer_id);
            say(part.item_id, "tax", "money", part.tax, data.currency, part.customer_id);
        }
    }
    for (const { milestone_id, status } of data.milestones) {
        say(milestone_id, "milestone_status", "word", status, "milestone_status");
    }
}

/** @type {Says} */
function usage(data, { say, type }) {
    const place = type === "LineUsageChanged" ? data.line_id : data.contract_id;
    for (const { level, customer_id, committed, invoiced } of data.usages) {
        const subject = `${place}/${level}/${customer_id}`;
        const name = customer_id ?? place;
        say(subject, "committed", "money", committed, data.currency, name);
        say(subject, "invoiced", "money", invoiced, data.currency, name);
    }
}

/** What can be edited of a detail, and how it is shown. */
const EDITABLE = /** @type {const} */ ([
    ["description", "text"],
    ["external_description", "text"],
    ["quantity", "quantity"],
    ["unit_price", "money"],
    ["amount", "money"],
    ["tax", "money"],
    ["billing_type", "word"],
]);

/**
 * @param {Say} say or keep, as `know`
 * @param {any} detail
 * @param {string} currency
 */
function detailed(say, detail, currency) {
    for (const [field, as] of EDITABLE) {
        const of = as === "money" ? currency : as === "word" ? field : undefined;
        say(detail.detail_id, field, as, detail[field], of, detail.description);
    }
}

/**
 * What a draft comes to; any change takes it out of review.
 *
 * @param {any} data
 * @param {Say} say
 */
function drafted(data, say) {
    say(data.invoice_id, "invoice_status", "word", "draft", "invoice_status");
    invoiceTotals(data, say);
}

/**
 * @param {any} data
 * @param {Say} say
 */
function invoiceTotals({ invoice_id, amount, tax, currency }, say) {
    say(invoice_id, "invoice_amount", "money", amount, currency);
    say(invoice_id, "invoice_tax", "money", tax, currency);
}

/** @type {Record<string, Says>} */
export const SAYS = {
    ContractDefined(data, { say }) {
        const id = data.contract_id;
        say(id, "name", "text", data.name);
        say(id, "nte_limit", "money", data.nte_limit, data.currency);
        say(id, "approval_rule", "word", data.approval, "history.approval_rule");
        for (const { customer_id, name, nte_limit } of data.customers) {
            say(`${id}/${customer_id}`, "customer", "text", name, undefined, customer_id);
            say(
                `${id}/${customer_id}`,
                "nte_limit",
                "money",
                nte_limit,
                data.currency,
                customer_id,
            );
        }
    },
    ContractLineDefined(data, { say }) {
        const { line_id: id, terms, currency } = data;
        say(id, "line", "text", id);
        say(id, "name", "text", terms.name);
        say(id, "billing_method", "word", terms.billing_method, "history.billing_method");
        say(id, "project", "text", terms.project_id);
        say(id, "contract_amount", "money", terms.contract_amount, currency);
        say(id, "nte_limit", "money", terms.nte_limit, currency);
        say(id, "includes", "words", terms.includes, "class");
        for (const { customer_id, split_percent, nte_limit } of terms.customers) {
            say(`${id}/${customer_id}`, "share", "percent", split_percent, undefined, customer_id);
            say(`${id}/${customer_id}`, "nte_limit", "money", nte_limit, currency, customer_id);
        }
    },
    ContractUsageChanged: usage,
    LineUsageChanged: usage,
    MilestoneSplit: milestone,
    MilestoneChanged: milestone,
    MilestonePartsCredited: credited,
    UnbilledSalesRecorded: sales,
    UnbilledSalesBooked: sales,
    NTEEvaluated(data, { say, item }) {
        const mine = data.results.filter((/** @type {any} */ each) => each.item_id === item);
        for (const { nte_status, failed } of mine) {
            say(item ?? "", "nte_status", "word", nte_status, "nte_status");
            for (const limit of failed) {
                say(`${item}/${limit.level}/${limit.shortfall}`, "limit", "limit", limit, "");
            }
        }
        if (item !== null) return;
        for (const status of ["committed", "failed"]) {
            const count = data.results.filter((/** @type {any} */ each) =>
                each.nte_status === status
            ).length;
            if (count > 0) say("NTEEvaluated", `items_${status}`, "count", count);
        }
    },
    NTEReset(data, { say, item }) {
        if (item === null) say("NTEReset", "items", "count", data.items.length);
        else say(item, "nte_status", "word", "not_evaluated", "nte_status");
    },
    MarkedReady: items,
    MarkedNotReady: items,
    ItemsDrafted: items,
    ItemsReleased: items,
    ItemsPosted: items,
    SalesReversed: items,
    DraftCreated(data, { say }) {
        say(data.invoice_id, "invoice", "invoice", data.invoice_id);
        say(data.invoice_id, "customer", "text", data.customer_id);
        say(data.invoice_id, "cutoff", "day", data.cutoff);
        say(data.invoice_id, "invoice_status", "word", "draft", "invoice_status");
    },
    DetailsAdded(data, { say, know, item }) {
        if (item !== null) {
            return say(`${data.invoice_id}/${item}`, "invoice", "invoice", data.invoice_id);
        }
        say(`${data.invoice_id}/+`, "details_added", "count", data.details.length);
        for (const detail of data.details) detailed(know, detail, data.currency);
        drafted(data, say);
    },
    CorrectiveDetailsAdded(data, { say, know, item }) {
        for (const { detail, original } of data.details) {
            if (item !== null && detail.item_id !== item) continue;
            detailed(know, { ...original, detail_id: detail.detail_id }, data.currency);
            detailed(say, detail, data.currency);
        }
        drafted(data, say);
    },
    DetailsEdited(data, { say }) {
        for (const detail of data.details) detailed(say, detail, data.currency);
        drafted(data, say);
    },
    DetailsRemoved(data, { say }) {
        say(`${data.invoice_id}/-`, "details_removed", "count", data.details.length);
        drafted(data, say);
    },
    InvoiceSubmitted(data, { say }) {
        say(data.invoice_id, "invoice_status", "word", "in_review", "invoice_status");
    },
    InvoiceReturned(data, { say }) {
        say(data.invoice_id, "invoice_status", "word", "draft", "invoice_status");
    },
    InvoiceConfirmed(data, { say }) {
        say(data.invoice_id, "invoice_status", "word", "confirmed", "invoice_status");
        say(data.invoice_id, "number", "invoice", data.invoice_id, data.number);
        say(data.invoice_id, "accounting_date", "day", data.accounting_date);
        invoiceTotals(data, say);
    },
    ActualsBooked(data, { say, item }) {
        if (item === null) say(data.invoice_id, "actuals", "count", data.actuals.length);
    },
    CorrectionDrafted(data, { say }) {
        say(data.invoice_id, "corrects", "invoice", data.corrects, data.corrects_number);
        say(data.invoice_id, "invoice_status", "word", "draft", "invoice_status");
    },
    ObligationsOpened(data, { say }) {
        for (const { obligation_id, approval_id, amount } of data.obligations) {
            say(obligation_id, "stays_billed_amount", "money", amount, data.currency, approval_id);
        }
    },
    ObligationsChanged(data, { say }) {
        for (const { obligation_id, amount, status } of data.obligations) {
            say(obligation_id, "stays_billed_amount", "money", amount, data.currency);
            say(obligation_id, "status", "word", status, "intake.status");
        }
    },
    JobStepDone({ job_id, step, outcome }, { say }) {
        const subject = `${job_id}/${step}`;
        say(subject, "step", "count", step);
        say(subject, "items", "count", outcome.changed_count);
        say(subject, "problem_code", "problem", outcome.problem_code);
    },
    EventUnparked(data, { say }) {
        say(data.parked_id, "outcome", "word", data.outcome ?? "dismissed", "history.outcome");
    },
};

/** Fields that say enough by themselves, for events of which nothing else is told. */
const PLAIN = /** @type {const} */ ([
    ["type", "word", "event"],
    ["event_id", "text"],
    ["approval_id", "text"],
    ["line_id", "text"],
    ["to_line_id", "text"],
    ["correction_id", "invoice"],
    ["outcome", "word", "history.outcome"],
    ["problem_code", "problem"],
    ["number", "text"],
    ["name", "text"],
    ["kind", "text"],
    ["total", "count"],
    ["step", "count"],
]);

/** @type {Says} */
export function others(data, { say, type }) {
    for (const [field, as, of] of PLAIN) {
        const value = data[field];
        if (value !== null && value !== undefined && typeof value !== "object") {
            say(`${type}/${JSON.stringify(data)}`, field.replace(/_id$/, ""), as, value, of);
        }
    }
}

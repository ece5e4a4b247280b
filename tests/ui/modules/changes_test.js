import * as assert from "./assert.js";

import { MOST, reader } from "../../../service/ui/history/changes.js";

const ITEM = "C1~L1~1";
const RECORDED = {
    type: "UnbilledSalesRecorded.v1",
    data: {
        currency: "KWD",
        approvals: [{
            approval_id: "A1",
            date: "2026-10-05",
            unit_price: "10.500",
            description: "Piling",
            sales: [ITEM, "C1~L1~2"].map((item_id) => ({
                item_id,
                customer_id: "A",
                quantity: "7.500000",
                amount: "78.750",
                tax: "0.000",
                billing_type: "chargeable",
                nte_status: "not_evaluated",
            })),
        }],
    },
};

/** @param {string} type @param {object} [data] */
function moved(type, data = {}) {
    return { type: `${type}.v1`, data: { items: [ITEM, "C1~L1~2"], milestones: [], ...data } };
}

/** What changed, in short. @param {{ changes: any[] }} said */
function brief({ changes }) {
    return changes.map(({ field, before, after }) => [field, before?.value, after.value]);
}

Deno.test("an item's statuses are told before and after", () => {
    const read = reader({ item: ITEM, complete: true });
    read(RECORDED);
    assert.deepEqual(brief(read(moved("MarkedReady"))), [["billing_status", "not_ready", "ready"]]);
    const failed = { level: "contract", limit: "100.000", used: "90.000", shortfall: "68.750" };
    const evaluated = [
        { item_id: "C1~L1~2", nte_status: "committed", failed: [] },
        { item_id: ITEM, nte_status: "failed", failed: [failed] },
    ];
    assert.deepEqual(brief(read({ type: "NTEEvaluated.v1", data: { results: evaluated } })), [
        ["nte_status", "not_evaluated", "failed"],
        ["limit", undefined, failed],
    ]);
    assert.deepEqual(brief(read(moved("ItemsDrafted", { invoice_id: "I1" }))), [
        ["billing_status", "ready", "invoice_created"],
        ["invoice", undefined, "I1"],
    ]);
    assert.deepEqual(brief(read(moved("ItemsReleased", { invoice_id: "I1" }))), [
        ["billing_status", "invoice_created", "ready"],
        ["invoice", undefined, "I1"],
    ]);
});

Deno.test("what is not seen whole tells no before", () => {
    const read = reader({ item: ITEM, complete: false });
    read(RECORDED);
    assert.deepEqual(brief(read(moved("MarkedReady"))), [["billing_status", undefined, "ready"]]);
});

Deno.test("of many items their number is told, and of one only what is its own", () => {
    const all = reader({ complete: true });
    assert.deepEqual(brief(all(RECORDED)), [["items", undefined, 2]]);
    const one = brief(reader({ item: ITEM, complete: true })(RECORDED));
    assert.ok(one.some(([field, , after]) => field === "amount" && after === "78.750"));
    assert.equal(one.filter(([field]) => field === "amount").length, 1);
});

Deno.test("an edited detail tells what was on the draft before", () => {
    const read = reader({ complete: true });
    const invoice = { invoice_id: "I1", currency: "EUR", lines: [] };
    const detail = {
        detail_id: "d1",
        description: "Piling",
        external_description: null,
        quantity: "8",
        unit_price: "100.00",
        amount: "800.00",
        tax: "152.00",
        billing_type: "chargeable",
    };
    read({ type: "DraftCreated.v2", data: { ...invoice, customer_id: "A", cutoff: null } });
    read({
        type: "DetailsAdded.v2",
        data: { ...invoice, amount: "800.00", tax: "152.00", details: [detail] },
    });
    read({ type: "InvoiceSubmitted.v1", data: invoice });
    const edited = { ...detail, quantity: "6", amount: "600.00", tax: "114.00" };
    const said = read({
        type: "DetailsEdited.v1",
        data: { ...invoice, amount: "600.00", tax: "114.00", details: [edited] },
    });
    assert.deepEqual(brief(said), [
        ["quantity", "8", "6"],
        ["amount", "800.00", "600.00"],
        ["tax", "152.00", "114.00"],
        ["invoice_status", "in_review", "draft"],
        ["invoice_amount", "800.00", "600.00"],
        ["invoice_tax", "152.00", "114.00"],
    ]);
});

Deno.test("terms that are defined anew tell what of them is new", () => {
    const read = reader({ complete: true });
    const data = {
        contract_id: "C1",
        name: "Harbour",
        currency: "EUR",
        nte_limit: "1000.00",
        approval: "none",
        customers: [{ customer_id: "A", name: "Ada", nte_limit: null }],
    };
    read({ type: "ContractDefined.v2", data });
    const said = read({ type: "ContractDefined.v2", data: { ...data, nte_limit: null } });
    assert.deepEqual(brief(said), [["nte_limit", "1000.00", null]]);
});

Deno.test("a type that is told by its fields alone is told, and one that is not known does no harm", () => {
    const read = reader({ complete: true });
    const received = { type: "projects.time.approved.v1", event_id: "e-1", outcome: "recorded" };
    assert.deepEqual(brief(read({ type: "EventReceived.v2", data: received })), [
        ["type", undefined, "projects.time.approved.v1"],
        ["event", undefined, "e-1"],
        ["outcome", undefined, "recorded"],
    ]);
    assert.deepEqual(brief(read({ type: "SomethingNew.v9", data: { deep: [1, { a: 2 }] } })), []);
});

Deno.test("of very many changes the first are told, and how many more there are", () => {
    const usages = Array.from({ length: 30 }, (_, at) => ({
        level: "line_customer",
        customer_id: `C${at}`,
        committed: "1.00",
        invoiced: "0",
    }));
    const data = { line_id: "L1", contract_id: "C1", currency: "EUR", usages };
    const { changes, more } = reader({ complete: true })({ type: "LineUsageChanged.v1", data });
    assert.equal(changes.length, MOST);
    assert.equal(more, 60 - MOST);
});

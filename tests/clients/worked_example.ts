// The README's worked example by the types that openapi-typescript makes, and fetch.
import { call } from "./call.ts";
import type { components } from "./billing-backlog.ts";

type TimeApproved = components["schemas"]["TimeApproved"];

function assert(holds: boolean, what: unknown): asserts holds {
  if (!holds) throw new Error(JSON.stringify(what));
}

await call("putContract", "PUT", "/v1/contracts/PC-1", {
  name: "Harbour terminal", currency: "EUR", nte_limit: "2000.00",
  customers: [{ customer_id: "PORT", name: "Port Authority" }, { customer_id: "CITY", name: "City of Brink" }],
});
await call("putContractLine", "PUT", "/v1/contracts/PC-1/lines/DESIGN", {
  name: "Design", project_id: "P-7", billing_method: "time_and_material",
  customers: [{ customer_id: "PORT", split_percent: "60", rounding: true }, { customer_id: "CITY", split_percent: "40" }],
});
const hours = (number: number, date: string, quantity: string): TimeApproved => ({
  specversion: "1.0", id: `e-${number}`, source: "urn:timesheets", type: "projects.time.approved.v1",
  data: {
    approval_id: `A-${number}`, contract_id: "PC-1", line_id: "DESIGN", date, quantity,
    unit_price: "200.00", currency: "EUR", role: "Architect",
  },
});
const events = [hours(1, "2026-10-05", "8"), hours(2, "2026-10-06", "4")];
const recorded = await call("postEventBatch", "POST", "/v1/events/batch", events, "application/cloudevents-batch+json");
assert(recorded.results.every((each) => each.outcome === "recorded"), recorded);
const again = await call("postEvent", "POST", "/v1/events", events[0]!, "application/cloudevents+json");
assert(again.outcome === "duplicate", again);

const view = `/v1/backlog/time-and-material?nte_status=failed&sort=-date,amount&after=${recorded.position}`;
const failed = (await call("listTimeAndMaterialBacklog", "GET", view)).items[0]!;
assert(failed.nte_detail?.[0]?.shortfall === "80.00", failed);
const marked = await call("markItems", "POST", "/v1/backlog/mark", {
  status: "ready", items: recorded.results[0]!.items,
});
assert(marked.changed.length === 2, marked);
const drafted = await call("draftInvoices", "POST", "/v1/invoices", { contract_id: "PC-1", cutoff: "2026-10-31" });
const draft = drafted.invoices.find((each) => each.customer_id === "PORT")!;
const confirmed = await call("confirmInvoice", "POST", `/v1/invoices/${draft.invoice_id}/confirm`, {
  accounting_date: "2026-10-31",
});
const limits = await call("getContractLimits", "GET", `/v1/contracts/PC-1/limits?after=${confirmed.position}`);
assert(limits.levels.at(-1)!.invoiced === "960.00", limits);
console.log(confirmed.number, confirmed.amount);

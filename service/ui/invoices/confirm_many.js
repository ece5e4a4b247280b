/**
 * Several drafts are confirmed, after one has seen how many and what they come to: for good.
 */

import { getAll, send } from "../api.js";
import { sumsByCurrency } from "../amounts.js";
import { el } from "../dom.js";
import { count, money, today } from "../format.js";
import { worthTelling } from "../invoice/differences.js";
import { notify } from "../overlay.js";
import { t } from "../words.js";
import { ask } from "./asking.js";
import { dateInput, field, intention } from "./forms.js";
import { MOST, nameOf } from "./rows.js";

/** Contracts whose drafts are read in one call, and the most drafts of these. */
const AT_ONCE = 100;
const MOST_OF_THESE = 10_000;

/**
 * Asks whether to confirm these, dated when, and begins. Where others changed some of them while one
 * was asked, nothing is begun: it says which and with what sums, and asks anew.
 *
 * @param {any[]} invoices
 * @returns {Promise<string | null>} the job that confirms them; null when it was left
 */
export async function confirmMany(invoices) {
    if (invoices.length > MOST) {
        notify(t("invoices.too_many", { count: count(MOST) }), { kind: "failed" });
        return null;
    }
    const keyOf = intention();
    /** @type {string | null} */
    let job = null;
    let date = today();
    let shown = invoices;
    /** @type {string[]} */
    let changes = [];
    do {
        const asked = shown;
        const day = dateInput("accounting_date", date, { autofocus: changes.length === 0 });
        const done = await ask({
            ...question(asked, changes, day),
            act: async () => {
                date = day.value;
                // The command names invoices, not their versions: who edits one from here on until its
                // turn in the job has it confirmed as it is then.
                const now = await asTheyAre(asked);
                changes = changesOf(asked, now);
                shown = now;
                if (changes.length > 0) return;
                const body = {
                    invoice_ids: asked.map((each) => each.invoice_id),
                    accounting_date: date || null,
                };
                job = (await send("POST", "v1/invoices/confirm", body, { key: keyOf(body) }))
                    .job_id;
            },
        });
        if (!done) return null;
    } while (job === null && shown.length > 0);
    if (job === null) notify(worthTelling(changes).join(" "), { kind: "failed" });
    return job;
}

/**
 * @param {any[]} invoices
 * @param {string[]} changes what others changed since it was asked before
 * @param {HTMLInputElement} day
 */
function question(invoices, changes, day) {
    const number = { number: invoices.length, count: count(invoices.length) };
    const sums = sumsByCurrency(
        invoices.map(({ currency, total }) => ({ currency, amount: total })),
    );
    return {
        title: t("invoices.confirm_title", number),
        content: [
            // It has the focus: Enter, pressed twice, does not agree to what was not read yet.
            changes.length > 0 && el(
                "div",
                { class: "alert warn", role: "alert", tabindex: "-1", autofocus: true },
                el("p", {}, t("invoices.changed_meanwhile")),
                el("ul", {}, ...worthTelling(changes).map((text) => el("li", {}, text))),
            ),
            el(
                "dl",
                { class: "facts" },
                ...sums.map((each) => {
                    const of = { number: each.count, count: count(each.count) };
                    return el(
                        "div",
                        {},
                        el("dt", {}, t("invoices.number", of)),
                        el("dd", { class: "amount" }, money(each.amount, each.currency)),
                    );
                }),
            ),
            field(
                "accounting_date",
                t("invoices.accounting_date"),
                day,
                t("invoices.accounting_date_hint"),
            ),
            el("p", {}, t("invoices.each_by_itself")),
            el("p", { class: "alert warn" }, t("invoices.no_undo")),
        ],
        yes: t("invoices.confirm", number),
    };
}

/**
 * The same invoices as they are by now, without those that are drafts no more.
 *
 * @param {any[]} invoices
 */
async function asTheyAre(invoices) {
    const contracts = [...new Set(invoices.map((each) => each.contract_id))];
    /** @type {Map<string, any>} */
    const found = new Map();
    for (let from = 0; from < contracts.length; from += AT_ONCE) {
        const { items } = await getAll("v1/invoices", {
            status: ["draft", "in_review"],
            contract_id: contracts.slice(from, from + AT_ONCE),
        }, { most: MOST_OF_THESE });
        for (const each of items) found.set(each.invoice_id, each);
    }
    return invoices.flatMap((each) => found.get(each.invoice_id) ?? []);
}

/**
 * @param {any[]} before
 * @param {any[]} after
 * @returns {string[]} a sentence for each invoice that would be booked otherwise
 */
function changesOf(before, after) {
    const found = new Map(after.map((each) => [each.invoice_id, each]));
    return before.flatMap((was) => {
        const is = found.get(was.invoice_id);
        const name = `${nameOf(was)} (${was.contract_name ?? was.contract_id})`;
        if (is === undefined) return [t("invoices.no_draft", { name })];
        if (booked(was) === booked(is)) return [];
        const total = money(is.total, is.currency);
        return was.total === is.total
            ? [t("invoices.changed_within", { name, total })]
            : [t("invoices.changed", { name, before: money(was.total, was.currency), total })];
    });
}

/** @param {any} invoice */
function booked({ amount, tax, total, lines }) {
    return JSON.stringify([amount, tax, total, lines]);
}

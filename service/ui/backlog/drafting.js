/**
 * Draft invoices of what is selected: told first what goes on them, and afterwards what came of it.
 */

import { Refusal, send } from "../api.js";
import { el, fill } from "../dom.js";
import { count, money, today } from "../format.js";
import { sumsByCurrency } from "../amounts.js";
import { followed } from "../jobs.js";
import { go, urlOf } from "../location.js";
import { confirm, notify } from "../overlay.js";
import { byReason, reason } from "../refusals.js";
import { t } from "../words.js";
import { matching, picked } from "./selected.js";

/** @typedef {import("./selected.js").Desk} Desk */

/**
 * What drafting made, or would make.
 *
 * @typedef {object} Drafts
 * @property {{ invoice_id: string, currency: string, amount: string }[]} invoices
 * @property {number} items on them
 * @property {number} left items that were left alone
 * @property {Record<string, any>[]} skipped the first of those, with why
 */

/** Contracts that are tried for the preview; more take too long to wait for. */
const TRIED = 10;

/** @param {Desk} desk */
export async function draft(desk) {
    const rows = picked(desk);
    if (rows.length === 0 && !desk.selection.isAll) return;
    const about = desk.selection.isAll ? [{ matching: matching(desk) }] : byContract(rows);
    const preview = el("div", { class: "stack", role: "status" });
    let turn = 0;
    const cutoff = el("input", {
        type: "date",
        id: "cutoff",
        value: today(),
        onchange: () => void show(),
    });

    async function show() {
        const mine = ++turn;
        fill(preview, el("p", { class: "quiet" }, t("loading")));
        const shown = about.length > TRIED ? [] : await previewed(about, cutoff.value || null);
        if (mine === turn) fill(preview, ...shown);
    }

    void show();
    const yes = await confirm(t("backlog.draft_title"), [
        el("p", { class: "quiet" }, t("backlog.draft_hint")),
        el("div", { class: "field" }, el("label", { for: "cutoff" }, t("backlog.cutoff")), cutoff),
        preview,
    ], t("backlog.draft"));
    if (!yes) return;
    const made = await drafted(about, cutoff.value || null, desk.wrote);
    tell(made);
    desk.selection.clear();
    desk.reload();
}

/** @param {import("./views.js").Row[]} rows */
function byContract(rows) {
    /** @type {Map<string, string[]>} */
    const contracts = new Map();
    for (const row of rows) {
        contracts.set(row.contract_id, [...(contracts.get(row.contract_id) ?? []), row.item_id]);
    }
    return [...contracts].map(([contract_id, items]) => ({ contract_id, items }));
}

/**
 * @param {Record<string, unknown>[]} about
 * @param {string | null} cutoff
 */
async function previewed(about, cutoff) {
    try {
        const { invoices, items, left, skipped } = await drafted(about, cutoff, null);
        return [
            el("p", {}, draftsText(invoices.length, items)),
            ...sumsByCurrency(invoices).map(({ amount, currency }) =>
                el("p", { class: "amount" }, money(amount, currency))
            ),
            left > 0 &&
            el("p", {}, t("backlog.will_leave", { number: left, count: count(left) })),
            el(
                "ul",
                { class: "reasons" },
                ...byReason(skipped).map(({ text }) => el("li", {}, text)),
            ),
        ];
    } catch (error) {
        if (error instanceof Refusal && error.code === "too_many_items") {
            return [el("p", {}, t("backlog.by_job"))];
        }
        return [el("p", { class: "refusal" }, reason(error))];
    }
}

/**
 * Drafts, one request a contract; what one of them is refused for does not stop the others.
 *
 * @param {Record<string, unknown>[]} about
 * @param {string | null} cutoff
 * @param {((position: number) => void) | null} wrote null only tries
 * @returns {Promise<Drafts>}
 */
async function drafted(about, cutoff, wrote) {
    /** @type {Drafts} */
    const made = { invoices: [], items: 0, left: 0, skipped: [] };
    const params = { details: false, ...(wrote ? {} : { dry_run: true }) };
    for (const each of about) {
        try {
            const answer = await send("POST", "v1/invoices", { ...each, cutoff }, { params });
            const end = answer.job_id ? await followed(answer, () => {}) : answer;
            for (const result of answer.job_id ? end.results : [answer]) {
                made.invoices.push(...result.invoices);
                made.items += result.changed_count;
                made.left += result.skipped_count;
                made.skipped.push(...result.skipped);
            }
            wrote?.(end.position);
        } catch (error) {
            const isAboutSome = error instanceof Refusal && Array.isArray(each.items);
            if (!isAboutSome || about.length === 1) throw error;
            made.left += /** @type {string[]} */ (each.items).length;
            made.skipped.push(error.problem);
        }
    }
    return made;
}

/**
 * @param {number} number
 * @param {number} items
 */
function draftsText(number, items) {
    return t("backlog.drafted", { number, count: count(number), items: count(items) });
}

/** @param {Drafts} made */
function tell({ invoices, items, left, skipped }) {
    const texts = [draftsText(invoices.length, items)];
    if (left > 0) texts.push(t("backlog.left_alone", { number: left, count: count(left) }));
    texts.push(...byReason(skipped).slice(0, 2).map((each) => each.text));
    const [first] = invoices;
    if (!first) return notify(texts.join(" "), { kind: "failed" });
    const url = invoices.length === 1
        ? urlOf("invoices", first.invoice_id)
        : urlOf("invoices", null, { status: "draft" });
    return notify(texts.join(" "), {
        action: { label: t("backlog.show_drafts"), act: () => go(url) },
    });
}

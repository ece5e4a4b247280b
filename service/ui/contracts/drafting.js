/**
 * Drafting invoices of what is ready: shown before, done once, with the outcome and the way back.
 */

import { sumsByCurrency } from "../amounts.js";
import { get, send } from "../api.js";
import { el, fill } from "../dom.js";
import { count, money, today } from "../format.js";
import { urlOf } from "../location.js";
import { eachOf } from "../loading.js";
import { announce, buttons, dialog, notify } from "../overlay.js";
import { reason, told } from "../refusals.js";
import { t } from "../words.js";
import { invoicesTable } from "./invoices_table.js";

/** How many contracts are previewed at once. */
const AT_ONCE = 3;
/** Milliseconds between looks at a job, and for how long they go on. */
const LOOK = 700;
const LONGEST = 600_000;
/** A draft can be told so many items by name. */
const MOST_ITEMS = 10_000;

/**
 * @typedef {object} Contract
 * @property {string} contract_id
 * @property {string} name
 * @property {{ customer_id: string, name: string }[]} customers
 */

/** @typedef {{ contract: Contract, invoices: any[], error: unknown }} Step what came, or would come */

/**
 * Asks for a cutoff, shows what would be drafted, and drafts it.
 *
 * @param {Contract[]} contracts
 * @returns {Promise<boolean>} whether drafts may have been made
 */
export async function createInvoices(contracts) {
    const state = { turn: 0, isDone: false, isClosed: false, key: "" };
    /** @type {Step[]} */
    let steps = [];
    const cutoff = el("input", {
        id: "cutoff",
        type: "date",
        value: today(),
        required: true,
        min: "1900-01-01",
        max: "2199-12-31",
    });
    const shown = el("div", { class: "stack" });
    const create = el("button", { class: "first", disabled: true }, t("contracts.create"));
    const foot = el("div", {});

    await dialog(t("contracts.create_invoices"), (end) => {
        const cancel = el("button", { type: "button", onclick: () => end(null) }, t("cancel"));
        fill(foot, buttons(cancel, create));
        const form = el(
            "form",
            { class: "stack" },
            el("p", {}, aboutWhich(contracts)),
            el(
                "div",
                { class: "field" },
                el("label", { for: "cutoff" }, t("contracts.cutoff")),
                cutoff,
                el("p", { class: "quiet" }, t("contracts.cutoff_help")),
            ),
            shown,
            foot,
        );
        form.addEventListener("submit", async (event) => {
            event.preventDefault();
            if (create.disabled) return;
            create.disabled = true;
            cutoff.disabled = true;
            await draft(end);
        });
        cutoff.addEventListener("input", () => void preview());
        void preview();
        return [form];
    }, { wide: true });
    state.isClosed = true;
    state.turn += 1;
    return state.isDone;

    async function preview() {
        const turn = ++state.turn;
        create.disabled = true;
        // What is asked for from here on is another intention than what was asked for before.
        state.key = crypto.randomUUID();
        if (!cutoff.checkValidity()) {
            fill(shown, el("p", { class: "refusal" }, t("contracts.cutoff_needed")));
            return;
        }
        const until = cutoff.value;
        const progress = el("p", { class: "quiet" }, t("loading"));
        fill(shown, progress);
        const stop = new AbortController();
        /** @type {Map<Contract, Step>} */
        const found = new Map();
        await eachOf(contracts, AT_ONCE, stop.signal, async (contract) => {
            found.set(contract, await tried(contract, until, contracts.length === 1));
            if (turn !== state.turn) return stop.abort();
            if (contracts.length > 1) {
                progress.textContent = t("contracts.previewed", {
                    done: count(found.size),
                    total: count(contracts.length),
                });
            }
        });
        if (turn !== state.turn) return;
        steps = contracts.map((contract) => /** @type {Step} */ (found.get(contract)));
        const invoices = steps.flatMap((each) => each.invoices);
        fill(shown, ...outcome(steps, "contracts.would_be", null));
        create.textContent = invoices.length === 0
            ? t("contracts.create")
            : t("contracts.create_number", {
                number: invoices.length,
                count: count(invoices.length),
            });
        create.disabled = invoices.length === 0;
        announce(summary(invoices, "contracts.would_be"));
    }

    /** @param {(result: null) => void} end */
    async function draft(end) {
        state.turn += 1;
        const until = cutoff.value;
        const wanted = steps.filter(({ invoices }) => invoices.length > 0);
        try {
            state.isDone = true; // by now something may have come of it
            const done = wanted.length === 1
                ? await draftOne(/** @type {Step} */ (wanted[0]), until, state.key)
                : await draftMany(wanted, until, state.key, (text) => {
                    fill(shown, el("p", { role: "status" }, text));
                });
            const invoices = done.flatMap((each) => each.invoices);
            if (state.isClosed) return notify(summary(invoices, "contracts.drafted"));
            fill(shown, ...outcome(done, "contracts.drafted", () => end(null)));
            fill(foot, doneButtons(invoices, end));
            foot.querySelector("button")?.focus();
            announce(summary(invoices, "contracts.drafted"));
        } catch (error) {
            if (state.isClosed) return notify(reason(error), { kind: "failed" });
            cutoff.disabled = false;
            await preview();
            shown.prepend(el("p", { class: "alert", role: "alert" }, reason(error)));
        }
    }
}

/** @param {Contract[]} contracts */
function aboutWhich(contracts) {
    const [only] = contracts;
    return contracts.length === 1 && only
        ? t("contracts.create_of", { name: only.name })
        : t("contracts.create_chosen", {
            number: contracts.length,
            count: count(contracts.length),
        });
}

/**
 * What a draft of a contract would come to.
 *
 * @param {Contract} contract
 * @param {string} cutoff
 * @param {boolean} details whether the items are to be known
 * @returns {Promise<Step>}
 */
async function tried(contract, cutoff, details) {
    try {
        const { invoices } = await send(
            "POST",
            "v1/invoices",
            { contract_id: contract.contract_id, cutoff },
            { params: { dry_run: true, details } },
        );
        return { contract, invoices, error: null };
    } catch (error) {
        return { contract, invoices: [], error };
    }
}

/**
 * Drafts what was shown: the items of the preview, where it has them, and no others.
 *
 * @param {Step} step
 * @param {string} cutoff
 * @param {string} key
 * @returns {Promise<Step[]>}
 */
async function draftOne({ contract, invoices }, cutoff, key) {
    const items = invoices.flatMap(({ lines }) =>
        lines.flatMap((/** @type {any} */ line) =>
            (line.details ?? []).map((/** @type {any} */ detail) => detail.item_id)
        )
    ).filter(Boolean);
    const isNamed = items.length > 0 && items.length <= MOST_ITEMS;
    const answer = await send("POST", "v1/invoices", {
        contract_id: contract.contract_id,
        cutoff,
        ...(isNamed ? { items } : {}),
    }, { params: { details: false }, key });
    return [{ contract, invoices: answer.invoices, error: null }];
}

/**
 * Drafts of several contracts, by a job with a result for each.
 *
 * @param {Step[]} steps
 * @param {string} cutoff
 * @param {string} key
 * @param {(text: string) => void} tell
 * @returns {Promise<Step[]>}
 */
async function draftMany(steps, cutoff, key, tell) {
    const contract_ids = steps.map(({ contract }) => contract.contract_id);
    let job = await send("POST", "v1/invoices", { contract_ids, cutoff }, { key });
    const until = Date.now() + LONGEST;
    while (job.status === "scheduled" || job.status === "processing") {
        tell(t("contracts.drafting", { done: count(job.done), total: count(job.total) }));
        if (Date.now() > until) break;
        await new Promise((resolve) => setTimeout(resolve, LOOK));
        job = await get(`v1/jobs/${job.job_id}`, { limit: 10_000 });
    }
    const results = new Map(job.results.map((/** @type {any} */ each) => [each.contract_id, each]));
    return steps.map(({ contract }) => {
        const result = results.get(contract.contract_id);
        return {
            contract,
            invoices: result?.invoices ?? [],
            error: result?.problem ?? job.problem ?? null,
        };
    });
}

/**
 * @param {Step[]} steps
 * @param {string} key of the sentence that sums up
 * @param {(() => void) | null} leave
 * @returns {import("../dom.js").Child[]}
 */
function outcome(steps, key, leave) {
    const invoices = steps.flatMap((each) => each.invoices);
    const failed = steps.filter(({ invoices }) => invoices.length === 0);
    return [
        el("p", { class: "total" }, summary(invoices, key)),
        invoices.length > 0 && invoicesTable(steps, leave),
        ...failed.map(({ contract, error }) =>
            el(
                "p",
                { class: "quiet" },
                `${contract.name}: `,
                error instanceof Error
                    ? reason(error)
                    : error
                    ? told(/** @type {any} */ (error))
                    : t("contracts.nothing"),
            )
        ),
    ];
}

/**
 * @param {any[]} invoices
 * @param {string} key
 */
function summary(invoices, key) {
    const number = invoices.length;
    if (number === 0) return t(`${key}_none`);
    const sums = sumsByCurrency(invoices);
    return t(key, { number, count: count(number) }) + " " +
        sums.map((each) => money(each.amount, each.currency)).join(" · ");
}

/**
 * @param {any[]} invoices
 * @param {(result: null) => void} end
 */
function doneButtons(invoices, end) {
    const undo = el("button", { type: "button" }, t("contracts.delete_drafts"));
    undo.addEventListener("click", async () => {
        undo.disabled = true;
        let gone = 0;
        try {
            for (const { invoice_id } of invoices) {
                await send("DELETE", `v1/invoices/${encodeURIComponent(invoice_id)}`);
                gone += 1;
            }
            notify(t("contracts.drafts_deleted", { number: gone, count: count(gone) }));
        } catch (error) {
            const text = t("contracts.drafts_deleted", { number: gone, count: count(gone) });
            notify(`${text} ${reason(error)}`, { kind: "failed" });
        }
        end(null);
    });
    return buttons(
        invoices.length > 0 && undo,
        el(
            "a",
            {
                class: "button",
                href: urlOf("invoices", null, { status: ["draft", "in_review"] }),
                onclick: () => end(null),
            },
            t("contracts.to_drafts"),
        ),
        el("button", { type: "button", class: "first", onclick: () => end(null) }, t("close")),
    );
}

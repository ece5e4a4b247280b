/**
 * Drafting invoices of what is ready: shown before, done once, with the outcome and the way back.
 */

import { get, send } from "../api.js";
import { el, fill } from "../dom.js";
import { count, today } from "../format.js";
import { followed } from "../jobs.js";
import { eachOf } from "../loading.js";
import { announce, buttons, dialog, notify } from "../overlay.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";
import { doneButtons, outcome, summary } from "./outcome.js";

/** How many contracts are previewed at once. */
const AT_ONCE = 3;
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
        autofocus: true,
        min: "1900-01-01",
        max: "2199-12-31",
    });
    const shown = el("div", { class: "stack" });
    const create = el("button", { class: "first", disabled: true }, t("contracts.create"));
    const foot = el("div", {});

    await dialog(aboutWhich(contracts), (end) => {
        const cancel = el("button", { type: "button", onclick: () => end(null) }, t("cancel"));
        fill(foot, buttons(cancel, create));
        const form = el(
            "form",
            { class: "stack" },
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
            /** @type {HTMLElement | null} */ (foot.querySelector("button.first"))?.focus();
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
    const begun = await send("POST", "v1/invoices", { contract_ids, cutoff }, { key });
    const last = await followed(begun, ({ done, total }) => {
        tell(t("contracts.drafting", { done: count(done), total: count(total) }));
    });
    const job = await get(`v1/jobs/${encodeURIComponent(last.job_id)}`, { limit: 10_000 });
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

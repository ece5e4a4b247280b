/**
 * What a job does and did: how far it is, and what came of each step.
 */

import { get, send } from "../api.js";
import { el, fill, setText } from "../dom.js";
import { count, decimal, money } from "../format.js";
import { isOver } from "../jobs.js";
import { change, urlOf } from "../location.js";
import { announce, notify } from "../overlay.js";
import { byReason, reason, told } from "../refusals.js";
import { t } from "../words.js";

/** Milliseconds between two looks at a job, at first and at most. */
const FIRST_WAIT = 400;
const LONGEST_WAIT = 5000;
/** Looks without a step done after which one is asked whether to look on: some five minutes. */
const LOOKS = 60;
/** Results that are shown. */
const RESULTS = 1000;

/**
 * A panel for the job that the URL names.
 *
 * @param {import("../app.js").App} app
 * @param {() => void} onEnd a job that one saw running is over
 */
export function jobPanel(app, onEnd) {
    const element = el("section", { class: "card job stack", hidden: true });
    const heading = el("h2");
    const progress = el("progress", { "aria-label": t("invoices.progress") });
    const said = el("p", { role: "status" });
    const stop = el("button", { type: "button", onclick: () => void cancel() }, t("invoices.stop"));
    const again = el(
        "button",
        { type: "button", onclick: () => look(0) },
        t("invoices.look_again"),
    );
    const results = el("div");
    fill(
        element,
        el(
            "div",
            { class: "head" },
            heading,
            el("button", {
                type: "button",
                class: "icon",
                "aria-label": t("close"),
                onclick: () => change({ job: null }),
            }, "✕"),
        ),
        progress,
        said,
        el("div", { class: "row" }, stop, again),
        results,
    );
    /** @type {string | null} */
    let id = null;
    let wait = FIRST_WAIT;
    let left = LOOKS;
    let done = -1;
    let turn = 0;
    let wasRunning = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;

    /** @param {number} milliseconds */
    function look(milliseconds) {
        clearTimeout(timer);
        timer = setTimeout(() => void ask(), milliseconds);
    }

    async function ask() {
        if (id === null) return;
        const mine = ++turn;
        again.hidden = true;
        try {
            const job = await get(`v1/jobs/${encodeURIComponent(id)}`, { limit: RESULTS });
            if (mine === turn) draw(job);
        } catch (error) {
            if (mine !== turn) return;
            setText(said, reason(error));
            again.hidden = false;
        }
    }

    /** @param {any} job */
    function draw(job) {
        const isRunning = !isOver(job);
        if (job.done !== done) {
            left = LOOKS;
            wait = FIRST_WAIT;
        }
        done = job.done;
        progress.max = Math.max(1, job.total);
        progress.value = job.done;
        progress.hidden = !isRunning;
        setText(
            heading,
            t(`invoices.job.${job.kind === "confirm_invoices" ? "confirm" : "draft"}`),
        );
        setText(said, sentence(job, isRunning));
        stop.hidden = !isRunning ||
            !app.may(job.kind === "confirm_invoices" ? "invoices:confirm" : "invoices:write");
        fill(results, outcomes(job));
        if (isRunning) {
            wasRunning = true;
            left -= 1;
            if (left > 0) look(wait);
            else again.hidden = false;
            wait = Math.min(1.5 * wait, LONGEST_WAIT);
        } else if (wasRunning) {
            wasRunning = false;
            announce(said.textContent ?? "");
            onEnd();
        }
    }

    async function cancel() {
        stop.disabled = true;
        try {
            await send("DELETE", `v1/jobs/${encodeURIComponent(id ?? "")}`);
        } catch (error) {
            notify(reason(error), { kind: "failed" });
        } finally {
            stop.disabled = false;
            look(0);
        }
    }

    return {
        element,
        /** @param {string | null} now */
        show(now) {
            if (now === id) return;
            id = now;
            turn += 1;
            element.hidden = id === null;
            clearTimeout(timer);
            if (id === null) return;
            Object.assign(progress, { max: 1, value: 0, hidden: false });
            wait = FIRST_WAIT;
            left = LOOKS;
            done = -1;
            wasRunning = true; // what it made may be newer than the list
            stop.hidden = true;
            again.hidden = true;
            fill(heading, t("loading"));
            fill(said);
            fill(results);
            look(0);
        },
        changed() {
            if (wasRunning) look(100);
        },
        close() {
            clearTimeout(timer);
            turn += 1;
        },
    };
}

/**
 * @param {any} job
 * @param {boolean} isRunning
 */
function sentence(job, isRunning) {
    if (job.total === 0) return t("invoices.job.nothing");
    const of = { done: count(job.done), total: count(job.total) };
    if (isRunning) return t("invoices.job.running", of);
    if (job.problem) return `${t("invoices.job.failed", of)} ${told(job.problem)}`;
    if (job.status === "canceled") return t("invoices.job.canceled", of);
    const failed = job.results.filter((/** @type {any} */ each) => each.status === "failed").length;
    return failed === 0
        ? t("invoices.job.complete", of)
        : t("invoices.job.some_failed", { ...of, failed: count(failed) });
}

/** @param {any} job */
function outcomes(job) {
    if (job.results.length === 0) return null;
    return el(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": t("invoices.outcomes") },
        el(
            "table",
            { class: "plain-table" },
            job.next !== null && el(
                "caption",
                {},
                t("invoices.first_outcomes", {
                    count: count(job.results.length),
                }),
            ),
            el(
                "thead",
                {},
                el(
                    "tr",
                    {},
                    el("th", { scope: "col" }, t("invoices.step")),
                    el("th", { scope: "col" }, t("invoices.outcome")),
                    el("th", { scope: "col" }, t("invoices.result")),
                ),
            ),
            el("tbody", {}, ...job.results.map(outcome)),
        ),
    );
}

/** @param {any} step */
function outcome(step) {
    const about = step.contract_id
        ? el("a", { href: urlOf("contracts", step.contract_id) }, step.contract_id)
        : el(
            "a",
            { href: urlOf("invoices", step.invoice_id) },
            step.number ?? step.invoices[0]?.number ?? t("invoices.a_draft"),
        );
    const skipped = byReason(step.skipped);
    return el(
        "tr",
        {},
        el("th", { scope: "row" }, about),
        el("td", {}, el("span", { class: `status ${step.status}` }, t(`step.${step.status}`))),
        el(
            "td",
            {},
            step.problem && el("p", {}, told(step.problem)),
            step.contract_id && step.invoices.map((/** @type {any} */ each) =>
                el(
                    "p",
                    {},
                    el("a", { href: urlOf("invoices", each.invoice_id) }, each.customer_id),
                    `: ${money(each.amount, each.currency)} + ${decimal(each.tax)}`,
                )
            ),
            step.invoice_id &&
                step.invoices.map((/** @type {any} */ each) =>
                    el("p", {}, `${money(each.amount, each.currency)} + ${decimal(each.tax)}`)
                ),
            skipped.map(({ text, count: number }) =>
                el("p", { class: "quiet" }, `${count(number)} × ${text}`)
            ),
        ),
    );
}

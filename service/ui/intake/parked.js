/**
 * Events that wait, each with what it lacks: tried again, or dismissed with a reason.
 */

import { send } from "../api.js";
import { el } from "../dom.js";
import { count } from "../format.js";
import { urlOf } from "../location.js";
import { notify } from "../overlay.js";
import { pagedList } from "../paged_list.js";
import { reason, told } from "../refusals.js";
import { has, t } from "../words.js";
import { askReason } from "./ask_reason.js";
import { about, raw, whichEvent } from "./posted_event.js";

/** @typedef {import("../dom.js").Child} Child */

/** @param {import("../app.js").App} app */
export function parked(app) {
    const mayAct = app.may("approvals:write");
    const list = pagedList({
        path: "v1/intake/parked",
        label: t("intake.parked"),
        heads: [
            t("intake.event"),
            t("intake.about"),
            t("intake.lacks"),
            ...(mayAct ? [""] : []),
        ],
        keyOf: ({ parked_id }) => parked_id,
        cells: (event) => [
            whichEvent(event),
            about(event, { known: event.problem.code !== "contract_not_found" }),
            [...lacks(event), raw(t("intake.data"), event.data)],
            ...(mayAct ? [actions(event)] : []),
        ],
        nothing: () => [
            el("h2", {}, t("intake.parked.none")),
            el("p", {}, t("intake.parked.when")),
        ],
    });

    /**
     * @param {any} event
     * @returns {Child[]}
     */
    function actions(event) {
        const again = el("button", {
            type: "button",
            "data-act": "retry",
            "aria-label": `${t("retry")}: ${event.id}`,
            onclick: async () => {
                if (again.disabled) return;
                again.disabled = true;
                try {
                    tell(event, await send("POST", pathOf(event, "/retry")));
                } catch (error) {
                    notify(reason(error), { kind: "failed" });
                }
                again.disabled = false;
                again.focus();
                await list.reload(event.parked_id);
            },
        }, t("retry"));
        const dismiss = el("button", {
            type: "button",
            class: "danger",
            "data-act": "dismiss",
            "aria-label": `${t("intake.dismiss")}: ${event.id}`,
            onclick: async () => {
                const texts = {
                    title: t("intake.dismiss.title", { id: event.id }),
                    explained: t("intake.dismiss.explained"),
                    yes: t("intake.dismiss"),
                };
                const done = await askReason(
                    texts,
                    (why) => send("DELETE", pathOf(event), { reason: why }),
                );
                if (!done) return;
                notify(t("intake.dismissed", { id: event.id }));
                await list.reload(event.parked_id);
            },
        }, t("intake.dismiss"));
        return [el("div", { class: "row-actions" }, again, dismiss)];
    }
    return list;
}

/**
 * @param {{ parked_id: string }} event
 * @param {string} [part]
 */
function pathOf({ parked_id }, part = "") {
    return `v1/intake/parked/${encodeURIComponent(parked_id)}${part}`;
}

/**
 * What an event lacks, with the way to where that is.
 *
 * @param {any} event
 * @returns {Child[]}
 */
function lacks(event) {
    const { problem, contract_id } = event;
    /** @type {Record<string, [string, string]>} */
    const ways = {
        contract_not_found: [urlOf("contracts"), t("screen.contracts")],
        contract_line_not_found: [
            urlOf("contracts", contract_id),
            t("intake.open_contract", { contract: contract_id }),
        ],
        item_on_draft: [
            urlOf("invoices", null, { contract_id, status: "draft" }),
            t("intake.open_drafts", { contract: contract_id }),
        ],
    };
    const way = ways[problem.code];
    return [el("p", {}, why(event)), way && el("p", {}, el("a", { href: way[0] }, way[1]))];
}

/**
 * What an event lacks, as a sentence.
 *
 * @param {any} event
 */
function why({ problem, contract_id, line_id, approval_id }) {
    const key = `intake.lacks.${problem.code}`;
    return has(key)
        ? t(key, { contract: contract_id, line: line_id ?? "–", approval: approval_id ?? "–" })
        : told(problem);
}

/**
 * @param {any} event that was tried again
 * @param {any} result what became of it
 */
function tell(event, { id, outcome, items, problem }) {
    const text = outcome === "recorded"
        ? t("intake.taken_in", {
            id,
            items: t("number_of_items", { number: items.length, count: count(items.length) }),
        })
        : outcome === "parked"
        ? t("intake.still_parked", { id, why: why({ ...event, problem }) })
        : outcome === "not_billable" && problem
        ? t("intake.not_billable", { id, why: told(problem) })
        : outcome === "refused"
        ? told(problem)
        : t("intake.was_taken_in", { id });
    notify(text, { kind: outcome === "refused" ? "failed" : "done" });
}

/**
 * Events that were refused: who posted them, and why they are not in the history.
 */

import { el } from "../dom.js";
import { time } from "../format.js";
import { pagedList } from "../paged_list.js";
import { fieldOf, told } from "../refusals.js";
import { t } from "../words.js";
import { about, raw, whichEvent } from "./posted_event.js";

export function refused() {
    return pagedList({
        path: "v1/intake/refused",
        label: t("intake.refused"),
        heads: [
            t("intake.event"),
            t("intake.about"),
            t("intake.why"),
            t("intake.posted"),
        ],
        // What is noted has no id of its own; the same event may be refused again and again.
        keyOf: (event) => JSON.stringify([event.refused_at, event.source, event.id, event.problem]),
        cells: (event) => [
            whichEvent(event),
            about(event, { known: event.problem.code !== "contract_not_found" }),
            [...why(event.problem), raw(t("intake.answer"), event.problem)],
            [el("div", {}, time(event.refused_at)), el("div", { class: "quiet" }, event.actor)],
        ],
        nothing: () => [
            el("h2", {}, t("intake.refused.none")),
            el("p", {}, t("intake.refused.when")),
        ],
    });
}

/**
 * @param {any} problem
 * @returns {import("../dom.js").Child[]}
 */
function why(problem) {
    if (problem.code !== "invalid_fields") return [el("p", {}, told(problem))];
    const fields = (problem.errors ?? []).map((/** @type {any} */ each) =>
        el("li", {}, fieldOf(each.field))
    );
    return [el("p", {}, t("intake.wrong_fields")), el("ul", { class: "fields-named" }, ...fields)];
}

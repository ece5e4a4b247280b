/**
 * An event of the history as a reader sees it: what happened, and what it says.
 */

import { el } from "../dom.js";
import { count, time } from "../format.js";
import { has, t } from "../words.js";
import { written } from "./values.js";

/**
 * What a type of event is called.
 *
 * @param {string} type with its version or without
 */
export function titleOf(type) {
    const name = type.split(".")[0] ?? type;
    return has(`happened.${name}`) ? t(`happened.${name}`) : name;
}

/**
 * Who did it, when, why, and what caused it: what the events of one request share.
 *
 * @param {any} event the first of them
 */
export function who(event) {
    return el(
        "div",
        { class: "who" },
        el("time", { datetime: event.recorded_at }, time(event.recorded_at)),
        el("strong", {}, event.actor),
        event.reason && el("q", {}, event.reason),
        event.causation_id &&
            el("span", { class: "quiet" }, t("history.caused_by", { cause: event.causation_id })),
    );
}

/**
 * @param {any} event
 * @param {{ changes: import("./changes.js").Change[], more: number }} said
 */
export function entry(event, { changes, more }) {
    return el(
        "li",
        { id: `at-${event.position}` },
        el(
            "h3",
            {},
            titleOf(event.type),
            " ",
            el(
                "span",
                { class: "quiet" },
                t("history.position", { position: count(event.position) }),
            ),
        ),
        changes.length > 0 && el("dl", { class: "says" }, ...changes.map(shown)),
        more > 0 &&
            el(
                "p",
                { class: "quiet" },
                t("history.more_changes", { number: more, count: count(more) }),
            ),
        data(event),
    );
}

/** @param {import("./changes.js").Change} change */
function shown({ field, of, before, after }) {
    const key = [`history.field.${field}`, `field.${field}`, field].find(has);
    const label = key ? t(key) : field;
    return el(
        "div",
        {},
        el("dt", {}, of ? `${label} (${of})` : label),
        el(
            "dd",
            {},
            before && [el("del", {}, written(before)), arrow()],
            el("span", {}, written(after)),
        ),
    );
}

function arrow() {
    return el(
        "span",
        {},
        el("span", { "aria-hidden": "true" }, " → "),
        el("span", { class: "unseen" }, t("history.becomes")),
    );
}

/**
 * All that was recorded, on demand.
 *
 * @param {any} event
 */
function data(event) {
    const details = el("details", {}, el("summary", {}, t("history.data")));
    details.addEventListener("toggle", () => {
        if (details.open && details.childElementCount === 1) {
            details.append(el("pre", { tabindex: "0" }, JSON.stringify(event, null, 2)));
        }
    });
    return details;
}

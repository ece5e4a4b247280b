/**
 * A confirmed invoice is corrected, whole or some of its details, after one has seen what comes of it.
 */

import { el, fill } from "../dom.js";
import { count, money } from "../format.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";
import { ask } from "../invoices/asking.js";
import { intention } from "../invoices/forms.js";

/**
 * Asks, and makes the corrective draft.
 *
 * @param {ReturnType<import("./opened.js").opening>} opening
 * @param {string[] | null} details null for all that are still billed
 * @returns {Promise<any>} the corrective draft; null when it was left
 */
export async function correct(opening, details) {
    const keyOf = intention();
    const body = { details };
    const preview = el("div", { class: "stack", "aria-live": "polite" }, t("loading"));
    /** @type {any} */
    let made = null;
    /** @type {import("./opened.js").Opened | null} */
    let seen = null;

    /** @param {HTMLButtonElement} button */
    async function look(button) {
        button.disabled = true;
        try {
            const found = await opening.preview("/corrections", body);
            seen = found.seen;
            fill(preview, ...summary(found.would));
            button.disabled = false;
        } catch (error) {
            fill(preview, el("p", { class: "alert" }, reason(error)));
        }
    }

    await ask({
        title: details === null
            ? t("invoice.correct_whole")
            : t("invoice.correct_some", { number: details.length, count: count(details.length) }),
        content: [el("p", {}, t("invoice.correct_text")), preview],
        yes: t("invoice.correct_yes"),
        act: async () => {
            const key = keyOf([body, seen?.etag]);
            made = await opening.command("POST", "/corrections", body, { key, seen });
        },
        onOpen: ({ button }) => void look(button),
        onStale: ({ button }) => void look(button),
    });
    return made;
}

/** @param {any} would the corrective draft */
function summary(would) {
    return [
        el(
            "dl",
            { class: "facts" },
            ...["amount", "tax", "total"].map((name) =>
                el(
                    "div",
                    {},
                    el("dt", {}, t(`field.${name}`)),
                    el("dd", { class: "amount" }, money(would[name], would.currency)),
                )
            ),
        ),
    ];
}

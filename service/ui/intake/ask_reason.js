/**
 * Asks for a reason, and does with it what can't be taken back.
 */

import { el } from "../dom.js";
import { buttons, dialog } from "../overlay.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";

/** Characters of a reason, as the service takes them. */
const LONGEST = 4000;

/**
 * Opens a dialog that ends when `act` has succeeded, or nothing was done; what was typed stays where it failed.
 *
 * `act` gets the reason and the key of the intention: the same one as long as the reason is the same.
 *
 * @param {{ title: string, explained: string, yes: string }} texts
 * @param {(why: string, key: string) => Promise<unknown>} act
 * @returns {Promise<boolean>} whether it was done
 */
export async function askReason({ title, explained, yes }, act) {
    const done = await dialog(title, (end) => {
        const why = el("textarea", {
            id: "why",
            rows: "3",
            required: true,
            maxlength: String(LONGEST),
            autofocus: true,
            oninput: () => why.setCustomValidity(""),
        });
        const problem = el("p", { class: "refusal", role: "alert" });
        const go = el("button", { class: "first" }, yes);
        const sent = { text: "", key: "" };
        return [
            el(
                "form",
                {
                    class: "stack",
                    onsubmit: async (/** @type {SubmitEvent} */ event) => {
                        event.preventDefault();
                        if (go.disabled) return;
                        const text = why.value.trim();
                        why.setCustomValidity(text ? "" : t("intake.reason_needed"));
                        if (!why.reportValidity()) return;
                        go.disabled = true;
                        problem.textContent = "";
                        try {
                            if (text !== sent.text) {
                                sent.text = text;
                                sent.key = crypto.randomUUID();
                            }
                            await act(text, sent.key);
                            end(true);
                        } catch (error) {
                            problem.textContent = reason(error);
                            go.disabled = false;
                        }
                    },
                },
                el("p", {}, explained),
                el("div", { class: "field" }, el("label", { for: "why" }, t("intake.reason")), why),
                problem,
                buttons(
                    el("button", { type: "button", onclick: () => end(null) }, t("cancel")),
                    go,
                ),
            ),
        ];
    });
    return done === true;
}

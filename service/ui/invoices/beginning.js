/**
 * A dialog that begins a job: a form, one button, and what the service says against it.
 */

import { Refusal, send } from "../api.js";
import { el, fill } from "../dom.js";
import { accepted, intention, refused } from "../invoice/forms.js";
import { buttons, dialog } from "../overlay.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";

/**
 * Asks, and begins a job.
 *
 * @param {string} title
 * @param {import("../dom.js").Child[]} content
 * @param {string} yes what the button says
 * @param {string} path
 * @param {() => Record<string, unknown>} body what is typed by then
 * @returns {Promise<string | null>} the job's id; null when it was left
 */
export function begin(title, content, yes, path, body) {
    const keyOf = intention();
    return dialog(title, (end) => {
        const wrong = el("p", { class: "refusal", role: "alert" });
        const button = el("button", { class: "first" }, yes);
        const form = el(
            "form",
            { class: "stack", novalidate: true, onsubmit: submit },
            ...content,
            wrong,
            buttons(
                el("button", { type: "button", onclick: () => end(null) }, t("cancel")),
                button,
            ),
        );
        /** @param {Event} event */
        async function submit(event) {
            event.preventDefault();
            if (button.disabled) return;
            button.disabled = true;
            accepted(form, wrong);
            try {
                const asked = body();
                end((await send("POST", path, asked, { key: keyOf(asked) })).job_id);
            } catch (error) {
                if (error instanceof Refusal) refused(form, wrong, error, reason(error));
                else fill(wrong, reason(error));
            } finally {
                button.disabled = false;
            }
        }
        return [form];
    });
}

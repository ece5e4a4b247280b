/**
 * A dialog with a form that does one command: what was typed stays until the command is done, and
 * isn't lost without a word.
 */

import { Refusal } from "../api.js";
import { el, fill } from "../dom.js";
import { buttons, dialog } from "../overlay.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";
import { accepted, refused } from "./forms.js";
import { Stale, staleText } from "../invoice/opened.js";

/**
 * @typedef {object} Asked
 * @property {string} title
 * @property {import("../dom.js").Child[]} content
 * @property {string} yes what the button that does it says
 * @property {(form: HTMLFormElement) => Promise<unknown>} act does it; the dialog closes once it is done
 * @property {(again: { button: HTMLButtonElement, wrong: HTMLElement }) => void} [onStale] others
 *   changed the invoice before: what is shown in the dialog is to be made anew
 * @property {(again: { button: HTMLButtonElement, wrong: HTMLElement }) => void} [onOpen]
 * @property {boolean} [wide]
 */

/**
 * Asks, and does it.
 *
 * @param {Asked} asked
 * @returns {Promise<boolean>} whether it was done
 */
export async function ask({ title, content, yes, act, onStale, onOpen, wide = false }) {
    const wrong = el("div", { class: "refusal", role: "alert", tabindex: "-1" });
    const button = el("button", { class: "first" }, yes);
    let underWay = false;
    const done = await dialog(title, (end) => {
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
            if (underWay || button.disabled) return;
            underWay = true;
            button.setAttribute("aria-disabled", "true");
            accepted(form, wrong);
            try {
                await act(form);
                end(true);
            } catch (error) {
                if (error instanceof Stale) {
                    fill(wrong, ...staleText(error, t("invoice.stale")));
                    wrong.focus(); // Enter, pressed twice, does not agree to what comes now
                    onStale?.({ button, wrong });
                } else if (error instanceof Refusal) refused(form, wrong, error, reason(error));
                else fill(wrong, reason(error));
            } finally {
                underWay = false;
                button.removeAttribute("aria-disabled");
            }
        }
        onOpen?.({ button, wrong });
        return [form];
    }, { wide });
    return done === true;
}

/**
 * Asks whether what was typed may be lost. Whoever presses Escape or Enter once more keeps it.
 *
 * @returns {Promise<boolean>}
 */
export async function mayBeLost() {
    const isLost = await dialog(t("invoice.unsaved_title"), (end) => [
        el("p", {}, t("invoice.unsaved")),
        buttons(
            el(
                "button",
                { type: "button", class: "danger", onclick: () => end(true) },
                t("invoice.discard"),
            ),
            el(
                "button",
                { type: "button", class: "first", autofocus: true, onclick: () => end(null) },
                t("invoice.keep_editing"),
            ),
        ),
    ]);
    return isLost === true;
}

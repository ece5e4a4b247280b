/**
 * Fields of forms, what is typed in them, and what the service says against it.
 */

import { el, fill } from "../dom.js";
import { told } from "../refusals.js";
import { language, t } from "../words.js";

let made = 0;

/**
 * A field with its label, a hint, and a place for what is wrong with it.
 *
 * @template {HTMLElement} C
 * @param {string} name
 * @param {string} label
 * @param {C} control
 * @param {import("../dom.js").Child} [hint]
 */
export function field(name, label, control, hint) {
    const id = `field-${++made}`;
    control.id = id;
    control.setAttribute("aria-describedby", `${id}-hint ${id}-wrong`);
    return el(
        "div",
        { class: "field", "data-field": name },
        el("label", { for: id }, label),
        control,
        el("p", { class: "quiet", id: `${id}-hint` }, hint),
        el("p", { class: "refusal", id: `${id}-wrong` }),
    );
}

/**
 * @param {string} name
 * @param {string} value
 * @param {Record<string, unknown>} [more]
 */
export function dateInput(name, value, more = {}) {
    return el("input", { type: "date", name, value, required: true, ...more });
}

/**
 * @param {string} name
 * @param {string} value
 */
export function decimalInput(name, value) {
    return el("input", { name, value: shown(value), inputmode: "decimal", autocomplete: "off" });
}

/**
 * @param {string} name
 * @param {string[]} values
 * @param {string} chosen
 * @param {(value: string) => string} label
 */
export function choiceInput(name, values, chosen, label) {
    return el(
        "select",
        { name },
        ...values.map((value) => el("option", { value, selected: value === chosen }, label(value))),
    );
}

/**
 * A decimal as one types it: with the reader's decimal sign, without other signs.
 *
 * @param {string} text
 */
function shown(text) {
    return language() === "nb" ? text.replace(".", ",") : text;
}

/**
 * What was typed as the service takes it; what is no decimal stays, for the service to refuse.
 *
 * @param {string} text
 */
export function typed(text) {
    const plain = text.replace(/[\s\u00a0\u202f']/g, "").replace("\u2212", "-");
    if (language() === "nb") return plain.includes(".") ? plain : plain.replace(",", ".");
    return /^-?\d{1,3}(,\d{3})+(\.\d*)?$/.test(plain) ? plain.replaceAll(",", "") : plain;
}

/**
 * Whether what was typed is a decimal, be it one that the service refuses.
 *
 * @param {HTMLElement} control
 */
function isDecimal(control) {
    return control instanceof HTMLInputElement &&
        /^-?\d+(\.\d+)?$/.test(typed(control.value));
}

/**
 * Shows what the service refused: at the fields it is about, and the rest above them.
 *
 * @param {HTMLElement} form
 * @param {HTMLElement} place where the rest is said
 * @param {import("../api.js").Refusal} refusal
 * @param {string} whole the refusal as a sentence
 */
export function refused(form, place, refusal, whole) {
    accepted(form, place);
    /** @type {HTMLElement | null} */
    let first = null;
    for (const error of refusal.problem.errors ?? []) {
        const part = form.querySelector(`[data-field="${CSS.escape(String(error.field))}"]`);
        const control = part?.querySelector("input, select, textarea");
        if (!(control instanceof HTMLElement)) continue;
        control.setAttribute("aria-invalid", "true");
        const label = part?.querySelector("label")?.textContent ?? "";
        const place = /** @type {Element} */ (part?.querySelector(".refusal"));
        const isOfNumber = error.code === "invalid_field" && control.inputMode === "decimal";
        const ofNumber = isDecimal(control) ? "invoice.other_number" : "invoice.not_a_number";
        fill(place, isOfNumber ? t(ofNumber) : told({ ...error, field: label }));
        first ??= control;
    }
    if (first === null) fill(place, whole);
    first?.focus();
}

/**
 * Takes away what was said against what was typed before.
 *
 * @param {HTMLElement} form
 * @param {HTMLElement} place
 */
export function accepted(form, place) {
    place.replaceChildren();
    for (const each of form.querySelectorAll(".refusal")) each.replaceChildren();
    for (const each of form.querySelectorAll("[aria-invalid]")) {
        each.removeAttribute("aria-invalid");
    }
}

/**
 * Keys for what one means to do once: another body is another intention.
 *
 * @returns {(body: unknown) => string}
 */
export function intention() {
    let before = "";
    let key = "";
    return (body) => {
        const now = JSON.stringify(body);
        if (now !== before || key === "") {
            before = now;
            key = crypto.randomUUID();
        }
        return key;
    };
}

/** The ways a detail can be charged. */
export const BILLING_TYPES = ["chargeable", "non_chargeable", "complimentary"];

/** @param {string} value */
export function billingType(value) {
    return t(`billing_type.${value}`);
}

/**
 * Puts these in the place of what an element has; the focus stays on what is there again.
 *
 * @param {Element} element
 * @param {...(import("../dom.js").Child | import("../dom.js").Child[])} children
 */
export function refill(element, ...children) {
    const active = document.activeElement;
    const part = active && active !== element && element.contains(active)
        ? active.getAttribute("data-part")
        : null;
    fill(element, ...children);
    if (part === null) return;
    const again = element.querySelector(`[data-part="${CSS.escape(part)}"]`);
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
}

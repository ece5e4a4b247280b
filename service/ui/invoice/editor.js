/**
 * A detail is edited: only what its rules let one edit, beside what others change meanwhile.
 */

import { Refusal } from "../api.js";
import { el, fill, setProps } from "../dom.js";
import { decimal } from "../format.js";
import { buttons } from "../overlay.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";
import { mayBeLost } from "../invoices/asking.js";
import { fieldName } from "./differences.js";
import {
    accepted,
    BILLING_TYPES,
    billingType,
    choiceInput,
    decimalInput,
    field,
    refused,
    typed,
} from "../invoices/forms.js";
import { Stale, staleText } from "./opened.js";

const DECIMALS = ["quantity", "unit_price", "amount", "tax"];

/**
 * @typedef {object} Editor
 * @property {HTMLFormElement} form
 * @property {string} line the contract line of the detail
 * @property {(detail: any) => void} update the detail is now so; null where it is gone
 * @property {() => boolean} isDirty whether something is typed that isn't saved
 * @property {() => void} focus
 */

/**
 * What of a detail can be edited (D-42, D-77, D-81).
 *
 * @param {any} detail
 */
export function editable(detail) {
    const isCorrection = detail.corrects_detail !== null;
    const texts = ["description", "external_description"];
    if (detail.kind === "milestone") {
        return [isCorrection ? "amount" : "billing_type", "tax", ...texts];
    }
    return ["quantity", "unit_price", "tax", ...(isCorrection ? [] : ["billing_type"]), ...texts];
}

/**
 * @param {any} line
 * @param {any} first the detail
 * @param {object} acts
 * @param {(changes: Record<string, unknown>) => Promise<void>} acts.save
 * @param {(status: string | null) => Promise<void>} acts.remove
 * @param {() => void} acts.close
 * @returns {Editor}
 */
export function editor(line, first, { save, remove, close }) {
    let base = first;
    const names = editable(first);
    /** @type {Map<string, HTMLInputElement | HTMLSelectElement>} */
    const controls = new Map(names.map((name) => [name, controlFor(name, first)]));
    const wrong = el("p", { class: "refusal", role: "alert" });
    const meanwhile = el("div", { class: "alert warn", role: "alert", hidden: true });
    const saving = el("button", { class: "first" }, t("save"));
    const removing = removals(first).map(({ label, status }) =>
        el("button", {
            type: "button",
            class: "danger",
            onclick: () => void act(() => remove(status)),
        }, label)
    );
    const form = el(
        "form",
        {
            class: "editor stack",
            novalidate: true,
            "aria-label": t("invoice.edit_of", { name: first.description }),
            onsubmit: submit,
            onkeydown: (/** @type {KeyboardEvent} */ event) => {
                if (event.key !== "Escape") return;
                event.stopPropagation();
                event.preventDefault(); // it would close the question, too
                void leave();
            },
        },
        meanwhile,
        el(
            "div",
            { class: "fields" },
            ...[...controls].map(([name, control]) =>
                field(name, fieldName(name), control, hint(name, first))
            ),
        ),
        wrong,
        buttons(
            ...removing,
            el("button", { type: "button", onclick: close }, t("cancel")),
            saving,
        ),
    );

    async function leave() {
        if (!isDirty() || await mayBeLost()) close();
    }

    function isDirty() {
        return Object.keys(changes()).length > 0;
    }

    /** @param {string} name */
    function value(name) {
        const { value } = /** @type {HTMLInputElement} */ (controls.get(name));
        if (DECIMALS.includes(name)) return typed(value);
        return name === "external_description" && value === "" ? null : value;
    }

    function changes() {
        return Object.fromEntries(
            names.filter((name) => value(name) !== base[name]).map((name) => [name, value(name)]),
        );
    }

    /** @param {Event} event */
    function submit(event) {
        event.preventDefault();
        const changed = changes();
        if (Object.keys(changed).length === 0) close();
        else void act(() => save(changed));
    }

    /** @param {() => Promise<void>} command */
    async function act(command) {
        if (saving.disabled) return;
        lock(true);
        accepted(form, wrong);
        try {
            await command();
        } catch (error) {
            if (error instanceof Stale) fill(wrong, ...staleText(error, t("invoice.stale_typed")));
            else if (error instanceof Refusal) refused(form, wrong, error, reason(error));
            else fill(wrong, reason(error));
        } finally {
            lock(false);
        }
    }

    /** @param {boolean} isLocked */
    function lock(isLocked) {
        for (const button of [saving, ...removing]) setProps(button, { disabled: isLocked });
    }

    return {
        form,
        line: line.line_id,
        isDirty,
        focus: () => controls.get(names[0] ?? "")?.focus(),
        update(detail) {
            if (detail === null) {
                meanwhile.hidden = false;
                fill(meanwhile, t("invoice.gone_meanwhile"));
                lock(true);
                return;
            }
            const others = [];
            for (const name of names) {
                const control = controls.get(name);
                if (!control || base[name] === detail[name]) continue;
                if (value(name) === base[name]) control.value = controlFor(name, detail).value;
                else if (value(name) !== detail[name]) others.push(now(name, detail[name]));
            }
            base = detail;
            if (others.length === 0) return;
            meanwhile.hidden = false;
            fill(
                meanwhile,
                el("p", {}, t("invoice.changed_meanwhile")),
                el("ul", {}, ...others.map((text) => el("li", {}, text))),
            );
        },
    };
}

/**
 * @param {string} name
 * @param {any} detail
 */
function controlFor(name, detail) {
    if (DECIMALS.includes(name)) return decimalInput(name, detail[name]);
    if (name === "billing_type") {
        return choiceInput(name, BILLING_TYPES, detail.billing_type, billingType);
    }
    return el("input", { name, value: detail[name] ?? "", maxlength: 1000 });
}

/**
 * @param {string} name
 * @param {any} detail
 */
function hint(name, detail) {
    if (name === "tax") return t("invoice.tax_hint");
    const isCorrection = detail.corrects_detail !== null;
    if (isCorrection && (name === "quantity" || name === "amount")) return t("invoice.stays_hint");
    return null;
}

/**
 * @param {string} name
 * @param {string | null} value
 */
function now(name, value) {
    const text = value === null
        ? "–"
        : DECIMALS.includes(name)
        ? decimal(value)
        : name === "billing_type"
        ? billingType(value)
        : value;
    return t("invoice.is_now", { field: fieldName(name), value: text });
}

/**
 * The ways a detail leaves the draft (D-69).
 *
 * @param {any} detail
 * @returns {{ label: string, status: string | null }[]}
 */
function removals(detail) {
    if (detail.corrects_detail !== null) {
        return [{ label: t("invoice.leave_billed"), status: null }];
    }
    if (detail.item_id === null) return [{ label: t("invoice.remove"), status: null }];
    return [
        { label: t("invoice.remove_ready"), status: "ready" },
        { label: t("invoice.remove_not_ready"), status: "not_ready" },
    ];
}

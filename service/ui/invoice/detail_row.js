/**
 * A detail as a row: what it is now, and beside it what it was drafted from.
 */

import { el } from "../dom.js";
import { date, decimal } from "../format.js";
import { urlOf } from "../location.js";
import { has, t } from "../words.js";

/**
 * @param {any} detail
 * @param {object} acts what can be done with it; null where it can't
 * @param {(() => void) | null} acts.edit
 * @param {((chosen: boolean) => void) | null} acts.choose
 * @param {boolean} acts.chosen
 * @param {boolean} acts.choosing whether there is a column to choose by
 * @param {boolean} acts.editing whether there is a column to edit by
 */
export function detailCells(detail, { edit, choose, chosen, choosing, editing }) {
    const was = wasOf(detail);
    return [
        choosing && el(
            "td",
            {},
            choose && el("input", {
                type: "checkbox",
                checked: chosen,
                "data-part": "box",
                "aria-label": t("invoice.select_detail", { name: detail.description }),
                onchange: (/** @type {Event} */ event) =>
                    choose(/** @type {HTMLInputElement} */ (event.target).checked),
            }),
        ),
        el("td", { class: "day" }, date(detail.date)),
        el(
            "th",
            { scope: "row" },
            el("span", { class: "what" }, detail.description || "–"),
            detail.external_description &&
                el("p", { class: "quiet" }, detail.external_description),
            marks(detail),
        ),
        el("td", {}, kindOf(detail.kind)),
        figure(detail.quantity, was?.quantity),
        figure(detail.unit_price, was?.unit_price),
        figure(detail.amount, was?.amount),
        figure(detail.tax, was?.tax),
        editing && el(
            "td",
            { class: "acts" },
            edit && el("button", {
                type: "button",
                "data-part": "edit",
                "aria-label": t("invoice.edit_of", { name: detail.description }),
                onclick: edit,
            }, t("invoice.edit")),
        ),
    ];
}

/**
 * What was billed before a correction, or what an edited detail was drafted from.
 *
 * @param {any} detail
 */
function wasOf(detail) {
    if (detail.corrects_detail !== null) {
        return {
            quantity: detail.original_quantity,
            unit_price: detail.original_unit_price,
            amount: detail.original_amount,
            tax: detail.original_tax,
            billing_type: detail.billing_type,
        };
    }
    return detail.edited ? detail.source : null;
}

/** @param {any} detail */
function marks(detail) {
    const was = wasOf(detail);
    const otherType = was && was.billing_type !== detail.billing_type;
    const texts = [
        detail.edited && detail.corrects_detail === null && mark("edited", t("invoice.edited")),
        otherType && el(
            "span",
            { class: "quiet" },
            t("invoice.was", { value: t(`billing_type.${was.billing_type}`) }),
        ),
        detail.item_id === null && detail.corrects_detail === null &&
        mark("hand", t("invoice.by_hand")),
        detail.recalled && mark("recalled", t("invoice.recalled")),
        detail.corrected_by && el(
            "a",
            { href: urlOf("invoices", detail.corrected_by), "data-part": "corrected" },
            t("invoice.corrected_by"),
        ),
    ].filter(Boolean);
    return texts.length > 0 && el("p", { class: "detail-marks" }, ...texts);
}

/**
 * @param {string} kind
 * @param {string} text
 */
function mark(kind, text) {
    return el("span", { class: `detail-mark ${kind}` }, text);
}

/**
 * @param {string} is
 * @param {string | undefined} was
 */
function figure(is, was) {
    return el(
        "td",
        { class: "amount" },
        decimal(is),
        was !== undefined && was !== is && el(
            "span",
            { class: "was" },
            el("span", { class: "unseen" }, t("invoice.was_before")),
            el("s", {}, decimal(was)),
        ),
    );
}

/** @param {string} kind */
function kindOf(kind) {
    return has(`class.${kind}`) ? t(`class.${kind}`) : kind;
}

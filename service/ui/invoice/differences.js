/**
 * What differs between two versions of an invoice, in words.
 */

import { count, decimal } from "../format.js";
import { t } from "../words.js";

/** Differences that are told; how many more there are is told, too. */
const TOLD = 8;
const FIGURES = ["quantity", "unit_price", "amount", "tax"];
const TEXTS = ["description", "external_description"];

/**
 * All details of an invoice, with their lines.
 *
 * @param {any} invoice
 * @returns {{ line: any, detail: any }[]}
 */
export function detailsOf(invoice) {
    return invoice.lines.flatMap((/** @type {any} */ line) =>
        line.details.map((/** @type {any} */ detail) => ({ line, detail }))
    );
}

/**
 * @param {any} before
 * @param {any} after
 * @returns {string[]} a sentence for each difference, as many as are worth telling
 */
export function differences(before, after) {
    const texts = [];
    if (before.status !== after.status) {
        texts.push(t("invoice.status_is_now", { status: t(`invoice_status.${after.status}`) }));
    }
    if (Boolean(before.approval) !== Boolean(after.approval)) {
        texts.push(t(after.approval ? "invoice.approved_now" : "invoice.not_approved_now"));
    }
    const old = new Map(detailsOf(before).map(({ detail }) => [detail.detail_id, detail]));
    for (const { detail } of detailsOf(after)) {
        const was = old.get(detail.detail_id);
        old.delete(detail.detail_id);
        if (was === undefined) texts.push(t("invoice.added", { name: detail.description }));
        else texts.push(...changesOf(was, detail));
    }
    for (const gone of old.values()) texts.push(t("invoice.removed", { name: gone.description }));
    return worthTelling(texts);
}

/**
 * The first of the changes, and how many more there are.
 *
 * @param {string[]} texts
 */
export function worthTelling(texts) {
    const rest = texts.length - TOLD;
    if (rest <= 1) return texts;
    return [
        ...texts.slice(0, TOLD),
        t("invoice.more_changes", { number: rest, count: count(rest) }),
    ];
}

/**
 * Which details of two versions differ, by their ids.
 *
 * @param {any} before
 * @param {any} after
 */
export function changedDetails(before, after) {
    const old = new Map(detailsOf(before).map(({ detail }) => [detail.detail_id, detail]));
    return new Set(
        detailsOf(after)
            .map(({ detail }) => detail)
            .filter((detail) => {
                const was = old.get(detail.detail_id);
                return was === undefined || changesOf(was, detail).length > 0;
            })
            .map((detail) => detail.detail_id),
    );
}

/**
 * @param {any} was
 * @param {any} is
 */
function changesOf(was, is) {
    /** @type {string[]} */
    const texts = [];
    /**
     * @param {string} field
     * @param {(value: any) => string} told
     */
    const compare = (field, told) => {
        if (was[field] === is[field]) return;
        texts.push(t("invoice.changed", {
            name: is.description,
            field: fieldName(field),
            before: told(was[field]),
            after: told(is[field]),
        }));
    };
    for (const field of FIGURES) compare(field, decimal);
    compare("billing_type", (value) => t(`billing_type.${value}`));
    for (const field of TEXTS) compare(field, (value) => value || "–");
    return texts;
}

/** @param {string} field */
export function fieldName(field) {
    if (field === "billing_type") return t("billing_type");
    if (field === "external_description") return t("invoice.external_description");
    return t(`field.${field}`);
}

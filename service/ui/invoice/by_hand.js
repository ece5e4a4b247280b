/**
 * A detail is added by hand: no item of the backlog stands behind it.
 */

import { el } from "../dom.js";
import { today } from "../format.js";
import { t } from "../words.js";
import { ask } from "../invoices/asking.js";
import { fieldName } from "./differences.js";
import {
    BILLING_TYPES,
    billingType,
    choiceInput,
    dateInput,
    decimalInput,
    field,
    intention,
    typed,
} from "../invoices/forms.js";

const CLASSES = ["time", "expense", "material", "fee"];

/**
 * Asks for the detail, and adds it.
 *
 * @param {ReturnType<import("./opened.js").opening>} opening
 * @returns {Promise<boolean>} whether it was added
 */
export function addByHand(opening) {
    const keyOf = intention();
    const { invoice, lines } = /** @type {import("./opened.js").Opened} */ (opening.opened);
    const ids = [...lines.values()]
        .filter((line) =>
            line.customers.some((/** @type {any} */ it) => it.customer_id === invoice.customer_id)
        )
        .map((line) => line.line_id);
    const all = ids.length > 0 ? ids : invoice.lines.map((/** @type {any} */ it) => it.line_id);
    const line = choiceInput("line_id", all, all[0] ?? "", (id) => lines.get(id)?.name ?? id);
    const kind = el("select", { name: "class" });
    const day = dateInput("date", invoice.cutoff ?? today());
    const quantity = decimalInput("quantity", "1");
    const price = decimalInput("unit_price", "");
    const tax = decimalInput("tax", "0");
    const type = choiceInput("billing_type", BILLING_TYPES, "chargeable", billingType);
    const description = el("input", { name: "description", maxlength: 1000 });
    const external = el("input", { name: "external_description", maxlength: 1000 });

    function classes() {
        const of = lines.get(line.value);
        const offered = of?.billing_method === "time_and_material" ? of.includes : CLASSES;
        const before = kind.value || "fee";
        kind.replaceChildren(
            ...CLASSES.filter((each) => offered.includes(each)).map((each) =>
                el("option", { value: each, selected: each === before }, t(`class.${each}`))
            ),
        );
    }
    line.addEventListener("change", classes);
    classes();

    const body = () => ({
        line_id: line.value,
        class: kind.value,
        date: day.value,
        quantity: typed(quantity.value),
        unit_price: typed(price.value),
        tax: typed(tax.value) || "0",
        billing_type: type.value,
        description: description.value,
        external_description: external.value || null,
    });
    return ask({
        title: t("invoice.add_by_hand"),
        wide: true,
        content: [
            el(
                "div",
                { class: "fields" },
                field("line_id", t("field.line"), line),
                field("class", t("class"), kind),
                field("date", t("field.date"), day),
                field("description", t("field.description"), description),
                field("quantity", t("field.quantity"), quantity, t("invoice.discount_hint")),
                field("unit_price", t("field.unit_price"), price),
                field("tax", t("field.tax"), tax),
                field("billing_type", t("billing_type"), type),
                field("external_description", fieldName("external_description"), external),
            ),
        ],
        yes: t("invoice.add"),
        act: () => {
            const detail = body();
            return opening.command("POST", "/details", detail, { key: keyOf(detail) });
        },
    });
}

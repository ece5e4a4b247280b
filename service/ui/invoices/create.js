/**
 * Invoices are created of all that is ready up to a day.
 */

import { el } from "../dom.js";
import { today } from "../format.js";
import { dateInput, field } from "../invoice/forms.js";
import { t } from "../words.js";
import { begin } from "./beginning.js";

/**
 * Asks up to which day, and begins.
 *
 * @returns {Promise<string | null>} the job that creates them; null when it was left
 */
export function createInvoices() {
    const cutoff = dateInput("cutoff", today(), { autofocus: true });
    return begin(
        t("invoices.create"),
        [
            el("p", {}, t("invoices.create_text")),
            field("cutoff", t("invoices.cutoff"), cutoff, t("invoices.cutoff_hint")),
        ],
        t("invoices.create"),
        "v1/invoices",
        () => ({ cutoff: cutoff.value }),
    );
}

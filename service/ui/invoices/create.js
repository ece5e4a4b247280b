/**
 * Invoices are created of all that is ready up to a day.
 */

import { send } from "../api.js";
import { el } from "../dom.js";
import { today } from "../format.js";
import { t } from "../words.js";
import { ask } from "./asking.js";
import { dateInput, field, intention } from "./forms.js";

/**
 * Asks up to which day, and begins.
 *
 * @returns {Promise<string | null>} the job that creates them; null when it was left
 */
export async function createInvoices() {
    const keyOf = intention();
    const cutoff = dateInput("cutoff", today(), { autofocus: true });
    let job = null;
    await ask({
        title: t("invoices.create"),
        content: [
            el("p", {}, t("invoices.create_text")),
            field("cutoff", t("invoices.cutoff"), cutoff, t("invoices.cutoff_hint")),
        ],
        yes: t("invoices.create"),
        act: async () => {
            const body = { cutoff: cutoff.value };
            job = (await send("POST", "v1/invoices", body, { key: keyOf(body) })).job_id;
        },
    });
    return job;
}

/**
 * A draft is deleted, and made again as long as nothing of it was edited.
 */

import { send } from "../api.js";
import { el } from "../dom.js";
import { count } from "../format.js";
import { go, urlOf } from "../location.js";
import { confirm, notify } from "../overlay.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";
import { detailsOf } from "./differences.js";

/** The most items that one call drafts: a draft of more can't be made again as it was. */
const MOST = 10_000;

/**
 * Deletes the draft that is open; asks first where edits would be lost with it.
 *
 * @param {ReturnType<import("./opened.js").opening>} opening
 * @param {() => void} onDeleted called before another screen is shown
 */
export async function deleteDraft(opening, onDeleted) {
    const seen = /** @type {import("./opened.js").Opened} */ (opening.opened);
    const { invoice } = seen;
    const details = detailsOf(invoice).map(({ detail }) => detail);
    const loses = details.filter((each) => each.edited || each.item_id === null).length;
    const losing = t("invoice.delete_loses", { number: loses, count: count(loses) });
    if (
        loses > 0 &&
        !await confirm(t("invoice.delete_title"), [el("p", {}, losing)], t("invoice.delete"))
    ) return;
    await opening.command("DELETE", "", undefined, { seen });
    onDeleted();
    go(urlOf("invoices"));
    const canUndo = loses === 0 && invoice.corrects === null && details.length > 0 &&
        details.length <= MOST;
    const { contract_id, cutoff } = invoice;
    const body = { contract_id, cutoff, items: details.map((each) => each.item_id) };
    const undo = { action: { label: t("undo"), act: () => void again(body) } };
    notify(t("invoice.deleted"), canUndo ? undo : {});
}

/**
 * Makes a draft again that was deleted, and opens it.
 *
 * @param {{ contract_id: string, cutoff: string | null, items: string[] }} body
 */
async function again(body) {
    try {
        const { invoices } = await send("POST", "v1/invoices", body);
        go(urlOf("invoices", invoices[0].invoice_id));
    } catch (error) {
        notify(reason(error), { kind: "failed" });
    }
}

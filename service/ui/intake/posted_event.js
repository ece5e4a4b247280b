/**
 * What a posted event says of itself: what it is, what it is about, and all its data on demand.
 */

import { el } from "../dom.js";
import { urlOf } from "../location.js";
import { has, t } from "../words.js";

/**
 * What an event is, and the id under which whoever posted it finds it again.
 *
 * @param {{ type: string | null, id: string | null, source: string | null }} event
 * @returns {import("../dom.js").Child[]}
 */
export function whichEvent({ type, id, source }) {
    const name = type !== null && has(`event.${type}`) ? t(`event.${type}`) : type ?? "–";
    return [
        el("strong", {}, name),
        el("div", {}, id ?? "–"),
        el("div", { class: "quiet" }, source ?? "–"),
    ];
}

/**
 * The contract, line and approval that it names.
 *
 * @param {{ contract_id: string | null, line_id: string | null, approval_id: string | null }} event
 * @param {{ known?: boolean }} [options] whether the contract is on the books, to be looked at
 * @returns {import("../dom.js").Child[]}
 */
export function about({ contract_id, line_id, approval_id }, { known = true } = {}) {
    const contract = contract_id !== null && known
        ? el("a", { href: urlOf("contracts", contract_id) }, contract_id)
        : contract_id;
    return [
        named("contract", contract),
        named("line", line_id),
        named("approval", approval_id),
    ];
}

/**
 * @param {string} field
 * @param {Node | string | null} value
 */
function named(field, value) {
    return value !== null &&
        el("div", {}, el("span", { class: "quiet" }, `${t(`field.${field}`)}: `), value);
}

/**
 * Data as it was posted or answered, opened on demand.
 *
 * @param {string} label
 * @param {unknown} data
 */
export function raw(label, data) {
    const details = el("details", {}, el("summary", { "data-act": "raw" }, label));
    details.addEventListener("toggle", () => {
        if (details.open && details.childElementCount === 1) {
            details.append(el("pre", {}, JSON.stringify(data, null, 2)));
        }
    });
    return details;
}

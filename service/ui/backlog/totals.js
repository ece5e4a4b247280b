/**
 * What all that match come to, by currency and billing status: one card a currency.
 */

import { share, sum } from "../amounts.js";
import { el, keyed, setText } from "../dom.js";
import { count, decimal } from "../format.js";
import { t } from "../words.js";

/** @typedef {{ currency: string, billing_status: string, billing_type: string, count: number, amount: string }} Total */

const ORDER = ["not_ready", "ready", "invoice_created", "invoice_posted", "canceled"];

export function totalsBar() {
    const element = el("ul", { class: "cards totals", "aria-label": t("backlog.totals") });

    /** @param {Total[]} totals */
    function show(totals) {
        const currencies = [...new Set(totals.map((each) => each.currency))].sort();
        keyed(element, currencies, (currency) => currency, card, (of, currency) => {
            const mine = totals.filter((each) => each.currency === currency);
            update(of, currency, mine);
        });
    }
    return { element, show };
}

function card() {
    return el(
        "li",
        { class: "card" },
        el("p", { class: "of" }, el("strong"), el("span", { class: "quiet" })),
        el("div", { class: "bar", "aria-hidden": "true" }),
        el("dl", { class: "parts" }),
    );
}

/**
 * @param {HTMLElement} element
 * @param {string} currency
 * @param {Total[]} totals
 */
function update(element, currency, totals) {
    const [name, items] = element.querySelectorAll(".of > *");
    const number = totals.reduce((all, each) => all + each.count, 0);
    if (name) setText(name, currency);
    if (items) setText(items, t("number_of_items", { number, count: count(number) }));
    const parts = ORDER.flatMap((status) => {
        const of = totals.filter((each) => each.billing_status === status);
        return of.length > 0 ? [{ status, amount: sum(of.map((each) => each.amount)) }] : [];
    });
    const whole = sum(parts.map((each) => each.amount).filter((each) => !each.startsWith("-")));
    const key = (/** @type {{ status: string }} */ each) => each.status;
    const bar = /** @type {HTMLElement} */ (element.querySelector(".bar"));
    keyed(bar, parts, key, ({ status }) => el("span", { class: status }), (part, { amount }) => {
        part.style.width = `${100 * share(amount, whole)}%`;
    });
    const list = /** @type {HTMLElement} */ (element.querySelector(".parts"));
    keyed(
        list,
        parts,
        key,
        ({ status }) =>
            el(
                "div",
                {},
                el("dt", {}, el("span", { class: `dot ${status}` }), t(`billing_status.${status}`)),
                el("dd", { class: "amount" }),
            ),
        (part, { amount }) => setText(part.lastElementChild, decimal(amount)),
    );
}

/**
 * What stays billed of work that was recalled or corrected: its invoices are to be corrected, or it is waived.
 */

import { send } from "../api.js";
import { el } from "../dom.js";
import { decimal, money } from "../format.js";
import { change, urlOf } from "../location.js";
import { notify } from "../overlay.js";
import { pagedList } from "../paged_list.js";
import { t } from "../words.js";
import { about } from "./posted_event.js";
import { askReason } from "./ask_reason.js";

const STATUSES = ["open", "closed", "waived"];

/** @param {import("../app.js").App} app */
export function obligations(app) {
    const mayWaive = app.may("invoices:write") && !app.session.restricted;
    const mayOpen = app.may("invoices:read");
    const list = pagedList({
        path: "v1/intake/obligations",
        label: t("intake.obligations"),
        heads: [
            t("intake.about"),
            { amount: t("intake.stays_billed") },
            t("intake.why"),
            t("intake.status"),
            ...(mayWaive ? [""] : []),
        ],
        keyOf: ({ obligation_id }) => obligation_id,
        cells: (one) => [
            [
                ...about(one),
                el("span", { class: "quiet" }, `${t("field.customer")}: `),
                one.customer_id,
            ],
            [
                el("div", { class: "amount" }, money(one.amount, one.currency)),
                el(
                    "div",
                    { class: "amount quiet" },
                    `${t("field.quantity")}: ${decimal(one.quantity)}`,
                ),
                mayOpen &&
                el(
                    "div",
                    { class: "amount" },
                    el("a", { href: urlOf("invoices", one.invoice_id) }, t("intake.its_invoice")),
                ),
            ],
            [
                el("p", {}, t(`intake.cause.${one.cause === "recall" ? "recall" : "correction"}`)),
                one.reason && el("p", { class: "quiet" }, one.reason),
            ],
            [
                el("span", { class: `status ${one.status}` }, t(`intake.status.${one.status}`)),
                one.waived_for && el("p", { class: "quiet" }, one.waived_for),
            ],
            ...(mayWaive ? [one.status === "open" ? actions(one) : []] : []),
        ],
        nothing: () => [
            el("h2", {}, t("intake.obligations.none")),
            el("p", {}, t("intake.obligations.when")),
        ],
    });

    /**
     * @param {any} one
     * @returns {import("../dom.js").Child[]}
     */
    function actions(one) {
        const path = `v1/intake/obligations/${encodeURIComponent(one.obligation_id)}/waive`;
        return [
            el("button", {
                type: "button",
                class: "danger",
                "data-act": "waive",
                "aria-label": `${t("intake.waive")}: ${one.approval_id}`,
                onclick: async () => {
                    const texts = {
                        title: t("intake.waive.title", { approval: one.approval_id }),
                        explained: t("intake.waive.explained", {
                            amount: money(one.amount, one.currency),
                        }),
                        yes: t("intake.waive"),
                    };
                    const done = await askReason(
                        texts,
                        (why, key) => send("POST", path, { reason: why }, { key }),
                    );
                    if (!done) return;
                    notify(t("intake.waived", { approval: one.approval_id }));
                    await list.reload(one.obligation_id);
                },
            }, t("intake.waive")),
        ];
    }

    const select = el(
        "select",
        {
            id: "obligation-status",
            onchange: (/** @type {Event} */ event) => {
                const { value } = /** @type {HTMLSelectElement} */ (event.target);
                change({ status: value === "open" ? null : value });
            },
        },
        ...["open", "closed", "waived", "all"].map((value) =>
            el("option", { value }, value === "all" ? t("all") : t(`intake.status.${value}`))
        ),
    );
    const filter = el(
        "div",
        { class: "field intake-filter" },
        el("label", { for: "obligation-status" }, t("intake.status")),
        select,
    );
    return {
        ...list,
        element: el("div", { class: "stack" }, filter, list.element),
        /** @param {URLSearchParams} params */
        show(params) {
            const status = params.get("status") ?? "open";
            select.value = [...STATUSES, "all"].includes(status) ? status : "open";
            list.show({
                status: select.value === "all" ? null : select.value,
                contract_id: params.getAll("contract_id"),
                invoice_id: params.getAll("invoice_id"),
                approval_id: params.getAll("approval_id"),
            });
        },
    };
}

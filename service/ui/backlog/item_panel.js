/**
 * Beside the list: one item explained. Its figures, the limits that it is held against, what is short.
 */

import { get } from "../api.js";
import { share, sum } from "../amounts.js";
import { el, fill } from "../dom.js";
import { date, decimal, money } from "../format.js";
import { urlOf } from "../location.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";

/**
 * @param {import("../app.js").App} app
 * @param {() => void} close
 * @param {(item: Record<string, any>) => import("../dom.js").Child} more what else a view shows of an item
 */
export function itemPanel(app, close, more) {
    const content = el("div", { class: "stack" });
    const element = el(
        "aside",
        { class: "panel", "aria-label": t("backlog.item"), tabindex: "-1" },
        el("button", {
            type: "button",
            class: "icon close",
            "aria-label": t("close"),
            onclick: close,
        }, "✕"),
        content,
    );
    element.hidden = true;
    let shown = /** @type {string | null} */ (null);
    let turn = 0;

    /**
     * @param {string | null} itemId
     * @param {Record<string, any> | null} [known] what the list has of it already
     */
    async function show(itemId, known = null) {
        const mine = ++turn;
        element.hidden = itemId === null;
        const isSame = shown === itemId;
        shown = itemId;
        if (itemId === null) return;
        if (known) fill(content, ...itemParts(app, known, null));
        else if (!isSame) fill(content, el("p", { class: "quiet" }, t("loading")));
        try {
            const item = await get(`v1/backlog/${encodeURIComponent(itemId)}`);
            const limits = await get(`v1/contracts/${encodeURIComponent(item.contract_id)}/limits`);
            if (mine === turn) fill(content, ...itemParts(app, item, limits.levels), more(item));
        } catch (error) {
            if (mine !== turn) return;
            fill(
                content,
                el("p", { class: "alert", role: "alert" }, reason(error)),
                el("button", { type: "button", onclick: () => show(itemId) }, t("retry")),
            );
        }
    }
    return { element, show, again: () => show(shown) };
}

/**
 * @param {import("../app.js").App} app
 * @param {Record<string, any>} item
 * @param {Record<string, any>[] | null} levels
 */
function itemParts(app, item, levels) {
    const isSale = item.milestone_id === undefined;
    return [
        el("h2", { class: "sum" }, money(item.amount, item.currency)),
        el("p", {}, (isSale ? item.description : item.milestone_name) ?? ""),
        el(
            "dl",
            { class: "facts" },
            fact(t("field.customer"), item.customer_name),
            fact(
                t("field.contract"),
                el("a", { href: urlOf("contracts", item.contract_id) }, item.contract_name),
            ),
            fact(t("field.line"), item.line_name),
            fact(t("field.date"), date(item.date)),
            isSale &&
                fact(
                    t("backlog.quantity_price"),
                    `${decimal(item.quantity)} × ${decimal(item.unit_price)}`,
                ),
            fact(t("field.tax"), money(item.tax, item.currency)),
            isSale && fact(t("class"), t(`class.${item.class}`)),
            item.resource && fact(t("field.resource"), item.resource),
            item.approval_id && fact(t("field.approval"), item.approval_id),
            !isSale &&
                fact(t("milestone_status"), status("milestone_status", item.milestone_status)),
            fact(t("billing_type"), t(`billing_type.${item.billing_type}`)),
            fact(t("billing_status"), status("billing_status", item.billing_status)),
            isSale && fact(t("nte_status"), status("nte_status", item.nte_status)),
            item.invoice_id &&
                fact(
                    t("field.invoice"),
                    app.may("invoices:read")
                        ? el(
                            "a",
                            { href: urlOf("invoices", item.invoice_id) },
                            t("backlog.open_invoice"),
                        )
                        : item.invoice_id,
                ),
        ),
        ...(item.nte_detail ?? []).map((/** @type {Record<string, string>} */ failed) =>
            el(
                "p",
                { class: "alert" },
                t("backlog.over_limit", {
                    amount: money(failed.shortfall ?? "0", item.currency),
                    level: t(`level.${failed.level}`),
                }),
            )
        ),
        ...(levels && isSale ? limits(item, levels) : []),
        app.may("audit:read") &&
        el("a", { href: urlOf("history", null, { item_id: item.item_id }) }, t("backlog.history")),
    ];
}

/**
 * @param {string} name
 * @param {import("../dom.js").Child} value
 */
function fact(name, value) {
    return el("div", {}, el("dt", {}, name), el("dd", {}, value));
}

/**
 * @param {string} kind
 * @param {string} value
 */
function status(kind, value) {
    return el("span", { class: `status ${value}` }, t(`${kind}.${value}`));
}

/**
 * The limits at the four levels that an item is held against; those without a limit are left out.
 *
 * @param {Record<string, any>} item
 * @param {Record<string, any>[]} levels
 */
function limits(item, levels) {
    const mine = levels.filter((level) =>
        level.limit !== null &&
        (level.line_id === null || level.line_id === item.line_id) &&
        (level.customer_id === null || level.customer_id === item.customer_id)
    );
    if (mine.length === 0) return [];
    return [
        el("h3", {}, t("backlog.limits")),
        ...mine.map((level) => {
            const parts = ["invoiced", "committed"].map((name) => {
                const part = el("span", { class: name });
                part.style.width = `${100 * share(level[name], level.limit)}%`;
                return part;
            });
            return el(
                "div",
                { class: "level" },
                el(
                    "p",
                    { class: "of" },
                    el("span", {}, t(`level.${level.level}`)),
                    el(
                        "span",
                        { class: "quiet" },
                        t("backlog.used_of", {
                            used: decimal(sum([level.invoiced, level.committed])),
                            limit: money(level.limit, item.currency),
                        }),
                    ),
                ),
                el("div", { class: "bar", "aria-hidden": "true" }, ...parts),
                el(
                    "p",
                    { class: "quiet" },
                    t("backlog.remaining", { amount: money(level.remaining, item.currency) }),
                ),
            );
        }),
    ];
}

/**
 * Lines with their customers and shares.
 */

import { el } from "../dom.js";
import { decimal } from "../format.js";
import { t } from "../words.js";

/**
 * A contract's lines: how each is billed, and who pays which share of it.
 *
 * @param {any[]} lines
 * @param {Map<string, string>} customers
 * @param {((line: any) => void) | null} edit
 */
export function sharesTable(lines, customers, edit) {
    return el(
        "div",
        {
            class: "scroll",
            tabindex: "0",
            role: "group",
            "aria-label": t("contracts.part.shares"),
        },
        el(
            "table",
            { class: "plain-table" },
            el("caption", { class: "unseen" }, t("contracts.part.shares")),
            el(
                "thead",
                {},
                el(
                    "tr",
                    {},
                    el("th", { scope: "col" }, t("field.line")),
                    el("th", { scope: "col" }, t("contracts.billed_by")),
                    el("th", { scope: "col" }, t("field.project")),
                    el("th", { scope: "col" }, t("field.customer")),
                    el("th", { scope: "col", class: "amount" }, t("contracts.share")),
                    edit && el("th", { scope: "col" }, el("span", { class: "unseen" }, t("more"))),
                ),
            ),
            ...lines.map((line) =>
                el(
                    "tbody",
                    {},
                    ...line.customers.map((/** @type {any} */ each, /** @type {number} */ at) => {
                        const rowspan = line.customers.length;
                        return el(
                            "tr",
                            {},
                            ...(at > 0 ? [] : [
                                el(
                                    "th",
                                    { scope: "rowgroup", rowspan },
                                    line.name,
                                    el("div", { class: "quiet" }, line.line_id),
                                ),
                                el(
                                    "td",
                                    { rowspan },
                                    t(`contracts.method.${line.billing_method}`),
                                ),
                                el("td", { rowspan }, line.project_id),
                            ]),
                            el(
                                "td",
                                {},
                                customers.get(each.customer_id) ?? each.customer_id,
                                each.rounding &&
                                    el("div", { class: "quiet" }, t("contracts.rounding")),
                            ),
                            el("td", { class: "amount" }, `${decimal(each.split_percent)} %`),
                            edit && at === 0 && el(
                                "td",
                                { rowspan },
                                el(
                                    "button",
                                    {
                                        type: "button",
                                        id: `edit-${line.line_id}`,
                                        "aria-label": t("contracts.edit_limits_of", {
                                            name: line.name,
                                        }),
                                        onclick: () => edit(line),
                                    },
                                    t("contracts.edit_limits"),
                                ),
                            ),
                        );
                    }),
                )
            ),
        ),
    );
}

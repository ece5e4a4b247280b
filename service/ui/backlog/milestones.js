/**
 * Milestones by hand: made on a line, changed and deleted, as one header with its customers' parts.
 */

import { get, getAll, Refusal, send } from "../api.js";
import { typed } from "../amounts.js";
import { el, fill } from "../dom.js";
import { money, today } from "../format.js";
import { buttons, confirm, dialog, notify } from "../overlay.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";

/** @typedef {Record<string, any>} Milestone */

/**
 * The header that a part belongs to, with the other parts, and what can be done with it.
 *
 * @param {import("../app.js").App} app
 * @param {Record<string, any>} part
 * @param {(position: number) => void} wrote
 */
export function milestoneOf(app, part, wrote) {
    const element = el("section", { class: "stack" }, el("p", { class: "quiet" }, t("loading")));

    async function show() {
        try {
            const milestone = await get(`v1/milestones/${encodeURIComponent(part.milestone_id)}`);
            fill(element, ...shown(milestone));
        } catch (error) {
            fill(element, el("p", { class: "alert" }, reason(error)));
        }
    }

    /** @param {Milestone} milestone */
    function shown(milestone) {
        const { name, amount, tax, currency, parts, status } = milestone;
        return [
            el("h3", {}, t("milestone.header")),
            el(
                "p",
                { class: "of" },
                el("span", {}, name),
                el("span", { class: `status ${status}` }, t(`milestone_status.${status}`)),
            ),
            el(
                "p",
                {},
                t("milestone.in_all", {
                    amount: money(amount, currency),
                    tax: money(tax, currency),
                }),
            ),
            el(
                "ul",
                { class: "values" },
                ...parts.map((/** @type {Record<string, any>} */ each) =>
                    el(
                        "li",
                        {},
                        el("span", {}, each.customer_name ?? each.customer_id),
                        el("span", { class: "amount" }, money(each.amount, currency)),
                    )
                ),
            ),
            app.may("contracts:write") &&
            buttons(
                el("button", {
                    type: "button",
                    class: "danger",
                    onclick: () => void remove(milestone),
                }, t("delete")),
                el(
                    "button",
                    { type: "button", onclick: () => void changed(milestone) },
                    t("milestone.change"),
                ),
            ),
        ];
    }

    /** @param {Milestone} milestone */
    async function changed(milestone) {
        const answer = await milestoneForm(
            t("milestone.change"),
            milestone,
            (fields) =>
                send(
                    "PATCH",
                    `v1/milestones/${encodeURIComponent(milestone.milestone_id)}`,
                    fields,
                    {
                        match: milestone.etag,
                    },
                ),
        );
        if (!answer) return;
        wrote(answer.position);
        await show();
    }

    /** @param {Milestone} milestone */
    async function remove(milestone) {
        const text = el("p", {}, t("milestone.delete_text", { name: milestone.name }));
        if (!(await confirm(t("milestone.delete_title"), [text], t("delete")))) return;
        try {
            const answer = await send(
                "DELETE",
                `v1/milestones/${encodeURIComponent(milestone.milestone_id)}`,
                undefined,
                { match: milestone.etag },
            );
            notify(t("milestone.deleted", { name: milestone.name }));
            wrote(answer.position);
        } catch (error) {
            notify(reason(error), { kind: "failed" });
            await show();
        }
    }

    void show();
    return element;
}

/**
 * The button that makes a milestone.
 *
 * @param {(position: number) => void} wrote
 */
export function newMilestoneButton(wrote) {
    const button = el("button", {
        type: "button",
        onclick: async () => {
            button.disabled = true;
            const lines = await fixedPriceLines();
            button.disabled = false;
            if (lines === null || document.querySelector("dialog[open]")) return;
            const answer = await milestoneForm(t("milestone.new"), null, (fields, line) => {
                const { contract_id, line_id } = lines[Number(line)] ?? {};
                const path = [contract_id, line_id].map(encodeURIComponent).join("/lines/");
                return send("POST", `v1/contracts/${path}/milestones`, fields);
            }, lines);
            if (answer) wrote(answer.position);
        },
    }, t("milestone.new"));
    return button;
}

async function fixedPriceLines() {
    try {
        const { items } = await getAll("v1/lines", { billing_method: "fixed_price" });
        if (items.length > 0) return items;
        notify(t("milestone.no_lines"), { kind: "failed" });
    } catch (error) {
        notify(reason(error), { kind: "failed" });
    }
    return null;
}

/**
 * Asks for a milestone's fields, until the service takes them or the reader gives up.
 *
 * @param {string} title
 * @param {Milestone | null} milestone
 * @param {(fields: Record<string, string | null>, line: string) => Promise<any>} write
 * @param {Record<string, any>[]} [lines] to choose one of
 * @returns {Promise<any>}
 */
function milestoneForm(title, milestone, write, lines = []) {
    const line = el(
        "select",
        { id: "milestone-line" },
        ...lines.map((each, at) =>
            el("option", { value: at }, `${each.contract_id} · ${each.name} (${each.currency})`)
        ),
    );
    const name = input("name", { value: milestone?.name ?? "", maxlength: 200, required: true });
    const amount = input("amount", {
        value: milestone?.amount ?? "",
        inputmode: "decimal",
        required: true,
    });
    const tax = input("tax", {
        value: milestone?.tax ?? "0",
        inputmode: "decimal",
        required: true,
    });
    const date = input("date", { type: "date", value: milestone?.date ?? today(), required: true });
    const task = input("task", { value: milestone?.task_id ?? "", maxlength: 64 });
    const problem = el("p", { class: "refusal", role: "alert" });
    return dialog(title, (end) => {
        const save = el("button", { class: "first" }, t("save"));

        /** @param {Event} event */
        async function submitted(event) {
            event.preventDefault();
            problem.textContent = "";
            save.disabled = true;
            try {
                const fields = {
                    name: name.value.trim(),
                    amount: typed(amount.value),
                    tax: typed(tax.value),
                    date: date.value,
                    task_id: task.value.trim() || null,
                };
                if (fields.amount === null || fields.tax === null) {
                    problem.textContent = t("not_an_amount");
                } else end(await write(fields, line.value));
            } catch (error) {
                problem.textContent = reason(error);
                if (error instanceof Refusal && error.code === "stale_version") {
                    problem.textContent += ` ${t("milestone.changed_meanwhile")}`;
                }
            }
            save.disabled = false;
        }

        return [
            el(
                "form",
                { class: "stack", onsubmit: submitted },
                lines.length > 0 && field("line", line),
                field("milestone", name),
                el("div", { class: "fields" }, field("amount", amount), field("tax", tax)),
                el("div", { class: "fields" }, field("date", date), field("task", task)),
                problem,
                buttons(save),
            ),
        ];
    });
}

/**
 * @param {string} id
 * @param {import("../dom.js").Props} props
 */
function input(id, props) {
    return el("input", { id: `milestone-${id}`, autocomplete: "off", ...props });
}

/**
 * @param {string} label
 * @param {HTMLElement} control
 */
function field(label, control) {
    return el(
        "div",
        { class: "field" },
        el("label", { for: control.id }, t(`field.${label}`)),
        control,
    );
}

/**
 * Changing a contract's name and limits, and a line's limits; what others changed meanwhile is told.
 */

import { typed } from "../amounts.js";
import { get, Refusal, send } from "../api.js";
import { el } from "../dom.js";
import { decimal } from "../format.js";
import { buttons, dialog, notify } from "../overlay.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";

/** @typedef {{ id: string, label: string, amount: string | null }} Limit */

/**
 * @param {any} contract as it was read, with its ETag
 * @returns {Promise<boolean>} whether it was changed
 */
export function editContract(contract) {
    const path = `v1/contracts/${encodeURIComponent(contract.contract_id)}`;
    const name = el("input", {
        id: "contract-name",
        required: true,
        maxlength: "200",
        value: contract.name,
        autofocus: true,
    });
    return edited(
        t("contracts.edit"),
        contract.currency,
        [
            el(
                "div",
                { class: "field" },
                el("label", { for: "contract-name" }, t("contracts.name")),
                name,
            ),
        ],
        [
            { id: "whole", label: t("contracts.limit_whole"), amount: contract.nte_limit },
            ...contract.customers.map((/** @type {any} */ each) => ({
                id: `customer-${each.customer_id}`,
                label: t("contracts.limit_for", { name: each.name }),
                amount: each.nte_limit,
            })),
        ],
        path,
        contract.etag,
        (now, limit) => ({
            name: name.value === contract.name ? now.name : name.value.trim(),
            currency: now.currency,
            nte_limit: limit("whole", now.nte_limit),
            customers: now.customers.map((/** @type {any} */ each) => ({
                customer_id: each.customer_id,
                name: each.name,
                nte_limit: limit(`customer-${each.customer_id}`, each.nte_limit),
            })),
        }),
        contract,
    );
}

/**
 * @param {any} listed the line, as lists show it
 * @param {Map<string, string>} customers names by ids
 * @returns {Promise<boolean>} whether it was changed
 */
export async function editLine(listed, customers) {
    const path = `v1/contracts/${encodeURIComponent(listed.contract_id)}/lines/` +
        encodeURIComponent(listed.line_id);
    let line;
    try {
        line = await get(path); // a list has no ETag
    } catch (error) {
        notify(reason(error), { kind: "failed" });
        return false;
    }
    return edited(
        t("contracts.edit_limits_of", { name: line.name }),
        line.currency,
        [],
        [
            { id: "whole", label: t("contracts.limit_line"), amount: line.nte_limit },
            ...line.customers.map((/** @type {any} */ each) => ({
                id: `customer-${each.customer_id}`,
                label: t("contracts.limit_for", {
                    name: customers.get(each.customer_id) ?? each.customer_id,
                }),
                amount: each.nte_limit,
            })),
        ],
        path,
        line.etag,
        (now, limit) => ({
            name: now.name,
            project_id: now.project_id,
            billing_method: now.billing_method,
            nte_limit: limit("whole", now.nte_limit),
            customers: now.customers.map((/** @type {any} */ each) => ({
                customer_id: each.customer_id,
                split_percent: each.split_percent,
                rounding: each.rounding,
                nte_limit: limit(`customer-${each.customer_id}`, each.nte_limit),
            })),
        }),
        line,
    );
}

/**
 * A form of limits. It stays open with what was typed until the service has taken it, or one gives up.
 *
 * @param {string} title
 * @param {string} currency
 * @param {HTMLElement[]} fields
 * @param {Limit[]} limits
 * @param {string} path
 * @param {string} etag
 * @param {(now: any, limit: (id: string, now: string | null) => string | null) => unknown} bodyOf
 * @param {any} before what was read under the ETag
 */
async function edited(title, currency, fields, limits, path, etag, bodyOf, before) {
    const state = { etag, now: before };
    const inputs = limits.map(({ id, label, amount }) => {
        const input = el("input", {
            id: `limit-${id}`,
            inputmode: "decimal",
            autocomplete: "off",
            class: "amount",
            value: shownOf(amount),
            "aria-describedby": `limit-${id}-problem`,
        });
        const problem = el("p", { class: "refusal", id: `limit-${id}-problem` });
        input.addEventListener("input", () => {
            problem.textContent = "";
            input.removeAttribute("aria-invalid");
        });
        return { id, label, input, problem, untouched: input.value };
    });
    const refusal = el("p", { class: "refusal", role: "alert" });
    const save = el("button", { class: "first" }, t("save"));

    const answer = await dialog(title, (end) => {
        const form = el(
            "form",
            { class: "stack", novalidate: true },
            ...fields,
            el("p", { class: "quiet" }, t("contracts.limit_help", { currency })),
            ...inputs.map(({ id, label, input, problem }) =>
                el(
                    "div",
                    { class: "field" },
                    el("label", { for: `limit-${id}` }, label),
                    input,
                    problem,
                )
            ),
            refusal,
            buttons(
                el("button", { type: "button", onclick: () => end(null) }, t("cancel")),
                save,
            ),
        );
        form.addEventListener("submit", async (event) => {
            event.preventDefault();
            if (save.disabled || !isValid(form)) return;
            save.disabled = true;
            refusal.textContent = "";
            try {
                await send("PUT", path, bodyOf(state.now, chosen), { match: state.etag });
                notify(t("contracts.saved"));
                end(true);
            } catch (error) {
                refusal.textContent = reason(error);
                if (error instanceof Refusal && error.status === 412) await renew();
            } finally {
                save.disabled = false;
            }
        });
        return [form];
    });
    return answer === true;

    /** @param {HTMLFormElement} form */
    function isValid(form) {
        for (const { input, problem } of inputs) {
            if (limitOf(input.value) === undefined) {
                problem.textContent = t("contracts.no_amount", { example: decimal("25400.00") });
                input.setAttribute("aria-invalid", "true");
                input.focus();
                return false;
            }
        }
        return form.reportValidity();
    }

    /**
     * The limit that was typed; what was not touched is as it stands now.
     *
     * @param {string} id
     * @param {string | null} now
     */
    function chosen(id, now) {
        const field = inputs.find((each) => each.id === id);
        if (!field || field.input.value === field.untouched) return now;
        return limitOf(field.input.value) ?? null;
    }

    // Somebody was faster. What was typed stays, the rest becomes what stands now, and it is said.
    async function renew() {
        try {
            state.now = await get(path);
            state.etag = state.now.etag;
            refusal.textContent = t("contracts.changed_meanwhile");
        } catch (error) {
            refusal.textContent = reason(error);
        }
    }
}

/**
 * A limit as it was typed: null of none, `undefined` where it is no limit.
 *
 * @param {string} text
 */
function limitOf(text) {
    if (text.trim() === "") return null;
    const amount = typed(text);
    return amount === null || amount.startsWith("-") ? undefined : amount;
}

/**
 * A limit to be edited, with the reader's decimal sign.
 *
 * @param {string | null} limit
 */
function shownOf(limit) {
    return limit === null ? "" : limit.replace(".", decimal("0.1").includes(",") ? "," : ".");
}

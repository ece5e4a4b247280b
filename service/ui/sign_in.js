/**
 * The page on which one signs in: by the issuer, or by an API key that is pasted for the session.
 */

import { send } from "./api.js";
import { el } from "./dom.js";
import { ROOT } from "./location.js";
import { reason } from "./refusals.js";
import { t } from "./words.js";

/**
 * @param {import("./app.js").Session} session
 * @returns {HTMLElement}
 */
export function signIn(session) {
    const ways = session.ways ?? [];
    const failed = new URLSearchParams(location.search).get("sign_in") === "failed";
    return el(
        "main",
        { class: "sign-in" },
        el("h1", {}, t("sign_in.title")),
        failed && el("p", { class: "refusal", role: "alert" }, t("sign_in.failed")),
        ways.includes("issuer") &&
            el("a", { class: "button first", href: issuerUrl() }, t("sign_in.issuer")),
        ways.includes("key") && keyForm(),
    );
}

function issuerUrl() {
    const to = location.pathname + location.search;
    return `${ROOT}ui/sign-in?${new URLSearchParams({ to })}`;
}

function keyForm() {
    const key = el("input", {
        id: "key",
        type: "password",
        autocomplete: "off",
        spellcheck: "false",
        required: true,
        "aria-describedby": "key-help",
    });
    const problem = el("p", { class: "refusal", role: "alert" });
    return el(
        "form",
        {
            onsubmit: async (/** @type {SubmitEvent} */ event) => {
                event.preventDefault();
                problem.textContent = "";
                try {
                    await send("POST", "ui/session", { key: key.value.trim() });
                    location.reload();
                } catch (error) {
                    problem.textContent = reason(error);
                    key.focus();
                }
            },
        },
        el("label", { for: "key" }, t("sign_in.key")),
        key,
        el("p", { id: "key-help", class: "quiet" }, t("sign_in.key_help")),
        problem,
        el("button", { class: "first" }, t("sign_in.by_key")),
    );
}

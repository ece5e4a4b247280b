/**
 * What stands above the page: dialogs, notices, what a screen reader is told.
 */

import { el, fill } from "./dom.js";
import { t } from "./words.js";

/** Milliseconds that a notice stays; those with an action or of a failure stay longer. */
const SHORT = 6000;
const LONG = 20_000;

const polite = el("div", { role: "status", class: "unseen" });
const notices = el("div", { class: "notices", role: "region" });

/** Puts the places for notices on the page. */
export function mountOverlay() {
    notices.setAttribute("aria-label", t("notices"));
    document.body.append(polite, notices);
}

/**
 * Tells screen readers, politely.
 *
 * @param {string} text
 */
export function announce(text) {
    polite.textContent = text;
}

/**
 * Shows a notice for a while, and tells it.
 *
 * @param {string} text
 * @param {{ kind?: "done" | "failed", action?: { label: string, act: () => void } }} [options]
 */
export function notify(text, { kind = "done", action } = {}) {
    const close = () => {
        clearTimeout(timer);
        notice.remove();
    };
    const notice = el(
        "div",
        { class: `notice ${kind}` },
        el("p", {}, text),
        action &&
            el("button", { type: "button", onclick: () => (close(), action.act()) }, action.label),
        el(
            "button",
            { type: "button", class: "icon", "aria-label": t("close"), onclick: close },
            "✕",
        ),
    );
    notices.append(notice);
    while (notices.childElementCount > 4) notices.firstElementChild?.remove();
    const timer = setTimeout(close, action || kind === "failed" ? LONG : SHORT);
    announce(text);
    return close;
}

/**
 * Opens a dialog and waits for its end.
 *
 * @template R
 * @param {string} title
 * @param {(end: (result: R | null) => void) => import("./dom.js").Child[]} content `end` closes it
 * @param {{ wide?: boolean }} [options]
 * @returns {Promise<R | null>} null when it was closed without a result
 */
export function dialog(title, content, { wide = false } = {}) {
    return new Promise((resolve) => {
        /** @type {R | null} */
        let result = null;
        const box = el("dialog", {
            class: wide ? "wide" : undefined,
            "aria-labelledby": "dialog-title",
        });
        const end = (/** @type {R | null} */ value) => {
            result = value;
            box.close();
        };
        fill(
            box,
            el(
                "header",
                {},
                el("h2", { id: "dialog-title" }, title),
                el(
                    "button",
                    {
                        type: "button",
                        class: "icon",
                        "aria-label": t("close"),
                        onclick: () => end(null),
                    },
                    "✕",
                ),
            ),
            ...content(end),
        );
        box.addEventListener("close", () => {
            box.remove();
            resolve(result);
        });
        document.body.append(box);
        box.showModal();
        /** @type {HTMLElement | null} */
        const first = box.querySelector("[autofocus]") ??
            box.querySelector("input, select, textarea") ?? box.querySelector("button.first");
        first?.focus();
    });
}

/**
 * Asks whether to go on.
 *
 * @param {string} title
 * @param {import("./dom.js").Child[]} content
 * @param {string} yes what the button that goes on says
 * @returns {Promise<boolean>}
 */
export async function confirm(title, content, yes) {
    const answer = await dialog(title, (end) => [
        ...content,
        buttons(
            el("button", { type: "button", onclick: () => end(null) }, t("cancel")),
            el("button", {
                type: "button",
                class: "first",
                autofocus: true,
                onclick: () => end(true),
            }, yes),
        ),
    ]);
    return answer === true;
}

/** @param {...import("./dom.js").Child} children */
export function buttons(...children) {
    return el("div", { class: "buttons" }, ...children);
}

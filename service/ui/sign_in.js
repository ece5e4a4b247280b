/**
 * Signing in: by the issuer, or by an API key that is pasted for the session; on a page of its own, or
 * above one that is at work when its session ends.
 */

import { get, send, useSession } from "./api.js";
import { el } from "./dom.js";
import { ROOT } from "./location.js";
import { buttons, dialog } from "./overlay.js";
import { reason } from "./refusals.js";
import { t } from "./words.js";

/** @typedef {import("./app.js").Session} Session */

/** The longest address that the service leads back to. */
const LONGEST = 2000;

/**
 * The page on which one signs in.
 *
 * @param {Session} session
 * @returns {HTMLElement}
 */
export function signIn(session) {
    const url = new URL(location.href);
    const failed = url.searchParams.get("sign_in") === "failed";
    url.searchParams.delete("sign_in");
    history.replaceState(null, "", url);
    return el(
        "main",
        { class: "sign-in" },
        el("h1", {}, t("sign_in.title")),
        failed && el("p", { class: "refusal", role: "alert" }, t("sign_in.failed")),
        ...ways(session, () => location.reload()),
    );
}

/** @type {Promise<boolean> | null} */
let asking = null;
/** Whether somebody closed the dialog: then it comes again with what they do, not by itself. */
let closed = false;

/**
 * Has whoever was signed in sign in again, above the page; what they have typed stays there.
 *
 * @param {Session} before
 * @param {boolean} isAsked whether they are at something that needs it
 * @returns {Promise<boolean>} whether they did; whoever else signs in gets a page of their own
 */
export function signInAgain(before, isAsked) {
    asking ??= signedInAgain(before, isAsked || !closed).finally(() => {
        asking = null;
    });
    return asking;
}

/**
 * @param {Session} before
 * @param {boolean} mayAsk
 */
async function signedInAgain(before, mayAsk) {
    const now = await whoIsThere();
    if (goOn(before, now)) return true; // in another tab
    if (now?.signed_in) {
        void tellOfAnother(now);
        return false;
    }
    if (!mayAsk) return false;
    const stopped = new AbortController();
    const answer = await dialog(t("sign_in.again"), (end) => {
        const looked = async () => {
            const now = await whoIsThere();
            if (goOn(before, now)) end(true);
            else if (now?.signed_in) {
                end(null);
                void tellOfAnother(now);
            }
        };
        addEventListener("focus", looked, { signal: stopped.signal });
        document.addEventListener("visibilitychange", looked, { signal: stopped.signal });
        return [
            el("p", {}, t("sign_in.again_help")),
            ...ways(before, (now) => {
                if (goOn(before, now)) end(true);
                else location.reload();
            }, { apart: true }),
        ];
    });
    stopped.abort();
    closed = answer !== true;
    return !closed;
}

/** @type {Promise<unknown> | null} */
let telling = null;

/**
 * Says above the page when somebody else is signed in by now: what it shows is of who was before.
 *
 * @param {Session} before
 */
export async function lookWhoIsThere(before) {
    const now = await whoIsThere();
    if (now?.signed_in && !goOn(before, now)) void tellOfAnother(now);
}

/** @param {Session} now */
async function tellOfAnother(now) {
    telling ??= dialog(t("sign_in.another"), () => [
        el("p", {}, t("sign_in.another_help", { actor: now.actor ?? "" })),
        buttons(
            el("button", {
                type: "button",
                class: "first",
                onclick: () => location.reload(),
            }, t("reload")),
        ),
    ]).finally(() => {
        telling = null;
    });
    await telling;
}

/** @returns {Promise<Session | null>} null where that can't be known */
function whoIsThere() {
    return get("ui/session").catch(() => null);
}

/**
 * Goes on with a session where it is of the same person; whether it is.
 *
 * @param {Session} before
 * @param {Session | null} now
 */
function goOn(before, now) {
    if (!now?.signed_in || now.actor !== before.actor || now.tenant !== before.tenant) return false;
    useSession(now.csrf ?? null);
    return true;
}

/**
 * The ways to sign in that there are.
 *
 * @param {Session} session
 * @param {(now: Session) => void} signedIn what follows a key
 * @param {{ apart?: boolean }} [options] `apart`: the issuer in a tab of its own
 */
function ways(session, signedIn, { apart = false } = {}) {
    const known = session.ways ?? [];
    return [
        known.includes("issuer") &&
        el(
            "a",
            {
                class: "button first",
                href: issuerUrl(apart ? `${ROOT}ui/settings` : location.pathname + location.search),
                target: apart ? "_blank" : "_self", // not a view, though under /ui/
            },
            t("sign_in.issuer"),
        ),
        known.includes("key") && keyForm(signedIn),
    ];
}

/** @param {string} to */
function issuerUrl(to) {
    const short = to.length <= LONGEST ? to : location.pathname;
    return `${ROOT}ui/sign-in?${new URLSearchParams({ to: short })}`;
}

/** @param {(now: Session) => void} signedIn */
function keyForm(signedIn) {
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
                    signedIn(await send("POST", "ui/session", { key: key.value.trim() }));
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

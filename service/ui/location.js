/**
 * The URL is the view: which screen, of which thing, with which filters, sort and open panel.
 *
 * Back, reload and a link that is sent give the same view again.
 */

/** Where the service is, with a slash at the end: `/`, or the path that a proxy takes off. */
export const ROOT = new URL("../../../", import.meta.url).pathname;
const BASE = `${ROOT}ui/`;

/**
 * @typedef {object} Place
 * @property {string} screen the first part of the path; `hub` where there is none
 * @property {string | null} id the thing that is shown, where the path names one
 * @property {URLSearchParams} params
 */

/** @type {Set<(place: Place) => void>} */
const listeners = new Set();

/**
 * @typedef {object} Guard what stands between the reader and another screen
 * @property {() => boolean} holds whether something would be lost
 * @property {() => Promise<boolean>} ask whether to leave all the same
 */

/** @type {Guard | null} */
let guard = null;
/** @type {Promise<boolean> | null} the question that is open */
let asked = null;
/** The URL of the view that is shown: Back changes the browser's before anybody is asked. */
let shown = location.href;

/**
 * Has a guard asked before the screen or the thing that is shown gives way to another one; null for none.
 * Where the page itself is left, the browser asks.
 *
 * @param {Guard | null} next
 */
export function beforeLeaving(next) {
    guard = next;
}

/**
 * Whether the view that is shown may give way to a URL; the same screen of the same thing always may.
 *
 * @param {string} url
 * @returns {true | Promise<boolean>}
 */
function mayGo(url) {
    const isSame = new URL(url, location.href).pathname === new URL(shown).pathname;
    if (isSame || !guard?.holds()) return true;
    asked ??= guard.ask().finally(() => asked = null);
    return asked;
}

addEventListener("beforeunload", (event) => {
    if (guard?.holds()) event.preventDefault();
});

/**
 * The place that the URL names.
 *
 * @returns {Place}
 */
export function here() {
    const path = location.pathname.startsWith(BASE) ? location.pathname.slice(BASE.length) : "";
    const [screen = "", ...rest] = path.split("/");
    return {
        screen: screen || "hub",
        id: rest.length > 0 && rest[0] !== "" ? decode(rest.join("/")) : null,
        params: new URLSearchParams(location.search),
    };
}

/** @param {string} text */
function decode(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

/**
 * The URL of a screen.
 *
 * @param {string} screen
 * @param {string | null} [id]
 * @param {URLSearchParams | Record<string, string | string[] | null | undefined>} [params]
 * @returns {string}
 */
export function urlOf(screen, id = null, params = {}) {
    const search = params instanceof URLSearchParams ? params : paramsOf(params);
    const path = (screen === "hub" ? "" : screen) +
        (id === null ? "" : `/${encodeURIComponent(id)}`);
    const query = search.toString();
    return BASE + path + (query ? `?${query}` : "");
}

/**
 * Parameters of names and values; what is null, undefined or empty is left out.
 *
 * @param {Record<string, string | string[] | null | undefined>} values
 */
export function paramsOf(values) {
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(values)) {
        for (const each of Array.isArray(value) ? value : [value]) {
            if (each !== null && each !== undefined && each !== "") params.append(name, each);
        }
    }
    return params;
}

/**
 * Goes to a URL of ours; with `replace` the view before is not one that Back returns to.
 *
 * @param {string} url
 * @param {{ replace?: boolean }} [options]
 */
export function go(url, { replace = false } = {}) {
    if (new URL(url, location.href).href === location.href) return;
    const may = mayGo(url);
    if (may === true) move(url, replace);
    else void may.then((isLeft) => isLeft && move(url, replace));
}

/**
 * @param {string} url
 * @param {boolean} replace
 */
function move(url, replace) {
    if (replace) history.replaceState(null, "", url);
    else history.pushState(null, "", url);
    tell();
}

/**
 * Changes parameters of the view that is shown; those that are null, empty or no value are left out.
 *
 * @param {Record<string, string | string[] | null>} changes
 * @param {{ replace?: boolean }} [options]
 */
export function change(changes, options) {
    const place = here();
    for (const [name, value] of Object.entries(changes)) {
        place.params.delete(name);
        for (const each of Array.isArray(value) ? value : [value]) {
            if (each) place.params.append(name, each);
        }
    }
    go(urlOf(place.screen, place.id, place.params), options);
}

/**
 * Has a function called whenever the place is another.
 *
 * @param {(place: Place) => void} listener
 */
export function onPlace(listener) {
    listeners.add(listener);
}

function tell() {
    shown = location.href;
    const place = here();
    for (const listener of listeners) listener(place);
}

addEventListener("popstate", async () => {
    const may = mayGo(location.href);
    if (may === true || await may) tell();
    else if (location.href !== shown) history.pushState(null, "", shown);
});

// Links within the interface change the view; all others, and those that are to open elsewhere, are the
// browser's.
document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.target || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || !link.pathname.startsWith(BASE)) return;
    event.preventDefault();
    go(link.href);
});

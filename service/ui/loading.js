/**
 * Parts of a screen that are loaded: each shows that it loads, what came, or why nothing came.
 */

import { el, fill } from "./dom.js";
import { reason } from "./refusals.js";
import { t } from "./words.js";

/** Milliseconds between what others do and reading anew, so that many changes are read once. */
const SOON = 500;
/** How often as long as a reading took is waited before the next one: the service is not kept busy. */
const REST = 2;

/**
 * @typedef {object} Part
 * @property {() => Promise<void>} load reads; an answer to what was asked before is dropped
 * @property {() => void} soon reads anew in a moment, once for all changes until then
 * @property {() => void} stop
 */

/**
 * A part of a screen. What is shown stays until newer things are there, and keeps the focus.
 *
 * @template A
 * @param {HTMLElement} element
 * @param {(signal: AbortSignal) => Promise<A>} read
 * @param {(answer: A) => void} draw
 * @param {HTMLElement[]} [also] other places that show the same answer
 * @returns {Part}
 */
export function loadedInto(element, read, draw, also = []) {
    const places = [element, ...also];
    /** @type {AbortController | null} */
    let under = null;
    let isShown = false;
    let took = 0;
    let timer = 0;

    async function load() {
        clearTimeout(timer);
        timer = 0;
        under?.abort();
        const mine = new AbortController();
        under = mine;
        for (const place of places) {
            place.setAttribute("aria-busy", "true");
            if (!isShown) fill(place, el("p", { class: "quiet waiting" }, t("loading")));
        }
        const begun = performance.now();
        try {
            const answer = await read(mine.signal);
            if (mine.signal.aborted) return;
            places.reduce(
                (drawn, place) => () => keepingHand(place, drawn),
                () => draw(answer),
            )();
            isShown = true;
        } catch (error) {
            if (mine.signal.aborted) return;
            isShown = false;
            for (const place of places) fill(place, failed(error));
        }
        took = performance.now() - begun;
        under = null;
        for (const place of places) place.removeAttribute("aria-busy");
    }

    /** @param {unknown} error */
    function failed(error) {
        return el(
            "div",
            { class: "alert" },
            el("p", {}, reason(error)),
            el("button", { type: "button", onclick: () => void load() }, t("retry")),
        );
    }

    function soon() {
        if (timer) return;
        timer = setTimeout(() => {
            timer = 0;
            if (under) soon();
            else void load();
        }, Math.min(SOON + REST * took, 10_000));
    }

    return {
        load,
        soon,
        stop() {
            clearTimeout(timer);
            under?.abort();
        },
    };
}

/**
 * Draws a part anew under the hand of a reader: what had the focus, or stands in its place, has it
 * afterwards, and what was scrolled aside stays so.
 *
 * @param {HTMLElement} element
 * @param {() => void} draw
 */
export function keepingHand(element, draw) {
    const scrolled = [...element.querySelectorAll(".scroll")].map(({ scrollLeft }) => scrollLeft);
    const focused = document.activeElement;
    const isHere = focused instanceof HTMLElement && element.contains(focused);
    const name = isHere ? nameOf(focused) : null;
    const place = isHere ? controlsIn(element).indexOf(focused) : 0;
    draw();
    [...element.querySelectorAll(".scroll")].forEach((each, at) => {
        each.scrollLeft = scrolled[at] ?? 0;
    });
    if (!isHere || element.contains(focused)) return;
    const all = controlsIn(element);
    const same = all.find((each) => name && nameOf(each) === name);
    (same ?? all[Math.min(place, all.length - 1)])?.focus({ preventScroll: true });
}

/**
 * Makes what an element has these, as `fill` does, but keeps what is the same: who is just pressing a
 * button presses the same one.
 *
 * What is kept keeps its listeners, too: they must hold for all that has the same attributes.
 *
 * @param {Element} element
 * @param {...(import("./dom.js").Child | import("./dom.js").Child[])} children
 */
export function renew(element, ...children) {
    const wanted = el("div", {}, ...children);
    renewNodes(element, [...wanted.childNodes]);
}

/**
 * @param {Element} element
 * @param {ChildNode[]} wanted
 */
function renewNodes(element, wanted) {
    const before = [...element.childNodes];
    wanted.forEach((node, at) => {
        const old = before[at];
        if (old === undefined) element.append(node);
        else if (!old.isEqualNode(node)) {
            if (isSameElement(old, node)) {
                renewNodes(/** @type {Element} */ (old), [...node.childNodes]);
            } else old.replaceWith(node);
        }
    });
    for (const old of before.slice(wanted.length)) old.remove();
}

/**
 * @param {Node} one
 * @param {Node} other
 */
function isSameElement(one, other) {
    return one instanceof Element && other instanceof Element &&
        one.cloneNode(false).isEqualNode(other.cloneNode(false));
}

/** @param {HTMLElement} control */
function nameOf(control) {
    return control.id || control.getAttribute("href");
}

/**
 * Gives the focus back to what a dialog was opened by, where it was drawn anew since, or is no more:
 * then to the next of these that is there.
 *
 * @param {...string} ids
 */
export function focusBack(...ids) {
    for (const id of ids) {
        const focused = document.activeElement;
        if (focused && focused !== document.body && focused.checkVisibility()) return;
        document.getElementById(id)?.focus();
    }
}

/**
 * @param {HTMLElement} element
 * @returns {HTMLElement[]}
 */
function controlsIn(element) {
    return [...element.querySelectorAll("a[href]:not([tabindex='-1']), button, input, select")]
        .filter((each) => each instanceof HTMLElement);
}

/**
 * Does something with each of several things, some at a time; all of them, unless it is aborted.
 *
 * @template I
 * @param {readonly I[]} items
 * @param {number} atOnce
 * @param {AbortSignal} signal
 * @param {(item: I) => Promise<void>} act
 */
export async function eachOf(items, atOnce, signal, act) {
    const waiting = [...items];
    await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, async () => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
            if (signal.aborted) return;
            await act(next);
        }
    }));
}

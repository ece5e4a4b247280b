/**
 * Shortcuts: one table of keys for what is open, so that help and palette can list them.
 */

import { preferences } from "./preferences.js";

/**
 * @typedef {object} Shortcut
 * @property {string} keys as `r`, `Ctrl+k`, `g b`, `Shift+ArrowDown`
 * @property {string} label what it does, in the reader's language
 * @property {(event: KeyboardEvent) => void} [act] without it, the key is told only: who has the focus acts
 * @property {() => boolean} [when] whether it acts now; else the key is the browser's
 */

/** @type {Map<string, Shortcut[]>} */
const tables = new Map();
/** The first key of two, until the second comes. */
const begun = { key: "", at: 0 };
const SECOND_KEY = 1500;
/** The one key that acts while somebody types, too. */
const PALETTE = "Ctrl+k";

/**
 * Sets the shortcuts of a part of the page; an empty table takes them away.
 *
 * @param {string} part
 * @param {Shortcut[]} shortcuts
 */
export function setShortcuts(part, shortcuts) {
    if (shortcuts.length === 0) tables.delete(part);
    else tables.set(part, shortcuts);
}

/** All shortcuts that hold now, each once. */
export function shortcuts() {
    return [...tables.values()].flat();
}

/** @param {KeyboardEvent} event */
export function nameOf(event) {
    const key = event.key === " "
        ? "Space"
        : event.key.length === 1
        ? event.key.toLowerCase()
        : event.key;
    const shifted = event.shiftKey && event.key.length > 1;
    return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${shifted ? "Shift+" : ""}${key}`;
}

/** @param {EventTarget | null} target */
function isTyping(target) {
    return target instanceof HTMLElement &&
        (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
        !/^(checkbox|radio|button|submit)$/.test(target.getAttribute("type") ?? "");
}

/** @param {KeyboardEvent} event */
function pressed(event) {
    if (event.defaultPrevented || event.isComposing || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    const name = nameOf(event);
    const isLetter = name.length === 1;
    if (isTyping(event.target) && name !== PALETTE) return;
    if (isLetter && !preferences.singleKeys) return;
    const two = begun.key && event.timeStamp - begun.at < SECOND_KEY
        ? `${begun.key} ${name}`
        : null;
    begun.key = "";
    const all = shortcuts().filter(({ act, when }) => act && (!when || when()));
    const found = all.find((each) => each.keys === (two ?? name)) ??
        all.find((each) => each.keys === name);
    if (found) {
        event.preventDefault();
        found.act?.(event);
    } else if (isLetter && all.some((each) => each.keys.startsWith(`${name} `))) {
        begun.key = name;
        begun.at = event.timeStamp;
        event.preventDefault();
    }
}

document.addEventListener("keydown", pressed);

/**
 * What stays while screens come and go: the way between them, how current the page is, help and palette.
 */

import { get } from "./api.js";
import { el, fill, setText } from "./dom.js";
import { count } from "./format.js";
import { setShortcuts, shortcuts } from "./keys.js";
import { go, here, urlOf } from "./location.js";
import { announce, dialog } from "./overlay.js";
import { preferences } from "./preferences.js";
import { follow } from "./stream.js";
import { learn, t } from "./words.js";

/**
 * The screens, in the order of the way between them: the letter after `g`, who may see them, and which
 * parts of the texts and styles they need. Some tell refusals that others met as soon as they are shown.
 */
export const SCREENS = [
    { name: "hub", letter: "h", icon: "◧", scope: "backlog:read", parts: ["hub", "contracts"] },
    { name: "fixed-price", letter: "f", icon: "◈", scope: "backlog:read", parts: ["backlog"] },
    {
        name: "time-and-material",
        letter: "t",
        icon: "◷",
        scope: "backlog:read",
        parts: ["backlog"],
    },
    {
        name: "invoices",
        letter: "i",
        icon: "▤",
        scope: "invoices:read",
        parts: ["invoices"],
        tells: true,
    },
    { name: "contracts", letter: "c", icon: "▣", scope: "backlog:read", parts: ["contracts"] },
    {
        name: "intake",
        letter: "n",
        icon: "⇥",
        scope: "backlog:read",
        parts: ["intake"],
        tells: true,
    },
    {
        name: "history",
        letter: "y",
        icon: "↺",
        scope: "audit:read",
        parts: ["history", "intake"],
        tells: true,
    },
    { name: "settings", letter: "s", icon: "⚙", scope: null, parts: [] },
];

/**
 * @param {import("./app.js").App} app
 * @param {() => void} lookAgain is called when the service is there again, or refuses its stream
 * @returns {{ element: HTMLElement, show: (place: import("./location.js").Place) => Promise<void> }}
 */
export function openShell(app, lookAgain) {
    const mine = SCREENS.filter(({ scope }) => scope === null || app.may(scope));
    const first = mine[0]?.name ?? "settings";
    const links = mine.map(({ name, icon }) =>
        el(
            "a",
            { href: urlOf(name), "data-screen": name },
            el("span", { class: "glyph", "aria-hidden": "true" }, icon),
            t(`screen.${name}`),
        )
    );
    const current = el("p", { class: "current" });
    const main = el("main", { id: "main", tabindex: "-1" });
    const menu = el(
        "button",
        { type: "button", class: "menu", "aria-expanded": "false", "aria-controls": "way" },
        "☰ ",
        t("menu"),
    );
    const way = el("nav", { id: "way", "aria-label": t("screens") }, ...links);
    const element = el(
        "div",
        { class: "shell" },
        el("a", { class: "skip", href: "#main", onclick: skip }, t("skip")),
        el("header", { class: "side" }, brand(), menu, way, current),
        main,
    );
    menu.addEventListener("click", () => {
        menu.setAttribute("aria-expanded", String(element.classList.toggle("open")));
    });

    way.addEventListener("click", (event) => {
        const link = event.target instanceof Element ? event.target.closest("a") : null;
        if (link?.href === location.href) again();
    });

    /** @typedef {{ screen: import("./app.js").Screen, isFailed: boolean }} Opened */
    /** @type {Opened & { name: string } | null} */
    let open = null;
    let asked = 0;

    /** Tries once more to open what could not be loaded. */
    async function again() {
        if (open?.isFailed) await show(here());
    }

    /** As a reader asks for it: what stays away from a page while the service is there may need a new one. */
    async function againOrAnew() {
        await again();
        if (open?.isFailed && await get("ui/session").catch(() => null)) location.reload();
    }

    /** @param {Event} event */
    function skip(event) {
        event.preventDefault();
        main.focus();
    }

    /** @param {import("./location.js").Place} place */
    async function show(place) {
        if (place.screen === "hub" && first !== "hub") return go(urlOf(first), { replace: true });
        const turn = ++asked;
        const name = mine.some((each) => each.name === place.screen) ? place.screen : "unknown";
        const part = `${name}/${place.id === null ? "" : "one"}`;
        element.classList.remove("open");
        menu.setAttribute("aria-expanded", "false");
        for (const link of links) {
            if (link.dataset.screen === name) link.setAttribute("aria-current", "page");
            else link.removeAttribute("aria-current");
        }
        if (open?.name !== part || open.isFailed) {
            const next = await opened(name, place.id !== null);
            if (turn !== asked) return; // another one was asked for since
            if (next.isFailed) announce(next.screen.title);
            if (next.isFailed && open?.isFailed && open.name === part) return;
            open?.screen.close?.();
            setShortcuts("screen", []);
            const isFirst = open === null;
            open = { name: part, ...next };
            fill(main, next.screen.element);
            if (!isFirst) main.focus({ preventScroll: true });
        }
        open.screen.show(place);
        document.title = `${open.screen.title} · ${t("product")}`;
    }

    setShortcuts("shell", [
        ...mine.map(({ name, letter }) => ({
            keys: `g ${letter}`,
            label: t("go_to", { screen: t(`screen.${name}`) }),
            act: () => go(urlOf(name)),
        })),
        { keys: "?", label: t("help"), act: () => void help() },
        {
            keys: "Ctrl+k",
            label: t("palette"),
            act: async () => (await import("./palette.js")).palette(mine),
        },
    ]);
    if (app.may("backlog:read")) {
        stay(current, {
            changed(change) {
                if (open) open.screen.changed?.(change);
            },
            live: again,
            lookAgain,
        });
    }
    return { element, show };

    /**
     * Opens a screen; what there is not, and what can't be loaded, is said in its place.
     *
     * @param {string} name
     * @param {boolean} one whether it is the screen of one thing
     * @returns {Promise<Opened>}
     */
    async function opened(name, one) {
        const way = el("a", { href: urlOf(first) }, t(`screen.${first}`));
        if (name === "unknown") return { screen: said(t("unknown_screen"), way), isFailed: false };
        try {
            return { screen: (await loaded(name, one))(app), isFailed: false };
        } catch (error) {
            console.error(error);
            const retry = el("button", { type: "button", onclick: againOrAnew }, t("retry"));
            return { screen: said(t("not_loaded"), retry, way), isFailed: true };
        }
    }
}

function brand() {
    return el(
        "p",
        { class: "brand" },
        el("span", {}, "Billing"),
        " ",
        el("span", { class: "accent" }, "backlog"),
    );
}

/**
 * Loads a screen with its texts and styles.
 *
 * @param {string} name
 * @param {boolean} one whether it is the screen of one thing
 * @returns {Promise<import("./app.js").OpenScreen>}
 */
async function loaded(name, one) {
    const file =
        { "invoices/one": "invoice", "contracts/one": "contract" }[`${name}${one ? "/one" : ""}`] ??
            name;
    const { parts = [], tells = false } = SCREENS.find((each) => each.name === name) ?? {};
    /** @type {[{ default: import("./app.js").OpenScreen }, ...unknown[]]} */
    const [module] = await Promise.all([
        import(`./screens/${file}.js`),
        learn(...parts, ...(tells ? ["refusals"] : [])),
        ...parts.map(styled),
    ]);
    return module.default;
}

/** @type {Map<string, Promise<unknown>>} */
const styles = new Map();

/**
 * Loads the styles of a part, once. A part without them is still one that can be read; the next screen
 * with it tries again.
 *
 * @param {string} part
 */
function styled(part) {
    let there = styles.get(part);
    if (!there) {
        const href = new URL(`./styles/${part}.css`, import.meta.url).href;
        const link = el("link", { rel: "stylesheet", href });
        there = new Promise((resolve) => {
            link.addEventListener("load", resolve);
            link.addEventListener("error", (failed) => {
                styles.delete(part);
                link.remove();
                resolve(failed);
            });
        });
        styles.set(part, there);
        document.head.append(link);
    }
    return there;
}

/**
 * @param {string} text
 * @param {...HTMLElement} ways what can be done next
 * @returns {import("./app.js").Screen}
 */
function said(text, ...ways) {
    return {
        title: text,
        element: el(
            "section",
            { class: "state" },
            el("h1", {}, text),
            ...ways,
        ),
        show: () => {},
    };
}

/**
 * Follows what changes, and shows how current the page is.
 *
 * @param {HTMLElement} current
 * @param {{ changed: (change: import("./stream.js").Change) => void, live: () => void, lookAgain: () => void }} tell
 */
async function stay(current, { changed, live, lookAgain }) {
    let position = 0;
    try {
        position = (await get("v1/backlog/summary", { limit: 1 })).position;
    } catch {
        // the stream says the same, and tries again
    }
    let before = "";
    follow(position, changed, (connection, at) => {
        if (connection === "refused") {
            current.hidden = true;
            lookAgain();
            return;
        }
        current.dataset.connection = connection;
        setText(
            current,
            connection === "live" ? t("live", { position: count(at) }) : t(connection),
        );
        if (before === connection) return;
        if (before) announce(t(connection === "live" ? "live_again" : connection));
        if (before && connection === "live") lookAgain();
        before = connection;
        if (connection === "live") live();
    });
}

async function help() {
    await dialog(t("help"), () => [
        el(
            "dl",
            { class: "keys" },
            ...shortcuts().flatMap(({ keys, label }) => [
                el(
                    "dt",
                    {},
                    ...keys.split(" ").map((key) =>
                        el("kbd", {}, key === "Space" ? t("space") : key)
                    ),
                ),
                el("dd", {}, label),
            ]),
        ),
        el("p", { class: "quiet" }, preferences.singleKeys ? t("keys_on") : t("keys_off")),
    ]);
}

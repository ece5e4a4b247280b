/**
 * Finds a screen, an action or a thing by a few letters.
 */

import { get } from "./api.js";
import { el, keyed } from "./dom.js";
import { shortcuts } from "./keys.js";
import { go, urlOf } from "./location.js";
import { announce, dialog } from "./overlay.js";
import { reason } from "./refusals.js";
import { has, t } from "./words.js";

/**
 * Finds screens, actions and things by a few letters.
 *
 * @param {typeof import("./shell.js").SCREENS} screens
 */
export async function palette(screens) {
    /** @typedef {{ id: string, label: string, kind: string, act: () => void }} Choice */
    const actions = shortcuts().filter(({ keys, act }) => act && keys.length === 1);
    /** @type {Choice[]} */
    const fixed = [
        ...screens.map(({ name }) => ({
            id: `screen/${name}`,
            label: t(`screen.${name}`),
            kind: t("kind.screen"),
            act: () => go(urlOf(name)),
        })),
        ...actions.map(({ keys, label, act }) => ({
            id: `key/${keys}`,
            label,
            kind: keys,
            act: () => act?.(new KeyboardEvent("keydown")),
        })),
    ];
    /** @type {Choice[]} */
    let choices = fixed;
    let at = 0;
    let asked = 0;
    const list = el("ul", { id: "palette-list", role: "listbox", "aria-label": t("palette") });
    const input = el("input", {
        type: "search",
        role: "combobox",
        "aria-expanded": "true",
        "aria-controls": "palette-list",
        "aria-label": t("palette"),
        placeholder: t("palette_hint"),
        autofocus: true,
    });
    const chosen = await dialog(t("palette"), (end) => {
        const draw = () => {
            at = Math.max(0, Math.min(at, choices.length - 1));
            keyed(
                list,
                choices,
                ({ id }) => id,
                (choice) =>
                    el(
                        "li",
                        { role: "option", id: `choice-${choice.id}`, onclick: () => end(choice) },
                        el("span", {}, choice.label),
                        " ",
                        el("span", { class: "quiet" }, choice.kind),
                    ),
                (element, choice) =>
                    element.setAttribute("aria-selected", String(choice === choices[at])),
            );
            const active = choices[at];
            if (active) input.setAttribute("aria-activedescendant", `choice-${active.id}`);
            else input.removeAttribute("aria-activedescendant");
            list.children[at]?.scrollIntoView({ block: "nearest" });
        };
        input.addEventListener("input", async () => {
            const text = input.value.trim();
            const turn = ++asked;
            const low = text.toLocaleLowerCase();
            choices = fixed.filter(({ label }) => label.toLocaleLowerCase().includes(low));
            at = 0;
            draw();
            if (text.length < 2) return;
            try {
                const found = await get("v1/suggest", { q: text });
                if (turn !== asked) return;
                choices = [...choices, ...found.items.map(suggested)];
                draw();
            } catch (error) {
                announce(reason(error));
            }
        });
        input.addEventListener("keydown", (event) => {
            if (event.key === "ArrowDown") at += 1;
            else if (event.key === "ArrowUp") at -= 1;
            else if (event.key === "Enter" && choices[at]) return end(choices[at] ?? null);
            else return;
            event.preventDefault();
            draw();
        });
        draw();
        return [input, list];
    });
    chosen?.act();
}

/** @param {{ kind: string, id: string, name: string }} found */
function suggested({ kind, id, name }) {
    const url = {
        contract: () => urlOf("contracts", id),
        customer: () => urlOf("time-and-material", null, { customer_id: id }),
        invoice: () => urlOf("invoices", id),
        project: () => urlOf("time-and-material", null, { project_id: id }),
    }[kind] ?? (() => urlOf("time-and-material", null, { [kind]: id }));
    const label = has(`kind.${kind}`) ? t(`kind.${kind}`) : kind;
    return {
        id: `${kind}/${id}`,
        label: name === id ? id : `${name} (${id})`,
        kind: label,
        act: () => go(url()),
    };
}

/**
 * What a reader chooses for this browser, and who they are.
 */

import { send } from "../api.js";
import { el } from "../dom.js";
import { list } from "../format.js";
import { notify } from "../overlay.js";
import { choose, preferences } from "../preferences.js";
import { reason } from "../refusals.js";
import { LANGUAGES, t } from "../words.js";

/** @type {import("../app.js").OpenScreen} */
export default function settings(app) {
    const title = t("screen.settings");
    const { session } = app;
    const element = el(
        "section",
        { class: "stack settings" },
        el("h1", {}, title),
        el(
            "div",
            { class: "card fields" },
            choice("language", LANGUAGES, preferences.language, (value) => {
                choose({ language: /** @type {"en" | "nb"} */ (value) });
                location.reload();
            }),
            choice(
                "theme",
                named("theme", ["system", "light", "dark"]),
                preferences.theme,
                (value) => choose({ theme: /** @type {"system"} */ (value) }),
            ),
            choice(
                "density",
                named("density", ["comfortable", "compact"]),
                preferences.density,
                (value) => choose({ density: /** @type {"compact"} */ (value) }),
            ),
            el(
                "div",
                { class: "field" },
                el(
                    "label",
                    {},
                    el("input", {
                        type: "checkbox",
                        checked: preferences.singleKeys,
                        onchange: (/** @type {Event} */ event) =>
                            choose({
                                singleKeys: /** @type {HTMLInputElement} */ (event.target).checked,
                            }),
                    }),
                    t("settings.single_keys"),
                ),
            ),
        ),
        el(
            "dl",
            { class: "card facts" },
            fact(t("settings.tenant"), session.tenant ?? "–"),
            fact(
                t("settings.actor"),
                session.authentication ? session.actor ?? "–" : t("settings.nobody_asked"),
            ),
            session.authentication && fact(t("settings.scopes"), list(session.scopes ?? [])),
        ),
        session.authentication &&
            el("button", { type: "button", onclick: signOut }, t("settings.sign_out")),
    );
    return { title, element, show: () => {} };
}

/**
 * @param {string} name
 * @param {Record<string, string>} choices
 * @param {string} chosen
 * @param {(value: string) => void} act
 */
function choice(name, choices, chosen, act) {
    const id = `choose-${name}`;
    return el(
        "div",
        { class: "field" },
        el("label", { for: id }, t(`settings.${name}`)),
        el(
            "select",
            {
                id,
                onchange: (/** @type {Event} */ event) =>
                    act(/** @type {HTMLSelectElement} */ (event.target).value),
            },
            ...Object.entries(choices).map(([value, label]) =>
                el("option", { value, selected: value === chosen }, label)
            ),
        ),
    );
}

/**
 * @param {string} name
 * @param {string[]} values
 */
function named(name, values) {
    return Object.fromEntries(values.map((value) => [value, t(`${name}.${value}`)]));
}

/**
 * @param {string} name
 * @param {string} value
 */
function fact(name, value) {
    return el("div", {}, el("dt", {}, name), el("dd", {}, value));
}

async function signOut() {
    try {
        await send("DELETE", "ui/session");
        location.reload();
    } catch (error) {
        notify(reason(error), { kind: "failed" });
    }
}

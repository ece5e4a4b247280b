/**
 * What can be done with an invoice: a button each, there for those who may, when it can be done.
 */

import { el, setProps } from "../dom.js";
import { setShortcuts } from "../keys.js";
import { t } from "../words.js";

/**
 * @typedef {object} Action
 * @property {string} name
 * @property {string} scope
 * @property {() => boolean} when
 * @property {() => unknown} act
 * @property {string} [kind] the class of its button
 * @property {string} [key] its shortcut
 */

/**
 * @param {Action[]} actions
 * @param {object} around
 * @param {(scope: string) => boolean} around.may
 * @param {(error: unknown) => void} around.told says why one was not done
 * @param {() => void} around.leave takes the focus from an action that is there no more
 */
export function actionBar(actions, { may, told, leave }) {
    const made = actions.map((action) => {
        const { name, kind } = action;
        const once = () => void doOnce(action, button);
        const button = el(
            "button",
            { type: "button", class: kind, "data-action": name, onclick: once },
            t(`invoice.${name}`),
        );
        return { action, button, once };
    });

    /**
     * @param {Action} action
     * @param {HTMLButtonElement} button
     */
    async function doOnce(action, button) {
        if (button.disabled || button.hidden) return;
        button.disabled = true;
        try {
            await action.act();
        } catch (error) {
            told(error);
        } finally {
            button.disabled = false;
            const { activeElement } = document;
            if (activeElement === button || activeElement === document.body) {
                if (button.hidden) leave();
                else button.focus();
            }
        }
    }

    return {
        element: el(
            "div",
            { class: "row", role: "group", "aria-label": t("invoice.actions") },
            ...made.map(({ button }) => button),
        ),
        /** Shows those that can be done now. */
        draw() {
            for (const { action, button } of made) {
                setProps(button, { hidden: !(may(action.scope) && action.when()) });
            }
        },
        /** @param {string} name */
        button: (name) => made.find(({ action }) => action.name === name)?.button,
        setShortcuts() {
            setShortcuts(
                "screen",
                made.flatMap(({ action: { key, name, scope }, once }) =>
                    key && may(scope) ? [{ keys: key, label: t(`invoice.${name}`), act: once }] : []
                ),
            );
        },
    };
}

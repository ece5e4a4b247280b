/**
 * Views by name: those that everybody has, and those that the reader saved. Each is a URL.
 */

import { el, fill } from "../dom.js";
import { today } from "../format.js";
import { go, here, urlOf } from "../location.js";
import { buttons, dialog } from "../overlay.js";
import { choose, preferences } from "../preferences.js";
import { t } from "../words.js";

/** Views that a reader can save. */
const MOST = 50;

/**
 * @param {import("./views.js").View} view
 * @returns {{ name: string, url: string }[]}
 */
function builtIn(view) {
    const day = today();
    const before = new Date(`${day}T00:00:00Z`);
    before.setUTCDate(before.getUTCDate() - 60);
    const old = before.toISOString().slice(0, 10);
    const open = ["not_ready", "ready"];
    return [
        {
            name: t("backlog.view.ready_this_month"),
            url: urlOf(view.name, null, {
                billing_status: "ready",
                date_from: `${day.slice(0, 7)}-01`,
            }),
        },
        ...(view.name === "time-and-material"
            ? [{
                name: t("backlog.view.failed"),
                url: urlOf(view.name, null, { nte_status: "failed" }),
            }]
            : []),
        {
            name: t("backlog.view.old"),
            url: urlOf(view.name, null, { billing_status: open, date_to: old }),
        },
    ];
}

/** @param {import("./views.js").View} view */
export function savedViews(view) {
    const list = el("ul", { class: "values" });
    const box = el("div", {
        id: "saved-views",
        popover: "auto",
        class: "picker",
        role: "dialog",
        "aria-label": t("backlog.views"),
    }, list);

    function draw() {
        const mine = preferences.views.filter(({ url }) =>
            new URL(url, location.href).pathname === urlOf(view.name)
        );
        fill(
            list,
            ...builtIn(view).map(({ name, url }) => el("li", {}, link(name, url))),
            ...mine.map((saved) =>
                el(
                    "li",
                    {},
                    link(saved.name, saved.url),
                    el("button", {
                        type: "button",
                        class: "icon",
                        "aria-label": t("backlog.view_delete", { name: saved.name }),
                        onclick: () => {
                            choose({ views: preferences.views.filter((each) => each !== saved) });
                            draw();
                        },
                    }, "✕"),
                )
            ),
            el(
                "li",
                {},
                el(
                    "button",
                    { type: "button", class: "plain", onclick: () => void save() },
                    t("backlog.view_save"),
                ),
            ),
        );
    }

    /**
     * @param {string} name
     * @param {string} url
     */
    function link(name, url) {
        return el("a", {
            href: url,
            onclick: (/** @type {Event} */ event) => {
                event.preventDefault();
                box.hidePopover();
                go(url);
            },
        }, name);
    }

    async function save() {
        box.hidePopover();
        const params = new URLSearchParams(here().params);
        params.delete("item");
        const name = el("input", {
            id: "view-name",
            required: true,
            maxlength: 60,
            autofocus: true,
        });
        const answer = await dialog(t("backlog.view_save"), (end) => [
            el(
                "form",
                {
                    class: "stack",
                    onsubmit: (/** @type {Event} */ event) => {
                        event.preventDefault();
                        end(name.value.trim());
                    },
                },
                el("label", { for: "view-name" }, t("backlog.view_name")),
                name,
                buttons(el("button", { class: "first" }, t("save"))),
            ),
        ]);
        if (!answer) return;
        const others = preferences.views.filter((each) => each.name !== answer);
        const url = urlOf(view.name, null, params);
        choose({ views: [...others, { name: answer, url }].slice(-MOST) });
    }

    box.addEventListener("beforetoggle", draw);
    return el(
        "span",
        { class: "pick" },
        el("button", { type: "button", popovertarget: "saved-views" }, `${t("backlog.views")} ▾`),
        box,
    );
}

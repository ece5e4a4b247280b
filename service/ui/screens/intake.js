/**
 * Intake: what upstream systems posted and is not done with: what waits, what was refused, what is to be corrected.
 */

import { el, fill } from "../dom.js";
import { obligations } from "../intake/obligations.js";
import { parked } from "../intake/parked.js";
import { refused } from "../intake/refused.js";
import { urlOf } from "../location.js";
import { t } from "../words.js";

const TABS = ["parked", "refused", "obligations"];

/** @type {import("../app.js").OpenScreen} */
export default function intake(app) {
    const title = t("screen.intake");
    // What is posted is shown whole, or not at all.
    const tabs = app.session.restricted ? ["obligations"] : TABS;
    const first = tabs[0] ?? "";
    /** @type {Record<string, ReturnType<typeof obligations>>} */
    const lists = {};
    let open = "";
    const links = tabs.map((tab) =>
        el(
            "a",
            {
                href: urlOf("intake", null, { tab: tab === first ? null : tab }),
                "data-tab": tab,
            },
            t(`intake.${tab}`),
        )
    );
    const heading = el("h2");
    const explained = el("p", { class: "quiet" });
    const place = el("div");
    const element = el(
        "section",
        { class: "stack intake" },
        el("h1", {}, title),
        tabs.length > 1 && el("nav", { class: "intake-tabs", "aria-label": title }, ...links),
        heading,
        explained,
        place,
    );

    /**
     * @param {string} tab
     * @returns {ReturnType<typeof obligations>}
     */
    function made(tab) {
        if (tab === "obligations") return obligations(app);
        const list = tab === "refused" ? refused() : parked(app);
        return { ...list, show: () => list.show({}) };
    }

    return {
        title,
        element,
        show({ params }) {
            const asked = params.get("tab") ?? first;
            const tab = tabs.includes(asked) ? asked : first;
            const list = lists[tab] ??= made(tab);
            if (tab !== open) {
                open = tab;
                for (const link of links) {
                    if (link.dataset.tab === tab) link.setAttribute("aria-current", "page");
                    else link.removeAttribute("aria-current");
                }
                heading.textContent = t(`intake.${tab}`);
                explained.textContent = t(`intake.${tab}.explained`);
                fill(place, list.element);
                void list.refresh();
            }
            list.show(params);
        },
        changed(change) {
            if (change.reset || change.kinds.includes("intake")) void lists[open]?.refresh();
        },
        close() {
            for (const list of Object.values(lists)) list.close();
        },
    };
}

/**
 * The billing hub: how far all has come, what needs attention, and the contracts with their figures.
 */

import { el } from "../dom.js";
import { month } from "../format.js";
import { urlOf } from "../location.js";
import { loadedInto, renew } from "../loading.js";
import { contractsTable } from "../contracts/table.js";
import * as attention from "../hub/attention.js";
import { readFailed, showFailed } from "../hub/failed.js";
import { matrix } from "../hub/matrix.js";
import { readBacklog, readPosted, rowsUrl, stageFilter, STAGES } from "../hub/summaries.js";
import { t } from "../words.js";

/** What of others' changes each part shows. */
const BACKLOG = ["sales", "milestones", "invoices", "limits"];

/** @type {import("../app.js").OpenScreen} */
export default function hub(app) {
    const title = t("screen.hub");
    const stages = el("div", {});
    const ages = el("div", {});
    const posted = el("div", {});
    const failed = attention.card("failed");
    const ready = attention.card("ready_late");
    const drafts = attention.card("drafts");
    const parked = attention.card("parked");
    const obligations = attention.card("obligations");
    const mayInvoices = app.may("invoices:read");
    const mayParked = !app.session.restricted;

    const contracts = contractsTable(app, {
        none: () => [
            el(
                "div",
                { class: "state" },
                el("h3", {}, t("contracts.nothing_yet")),
                el("p", {}, t("contracts.how_to_begin")),
            ),
        ],
    });

    /** @type {AbortController | null} */
    let shortfalls = null;

    // The first call answers for three parts of the page: it is shown in each.
    const backlog = loadedInto(stages, readBacklog, (answer) => {
        drawStages(answer);
        drawAges(answer);
        attention.drawReady(ready.content, answer);
    }, [ages, ready.content]);
    const parts = [
        { kinds: BACKLOG, part: backlog },
        { kinds: BACKLOG, part: loadedInto(posted, readPosted, drawPosted) },
        {
            kinds: BACKLOG,
            part: loadedInto(failed.content, readFailed, (answer) => {
                shortfalls?.abort();
                shortfalls = showFailed(failed.content, answer);
            }),
        },
    ];
    const later = [
        ...(mayInvoices
            ? [{
                kinds: ["invoices"],
                part: loadedInto(drafts.content, attention.readDrafts, (answer) =>
                    attention.drawDrafts(drafts.content, answer)),
            }]
            : []),
        ...(mayParked
            ? [{
                kinds: ["intake"],
                part: loadedInto(parked.content, attention.readParked, (answer) =>
                    attention.drawParked(parked.content, answer)),
            }]
            : []),
        {
            kinds: ["intake", "invoices"],
            part: loadedInto(
                obligations.content,
                attention.readObligations,
                (answer) => attention.drawObligations(obligations.content, answer),
            ),
        },
    ];

    const element = el(
        "div",
        { class: "stack hub" },
        el("h1", {}, title),
        el(
            "section",
            { class: "card stack", "aria-labelledby": "hub-stages" },
            el("h2", { id: "hub-stages" }, t("hub.stages")),
            el("p", { class: "quiet" }, t("hub.chargeable")),
            stages,
        ),
        el(
            "div",
            { class: "pair" },
            el(
                "section",
                { class: "card stack", "aria-labelledby": "hub-ages" },
                el("h2", { id: "hub-ages" }, t("hub.ages")),
                el("p", { class: "quiet" }, t("hub.ages_help")),
                ages,
            ),
            el(
                "section",
                { class: "card stack", "aria-labelledby": "hub-posted" },
                el("h2", { id: "hub-posted" }, t("hub.posted")),
                el("p", { class: "quiet" }, t("hub.posted_help")),
                posted,
            ),
        ),
        el(
            "section",
            { class: "stack", "aria-labelledby": "hub-attention" },
            el("h2", { id: "hub-attention" }, t("hub.attention")),
            el(
                "div",
                { class: "attention" },
                failed.element,
                ready.element,
                mayInvoices && drafts.element,
                mayParked && parked.element,
                obligations.element,
            ),
        ),
        el(
            "section",
            { class: "card stack", "aria-labelledby": "hub-contracts" },
            el(
                "div",
                { class: "head" },
                el("h2", { id: "hub-contracts" }, t("screen.contracts")),
                el("a", { href: urlOf("contracts") }, t("hub.find_contract")),
            ),
            contracts.element,
        ),
    );

    /** @param {Awaited<ReturnType<typeof readBacklog>>} answer */
    function drawStages({ stages: table }) {
        if (table.size === 0) return renew(stages, nothingYet());
        const columns = STAGES.map((key) => ({ key, label: t(`hub.stage.${key}`), kind: key }));
        renew(
            stages,
            matrix(
                t("hub.stages"),
                columns,
                table,
                (view, stage, currency) => rowsUrl(view, { ...stageFilter(stage, view), currency }),
            ),
        );
    }

    /** @param {Awaited<ReturnType<typeof readBacklog>>} answer */
    function drawAges({ ages: table, spans }) {
        if (table.size === 0) {
            return renew(ages, el("p", { class: "quiet" }, t("hub.nothing_unbilled")));
        }
        const columns = spans.map(({ name }) => ({
            key: name,
            label: t(`hub.age.${name}`),
            kind: `age ${name}`,
        }));
        renew(
            ages,
            matrix(t("hub.ages"), columns, table, (view, name, currency) => {
                const span = spans.find((each) => each.name === name);
                return rowsUrl(view, {
                    ...stageFilter("unbilled", view),
                    currency,
                    date_from: span?.from,
                    date_to: span?.to,
                });
            }),
        );
    }

    /** @param {Awaited<ReturnType<typeof readPosted>>} answer */
    function drawPosted({ posted: table, months }) {
        if (months.length === 0) {
            return renew(posted, el("p", { class: "quiet" }, t("hub.nothing_posted")));
        }
        const columns = months.map((key) => ({ key, label: month(key), kind: "posted" }));
        renew(
            posted,
            matrix(t("hub.posted"), columns, table, (view, key, currency) =>
                rowsUrl(view, {
                    ...stageFilter("posted", view),
                    currency,
                    date_from: `${key}-01`,
                    date_to: lastDay(key),
                })),
        );
    }

    let isBegun = false;
    return {
        title,
        element,
        show(place) {
            contracts.show(place.params);
            if (isBegun) return;
            isBegun = true;
            void begin();
        },
        changed({ kinds, reset }) {
            for (const each of [...parts, ...later]) {
                if (reset || each.kinds.some((kind) => kinds.includes(kind))) each.part.soon();
            }
            if (reset || BACKLOG.some((kind) => kinds.includes(kind))) contracts.soon();
        },
        close() {
            for (const { part } of [...parts, ...later]) part.stop();
            shortfalls?.abort();
            contracts.close();
        },
    };

    // What a browser asks at once is few; what is small comes after what is looked at first.
    async function begin() {
        await Promise.all(parts.map(({ part }) => part.load()));
        await Promise.all(later.map(({ part }) => part.load()));
    }
}

function nothingYet() {
    return el(
        "div",
        { class: "state" },
        el("h3", {}, t("hub.nothing_yet")),
        el("p", {}, t("hub.how_to_begin")),
    );
}

/** @param {string} month */
function lastDay(month) {
    const [year = 0, number = 1] = month.split("-").map(Number);
    return new Date(Date.UTC(year, number, 0)).toISOString().slice(0, 10);
}

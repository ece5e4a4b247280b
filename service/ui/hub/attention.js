/**
 * What needs attention: limits that failed, what is ready for long, old drafts, what intake waits for.
 */

import { sum, sumsByCurrency } from "../amounts.js";
import { get } from "../api.js";
import { el } from "../dom.js";
import { count, date, money } from "../format.js";
import { renew } from "../loading.js";
import { urlOf } from "../location.js";
import { told } from "../refusals.js";
import { learn, t } from "../words.js";
import { rowsUrl, stageFilter, VIEWS } from "./summaries.js";

/** How many of each are shown; the others are behind a link. */
const SHOWN = 5;
/** Spans of age after which what is ready should be on an invoice. */
const LATE = ["over_90", "61_90", "31_60"];

/**
 * A card with a heading, for a part that is loaded into it.
 *
 * @param {string} name
 */
export function card(name) {
    const content = el("div", { class: "stack" });
    const id = `attention-${name}`;
    const element = el(
        "section",
        { class: "card stack", "aria-labelledby": id },
        el("h3", { id }, t(`hub.${name}`)),
        content,
    );
    return { element, content };
}

/**
 * What is ready for more than 30 days and on no draft.
 *
 * @param {HTMLElement} element
 * @param {{ ready: import("./summaries.js").Table, spans: import("./summaries.js").Span[] }} backlog
 */
export function drawReady(element, { ready, spans }) {
    const found = spans.filter(({ name }) => LATE.includes(name)).flatMap((span) =>
        [...ready].flatMap(([currency, cells]) =>
            VIEWS.flatMap((view) => {
                const part = cells.get(span.name)?.[view];
                return part && part.count > 0 ? [{ span, currency, view, part }] : [];
            })
        )
    );
    if (found.length === 0) return renew(element, well("hub.no_ready"));
    renew(
        element,
        el(
            "ul",
            { class: "lines" },
            ...found.map(({ span, currency, view, part }) =>
                line(
                    el(
                        "a",
                        {
                            href: rowsUrl(view, {
                                ...stageFilter("ready", view),
                                currency,
                                date_from: span.from,
                                date_to: span.to,
                            }),
                        },
                        t(`hub.age.${span.name}`),
                    ),
                    `${t(`hub.view.${view}`)}, ${items(part.count)}`,
                    money(part.amount, currency),
                )
            ),
        ),
    );
}

/** @param {AbortSignal} signal */
export async function readDrafts(signal) {
    return await get(
        "v1/invoices",
        { status: ["draft", "in_review"], limit: SHOWN },
        { signal },
    );
}

/**
 * @param {HTMLElement} element
 * @param {{ items: any[], next: string | null }} answer in the order they were drafted
 */
export function drawDrafts(element, answer) {
    if (answer.items.length === 0) return renew(element, well("hub.no_drafts"));
    renew(
        element,
        el(
            "ul",
            { class: "lines" },
            ...answer.items.map((each) =>
                line(
                    el("a", { href: urlOf("invoices", each.invoice_id) }, each.customer_name),
                    el(
                        "span",
                        {},
                        el("div", {}, each.contract_name),
                        el("span", { class: `status ${each.status}` }, [
                            t(`invoice_status.${each.status}`),
                        ]),
                        each.cutoff && ` ${t("hub.up_to", { date: date(each.cutoff) })}`,
                    ),
                    money(each.amount, each.currency),
                )
            ),
        ),
        el(
            "a",
            { href: urlOf("invoices", null, { status: ["draft", "in_review"] }) },
            t("hub.all_drafts"),
        ),
    );
}

/** @param {AbortSignal} signal */
export async function readParked(signal) {
    const [parked] = await Promise.all([
        get("v1/intake/parked", { limit: 100 }, { signal }),
        learn("refusals"), // what each lacks is told by them
    ]);
    return parked;
}

/**
 * @param {HTMLElement} element
 * @param {{ items: any[], next: string | null }} answer
 */
export function drawParked(element, answer) {
    if (answer.items.length === 0) return renew(element, well("hub.no_parked"));
    renew(
        element,
        el("p", {}, el("strong", {}, events(answer)), ` ${t("hub.parked_wait")}`),
        el(
            "ul",
            { class: "lines" },
            ...answer.items.slice(0, 3).map((each) =>
                line(each.approval_id ?? each.id, told(each.problem), each.contract_id)
            ),
        ),
        el("a", { href: urlOf("intake") }, t("hub.to_intake")),
    );
}

/** @param {AbortSignal} signal */
export async function readObligations(signal) {
    return await get("v1/intake/obligations", { status: "open", limit: 100 }, { signal });
}

/**
 * @param {HTMLElement} element
 * @param {{ items: any[], next: string | null }} answer
 */
export function drawObligations(element, answer) {
    if (answer.items.length === 0) return renew(element, well("hub.no_obligations"));
    renew(
        element,
        el("p", {}, t("hub.obligations_are")),
        el(
            "ul",
            { class: "lines" },
            ...sumsByCurrency(answer.items).map((each) =>
                line(items(each.count), "", money(sum([each.amount]), each.currency))
            ),
        ),
        answer.next !== null && el("p", { class: "quiet" }, t("hub.first_of_more")),
        el("a", { href: urlOf("intake", null, { tab: "obligations" }) }, t("hub.to_obligations")),
    );
}

/** @param {{ items: any[], next: string | null }} answer */
function events(answer) {
    const number = answer.items.length;
    const shown = count(number) + (answer.next === null ? "" : "+");
    return t("hub.number_of_events", { number, count: shown });
}

/** @param {number} number */
export function items(number) {
    return t("number_of_items", { number, count: count(number) });
}

/**
 * @param {import("../dom.js").Child} what
 * @param {import("../dom.js").Child} about
 * @param {string} figure
 */
function line(what, about, figure) {
    return el(
        "li",
        {},
        el("div", {}, what, about && el("div", { class: "quiet" }, about)),
        el("span", { class: "amount" }, figure),
    );
}

/** @param {string} key */
export function well(key) {
    return el("p", { class: "well" }, t(key));
}

/**
 * What can be done with items: the few that were picked, or all that match.
 *
 * A mark of a few shows at once and can be undone. Of all that match it is told first what will change,
 * and what will be left alone; if something else matches by then, nothing happens.
 */

import { Refusal, send } from "../api.js";
import { el } from "../dom.js";
import { count } from "../format.js";
import { byCurrency } from "../grid/selection.js";
import { followed } from "../jobs.js";
import { confirm, dialog, notify } from "../overlay.js";
import { byReason, reason } from "../refusals.js";
import { t } from "../words.js";
import { listOf, matching, picked } from "./selected.js";

/** @typedef {import("./views.js").Row} Row */
/** @typedef {import("./selected.js").Desk} Desk */
/** @typedef {"ready" | "not_ready" | "reset" | "reevaluate"} Kind */

const PATHS = {
    ready: "v1/backlog/mark",
    not_ready: "v1/backlog/mark",
    reset: "v1/backlog/nte/reset",
    reevaluate: "v1/backlog/nte/reevaluate",
};

/**
 * What can be done at a desk. Who works fast is waited for: a mark shows at once and is sent in its turn.
 * The same thing twice, as by a double click, is done once.
 *
 * @param {Desk} desk
 */
export function actionsOf(desk) {
    /** @type {Map<string, readonly string[]>} what is under way, with the items that it is about */
    const underWay = new Map();
    /** @type {Promise<void>} */
    let last = Promise.resolve();

    /**
     * @param {string} name two of one name are the same thing
     * @param {readonly string[]} items
     * @param {() => Promise<void>} act
     */
    function inTurn(name, items, act) {
        if (underWay.has(name)) return;
        underWay.set(name, items);
        last = last
            .then(act)
            .catch((error) => void notify(reason(error), { kind: "failed" }))
            .finally(() => underWay.delete(name));
    }

    /** @param {Kind} kind */
    function apply(kind) {
        if (desk.selection.isAll) return inTurn(kind, [], () => applyToAll(desk, kind));
        const rows = picked(desk).map((row) => desk.now(row));
        if (rows.length === 0) return desk.point();
        const items = rows.map((row) => row.item_id);
        const name = `${kind} ${items}`;
        if (!underWay.has(name)) inTurn(name, items, applyToSome(desk, kind, rows));
    }

    /** Drafts; what does it is loaded when it is wanted. */
    function draft() {
        if (!desk.selection.isAll && picked(desk).length === 0) return desk.point();
        inTurn("draft", [], async () => (await import("./drafting.js")).draft(desk));
    }

    /** @param {string} itemId */
    const isUnderWay = (itemId) => [...underWay.values()].some((items) => items.includes(itemId));
    /** Whether marks of a few are on their way: what they record is not known yet. */
    const isMarking = () => [...underWay.values()].some((items) => items.length > 0);
    return { apply, draft, isUnderWay, isMarking };
}

/** @param {Kind} kind */
function body(kind) {
    const isMark = kind === "ready" || kind === "not_ready";
    return isMark ? { status: kind, mode: "best_effort" } : {};
}

// --- a few -------------------------------------------------------------------------------------

/**
 * Shows what rows become, at once.
 *
 * @param {Desk} desk
 * @param {Kind} kind
 * @param {Row[]} rows
 * @returns {() => Promise<void>} what does it, and corrects what is shown
 */
function applyToSome(desk, kind, rows) {
    const before = new Map(rows.map((row) => [row.item_id, row]));
    if (kind === "ready" || kind === "not_ready") {
        const from = kind === "ready" ? "not_ready" : "ready";
        const can = rows.filter((row) =>
            row.billing_status === from && row.nte_status !== "failed"
        );
        desk.patch(
            new Map(can.map((row) => [row.item_id, (now) => ({ ...now, billing_status: kind })])),
        );
    }
    return async () => {
        try {
            const items = [...before.keys()];
            const answer = await send("POST", PATHS[kind], { ...body(kind), items });
            corrected(desk, before, answer);
            tell(desk, kind, answer);
        } catch (error) {
            desk.patch(new Map([...before].map(([id, row]) => [id, () => row])));
            throw error;
        }
    };
}

/**
 * Shows what the service answered in the place of what was shown at once.
 *
 * @param {Desk} desk
 * @param {Map<string, Row>} before
 * @param {Record<string, any>} answer
 */
function corrected(desk, before, answer) {
    /** @type {Map<string, (row: Row) => Row>} */
    const changes = new Map([...before].map(([id, row]) => [id, () => row]));
    for (const { item_id, ...now } of answer.changed) {
        changes.set(item_id, (row) => ({ ...row, ...now }));
    }
    desk.wrote(answer.position, [...before.values()]);
    desk.patch(changes);
}

/**
 * @param {Desk} desk
 * @param {Kind} kind
 * @param {Record<string, any>} answer
 */
function tell(desk, kind, answer) {
    const { changed_count: number, skipped_count: left, position } = answer;
    const isMark = kind === "ready" || kind === "not_ready";
    const texts = [t(`backlog.did.${kind}`, { number, count: count(number) })];
    if (left > 0) {
        texts.push(t("backlog.left_alone", { number: left, count: count(left) }));
        texts.push(...byReason(answer.skipped).slice(0, 2).map((each) => each.text));
    }
    const action = isMark && number > 0
        ? { label: t("undo"), act: () => void undo(desk, [position]) }
        : undefined;
    notify(texts.join(" "), { kind: number === 0 ? "failed" : "done", action });
}

/**
 * @param {Desk} desk
 * @param {number[]} positions of the marks to take back
 */
async function undo(desk, positions) {
    try {
        let number = 0;
        for (const position of positions) {
            const answer = await send("POST", "v1/backlog/undo", { position });
            desk.wrote(answer.position);
            number += answer.changed_count;
        }
        notify(t("backlog.undone", { number, count: count(number) }));
    } catch (error) {
        notify(reason(error), { kind: "failed" });
    }
    desk.reload();
}

// --- all that match ----------------------------------------------------------------------------

/**
 * @param {Desk} desk
 * @param {Kind} kind
 */
async function applyToAll(desk, kind) {
    const asked = { ...body(kind), matching: matching(desk) };
    const sums = desk.selection.sums(byCurrency(desk.totals()));
    /** @type {Record<string, any> | null} */
    let tried = null;
    try {
        tried = await send("POST", PATHS[kind], asked, { params: { dry_run: true } });
    } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        if (error.code === "matching_changed") return await changedSince(desk, error);
        if (error.code !== "too_many_items") throw error;
    }
    const number = asked.matching.expect.count;
    const title = t(`backlog.ask.${kind}`, { number, count: count(number) });
    const content = [listOf(sums), tried ? leftAlone(tried) : el("p", {}, t("backlog.by_job"))];
    if (!(await confirm(title, content, t(`backlog.${kind}`)))) return;
    try {
        const answer = await send("POST", PATHS[kind], asked);
        if (answer.job_id) await byJob(desk, kind, answer);
        else {
            desk.wrote(answer.position);
            tell(desk, kind, answer);
        }
        desk.selection.clear();
        desk.reload();
    } catch (error) {
        if (!(error instanceof Refusal) || error.code !== "matching_changed") throw error;
        await changedSince(desk, error);
    }
}

/**
 * @param {Desk} desk
 * @param {Kind} kind
 * @param {Record<string, any>} job
 */
async function byJob(desk, kind, job) {
    const close = notify(t("backlog.job_begun", { number: job.total, count: count(job.total) }));
    const end = await followed(job, () => {});
    close();
    const results = /** @type {Record<string, any>[]} */ (end.results);
    const whole = (/** @type {string} */ name) =>
        results.reduce((sum, each) => sum + each[name], 0);
    const skipped = results.flatMap((each) => each.skipped);
    const positions = results.flatMap((each) => each.position ?? []);
    const number = whole("changed_count");
    const left = whole("skipped_count");
    desk.wrote(end.position);
    const texts = [t(`backlog.did.${kind}`, { number, count: count(number) })];
    if (left > 0) texts.push(t("backlog.left_alone", { number: left, count: count(left) }));
    texts.push(...byReason(skipped).slice(0, 2).map((each) => each.text));
    if (end.status !== "complete") texts.push(t("backlog.job_not_done"));
    const isMark = kind === "ready" || kind === "not_ready";
    const action = isMark && positions.length > 0
        ? { label: t("undo"), act: () => void undo(desk, positions.reverse()) }
        : undefined;
    notify(texts.join(" "), { kind: end.status === "complete" ? "done" : "failed", action });
}

/**
 * Something else matches than was seen: nothing happened, and the difference is said.
 *
 * @param {Desk} desk
 * @param {Refusal} refusal
 */
async function changedSince(desk, refusal) {
    await dialog(t("backlog.changed_title"), (end) => [
        el("p", {}, reason(refusal)),
        el(
            "div",
            { class: "buttons" },
            el("button", {
                type: "button",
                class: "first",
                autofocus: true,
                onclick: () => end(true),
            }, t("backlog.show_now")),
        ),
    ]);
    desk.selection.clear();
    desk.reload();
}

/** @param {Record<string, any>} tried */
function leftAlone(tried) {
    const { changed_count: changed, skipped_count: left } = tried;
    return el(
        "div",
        { class: "stack" },
        el("p", {}, t("backlog.will_change", { number: changed, count: count(changed) })),
        left > 0 && el("p", {}, t("backlog.will_leave", { number: left, count: count(left) })),
        left > 0 &&
            el(
                "ul",
                { class: "reasons" },
                ...byReason(tried.skipped).map((each) =>
                    el("li", {}, `${count(each.count)} × ${each.text}`)
                ),
            ),
    );
}

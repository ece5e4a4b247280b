/**
 * The workbench of one invoice: edited, reviewed, confirmed and corrected here.
 */

import { Refusal } from "../api.js";
import { el, fill, setText } from "../dom.js";
import { count, list } from "../format.js";
import { actionBar } from "../invoice/actions.js";
import { beside } from "../invoice/beside.js";
import { addByHand } from "../invoice/by_hand.js";
import { confirmOne } from "../invoice/confirming.js";
import { correct } from "../invoice/correcting.js";
import { changedDetails, detailsOf } from "../invoice/differences.js";
import { deleteDraft } from "../invoice/deleting.js";
import { editor } from "../invoice/editor.js";
import { heading, titleOf } from "../invoice/heading.js";
import { invoiceLines } from "../invoice/lines.js";
import { opening, Stale, staleText } from "../invoice/opened.js";
import { ask, mayBeLost } from "../invoices/asking.js";
import { field } from "../invoices/forms.js";
import { beforeLeaving, change, go, urlOf } from "../location.js";
import { announce, notify } from "../overlay.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";

/** Milliseconds in which several changes are looked at as one. */
const TOGETHER = 200;
/** @type {import("../app.js").OpenScreen} */
export default function invoiceScreen(app) {
    let id = "";
    let isBeside = false;
    /** @type {any} */
    let before = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;

    const head = heading();
    const news = el("div", { class: "alert warn news", role: "alert", hidden: true });
    const state = el("div", { class: "state", hidden: true });
    const lines = invoiceLines({ openEditor, onChosen: () => drawActions() });
    const opened = opening((scope) => app.may(scope), draw, failed);
    const ready = beside(addItems, () => change({ add: null }));
    const isDraft = () => opened.opened?.invoice.number === null;
    const status = () => opened.opened?.invoice.status;
    const isOrdinary = () => isDraft() && opened.opened?.invoice.corrects === null;
    const asks = () => (opened.opened?.contract?.approval ?? "none") !== "none";
    const toggleBeside = () => change({ add: isBeside ? null : "1" });

    const writes = "invoices:write";
    const bar = actionBar([
        {
            name: "refresh",
            scope: writes,
            when: isOrdinary,
            act: () => run("POST", "/refresh"),
            key: "u",
        },
        { name: "add_ready", scope: writes, when: isOrdinary, act: toggleBeside, key: "a" },
        { name: "add_by_hand", scope: writes, when: isOrdinary, act: byHand },
        {
            name: "delete",
            scope: writes,
            when: isDraft,
            act: () => deleteDraft(opened, lines.clear),
            kind: "danger",
        },
        {
            name: "submit",
            scope: writes,
            when: () => status() === "draft" && asks(),
            act: () => run("POST", "/submit"),
        },
        {
            name: "return",
            scope: "invoices:approve",
            when: () => status() === "in_review",
            act: giveBack,
        },
        {
            name: "approve",
            scope: "invoices:approve",
            when: () => status() === "in_review" && !opened.opened?.invoice.approval,
            act: () => run("POST", "/approve"),
        },
        {
            name: "correct",
            scope: writes,
            when: () => Boolean(opened.opened) && !isDraft(),
            act: correctIt,
        },
        {
            name: "confirm",
            scope: "invoices:confirm",
            when: isDraft,
            act: confirmIt,
            kind: "first",
            key: "b",
        },
    ], { may: (scope) => app.may(scope), told, leave: head.focus });
    const element = el(
        "section",
        { class: "stack workbench" },
        head.element,
        bar.element,
        news,
        state,
        ready.element,
        lines.element,
    );

    function drawActions() {
        bar.draw();
        const number = lines.chosen.size;
        const label = number === 0
            ? t("invoice.correct")
            : t("invoice.correct_some", { number, count: count(number) });
        const button = bar.button("correct");
        if (button) setText(button, label);
        bar.button("add_ready")?.setAttribute("aria-expanded", String(isBeside));
    }

    /**
     * @param {import("../invoice/opened.js").Opened} now
     * @param {string[]} changes
     */
    function draw(now, changes) {
        state.hidden = true;
        const { invoice } = now;
        const mayEdit = app.may("invoices:write");
        head.show(now);
        lines.show(now, {
            editing: mayEdit && invoice.number === null,
            choosing: mayEdit && invoice.number !== null,
            changed: changes.length > 0 ? changedDetails(before, invoice) : new Set(),
        });
        before = invoice;
        drawActions();
        ready.show(invoice, isBeside && isOrdinary() && mayEdit);
        if (changes.length > 0) announce(list(changes));
        if (detailsOf(invoice).length === 0) say(t("invoice.empty"), t("invoice.empty_help"));
        document.title = `${titleOf(invoice)} · ${t("product")}`;
    }

    /** @param {unknown} error */
    function failed(error) {
        if (opened.opened === null) {
            fill(head.element.querySelector("h1") ?? state, t("field.invoice"));
            const again = { type: "button", onclick: () => void opened.load() };
            const retry = el("button", again, t("retry"));
            say(t("not_loaded"), reason(error), retry);
        } else if (error instanceof Refusal && error.status === 404) {
            fill(news, el("p", {}, t("invoice.gone")));
            news.hidden = false;
        } else notify(reason(error), { kind: "failed" });
    }

    /**
     * @param {string} title
     * @param {string} text
     * @param {import("../dom.js").Child} [action]
     */
    function say(title, text, action) {
        fill(state, el("h2", {}, title), el("p", {}, text), action);
        state.hidden = false;
    }

    /** @param {unknown} error */
    function told(error) {
        if (!(error instanceof Stale)) return notify(reason(error), { kind: "failed" });
        fill(
            news,
            ...staleText(error, t("invoice.stale")),
            el("button", { type: "button", onclick: () => (news.hidden = true) }, t("close")),
        );
        news.hidden = false;
    }

    /**
     * @param {"POST" | "DELETE"} method
     * @param {string} under
     * @param {unknown} [body]
     */
    async function run(method, under, body) {
        const was = opened.opened?.invoice;
        news.hidden = true;
        const now = await opened.command(method, under, body);
        const number = detailsOf(now).length - detailsOf(was).length;
        if (under === "/refresh") {
            notify(t(number > 0 ? "invoice.refreshed" : "invoice.nothing_new", {
                number,
                count: count(number),
            }));
        } else if (under !== "/items") notify(t(`invoice.done${under.replace("/", ".")}`));
    }

    /**
     * @param {any} line
     * @param {any} detail
     */
    function openEditor(line, detail) {
        const under = `/details/${encodeURIComponent(detail.detail_id)}`;
        return editor(line, detail, {
            close: () => lines.closeEditor(detail.detail_id),
            save: async (changes) => {
                await opened.command("PATCH", under, changes);
                lines.closeEditor(detail.detail_id);
                announce(t("invoice.saved"));
            },
            remove: async (kept) => {
                await opened.command("DELETE", under, undefined, {
                    params: kept ? { status: kept } : {},
                });
                lines.closeEditor(detail.detail_id);
                const act = () => void addItems([detail.item_id]).catch(() => {}); // it is told
                const undo = { action: { label: t("undo"), act } };
                const isAsBefore = kept === "ready" && !detail.edited;
                notify(t("invoice.removed", { name: detail.description }), isAsBefore ? undo : {});
            },
        });
    }

    /** @param {string[]} items */
    async function addItems(items) {
        try {
            await run("POST", "/items", { items });
            notify(t("invoice.items_added", { number: items.length, count: count(items.length) }));
        } catch (error) {
            told(error);
            throw error;
        }
    }

    async function byHand() {
        if (await addByHand(opened)) notify(t("invoice.added_by_hand"));
    }

    async function giveBack() {
        const why = el("textarea", { name: "reason", rows: 3, required: true, autofocus: true });
        await ask({
            title: t("invoice.return"),
            content: [field("reason", t("invoice.reason"), why)],
            yes: t("invoice.return"),
            act: () => run("POST", "/return", { reason: why.value }),
        });
    }

    async function confirmIt() {
        if (!await confirmOne(opened, (scope) => app.may(scope))) return;
        news.hidden = true;
        notify(t("invoice.confirmed", { number: opened.opened?.invoice.number ?? "" }));
        head.focus();
    }

    async function correctIt() {
        const made = await correct(opened, lines.chosen.size > 0 ? [...lines.chosen] : null);
        if (made) go(urlOf("invoices", made.invoice_id));
    }

    return {
        get title() {
            return before === null ? t("field.invoice") : titleOf(before);
        },
        element,
        show(place) {
            beforeLeaving({ holds: lines.isDirty, ask: mayBeLost });
            isBeside = place.params.get("add") === "1";
            if (place.id === id) {
                if (opened.opened) draw(opened.opened, []);
                return;
            }
            const isFirst = id === "";
            id = place.id ?? "";
            before = null;
            news.hidden = true;
            state.hidden = true;
            head.clear();
            lines.clear();
            drawActions();
            void opened.open(id);
            if (!isFirst) head.focus();
            bar.setShortcuts();
        },
        changed(told) {
            const now = opened.opened;
            if (now === null) return;
            const isMine = told.contracts === null || told.reset ||
                told.contracts.includes(now.invoice.contract_id);
            if (!isMine || (!told.reset && told.position <= now.invoice.position)) return;
            clearTimeout(timer);
            timer = setTimeout(() => opened.lookAgain(), TOGETHER);
        },
        close() {
            clearTimeout(timer);
            beforeLeaving(null);
            opened.close();
        },
    };
}

/**
 * The workbench of one invoice: edited, reviewed, confirmed and corrected here.
 */

import { Refusal, send } from "../api.js";
import { el, fill, setProps, setText } from "../dom.js";
import { count, list } from "../format.js";
import { ask } from "../invoice/asking.js";
import { beside } from "../invoice/beside.js";
import { addByHand } from "../invoice/by_hand.js";
import { confirmOne } from "../invoice/confirming.js";
import { correct } from "../invoice/correcting.js";
import { changedDetails, detailsOf } from "../invoice/differences.js";
import { editor } from "../invoice/editor.js";
import { field } from "../invoice/forms.js";
import { heading, titleOf } from "../invoice/heading.js";
import { invoiceLines } from "../invoice/lines.js";
import { opening, Stale, staleText } from "../invoice/opened.js";
import { setShortcuts } from "../keys.js";
import { change, go, urlOf } from "../location.js";
import { announce, confirm, notify } from "../overlay.js";
import { reason } from "../refusals.js";
import { t } from "../words.js";

/** Milliseconds in which several changes are looked at as one. */
const TOGETHER = 200;
/** The most items that one call drafts: a draft of more can't be made again as it was. */
const MOST = 10_000;

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

    /** What can be done, for whom, when, and by which key. */
    const actions = [
        act("refresh", "invoices:write", isOrdinary, () => run("POST", "/refresh"), { key: "u" }),
        act("add_ready", "invoices:write", isOrdinary, toggleBeside, { key: "a" }),
        act("add_by_hand", "invoices:write", isOrdinary, async () => {
            if (await addByHand(opened)) notify(t("invoice.added_by_hand"));
        }),
        act("delete", "invoices:write", isDraft, remove, { kind: "danger" }),
        act(
            "submit",
            "invoices:write",
            () => status() === "draft" && asks(),
            () => run("POST", "/submit"),
        ),
        act("return", "invoices:approve", () => status() === "in_review", giveBack),
        act(
            "approve",
            "invoices:approve",
            () => status() === "in_review" && !opened.opened?.invoice.approval,
            () => run("POST", "/approve"),
        ),
        act("correct", "invoices:write", () => Boolean(opened.opened) && !isDraft(), correctIt),
        act("confirm", "invoices:confirm", isDraft, confirmIt, { kind: "first", key: "b" }),
    ];
    const bar = el(
        "div",
        { class: "row", role: "group", "aria-label": t("invoice.actions") },
        ...actions.map((each) => each.button),
    );
    const element = el(
        "section",
        { class: "stack workbench" },
        head.element,
        bar,
        news,
        state,
        ready.element,
        lines.element,
    );

    /**
     * @param {string} name
     * @param {string} scope
     * @param {() => boolean} when
     * @param {() => unknown} doIt
     * @param {{ kind?: string, key?: string }} [options]
     */
    function act(name, scope, when, doIt, { kind, key } = {}) {
        const button = el(
            "button",
            { type: "button", class: kind, "data-action": name, onclick: () => void once() },
            t(`invoice.${name}`),
        );
        async function once() {
            if (button.disabled || button.hidden) return;
            button.setAttribute("aria-busy", "true");
            button.disabled = true;
            try {
                await doIt();
            } catch (error) {
                told(error);
            } finally {
                button.disabled = false;
                button.removeAttribute("aria-busy");
                const { activeElement } = document;
                if (activeElement === button || activeElement === document.body) {
                    if (button.hidden) head.focus();
                    else button.focus();
                }
            }
        }
        return { name, button, key, once, isThere: () => app.may(scope) && when() };
    }

    function drawActions() {
        for (const { button, isThere } of actions) setProps(button, { hidden: !isThere() });
        const whole = lines.chosen.size === 0;
        const label = whole ? t("invoice.correct") : t("invoice.correct_some", {
            number: lines.chosen.size,
            count: count(lines.chosen.size),
        });
        const button = actions.find(({ name }) => name === "correct")?.button;
        if (button) setText(button, label);
        const adding = actions.find(({ name }) => name === "add_ready")?.button;
        adding?.setAttribute("aria-expanded", String(isBeside));
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
            say(
                t("not_loaded"),
                reason(error),
                el("button", { type: "button", onclick: () => void opened.load() }, t("retry")),
            );
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
                const isAsBefore = kept === "ready" && !detail.edited;
                notify(
                    t("invoice.removed", { name: detail.description }),
                    isAsBefore
                        ? { action: { label: t("undo"), act: () => void again([detail.item_id]) } }
                        : {},
                );
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

    /** @param {string[]} items */
    async function again(items) {
        await addItems(items).catch(() => {}); // it is told
    }

    function toggleBeside() {
        change({ add: isBeside ? null : "1" });
    }

    async function remove() {
        const { invoice } = /** @type {import("../invoice/opened.js").Opened} */ (opened.opened);
        const details = detailsOf(invoice).map(({ detail }) => detail);
        const loses = details.filter((each) => each.edited || each.item_id === null).length;
        const number = { number: loses, count: count(loses) };
        if (
            loses > 0 &&
            !await confirm(
                t("invoice.delete_title"),
                [el("p", {}, t("invoice.delete_loses", number))],
                t("invoice.delete"),
            )
        ) return;
        await opened.command("DELETE", "");
        const canUndo = loses === 0 && invoice.corrects === null && details.length > 0 &&
            details.length <= MOST;
        const { contract_id, cutoff } = invoice;
        const body = { contract_id, cutoff, items: details.map((each) => each.item_id) };
        go(urlOf("invoices"));
        notify(
            t("invoice.deleted"),
            canUndo ? { action: { label: t("undo"), act: () => void redraft(body) } } : {},
        );
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
        const some = lines.chosen.size > 0 ? [...lines.chosen] : null;
        const made = await correct(opened, some);
        if (made) go(urlOf("invoices", made.invoice_id));
    }

    return {
        get title() {
            return before === null ? t("field.invoice") : titleOf(before);
        },
        element,
        show(place) {
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
            setShortcuts(
                "screen",
                actions.filter(({ key, isThere: _ }) => key).map(({ name, key, once }) => ({
                    keys: key ?? "",
                    label: t(`invoice.${name}`),
                    act: () => void once(),
                })),
            );
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
            opened.close();
        },
    };
}

/**
 * Makes a draft again that was deleted, and opens it.
 *
 * @param {{ contract_id: string, cutoff: string | null, items: string[] }} body
 */
async function redraft(body) {
    try {
        const { invoices } = await send("POST", "v1/invoices", body);
        go(urlOf("invoices", invoices[0].invoice_id));
    } catch (error) {
        notify(reason(error), { kind: "failed" });
    }
}

/**
 * An invoice's lines: their details by billing type, each in a table, and the editors that are open.
 */

import { el, fill, keyed } from "../dom.js";
import { count, money } from "../format.js";
import { t } from "../words.js";
import { detailCells } from "./detail_row.js";
import { detailsOf } from "./differences.js";
import { BILLING_TYPES, refill } from "../invoices/forms.js";

/** Details of a group that are shown until one asks for all. */
const SHOWN = 100;

/**
 * @param {object} acts
 * @param {(line: any, detail: any) => import("./editor.js").Editor} acts.openEditor
 * @param {(chosen: Set<string>) => void} acts.onChosen
 */
export function invoiceLines({ openEditor, onChosen }) {
    /** @type {Map<string, import("./editor.js").Editor>} */
    const editors = new Map();
    /** @type {Set<string>} */
    const chosen = new Set();
    /** @type {Set<string>} */
    const whole = new Set();
    /** @type {Set<string>} */
    let fresh = new Set();
    /** @type {{ opened: import("./opened.js").Opened, editing: boolean, choosing: boolean } | null} */
    let shown = null;
    const orphans = el("div", { class: "stack" });
    const sections = el("div", { class: "stack" });
    const element = el("div", { class: "stack" }, orphans, sections);

    function draw() {
        if (shown === null) return;
        const { invoice, lines } = shown.opened;
        const byId = new Map(detailsOf(invoice).map(({ detail }) => [detail.detail_id, detail]));
        for (const [id, each] of editors) each.update(byId.get(id) ?? null);
        for (const id of chosen) if (!byId.has(id)) chosen.delete(id);
        const lost = [...editors].filter(([id]) => !byId.has(id));
        keyed(orphans, lost, ([id]) => id, ([, each]) => el("div", { class: "card" }, each.form));
        keyed(
            sections,
            invoice.lines,
            (line) => line.line_id,
            makeLine,
            (section, line) => section.draw(line, lines.get(line.line_id)?.name),
        );
        onChosen(chosen);
    }

    function makeLine() {
        const name = el("h2");
        const sums = el("p", { class: "sums" });
        const groups = el("div", { class: "stack" });
        const section = el(
            "section",
            { class: "card stack line" },
            el("div", { class: "head" }, name, sums),
            groups,
        );
        /**
         * @param {any} line
         * @param {string} called
         */
        const drawLine = (line, called) => {
            const currency = shown?.opened.invoice.currency;
            fill(name, called ?? line.line_id);
            fill(
                sums,
                money(line.amount, currency),
                el("span", { class: "quiet" }, " + "),
                money(line.tax, currency),
            );
            const of = BILLING_TYPES
                .map((type) => ({
                    type,
                    key: `${line.line_id}/${type}`,
                    line,
                    sums: line.groups.find((/** @type {any} */ it) => it.billing_type === type),
                    details: line.details.filter((/** @type {any} */ it) =>
                        it.billing_type === type
                    ),
                }))
                .filter(({ details }) => details.length > 0);
            keyed(groups, of, ({ type }) => type, makeGroup, (each, group) => each.draw(group));
        };
        return Object.assign(section, { draw: drawLine });
    }

    function makeGroup() {
        const heading = el("h3");
        const columns = el("tr");
        const body = el("tbody");
        const all = el("button", { type: "button", hidden: true });
        const table = el("table", { class: "plain-table details" }, el("thead", {}, columns), body);
        const scroll = el("div", { class: "scroll", tabindex: "0", role: "region" }, table);
        const element = el("div", { class: "stack" }, heading, scroll, all);
        /** @param {any} group */
        const drawGroup = (group) => {
            const { line, type, details, sums, key } = group;
            const title = t(`billing_type.${type}`);
            const { currency } = shown?.opened.invoice ?? { currency: "" };
            fill(
                heading,
                title,
                el(
                    "span",
                    { class: "quiet" },
                    ` · ${
                        t("invoice.number_of_details", {
                            number: details.length,
                            count: count(details.length),
                        })
                    }`,
                ),
                sums && el("span", { class: "quiet" }, ` · ${money(sums.amount, currency)}`),
            );
            scroll.setAttribute("aria-label", `${line.line_id}: ${title}`);
            fill(columns, ...headings());
            const some = whole.has(key) ? details : details.slice(0, SHOWN);
            all.hidden = some.length === details.length;
            fill(all, t("invoice.show_all", { count: count(details.length) }));
            all.onclick = () => {
                whole.add(key);
                draw();
                const next = element.querySelectorAll("tbody button").item(SHOWN);
                if (next instanceof HTMLElement) next.focus();
            };
            const rows = some.flatMap((/** @type {any} */ detail) => {
                const each = editors.get(detail.detail_id);
                const row = { key: detail.detail_id, detail, line };
                return each ? [row, { key: `edit/${detail.detail_id}`, editor: each }] : [row];
            });
            keyed(
                body,
                rows,
                (row) => row.key,
                (row) =>
                    row.editor ? el("tr", { class: "editing" }, editorCell(row.editor)) : el("tr"),
                drawRow,
            );
        };
        return Object.assign(element, { draw: drawGroup });
    }

    /** @param {import("./editor.js").Editor} each */
    function editorCell(each) {
        return el("td", { colspan: 9 }, each.form);
    }

    /**
     * @param {HTMLTableRowElement & { drawn?: string }} row
     * @param {any} of
     */
    function drawRow(row, { detail, line, editor }) {
        if (editor || shown === null) return;
        const id = detail.detail_id;
        const { editing, choosing } = shown;
        const now = JSON.stringify([detail, editing, choosing, chosen.has(id)]);
        row.classList.toggle("fresh", fresh.has(id));
        row.classList.toggle("picked", chosen.has(id));
        if (row.drawn === now) return;
        row.drawn = now;
        refill(
            row,
            ...detailCells(detail, {
                editing,
                choosing,
                chosen: chosen.has(id),
                edit: editing ? () => edit(line, detail) : null,
                choose: choosing && correctable(detail) ? (isChosen) => choose(id, isChosen) : null,
            }),
        );
    }

    function headings() {
        return [
            shown?.choosing && el("td", {}, el("span", { class: "unseen" }, t("invoice.select"))),
            ...["date", "description", "kind"].map((name) =>
                el("th", { scope: "col" }, name === "kind" ? t("class") : t(`field.${name}`))
            ),
            ...["quantity", "unit_price", "amount", "tax"].map((name) =>
                el("th", { scope: "col", class: "amount" }, t(`field.${name}`))
            ),
            shown?.editing && el("td"),
        ];
    }

    /**
     * @param {any} line
     * @param {any} detail
     */
    function edit(line, detail) {
        const id = detail.detail_id;
        if (!editors.has(id)) editors.set(id, openEditor(line, detail));
        draw();
        editors.get(id)?.focus();
    }

    /**
     * @param {string} id
     * @param {boolean} isChosen
     */
    function choose(id, isChosen) {
        if (isChosen) chosen.add(id);
        else chosen.delete(id);
        draw();
    }

    return {
        element,
        chosen,
        /**
         * @param {import("./opened.js").Opened} opened
         * @param {{ editing: boolean, choosing: boolean, changed: Set<string> }} options `changed`:
         *   details that others changed, marked until the next of such
         */
        show(opened, { editing, choosing, changed }) {
            shown = { opened, editing, choosing };
            if (changed.size > 0) fresh = changed;
            if (!choosing) chosen.clear();
            draw();
        },
        /**
         * Closes an editor; the focus goes back to where it was opened, or to the next one there.
         *
         * @param {string} id
         */
        closeEditor(id) {
            const each = editors.get(id);
            editors.delete(id);
            const row = each?.form.closest("tr")?.previousElementSibling;
            const key = row?.getAttribute("data-key");
            draw();
            const back = element.querySelector(`[data-key="${CSS.escape(key ?? "")}"] button`) ??
                element.querySelector("tbody button");
            if (back instanceof HTMLElement) back.focus();
        },
        /** Whether something is typed in an editor that isn't saved. */
        isDirty: () => [...editors.values()].some((each) => each.isDirty()),
        /** Forgets what was open and chosen: another invoice comes. */
        clear() {
            editors.clear();
            chosen.clear();
            whole.clear();
            fresh = new Set();
            shown = null;
            fill(sections);
            fill(orphans);
        },
    };
}

/**
 * Whether something of a detail is still billed by it, so that it can be corrected (D-79).
 *
 * @param {any} detail
 */
function correctable(detail) {
    const left = detail.kind === "milestone" ? detail.amount : detail.quantity;
    return detail.corrected_by === null && !/^-?0(\.0+)?$/.test(left);
}

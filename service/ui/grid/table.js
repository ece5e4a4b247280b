/**
 * A table of any length: only the rows in sight are in the document, and their elements are used again.
 *
 * It is one tab stop. The active row or header is told by `aria-activedescendant`, so the focus stays on
 * the table, whatever rows come and go.
 */

import { el } from "../dom.js";
import { preferences } from "../preferences.js";
import { Head } from "./head.js";
import { newRow, showRow } from "./row.js";

/** Rows outside of what is in sight that are drawn, each way. */
const BEYOND = 6;
/** Rows that are in the document at most. */
const MOST = 60;
/** Pages that are fetched at once to get to the end. */
const AT_ONCE = 10;
/** Rows of room below those that are known, while more are to come. */
const TO_COME = 5;

/**
 * @template R
 * @typedef {import("./row.js").Column<R>} Column
 */

/**
 * @template R
 * @typedef {object} Options
 * @property {string} label
 * @property {Column<R>[]} columns
 * @property {import("./pages.js").Pages<R> | null} pages
 * @property {(row: R) => boolean} isSelected
 * @property {(row: R) => void} toggle
 * @property {(rows: R[]) => void} extend selects these rows, too
 * @property {(row: R) => void} open
 * @property {(field: string) => void} sortBy
 * @property {(column: string, width: number) => void} resized
 */

/**
 * @template R
 */
export class GridTable {
    /** @type {Map<number, HTMLTableRowElement>} */
    #drawn = new Map();
    /** @type {HTMLTableRowElement[]} */
    #free = [];
    #active = 0;
    #anchor = 0;
    #frame = 0;
    #rowHeight = 36;
    /** @type {WeakMap<HTMLTableRowElement, R | null | undefined>} what a row's element shows */
    #shown = new WeakMap();

    /** @param {Options<R>} options */
    constructor(options) {
        this.options = options;
        this.columns = options.columns;
        /** @type {Head<R>} */
        this.head = new Head(options.sortBy, options.resized);
        this.above = spacer();
        this.body = el("tbody", { role: "rowgroup" });
        this.below = spacer();
        this.table = el(
            "table",
            {
                role: "grid",
                class: "grid",
                tabindex: "0",
                "aria-label": options.label,
                "aria-multiselectable": "true",
            },
            this.head.cols,
            el("thead", { role: "rowgroup" }, this.head.row),
            this.above,
            this.body,
            this.below,
        );
        this.element = el("div", { class: "grid-scroll" }, this.table);
        this.element.addEventListener("scroll", () => this.#soon(), { passive: true });
        new ResizeObserver(() => this.#measure()).observe(this.element);
        this.body.addEventListener("click", (event) => this.#clicked(event));
        this.table.addEventListener("keydown", (event) => this.#pressed(event));
        this.table.addEventListener("focus", () => this.#tellActive());
        this.setColumns(options.columns);
    }

    /** The row that keys act on; undefined while it is not there. */
    get activeRow() {
        return this.options.pages?.at(this.#active) ?? undefined;
    }

    /** The number of the active row. */
    get active() {
        return this.#active;
    }

    /** The row that the reader is at: the active one, where the table has the focus and it is in sight. */
    get pointed() {
        if (document.activeElement !== this.table || this.head.active >= 0) return undefined;
        const top = this.#active * this.#rowHeight;
        const room = this.element.clientHeight - this.head.row.offsetHeight;
        const { scrollTop } = this.element;
        const isInSight = top + this.#rowHeight > scrollTop && top < scrollTop + room;
        return isInSight ? this.activeRow : undefined;
    }

    /** Brings the active row in sight, and the keys to it. */
    point() {
        this.focus();
        this.activate(this.#active);
    }

    /** The rows in sight. */
    get inSight() {
        const rows = [];
        for (const index of this.#drawn.keys()) {
            const row = this.options.pages?.at(index);
            if (row) rows.push(row);
        }
        return rows;
    }

    /**
     * Shows another list, from its beginning; or the same one anew, where one is in it.
     *
     * @param {import("./pages.js").Pages<R>} pages
     * @param {{ isSame?: boolean }} [options]
     */
    show(pages, { isSame = false } = {}) {
        const { scrollTop } = this.element;
        this.options.pages = pages;
        this.#active = isSame ? Math.max(0, Math.min(this.#active, pages.length - 1)) : 0;
        this.#anchor = this.#active;
        if (!isSame) this.element.scrollTop = 0;
        this.draw();
        if (isSame) this.element.scrollTop = scrollTop;
    }

    /** The number of the last row that is in sight. */
    get lastInSight() {
        return Math.max(this.#active, ...this.#drawn.keys());
    }

    /**
     * Says how many rows the whole list has.
     *
     * @param {number} total
     */
    setTotal(total) {
        this.table.setAttribute("aria-rowcount", String(total + 1));
    }

    /** @param {Column<R>[]} columns */
    setColumns(columns) {
        this.columns = columns;
        this.#drawn.clear();
        this.#free = [];
        this.body.replaceChildren();
        this.table.setAttribute("aria-colcount", String(columns.length + 1));
        this.table.style.minWidth = `${this.head.set(columns)}px`;
        this.draw();
    }

    /** Draws what is in sight, now. */
    draw() {
        const { pages } = this.options;
        if (!pages) return;
        const height = this.#rowHeight;
        const known = pages.length;
        const whole = known + (pages.isWhole || !pages.isThere ? 0 : TO_COME);
        const visible = Math.ceil(this.element.clientHeight / height) || 20;
        const first = Math.max(0, Math.floor(this.element.scrollTop / height) - BEYOND);
        const end = Math.min(whole, first + Math.min(MOST, visible + 2 * BEYOND));
        pages.want(first, end);
        this.#put(first, end);
        this.#spacer(this.above, first * height);
        this.#spacer(this.below, (whole - end) * height);
        this.#tellActive();
    }

    /**
     * Puts all rows in the document that are known, to be printed; `draw` takes them out again.
     *
     * @param {number} most
     */
    drawAll(most) {
        this.#put(0, Math.min(most, this.options.pages?.length ?? 0));
        this.#spacer(this.above, 0);
        this.#spacer(this.below, 0);
    }

    /**
     * Has just these rows in the document, in their order.
     *
     * @param {number} first
     * @param {number} end
     */
    #put(first, end) {
        for (const [index, tr] of this.#drawn) {
            if (index < first || index >= end) {
                this.#drawn.delete(index);
                this.#free.push(tr);
            }
        }
        let before = /** @type {Element | null} */ (null);
        for (let index = first; index < end; index++) {
            let tr = this.#drawn.get(index);
            if (!tr) {
                tr = this.#free.pop() ?? newRow(this.columns);
                this.#drawn.set(index, tr);
            }
            const after = before ? before.nextElementSibling : this.body.firstElementChild;
            if (after !== tr) this.body.insertBefore(tr, after);
            before = tr;
            this.#fillRow(tr, index);
        }
        for (const tr of this.#free) tr.remove();
        this.#free.length = Math.min(this.#free.length, MOST);
    }

    /**
     * Makes a row the active one, and brings it in sight.
     *
     * @param {number} index
     * @param {{ keepAnchor?: boolean }} [options]
     */
    activate(index, { keepAnchor = false } = {}) {
        const { pages } = this.options;
        const last = Math.max(0, (pages?.length ?? 1) - 1);
        this.#active = Math.max(0, Math.min(index, last));
        this.head.active = -1;
        if (!keepAnchor) this.#anchor = this.#active;
        const top = this.#active * this.#rowHeight;
        const room = this.element.clientHeight - this.head.row.offsetHeight;
        if (top < this.element.scrollTop) this.element.scrollTop = top;
        else if (top + this.#rowHeight > this.element.scrollTop + room) {
            this.element.scrollTop = top + this.#rowHeight - room;
        }
        this.draw();
    }

    focus() {
        this.table.focus({ preventScroll: true });
    }

    #soon() {
        if (this.#frame) return;
        this.#frame = requestAnimationFrame(() => {
            this.#frame = 0;
            this.draw();
        });
    }

    #measure() {
        const height = parseFloat(getComputedStyle(this.element).getPropertyValue("--row")) *
            parseFloat(getComputedStyle(document.documentElement).fontSize);
        if (height > 0) this.#rowHeight = height;
        this.draw();
    }

    /**
     * @param {HTMLTableSectionElement} section
     * @param {number} height
     */
    #spacer(section, height) {
        const cell = /** @type {HTMLElement} */ (section.firstElementChild?.firstElementChild);
        section.hidden = height <= 0;
        cell.style.height = `${Math.max(0, height)}px`;
    }

    /**
     * @param {HTMLTableRowElement} tr
     * @param {number} index
     */
    #fillRow(tr, index) {
        const row = this.options.pages?.at(index);
        const number = String(index + 2);
        if (tr.getAttribute("aria-rowindex") !== number) {
            tr.setAttribute("aria-rowindex", number);
            tr.id = `row-${index}`;
        }
        const selected = row ? String(this.options.isSelected(row)) : "false";
        if (tr.getAttribute("aria-selected") !== selected) {
            tr.setAttribute("aria-selected", selected);
        }
        tr.classList.toggle("active", index === this.#active && this.head.active < 0);
        if (row && this.#shown.get(tr) === row) return; // rows are replaced, never changed
        this.#shown.set(tr, row);
        showRow(tr, this.columns, row);
    }

    #tellActive() {
        const isHead = this.head.active >= 0;
        const id = isHead ? `head-${this.head.active}` : `row-${this.#active}`;
        if (isHead || this.#drawn.has(this.#active)) {
            this.table.setAttribute("aria-activedescendant", id);
        } else this.table.removeAttribute("aria-activedescendant");
        this.head.tellActive();
    }

    /** @param {MouseEvent} event */
    #clicked(event) {
        const target = /** @type {Element} */ (event.target);
        const tr = target.closest("tr");
        const index = Number(tr?.getAttribute("aria-rowindex")) - 2;
        const row = this.options.pages?.at(index);
        if (!row) return;
        this.focus();
        if (event.shiftKey) {
            this.activate(index, { keepAnchor: true });
            this.options.extend(this.#between(this.#anchor, index));
        } else if (target.closest(".tick") || event.ctrlKey || event.metaKey) {
            this.activate(index);
            this.options.toggle(row);
        } else {
            this.activate(index);
            this.options.open(row);
        }
    }

    /**
     * @param {number} one
     * @param {number} other
     */
    #between(one, other) {
        const rows = [];
        for (let index = Math.min(one, other); index <= Math.max(one, other); index++) {
            const row = this.options.pages?.at(index);
            if (row) rows.push(row);
        }
        return rows;
    }

    /** @param {KeyboardEvent} event */
    #pressed(event) {
        if (event.altKey || (/^[a-z]$/.test(event.key) && !preferences.singleKeys)) return;
        const isDone = this.head.active >= 0
            ? this.#pressedInHead(event)
            : this.#pressedInRows(event);
        if (!isDone) return;
        event.preventDefault();
        this.draw();
    }

    /** @param {KeyboardEvent} event */
    #pressedInHead({ key }) {
        if (key === "ArrowDown" || key === "Escape") this.activate(this.#active);
        else return this.head.pressed(key);
        return true;
    }

    /** @param {KeyboardEvent} event */
    #pressedInRows({ key, ctrlKey, metaKey, shiftKey }) {
        const { options } = this;
        const row = this.activeRow;
        const page = Math.max(1, Math.floor(this.element.clientHeight / this.#rowHeight) - 2);
        const steps = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page };
        const step = steps[/** @type {keyof typeof steps} */ (key)];
        if (key === "Home") this.#move(0, shiftKey);
        else if (key === "End") void this.#toEnd(shiftKey);
        else if (ctrlKey || metaKey) return false;
        else if (step !== undefined && step < 0 && this.#active === 0) this.head.enter(1);
        else if (step !== undefined) this.#move(this.#active + step, shiftKey);
        else if (key === " " || key === "x") row && options.toggle(row);
        else if (key === "Enter") row && options.open(row);
        else return false;
        return true;
    }

    /**
     * Goes to the end of the list; of a long one, as far as is fetched at once.
     *
     * @param {boolean} isExtending
     */
    async #toEnd(isExtending) {
        const { pages } = this.options;
        for (let page = 0; pages && page < AT_ONCE && !pages.isWhole && !pages.failure; page++) {
            await pages.grow();
        }
        if (pages && pages === this.options.pages) this.#move(pages.length - 1, isExtending);
    }

    /**
     * @param {number} to
     * @param {boolean} isExtending
     */
    #move(to, isExtending) {
        this.activate(to, { keepAnchor: isExtending });
        if (isExtending) this.options.extend(this.#between(this.#anchor, this.#active));
    }
}

/** Room for the rows that are not in the document. */
function spacer() {
    return el(
        "tbody",
        { "aria-hidden": "true", role: "presentation" },
        el("tr", {}, el("td")),
    );
}

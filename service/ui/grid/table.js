/**
 * A table of any length: only the rows in sight are in the document, and their elements are used again.
 *
 * It is one tab stop. The active row or header is told by `aria-activedescendant`, so the focus stays on
 * the table, whatever rows come and go.
 */

import { el, fill, setText } from "../dom.js";
import { preferences } from "../preferences.js";
import { t } from "../words.js";

/** Rows outside of what is in sight that are drawn, each way. */
const BEYOND = 6;
/** Rows that are in the document at most. */
const MOST = 60;
/** Rows of room below those that are known, while more are to come. */
const TO_COME = 5;

/**
 * @template R
 * @typedef {object} Column
 * @property {string} name
 * @property {string} label
 * @property {number} width pixels, unless the reader chose another one
 * @property {string} [sort] the field that it is sorted by
 * @property {boolean} [isAmount]
 * @property {(row: R) => string} text
 * @property {(row: R) => string} [detail] what stands quietly behind the text
 * @property {(row: R) => string} [status] the text is a status of this kind
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
    #header = -1;
    #frame = 0;
    #rowHeight = 36;
    #sort = "";
    #total = /** @type {number | null} */ (null);
    /** @type {WeakMap<HTMLTableRowElement, R | null | undefined>} what a row's element shows */
    #shown = new WeakMap();

    /** @param {Options<R>} options */
    constructor(options) {
        this.options = options;
        this.columns = options.columns;
        this.cols = el("colgroup");
        this.headRow = el("tr", { role: "row", "aria-rowindex": 1 });
        this.above = el(
            "tbody",
            { "aria-hidden": "true", role: "presentation" },
            el("tr", {}, el("td")),
        );
        this.body = el("tbody", { role: "rowgroup" });
        this.below = el(
            "tbody",
            { "aria-hidden": "true", role: "presentation" },
            el("tr", {}, el("td")),
        );
        this.table = el(
            "table",
            {
                role: "grid",
                class: "grid",
                tabindex: "0",
                "aria-label": options.label,
                "aria-multiselectable": "true",
            },
            this.cols,
            el("thead", { role: "rowgroup" }, this.headRow),
            this.above,
            this.body,
            this.below,
        );
        this.element = el("div", { class: "grid-scroll" }, this.table);
        this.element.addEventListener("scroll", () => this.#soon(), { passive: true });
        new ResizeObserver(() => this.#measure()).observe(this.element);
        this.body.addEventListener("click", (event) => this.#clicked(event));
        this.headRow.addEventListener("click", (event) => this.#headClicked(event));
        this.headRow.addEventListener("pointerdown", (event) => this.#sized(event));
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
     * Shows another list, from its beginning.
     *
     * @param {import("./pages.js").Pages<R>} pages
     */
    show(pages) {
        this.options.pages = pages;
        this.#active = this.#anchor = 0;
        this.element.scrollTop = 0;
        this.draw();
    }

    /**
     * Says how many rows the whole list has.
     *
     * @param {number | null} total
     */
    setTotal(total) {
        this.#total = total;
        this.table.setAttribute("aria-rowcount", String(total === null ? -1 : total + 1));
    }

    /** @param {string} sort as `date` or `-date` */
    setSort(sort) {
        this.#sort = sort;
        for (const [at, cell] of [...this.headRow.cells].slice(1).entries()) {
            const field = this.columns[at]?.sort;
            const order = field && sort === field
                ? "ascending"
                : field && sort === `-${field}`
                ? "descending"
                : null;
            if (order) cell.setAttribute("aria-sort", order);
            else cell.removeAttribute("aria-sort");
        }
    }

    /** @param {Column<R>[]} columns */
    setColumns(columns) {
        this.columns = columns;
        this.#drawn.clear();
        this.#free = [];
        this.body.replaceChildren();
        this.table.setAttribute("aria-colcount", String(columns.length + 1));
        const tick = el("col");
        tick.style.width = "44px";
        fill(
            this.cols,
            tick,
            ...columns.map(({ width }) => {
                const col = el("col");
                col.style.width = `${width}px`;
                return col;
            }),
        );
        fill(
            this.headRow,
            el(
                "th",
                { role: "columnheader", scope: "col", class: "tick", id: "head-0" },
                el("span", { class: "unseen" }, t("grid.selected")),
            ),
            ...columns.map(({ label, sort, isAmount, name }, at) =>
                el(
                    "th",
                    {
                        role: "columnheader",
                        scope: "col",
                        id: `head-${at + 1}`,
                        class: `${isAmount ? "amount" : ""} ${sort ? "sortable" : ""}`,
                        "data-name": name,
                    },
                    el("span", {}, label),
                    el("i", { class: "grip" }),
                )
            ),
        );
        const width = columns.reduce((whole, each) => whole + each.width, 44);
        this.table.style.minWidth = `${width}px`;
        this.setSort(this.#sort);
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
                tr = this.#free.pop() ?? this.#newRow();
                this.#drawn.set(index, tr);
            }
            const after = before ? before.nextElementSibling : this.body.firstElementChild;
            if (after !== tr) this.body.insertBefore(tr, after);
            before = tr;
            this.#fillRow(tr, index);
        }
        for (const tr of this.#free) tr.remove();
        this.#spacer(this.above, first * height);
        this.#spacer(this.below, (whole - end) * height);
        this.#tellActive();
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
        this.#header = -1;
        if (!keepAnchor) this.#anchor = this.#active;
        const top = this.#active * this.#rowHeight;
        const room = this.element.clientHeight - this.headRow.offsetHeight;
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

    #newRow() {
        return el(
            "tr",
            { role: "row" },
            el("td", { role: "gridcell", class: "tick" }, el("span", { class: "box" })),
            ...this.columns.map(({ isAmount, status, detail }) =>
                el(
                    "td",
                    { role: "gridcell", class: isAmount ? "amount" : undefined },
                    el("span", { class: status ? "status" : undefined }),
                    detail && el("small", { class: "quiet" }),
                )
            ),
        );
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
        tr.classList.toggle("active", index === this.#active && this.#header < 0);
        if (row && this.#shown.get(tr) === row) return; // rows are replaced, never changed
        this.#shown.set(tr, row);
        tr.classList.toggle("coming", !row);
        for (const [at, column] of this.columns.entries()) {
            const cell = tr.cells[at + 1];
            const text = /** @type {HTMLElement} */ (cell?.firstElementChild);
            setText(text, row ? column.text(row) : "");
            if (column.status) text.className = row ? `status ${column.status(row)}` : "";
            if (column.detail) {
                const quiet = /** @type {HTMLElement} */ (text.nextElementSibling);
                setText(quiet, row ? column.detail(row) : "");
            }
        }
    }

    #tellActive() {
        const id = this.#header >= 0 ? `head-${this.#header}` : `row-${this.#active}`;
        if (this.#header >= 0 || this.#drawn.has(this.#active)) {
            this.table.setAttribute("aria-activedescendant", id);
        } else this.table.removeAttribute("aria-activedescendant");
        for (const [at, cell] of [...this.headRow.cells].entries()) {
            cell.classList.toggle("active", at === this.#header);
        }
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

    /** @param {MouseEvent} event */
    #headClicked(event) {
        const target = /** @type {Element} */ (event.target);
        const cell = target.closest("th");
        if (!cell || target.closest(".grip")) return;
        this.#sortAt([...this.headRow.cells].indexOf(/** @type {HTMLTableCellElement} */ (cell)));
    }

    /** @param {number} at */
    #sortAt(at) {
        const field = this.columns[at - 1]?.sort;
        if (field) this.options.sortBy(this.#sort === field ? `-${field}` : field);
    }

    /** @param {PointerEvent} event */
    #sized(event) {
        const grip = /** @type {Element} */ (event.target).closest(".grip");
        const cell = grip?.closest("th");
        if (!grip || !cell) return;
        event.preventDefault();
        const at = [...this.headRow.cells].indexOf(/** @type {HTMLTableCellElement} */ (cell));
        const col = /** @type {HTMLElement} */ (this.cols.children[at]);
        const from = event.clientX;
        const width = cell.offsetWidth;
        const end = new AbortController();
        addEventListener("pointermove", (move) => {
            col.style.width = `${Math.max(48, width + move.clientX - from)}px`;
        }, { signal: end.signal });
        addEventListener("pointerup", () => {
            end.abort();
            this.options.resized(this.columns[at - 1]?.name ?? "", cell.offsetWidth);
        }, { signal: end.signal });
    }

    /** @param {KeyboardEvent} event */
    #pressed(event) {
        const { options } = this;
        if (event.altKey || (/^[a-z]$/.test(event.key) && !preferences.singleKeys)) return;
        const page = Math.max(1, Math.floor(this.element.clientHeight / this.#rowHeight) - 2);
        const control = event.ctrlKey || event.metaKey;
        const last = (options.pages?.length ?? 1) - 1;
        const step =
            { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page }[event.key];
        if (this.#header >= 0) {
            this.#inHeader(event);
            return;
        }
        if (step !== undefined && !control) {
            if (step < 0 && this.#active === 0) this.#enterHeader(1);
            else this.#move(this.#active + step, event.shiftKey);
        } else if (event.key === "Home") this.#move(0, event.shiftKey);
        else if (event.key === "End") this.#move(last, event.shiftKey);
        else if ((event.key === " " || event.key === "x") && !control) {
            const row = this.activeRow;
            if (row) options.toggle(row);
        } else if (event.key === "Enter" && !control) {
            const row = this.activeRow;
            if (row) options.open(row);
        } else return;
        event.preventDefault();
    }

    /**
     * @param {number} to
     * @param {boolean} extends_
     */
    #move(to, extends_) {
        this.activate(to, { keepAnchor: extends_ });
        if (extends_) this.options.extend(this.#between(this.#anchor, this.#active));
    }

    /** @param {number} at */
    #enterHeader(at) {
        this.#header = Math.max(1, Math.min(at, this.columns.length));
        this.headRow.cells[this.#header]?.scrollIntoView({ block: "nearest", inline: "nearest" });
        this.draw();
    }

    /** @param {KeyboardEvent} event */
    #inHeader(event) {
        if (event.key === "ArrowRight") this.#enterHeader(this.#header + 1);
        else if (event.key === "ArrowLeft") this.#enterHeader(this.#header - 1);
        else if (event.key === "ArrowDown" || event.key === "Escape") this.activate(this.#active);
        else if (event.key === "Enter" || event.key === " ") this.#sortAt(this.#header);
        else return;
        event.preventDefault();
        event.stopPropagation();
    }

    /** How many rows the whole list has, null where it is not known. */
    get total() {
        return this.#total;
    }
}

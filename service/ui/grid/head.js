/**
 * The headers of the table: they sort, tell the order, and make columns wider.
 */

import { el, fill } from "../dom.js";
import { t } from "../words.js";

/** Pixels of the column of ticks, and of the narrowest other one. */
const TICK = 44;
const NARROWEST = 48;

/**
 * @template R
 * @typedef {import("./row.js").Column<R>} Column
 */

/**
 * @template R
 */
export class Head {
    /** @type {Column<R>[]} */
    #columns = [];
    #sort = "";
    /** The number of the header that keys act on; -1 where that is a row. */
    active = -1;

    /**
     * @param {(field: string) => void} sortBy
     * @param {(column: string, width: number) => void} resized
     */
    constructor(sortBy, resized) {
        this.sortBy = sortBy;
        this.resized = resized;
        this.cols = el("colgroup");
        this.row = el("tr", { role: "row", "aria-rowindex": 1 });
        this.row.addEventListener("click", (event) => this.#clicked(event));
        this.row.addEventListener("pointerdown", (event) => this.#sized(event));
    }

    /**
     * @param {Column<R>[]} columns
     * @returns {number} how wide they are together, in pixels
     */
    set(columns) {
        this.#columns = columns;
        fill(this.cols, ...[TICK, ...columns.map(({ width }) => width)].map(col));
        const selected = el("span", { class: "unseen" }, t("grid.selected"));
        fill(
            this.row,
            el(
                "th",
                { role: "columnheader", scope: "col", class: "tick", id: "head-0" },
                selected,
            ),
            ...columns.map(({ label, sort, isAmount }, at) =>
                el(
                    "th",
                    {
                        role: "columnheader",
                        scope: "col",
                        id: `head-${at + 1}`,
                        class: `${isAmount ? "amount" : ""} ${sort ? "sortable" : ""}`,
                    },
                    el("span", {}, label),
                    el("i", { class: "grip" }),
                )
            ),
        );
        this.tellSort(this.#sort);
        return columns.reduce((whole, { width }) => whole + width, TICK);
    }

    /** @param {string} sort as `date` or `-date` */
    tellSort(sort) {
        this.#sort = sort;
        for (const [at, { sort: field }] of this.#columns.entries()) {
            const cell = this.row.cells[at + 1];
            if (field && sort === field) cell?.setAttribute("aria-sort", "ascending");
            else if (field && sort === `-${field}`) cell?.setAttribute("aria-sort", "descending");
            else cell?.removeAttribute("aria-sort");
        }
    }

    /** Marks the header that keys act on. */
    tellActive() {
        for (const [at, cell] of [...this.row.cells].entries()) {
            cell.classList.toggle("active", at === this.active);
        }
    }

    /**
     * What a key does here; false where it does nothing.
     *
     * @param {string} key
     */
    pressed(key) {
        if (key === "ArrowRight") this.enter(this.active + 1);
        else if (key === "ArrowLeft") this.enter(this.active - 1);
        else if (key === "Enter" || key === " ") this.#sortAt(this.active);
        else return false;
        return true;
    }

    /** @param {number} at */
    enter(at) {
        this.active = Math.max(1, Math.min(at, this.#columns.length));
        this.row.cells[this.active]?.scrollIntoView({ block: "nearest", inline: "nearest" });
    }

    /** @param {number} at */
    #sortAt(at) {
        const field = this.#columns[at - 1]?.sort;
        if (field) this.sortBy(this.#sort === field ? `-${field}` : field);
    }

    /** @param {MouseEvent} event */
    #clicked(event) {
        const target = /** @type {Element} */ (event.target);
        const at = this.#numberOf(target);
        if (at > 0 && !target.closest(".grip")) this.#sortAt(at);
    }

    /** @param {Element} target */
    #numberOf(target) {
        const cell = target.closest("th");
        return cell ? [...this.row.cells].indexOf(cell) : -1;
    }

    /** @param {PointerEvent} event */
    #sized(event) {
        const target = /** @type {Element} */ (event.target);
        const at = this.#numberOf(target);
        const cell = this.row.cells[at];
        if (!target.closest(".grip") || !cell) return;
        event.preventDefault();
        const changed = /** @type {HTMLElement} */ (this.cols.children[at]);
        const from = event.clientX;
        const width = cell.offsetWidth;
        const end = new AbortController();
        addEventListener("pointermove", (move) => {
            changed.style.width = `${Math.max(NARROWEST, width + move.clientX - from)}px`;
        }, { signal: end.signal });
        addEventListener("pointerup", () => {
            end.abort();
            this.resized(this.#columns[at - 1]?.name ?? "", cell.offsetWidth);
        }, { signal: end.signal });
    }
}

/** @param {number} width */
function col(width) {
    const element = el("col");
    element.style.width = `${width}px`;
    return element;
}

/**
 * What is selected: some rows, or all that match but some.
 *
 * All that match is a promise about the whole filter, not about the rows that were scrolled by.
 */

import { difference, sum, sumsByCurrency } from "../amounts.js";

/** @typedef {{ currency: string, amount: string }} Valued */
/** @typedef {{ currency: string, amount: string, count: number }} Total */

/**
 * @template {Valued} R
 */
export class Selection {
    /** Whether all that match are selected, less those that were unticked. */
    isAll = false;
    /** @type {Map<string, R>} those that were picked; those left out where all are selected */
    #rows = new Map();

    /**
     * @param {(row: R) => string} keyOf
     * @param {() => void} changed
     */
    constructor(keyOf, changed) {
        this.keyOf = keyOf;
        this.changed = changed;
    }

    /** Whether nothing is selected; of all that match, somebody else knows how many there are. */
    get isEmpty() {
        return !this.isAll && this.#rows.size === 0;
    }

    /** The keys of what was picked, or left out of all. */
    get keys() {
        return [...this.#rows.keys()];
    }

    /** The rows that were picked, or left out of all. */
    get rows() {
        return [...this.#rows.values()];
    }

    /** @param {R} row */
    has(row) {
        return this.#rows.has(this.keyOf(row)) !== this.isAll;
    }

    /**
     * Selects rows, or takes them out of the selection.
     *
     * @param {R[]} rows
     * @param {boolean} selected
     */
    set(rows, selected) {
        for (const row of rows) {
            if (selected !== this.isAll) this.#rows.set(this.keyOf(row), row);
            else this.#rows.delete(this.keyOf(row));
        }
        this.changed();
    }

    /** @param {R} row */
    toggle(row) {
        this.set([row], !this.has(row));
    }

    all() {
        this.isAll = true;
        this.#rows.clear();
        this.changed();
    }

    clear() {
        this.isAll = false;
        this.#rows.clear();
        this.changed();
    }

    /**
     * How many are selected.
     *
     * @param {number} matching how many match in all
     */
    count(matching) {
        return this.isAll ? Math.max(0, matching - this.#rows.size) : this.#rows.size;
    }

    /**
     * What they come to, by currency.
     *
     * @param {Total[]} matching what all that match come to
     * @returns {Total[]}
     */
    sums(matching) {
        const picked = sumsByCurrency(this.#rows.values());
        if (!this.isAll) return picked;
        const without = new Map(picked.map((each) => [each.currency, each]));
        return matching.map((all) => {
            const less = without.get(all.currency);
            if (!less) return all;
            return {
                currency: all.currency,
                amount: difference(all.amount, less.amount),
                count: all.count - less.count,
            };
        });
    }
}

/**
 * Sums by currency of totals that are told apart by more.
 *
 * @param {Total[]} totals
 * @returns {Total[]}
 */
export function byCurrency(totals) {
    /** @type {Map<string, Total[]>} */
    const of = new Map();
    for (const total of totals) of.set(total.currency, [...(of.get(total.currency) ?? []), total]);
    return [...of].map(([currency, parts]) => ({
        currency,
        amount: sum(parts.map((part) => part.amount)),
        count: parts.reduce((count, part) => count + part.count, 0),
    }));
}

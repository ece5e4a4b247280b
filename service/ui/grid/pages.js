/**
 * A list by its pages: fetched as one scrolls, let go when there are many, fetched again by the cursor
 * that they were fetched by.
 */

/**
 * @template R
 * @typedef {{ items: R[], next: string | null, position: number }} Fetched
 */

/**
 * @template R
 * @typedef {object} Page
 * @property {string | null} cursor what it is fetched by; null for the first
 * @property {number} start the number of its first row, from 0
 * @property {number} length how many rows it has
 * @property {R[] | null} rows null once it is let go
 * @property {number} used when it was last wanted
 * @property {Promise<void> | null} coming
 */

/** Pages that are kept; the others are let go. */
const KEPT = 12;
/** Rows before the end of what is known at which the next page is fetched. */
const AHEAD = 100;

/**
 * @template R
 */
export class Pages {
    /** @type {Page<R>[]} */
    #pages = [];
    /** @type {Promise<void> | null} */
    #growing = null;
    #turn = 0;
    #stopped = new AbortController();
    #next = /** @type {string | null | undefined} */ (undefined);
    /** Why the next page could not be had; null when nothing failed. */
    failure = /** @type {unknown} */ (null);

    /**
     * @param {(cursor: string | null, signal: AbortSignal) => Promise<Fetched<R>>} fetch
     * @param {(row: R) => string} keyOf
     * @param {() => void} changed called when more rows are there, or a page could not be had
     */
    constructor(fetch, keyOf, changed) {
        this.fetch = fetch;
        this.keyOf = keyOf;
        this.changed = changed;
    }

    /** How many rows are known so far. */
    get length() {
        const last = this.#pages.at(-1);
        return last ? last.start + last.length : 0;
    }

    /** Whether the end of the list is known. */
    get isWhole() {
        return this.#next === null;
    }

    /** Whether the first page is there. */
    get isThere() {
        return this.#pages.length > 0;
    }

    /** Rows that are kept. */
    get kept() {
        return this.#pages.reduce((count, page) => count + (page.rows?.length ?? 0), 0);
    }

    /**
     * The row of this number; undefined where it is not known yet, null where its page was let go.
     *
     * @param {number} index
     * @returns {R | null | undefined}
     */
    at(index) {
        const page = this.#pageOf(index);
        if (!page) return undefined;
        return page.rows ? page.rows[index - page.start] : null;
    }

    /**
     * The rows that are kept, in their order, each with its number.
     *
     * @returns {Generator<[number, R]>}
     */
    *rows() {
        for (const page of this.#pages) {
            if (page.rows) {
                for (const [at, row] of page.rows.entries()) yield [page.start + at, row];
            }
        }
    }

    /**
     * Has the rows from one number to before another one fetched, where they are not there.
     *
     * @param {number} first
     * @param {number} end
     */
    want(first, end) {
        for (const page of this.#pages) {
            if (page.start < end && page.start + page.length > first) {
                page.used = ++this.#turn;
                if (page.rows === null) page.coming ??= this.#again(page);
            }
        }
        if (end + AHEAD > this.length && !this.isWhole && this.failure === null) this.grow();
    }

    /**
     * Fetches the next page, once at a time.
     *
     * @returns {Promise<void>}
     */
    grow() {
        this.#growing ??= this.#grow().finally(() => {
            this.#growing = null;
        });
        return this.#growing;
    }

    /**
     * Replaces rows that changed in place, and tells whether any is kept.
     *
     * @param {Map<string, (row: R) => R>} changes by the rows' keys
     */
    patch(changes) {
        for (const page of this.#pages) {
            if (!page.rows) continue;
            for (const [at, row] of page.rows.entries()) {
                const change = changes.get(this.keyOf(row));
                if (change) page.rows[at] = change(row);
            }
        }
        this.changed();
    }

    /** Stops: what is still to come is not waited for. */
    close() {
        this.#stopped.abort();
    }

    /** @param {number} index */
    #pageOf(index) {
        let low = 0;
        let high = this.#pages.length - 1;
        while (low <= high) {
            const middle = (low + high) >> 1;
            const page = /** @type {Page<R>} */ (this.#pages[middle]);
            if (index < page.start) high = middle - 1;
            else if (index >= page.start + page.length) low = middle + 1;
            else return page;
        }
        return null;
    }

    async #grow() {
        if (this.isWhole || this.#stopped.signal.aborted) return;
        const cursor = this.#next ?? null;
        try {
            const { items, next } = await this.fetch(cursor, this.#stopped.signal);
            if (this.#stopped.signal.aborted) return;
            this.failure = null;
            const start = this.length;
            const page = {
                cursor,
                start,
                length: items.length,
                rows: items,
                used: ++this.#turn,
                coming: null,
            };
            this.#pages.push(page);
            this.#next = next;
            this.#letGo();
        } catch (error) {
            if (this.#stopped.signal.aborted) return;
            this.failure = error;
        }
        this.changed();
    }

    /** @param {Page<R>} page */
    async #again(page) {
        try {
            const { items } = await this.fetch(page.cursor, this.#stopped.signal);
            if (this.#stopped.signal.aborted) return;
            page.rows = this.#upTo(page, items);
            this.#count(page);
            this.#letGo();
        } catch (error) {
            if (this.#stopped.signal.aborted) return;
            this.failure = error;
        } finally {
            page.coming = null;
        }
        this.changed();
    }

    /**
     * What of a page that is fetched again is not on the page after it: rows went since.
     *
     * @param {Page<R>} page
     * @param {R[]} items
     */
    #upTo(page, items) {
        const after = this.#pages[this.#pages.indexOf(page) + 1]?.rows?.[0];
        if (after === undefined) return items.slice(0, page.length);
        const at = items.findIndex((row) => this.keyOf(row) === this.keyOf(after));
        return at < 0 ? items : items.slice(0, at);
    }

    /** @param {Page<R>} page */
    #count(page) {
        page.length = page.rows?.length ?? page.length;
        let start = page.start;
        for (const each of this.#pages.slice(this.#pages.indexOf(page))) {
            each.start = start;
            start += each.length;
        }
    }

    #letGo() {
        const there = this.#pages.filter((page) => page.rows !== null);
        there.sort((one, other) => other.used - one.used);
        for (const page of there.slice(KEPT)) page.rows = null;
    }
}

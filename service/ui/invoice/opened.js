/**
 * The invoice that is open: what the service says of it, and commands that nobody's edit is lost by.
 */

import { get, getAll, Refusal, send } from "../api.js";
import { el } from "../dom.js";
import { differences } from "./differences.js";

/**
 * @typedef {object} Opened
 * @property {any} invoice
 * @property {string} etag the version that is shown
 * @property {any} contract null where it may not be read
 * @property {Map<string, any>} lines the contract's lines, by id
 * @property {any[]} corrections of this invoice
 */

/** How often a preview is asked for again as others changed the invoice. */
const LOOKS = 3;

/** Others changed the invoice before a command reached it: nothing was done, what is shown is new. */
export class Stale extends Error {
    /** @param {string[]} changes what changed, in the reader's language */
    constructor(changes) {
        super("stale");
        this.changes = changes;
    }
}

/**
 * That nothing was done as others changed the invoice, what they changed, and what to do now.
 *
 * @param {Stale} stale
 * @param {string} text
 */
export function staleText(stale, text) {
    return [
        el("p", {}, text),
        el("ul", {}, ...stale.changes.map((change) => el("li", {}, change))),
    ];
}

/** @param {string} id */
const pathOf = (id) => `v1/invoices/${encodeURIComponent(id)}`;

/**
 * @param {(scope: string) => boolean} may
 * @param {(opened: Opened, changes: string[]) => void} onOpened what is shown is new; `changes` are
 *   what others did since
 * @param {(error: unknown) => void} onFailed
 */
export function opening(may, onOpened, onFailed) {
    /** @type {Opened | null} */
    let opened = null;
    let id = "";
    let turn = 0;
    let aborted = new AbortController();
    let underWay = 0;
    /** @type {Promise<unknown>} */
    let last = Promise.resolve();

    /** Loads what is shown anew, and returns what others changed; none at first. */
    async function load() {
        const mine = ++turn;
        try {
            const { signal } = aborted;
            const invoice = await get(pathOf(id), {}, { signal });
            const [about, corrections] = await Promise.all([
                opened ?? aboutContract(invoice.contract_id, signal),
                invoice.number === null
                    ? { items: [] }
                    : get("v1/invoices", { corrects: id, limit: 100 }, { signal }),
            ]);
            if (mine !== turn) return [];
            return took(invoice, invoice.etag, {
                contract: about.contract,
                lines: about.lines,
                corrections: corrections.items,
            });
        } catch (error) {
            if (mine === turn) onFailed(error);
            return [];
        }
    }

    /**
     * @param {any} invoice
     * @param {string} etag
     * @param {Pick<Opened, "contract" | "lines" | "corrections">} about
     */
    function took(invoice, etag, about) {
        const before = opened;
        opened = { ...about, invoice, etag };
        const changes = before === null || before.etag === etag
            ? []
            : differences(before.invoice, invoice);
        onOpened(opened, changes);
        return changes;
    }

    /**
     * @param {string} contractId
     * @param {AbortSignal} signal
     */
    async function aboutContract(contractId, signal) {
        /** @type {Map<string, any>} */
        const lines = new Map();
        if (!may("backlog:read")) return { contract: null, lines };
        const [contract, found] = await Promise.all([
            get(`v1/contracts/${encodeURIComponent(contractId)}`, {}, { signal }),
            getAll("v1/lines", { contract_id: contractId }, { signal }),
        ]);
        for (const line of found.items) lines.set(line.line_id, line);
        return { contract, lines };
    }

    /**
     * One command on what is shown; one after the other.
     *
     * @param {"POST" | "PATCH" | "DELETE"} method
     * @param {string} under the path below the invoice, as `/refresh`
     * @param {unknown} [body]
     * @param {{ params?: Record<string, string>, key?: string, seen?: Opened | null }} [options] `seen`:
     *   what one decided by, where that isn't what is shown by then
     * @returns {Promise<any>} the answer
     * @throws {Stale | Refusal | import("../api.js").Unreachable}
     */
    function command(method, under, body, options = {}) {
        const mine = id;
        underWay += 1;
        const next = last.catch(() => {}).then(async () => {
            try {
                return await sent(method, under, body, options);
            } finally {
                underWay -= 1;
                const isDeleted = method === "DELETE" && under === "";
                if (underWay === 0 && id === mine && !isDeleted) void load();
            }
        });
        last = next;
        return next;
    }

    /**
     * @param {"POST" | "PATCH" | "DELETE"} method
     * @param {string} under
     * @param {unknown} body
     * @param {{ params?: Record<string, string>, key?: string, seen?: Opened | null }} options
     */
    async function sent(method, under, body, { seen, ...options }) {
        const before = seen ?? opened;
        if (opened === null || before === null) throw new Error("nothing is open");
        const asked = { ...options, match: before.etag };
        const { invoice_id } = before.invoice;
        try {
            const answer = await send(method, pathOf(invoice_id) + under, body, asked);
            if (answer.invoice_id === id && !options.params?.dry_run) {
                turn += 1; // a read that began before shows less than this
                const { pending, figures } = opened.invoice;
                const invoice = answer.number === null ? { pending, figures, ...answer } : answer;
                opened = { ...opened, invoice, etag: answer.etag ?? opened.etag };
                onOpened(opened, []);
            }
            return answer;
        } catch (error) {
            if (!(error instanceof Refusal) || error.code !== "stale_version") throw error;
            const changes = await load();
            // What is shown may have had them before: they are told as against what one decided by.
            const isSame = seen && invoice_id === id;
            throw new Stale(isSame ? differences(seen.invoice, opened.invoice) : changes);
        }
    }

    /**
     * What a command would come to on what is shown. Where others changed that, it is loaded anew first.
     *
     * @param {string} under
     * @param {unknown} body
     * @returns {Promise<{ would: any, seen: Opened }>} `seen`: the version that it would be done on
     * @throws {Refusal | import("../api.js").Unreachable}
     */
    async function preview(under, body) {
        for (let left = LOOKS;; left--) {
            const seen = opened;
            if (seen === null) throw new Error("nothing is open");
            try {
                const options = { params: { dry_run: true, details: false }, match: seen.etag };
                return { would: await send("POST", pathOf(id) + under, body, options), seen };
            } catch (error) {
                const isStale = error instanceof Refusal && error.code === "stale_version";
                if (!isStale || left === 0) throw error;
                await load();
            }
        }
    }

    return {
        command,
        preview,
        load,
        /** What others did may concern it: a command under way looks by itself. */
        lookAgain() {
            if (underWay === 0 && opened !== null) void load();
        },
        get opened() {
            return opened;
        },
        /** @param {string} now */
        open(now) {
            aborted.abort();
            aborted = new AbortController();
            id = now;
            opened = null;
            return load();
        },
        close() {
            turn += 1;
            aborted.abort();
        },
    };
}

/**
 * What others change, as they change it: the service's stream, read by `fetch`.
 *
 * A stream that is lost is opened again, later each time, and goes on from where it was. One that the
 * service refuses is not asked for again.
 */

import { listen } from "./api.js";

/** @typedef {{ position: number, contracts: string[] | null, kinds: string[], reset: boolean }} Change */
/** @typedef {"live" | "lost" | "refused"} Connection */
/**
 * @typedef {object} Listening
 * @property {number} position how far all is known
 * @property {number} wait milliseconds before the stream is opened again
 * @property {() => void} drop gives up the stream that is open
 * @property {() => void} wake ends the wait
 */

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;
/** Milliseconds without a sign after which a stream counts as lost; the service gives one every 15 s. */
const SILENT = 40_000;

/**
 * Follows the stream from a position on, until the page is left.
 *
 * @param {number} position
 * @param {(change: Change) => void} changed
 * @param {(connection: Connection, position: number) => void} connected
 */
export function follow(position, changed, connected) {
    const stopped = new AbortController();
    /** @type {Listening} */
    const seen = { position, wait: FIRST_WAIT, drop: () => {}, wake: () => {} };
    // A browser without a network may still reach a service on its own machine: it is tried.
    addEventListener("offline", () => seen.drop(), { signal: stopped.signal });
    addEventListener("online", () => {
        seen.wait = FIRST_WAIT;
        seen.wake();
    }, { signal: stopped.signal });
    goOn(seen, changed, connected, stopped.signal);
    return () => stopped.abort();
}

/**
 * @param {Listening} seen
 * @param {(change: Change) => void} changed
 * @param {(connection: Connection, position: number) => void} connected
 * @param {AbortSignal} stopped
 */
async function goOn(seen, changed, connected, stopped) {
    while (!stopped.aborted) {
        try {
            if (!await hear(seen, changed, connected, stopped)) {
                return connected("refused", seen.position);
            }
        } catch {
            // why it was lost makes no difference: it is said, and tried again
        }
        if (stopped.aborted) return;
        connected("lost", seen.position);
        /** @type {Promise<void>} */
        const rest = new Promise((resolve) => {
            seen.wake = resolve;
            setTimeout(resolve, seen.wait);
        });
        await rest;
        seen.wait = Math.min(2 * seen.wait, LONGEST_WAIT);
    }
}

/**
 * Hears one stream until it ends; false where the service gives none to whoever is signed in.
 *
 * @param {Listening} seen
 * @param {(change: Change) => void} changed
 * @param {(connection: Connection, position: number) => void} connected
 * @param {AbortSignal} stopped
 */
async function hear(seen, changed, connected, stopped) {
    const silent = new AbortController();
    seen.drop = () => silent.abort();
    let timer = setTimeout(() => silent.abort(), SILENT);
    try {
        const response = await listen({
            headers: { Accept: "text/event-stream", "Last-Event-ID": String(seen.position) },
            signal: AbortSignal.any([stopped, silent.signal]),
        });
        if (response.status === 403) return false;
        if (!response.ok || response.body === null) throw new Error(`${response.status}`);
        connected("live", seen.position);
        seen.wait = FIRST_WAIT;
        const texts = response.body.pipeThrough(new TextDecoderStream()).getReader();
        let rest = "";
        for (;;) {
            const { value, done } = await texts.read();
            if (done) return true;
            clearTimeout(timer);
            timer = setTimeout(() => silent.abort(), SILENT);
            const events = (rest + value).split("\n\n");
            rest = events.pop() ?? "";
            for (const event of events) take(event, seen, changed, connected);
        }
    } finally {
        clearTimeout(timer);
    }
}

/**
 * @param {string} event
 * @param {{ position: number }} seen
 * @param {(change: Change) => void} changed
 * @param {(connection: Connection, position: number) => void} connected
 */
function take(event, seen, changed, connected) {
    const told = parsed(event);
    if (told.id !== null) seen.position = Number(told.id);
    if (told.data !== null) changed(JSON.parse(told.data));
    connected("live", seen.position);
}

/**
 * An event of the stream: its id and data, null where it has none.
 *
 * @param {string} event
 */
export function parsed(event) {
    /** @type {{ id: string | null, data: string | null }} */
    const told = { id: null, data: null };
    for (const line of event.split("\n")) {
        const at = line.indexOf(": ");
        const name = line.slice(0, at);
        if (at > 0 && (name === "id" || name === "data")) told[name] = line.slice(at + 2);
    }
    return told;
}

/**
 * The service's public API: reads that see what was written before, writes that are done once.
 */

import { ROOT } from "./location.js";
import { learn } from "./words.js";

/** How often a write whose outcome is not known is sent again, under the same key. */
const AGAIN = 2;
/** Milliseconds to wait before that, unless the service says how long. */
const WAIT = 1000;
const STREAM = "v1/stream";

/**
 * What the service refused: its code, and the problem document with the figures.
 */
export class Refusal extends Error {
    /**
     * @param {number} status
     * @param {Record<string, any>} problem
     */
    constructor(status, problem) {
        super(problem.code ?? `http_${status}`);
        this.status = status;
        this.problem = problem;
        /** @type {string} */
        this.code = problem.code ?? `http_${status}`;
    }
}

/** The service was not reached: whatever was asked may or may not be done. */
export class Unreachable extends Error {}

/** What all calls of a session share. */
const state = {
    /** How far the history is with what this page wrote: reads wait for it. */
    position: 0,
    /** The token that writes must carry, where somebody is signed in. */
    csrf: /** @type {string | null} */ (null),
    /** @type {(isAsked: boolean) => Promise<boolean>} */
    signInAgain: () => Promise.resolve(false),
};

/**
 * Sets what calls carry for the session.
 *
 * @param {string | null} csrf
 */
export function useSession(csrf) {
    state.csrf = csrf;
}

/**
 * Sets what is done once the session is over: calls wait for it, and go on where it came true. It is
 * told whether somebody asked for what was called, or the page did by itself.
 *
 * @param {(isAsked: boolean) => Promise<boolean>} signInAgain
 */
export function whenSignedOut(signInAgain) {
    state.signInAgain = signInAgain;
}

/** @typedef {URLSearchParams | Record<string, string | number | boolean | string[] | null | undefined>} Params */

/**
 * The URL of a path of the API.
 *
 * @param {string} path without the slash before it, as `v1/invoices`
 * @param {Params} [params] null, undefined and empty ones are left out
 */
export function apiUrl(path, params = {}) {
    const search = new URLSearchParams(params instanceof URLSearchParams ? params : undefined);
    if (!(params instanceof URLSearchParams)) {
        for (const [name, value] of Object.entries(params)) {
            for (const each of Array.isArray(value) ? value : [value]) {
                if (each !== null && each !== undefined && each !== "") {
                    search.append(name, String(each));
                }
            }
        }
    }
    const query = search.toString();
    return ROOT + path + (query ? `?${query}` : "");
}

/**
 * Reads; waits on the service's side for what this page wrote before.
 *
 * @param {string} path
 * @param {Params} [params]
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<any>}
 * @throws {Refusal | Unreachable | DOMException} the last when it was aborted
 */
export async function get(path, params = {}, { signal } = {}) {
    const headers = { Accept: "application/json" };
    const asked = new URL(apiUrl(path, params), location.href);
    if (state.position > 0 && path.startsWith("v1/")) {
        asked.searchParams.set("after", String(state.position));
    }
    return answered(await admitted(path, asked.href, { headers, signal }));
}

/**
 * Writes, once: it is sent again where the outcome is unknown, and the service knows it by its key.
 *
 * @param {"POST" | "PUT" | "PATCH" | "DELETE"} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {{ params?: Params, key?: string, match?: string }} [options] `match`: the ETag that was seen
 * @returns {Promise<any>}
 * @throws {Refusal | Unreachable}
 */
export async function send(method, path, body, { params = {}, key, match } = {}) {
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (method === "POST") headers["Idempotency-Key"] = key ?? crypto.randomUUID();
    if (match) headers["If-Match"] = match;
    const request = {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
    };
    const texts = learn("refusals").catch(() => {}); // what was done may tell what was left alone
    for (let left = method === "POST" ? AGAIN : 0;; left--) {
        try {
            const response = await admitted(path, apiUrl(path, params), request);
            if (response.status === 503 && left > 0) {
                await response.body?.cancel();
                await pause(1000 * Number(response.headers.get("Retry-After") ?? 1));
                continue;
            }
            const answer = await answered(response);
            await texts;
            if (
                path.startsWith("v1/") && Number.isSafeInteger(answer?.position) && !apiDry(params)
            ) {
                state.position = Math.max(state.position, answer.position);
            }
            return answer;
        } catch (error) {
            if (!(error instanceof Unreachable) || left === 0) throw error;
            await pause(WAIT);
        }
    }
}

/** @param {Params} params */
function apiDry(params) {
    return params instanceof URLSearchParams ? params.has("dry_run") : "dry_run" in params;
}

/**
 * All items of a list, page by page, up to a number of them.
 *
 * @param {string} path
 * @param {Params} params
 * @param {{ most?: number, signal?: AbortSignal }} [options]
 * @returns {Promise<{ items: any[], more: boolean }>}
 */
export async function getAll(path, params, { most = 1000, signal } = {}) {
    const items = [];
    let cursor = null;
    do {
        const asked = new URL(apiUrl(path, params), location.href).searchParams;
        asked.set("limit", String(Math.min(1000, most)));
        if (cursor) asked.set("cursor", cursor);
        const page = await get(path, asked, { signal });
        items.push(...page.items);
        cursor = page.next;
    } while (cursor && items.length < most);
    return { items, more: cursor !== null };
}

/**
 * The answer to a call. Where the session is over, the call waits until somebody has signed in again:
 * nothing was done, so it is sent once more.
 *
 * @param {string} path
 * @param {string} url
 * @param {RequestInit & { headers: Record<string, string> }} request
 */
async function admitted(path, url, request) {
    const response = await reached(url, withToken(request));
    if (!path.startsWith("v1/") || !(await isSignedOut(response))) return response;
    if (!(await state.signInAgain(path !== STREAM))) return response;
    await response.body?.cancel();
    return reached(url, withToken(request));
}

/**
 * Whether a call was refused for its session: that is over, or another one began in another tab.
 *
 * @param {Response} response
 */
async function isSignedOut(response) {
    if (response.status === 401) return true;
    if (response.status !== 403) return false;
    const problem = await response.clone().json().catch(() => null);
    return problem?.code === "csrf_token_missing";
}

/** @param {RequestInit & { headers: Record<string, string> }} request */
function withToken(request) {
    if (state.csrf === null || request.method === undefined) return request;
    return { ...request, headers: { ...request.headers, "X-CSRF-Token": state.csrf } };
}

/**
 * The service's stream, as it answers.
 *
 * @param {{ headers: Record<string, string>, signal: AbortSignal }} request
 */
export function listen(request) {
    return admitted(STREAM, apiUrl(STREAM), request);
}

/**
 * @param {string} url
 * @param {RequestInit} request
 */
async function reached(url, request) {
    try {
        return await fetch(url, { credentials: "same-origin", ...request });
    } catch (error) {
        if (error instanceof DOMException && error.name === "AbortError") throw error;
        throw new Unreachable();
    }
}

/** @param {Response} response */
async function answered(response) {
    const isJson = /[/+]json/.test(response.headers.get("Content-Type") ?? "");
    /** @type {any} */
    let answer = null;
    try {
        answer = isJson ? await response.json() : await response.text();
    } catch (error) {
        if (error instanceof DOMException && error.name === "AbortError") throw error;
        throw new Unreachable();
    }
    if (response.ok) {
        const etag = response.headers.get("ETag");
        return isJson && etag ? Object.defineProperty(answer, "etag", { value: etag }) : answer;
    }
    // Whoever tells a refusal finds the texts of refusals there, on a first screen, too.
    await learn("refusals").catch(() => {});
    throw new Refusal(response.status, isJson ? answer : {});
}

/** @param {number} milliseconds */
function pause(milliseconds) {
    return new Promise((resolve) => setTimeout(resolve, Math.min(milliseconds, 10_000)));
}

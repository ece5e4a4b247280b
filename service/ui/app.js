/**
 * What screens are given: who is signed in and what they may do.
 */

/**
 * @typedef {object} Session
 * @property {boolean} authentication whether one must sign in
 * @property {boolean} [signed_in]
 * @property {string[]} [ways] how one can sign in: `key`, `issuer`
 * @property {string} [actor]
 * @property {string} [tenant]
 * @property {string[]} [scopes]
 * @property {boolean} [restricted] whether they may know of some contracts or customers alone
 * @property {string[]} [kept] of what some alone: `contracts`, `customers`
 * @property {string} [csrf]
 */

/**
 * @typedef {object} App
 * @property {Session} session
 * @property {(scope: string) => boolean} may whether whoever is signed in has this scope, and
 *   it does not end at what they are restricted to
 */

/**
 * A screen, from when it is opened until another one is.
 *
 * @typedef {object} Screen
 * @property {string} title what the tab, the heading and the history of the browser call it
 * @property {HTMLElement} element
 * @property {(place: import("./location.js").Place) => void} show shows what the URL names; called at
 *   first and whenever the URL is another one of this screen's
 * @property {(change: import("./stream.js").Change) => void} [changed] others changed something
 * @property {() => void} [close] another screen comes
 */

/** @typedef {(app: App) => Screen} OpenScreen what `screens/NAME.js` exports as its default */

/** Scopes that lead to nothing for who is restricted; those of some customers write nothing, either. */
const UNRESTRICTED = ["approvals:write", "audit:read", "operations"];

/**
 * @param {Session} session
 * @returns {App}
 */
export function appFor(session) {
    const scopes = new Set(session.scopes ?? []);
    const isOfSome = session.kept?.includes("customers") ?? false;
    return {
        session,
        may(scope) {
            if (!session.authentication) return true;
            if (session.restricted && UNRESTRICTED.includes(scope)) return false;
            return scopes.has(scope) && (!isOfSome || scope.endsWith(":read"));
        },
    };
}

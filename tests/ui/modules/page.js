/**
 * As much of a page as modules of the interface ask for when they are loaded without a browser.
 *
 * Import it before them.
 */

const page = new URL("https://billing.example/ui/time-and-material?status=ready&status=not_ready");

/** @param {string} name @param {unknown} value */
function define(name, value) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

define("location", page);
define("document", { addEventListener: () => {}, documentElement: { lang: "" } });
define("localStorage", { getItem: () => null, setItem: () => {} });

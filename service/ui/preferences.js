/**
 * What a reader chose for this browser: language, theme, density, columns, saved views.
 */

const KEY = "billing-backlog";

/**
 * @typedef {object} Preferences
 * @property {"en" | "nb"} language
 * @property {"system" | "light" | "dark"} theme
 * @property {"comfortable" | "compact"} density
 * @property {boolean} singleKeys whether single letters are shortcuts
 * @property {Record<string, { name: string, width: number }[]>} columns of a grid, by its name
 * @property {{ name: string, url: string }[]} views
 */

/** @returns {Preferences} */
function initial() {
    const norwegian = navigator.languages.find((each) => /^(nb|nn|no|en)\b/.test(each));
    return {
        language: norwegian && !norwegian.startsWith("en") ? "nb" : "en",
        theme: "system",
        density: "comfortable",
        singleKeys: true,
        columns: {},
        views: [],
    };
}

/** @type {Preferences} */
export const preferences = { ...initial(), ...stored() };

/** @returns {Partial<Preferences>} */
function stored() {
    try {
        return JSON.parse(localStorage.getItem(KEY) ?? "{}");
    } catch {
        return {}; // a browser that keeps nothing, or something else under our name
    }
}

/**
 * Changes what was chosen, and keeps it where the browser allows.
 *
 * @param {Partial<Preferences>} chosen
 */
export function choose(chosen) {
    Object.assign(preferences, chosen);
    apply();
    try {
        localStorage.setItem(KEY, JSON.stringify(preferences));
    } catch {
        // it holds for this page, then
    }
}

/** Shows theme and density on the page. */
export function apply() {
    document.documentElement.dataset.theme = preferences.theme;
    document.documentElement.dataset.density = preferences.density;
}

/**
 * Texts in the reader's language, by key.
 */

/** @typedef {string | Record<string, string>} Message one text, or one for each plural form */

/** The languages that there are, as each is called by who speaks it. */
export const LANGUAGES = { en: "English", nb: "Norsk bokmål" };

const loaded = {
    language: "en",
    /** @type {Record<string, Message>} */
    messages: {},
    plurals: new Intl.PluralRules("en"),
};

/**
 * Loads the texts of a language.
 *
 * @param {string} language
 */
export async function speak(language) {
    loaded.messages = (await import(`./messages/${language}.js`)).default;
    loaded.language = language;
    loaded.plurals = new Intl.PluralRules(language);
    document.documentElement.lang = language;
}

export function language() {
    return loaded.language;
}

/**
 * A text, with values in the place of `{name}`. A message with plural forms goes by `number`.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
    let message = loaded.messages[key];
    if (message === undefined) throw new Error(`no text: ${key}`);
    if (typeof message !== "string") {
        const form = loaded.plurals.select(Number(values.number ?? 0));
        message = message[form] ?? message.other ?? "";
    }
    return message.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? `{${name}}`));
}

/**
 * Whether there is such a text.
 *
 * @param {string} key
 */
export function has(key) {
    return key in loaded.messages;
}

/**
 * What comes after a beginning in the keys that have it, in the order of the texts.
 *
 * @param {string} beginning
 */
export function keysOf(beginning) {
    return Object.keys(loaded.messages)
        .filter((key) => key.startsWith(beginning))
        .map((key) => key.slice(beginning.length));
}

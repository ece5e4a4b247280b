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
    /** @type {Set<string>} */
    parts: new Set(),
    plurals: new Intl.PluralRules("en"),
};

/** The parts that every page needs before it shows anything. */
const FIRST = ["common", "statuses"];

/**
 * Speaks a language from now on; its texts are loaded part by part.
 *
 * @param {string} language
 */
export async function speak(language) {
    loaded.messages = {};
    loaded.parts.clear();
    loaded.language = language;
    loaded.plurals = new Intl.PluralRules(language);
    document.documentElement.lang = language;
    await learn(...FIRST);
}

/**
 * Loads parts of the texts, those that are not there yet.
 *
 * @param {...string} parts
 */
export async function learn(...parts) {
    await Promise.all(
        parts.filter((part) => !loaded.parts.has(part)).map(async (part) => {
            const module = await import(`./messages/${loaded.language}/${part}.js`);
            loaded.parts.add(part);
            Object.assign(loaded.messages, module.default);
        }),
    );
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

import * as assert from "./assert.js";

/** @typedef {string | Record<string, string>} Message */

const MESSAGES = new URL("../../../service/ui/messages/", import.meta.url);
const LANGUAGES = ["en", "nb"];

/** The parts of a language. @param {string} language */
function parts(language) {
    return [...Deno.readDirSync(new URL(`${language}/`, MESSAGES))].map(({ name }) => name).sort();
}

/**
 * @param {string} file
 * @returns {Promise<Record<string, Message>>}
 */
async function texts(file) {
    return (await import(new URL(file, MESSAGES).href)).default;
}

/** All texts of a language. @param {string} language */
async function whole(language) {
    const all = await Promise.all(parts(language).map((part) => texts(`${language}/${part}`)));
    return Object.assign({}, ...all);
}

/** The values that a message asks for, of all its plural forms. @param {Message} message */
function asked(message) {
    const all = typeof message === "string" ? [message] : Object.values(message);
    return [...new Set(all.flatMap((text) => text.match(/\{\w+\}/g) ?? []))].sort();
}

Deno.test("every language has the same parts", () => {
    for (const language of LANGUAGES) assert.deepEqual(parts(language), parts("en"));
});

for (const part of parts("en")) {
    Deno.test(`${part} has the same keys, values and plurals in every language`, async () => {
        const english = await texts(`en/${part}`);
        for (const language of LANGUAGES) {
            const own = await texts(`${language}/${part}`);
            assert.deepEqual(Object.keys(own).sort(), Object.keys(english).sort());
            for (const [key, message] of Object.entries(own)) {
                const meant = /** @type {Message} */ (english[key]);
                assert.deepEqual(asked(message), asked(meant), `${language}: ${key}`);
                assert.equal(typeof message, typeof meant, `${language}: ${key}`);
                if (typeof message === "string") continue;
                const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
                assert.deepEqual(
                    Object.keys(message).sort(),
                    [...forms].sort(),
                    `${language}: ${key}`,
                );
            }
        }
    });
}

Deno.test("a language is all of its parts, and no key stands in two of them", async () => {
    for (const language of LANGUAGES) {
        /** @type {string[]} */
        const keys = [];
        for (const part of parts(language)) {
            keys.push(...Object.keys(await texts(`${language}/${part}`)));
        }
        assert.deepEqual(keys.filter((key, at) => keys.indexOf(key) !== at), []);
    }
});

Deno.test("no text is empty, and none is left in English", async () => {
    const [english, norwegian] = [await whole("en"), await whole("nb")];
    for (const [key, message] of Object.entries(norwegian)) {
        for (const text of typeof message === "string" ? [message] : Object.values(message)) {
            assert.ok(text.trim(), key);
        }
        const words = typeof message === "string" ? message.replace(/\{\w+\}/g, "") : "";
        const isSentence = (words.match(/\p{L}+/gu) ?? []).length > 3;
        if (isSentence) assert.notEqual(message, english[key], key);
    }
});

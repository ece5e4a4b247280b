/**
 * What tests of modules expect. Deno's `node:assert` would bring the types of Node into the interface.
 */

/** @param {unknown} value @param {string} [about] */
export function ok(value, about) {
    if (!value) fail("is not so", value, about);
}

/** @param {unknown} found @param {unknown} expected @param {string} [about] */
export function equal(found, expected, about) {
    if (!Object.is(found, expected)) fail(`is not ${Deno.inspect(expected)}`, found, about);
}

/** @param {unknown} found @param {unknown} other @param {string} [about] */
export function notEqual(found, other, about) {
    if (Object.is(found, other)) fail("should be another", found, about);
}

/** @param {unknown} found @param {unknown} expected @param {string} [about] */
export function deepEqual(found, expected, about) {
    if (!alike(found, expected)) fail(`is not ${Deno.inspect(expected)}`, found, about);
}

/** @param {string} text @param {RegExp} pattern @param {string} [about] */
export function match(text, pattern, about) {
    if (!pattern.test(text)) fail(`does not match ${pattern}`, text, about);
}

/** @param {string} text @param {RegExp} pattern @param {string} [about] */
export function doesNotMatch(text, pattern, about) {
    if (pattern.test(text)) fail(`matches ${pattern}`, text, about);
}

/**
 * @param {string} wrong
 * @param {unknown} found
 * @param {string} [about]
 * @returns {never}
 */
function fail(wrong, found, about) {
    throw new Error(`${about ? `${about}: ` : ""}${Deno.inspect(found)} ${wrong}`);
}

/**
 * Whether two values are the same, or lists or plain objects of the same.
 *
 * @param {any} one
 * @param {any} other
 * @returns {boolean}
 */
function alike(one, other) {
    if (Object.is(one, other)) return true;
    if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
    if (Array.isArray(one) !== Array.isArray(other)) return false;
    const keys = Object.keys(one);
    return keys.length === Object.keys(other).length &&
        keys.every((key) => Object.hasOwn(other, key) && alike(one[key], other[key]));
}

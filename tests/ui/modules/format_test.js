import * as assert from "./assert.js";

import * as format from "../../../service/ui/format.js";

/** What is written in a language, with ordinary spaces and minus signs. @param {string} language */
function written(language) {
    format.useLanguage(language);
    return (/** @type {string} */ text) =>
        text.replace(/[\u00a0\u202f]/g, " ").replace(/\u2212/g, "-");
}

Deno.test("English amounts have just the decimals that they were told with", () => {
    const plain = written("en");
    assert.equal(plain(format.money("1600.00", "EUR")), "1,600.00 EUR");
    assert.equal(plain(format.money("1234.567", "KWD")), "1,234.567 KWD");
    assert.equal(plain(format.money("65688", "JPY")), "65,688 JPY");
    assert.equal(plain(format.money("-0.05", "EUR")), "-0.05 EUR");
});

Deno.test("Norwegian amounts have a comma, and spaces between thousands", () => {
    const plain = written("nb");
    assert.equal(plain(format.money("1600.00", "EUR")), "1 600,00 EUR");
    assert.equal(plain(format.money("1234567.890", "KWD")), "1 234 567,890 KWD");
    assert.equal(plain(format.money("-65688", "JPY")), "-65 688 JPY");
});

Deno.test("amounts beyond what a number of JavaScript holds keep every figure", () => {
    const plain = written("en");
    assert.equal(plain(format.decimal("9007199254740993")), "9,007,199,254,740,993");
    assert.equal(plain(format.decimal("-90071992547409.93")), "-90,071,992,547,409.93");
    assert.equal(plain(format.decimal("0.000001")), "0.000001");
});

Deno.test("what is not there is a dash", () => {
    assert.equal(format.decimal(null), "–");
    assert.equal(format.decimal(undefined), "–");
    assert.equal(format.date(null), "–");
});

Deno.test("days are those of the service, in every zone, and in the reader's words", () => {
    assert.equal(written("en")(format.date("2026-10-05")), "5 Oct 2026");
    assert.equal(written("nb")(format.date("2026-10-05")), "5. okt. 2026");
    assert.match(format.month("2026-01"), /jan\.? 2026/);
});

Deno.test("a language that is chosen later is used for what was shown before, too", () => {
    format.useLanguage("en");
    assert.equal(format.count(12431), "12,431");
    const day = format.date("2026-12-24");
    const plain = written("nb");
    assert.equal(plain(format.count(12431)), "12 431");
    assert.notEqual(format.date("2026-12-24"), day);
});

Deno.test("things are listed as in a sentence", () => {
    format.useLanguage("en");
    assert.equal(format.list(["a", "b", "c"]), "a, b and c");
    format.useLanguage("nb");
    assert.equal(format.list(["a", "b", "c"]), "a, b og c");
});

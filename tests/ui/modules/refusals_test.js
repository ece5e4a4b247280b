import * as assert from "./assert.js";

import "./page.js";

const { Refusal, Unreachable } = await import("../../../service/ui/api.js");
const { useLanguage } = await import("../../../service/ui/format.js");
const { byReason, reason, told } = await import("../../../service/ui/refusals.js");
const { learn, speak } = await import("../../../service/ui/words.js");

const LEVEL = { level: "contract", limit: "1000.00", used: "900.00", shortfall: "50.25" };

/** @param {string} language */
async function use(language) {
    await speak(language);
    await learn("refusals");
    useLanguage(language);
}

Deno.test("a refusal has the figures of its limit, in the reader's language", async () => {
    await use("en");
    assert.match(told({ code: "nte_failed", ...LEVEL }), /limit of the contract: 50\.25 /);
    assert.match(told({ code: "nte_failed", levels: [LEVEL] }), /limit of the contract: 50\.25 /);
    await use("nb");
    assert.match(told({ code: "nte_failed", ...LEVEL }), /grensen for kontrakten: .* 50,25\./);
});

Deno.test("a refusal without figures has no gap where they would be", async () => {
    for (const language of ["en", "nb"]) {
        await use(language);
        for (const code of ["nte_failed", "limit_exceeded"]) {
            assert.doesNotMatch(told({ code }), /[–{}]| {2}/);
        }
    }
});

Deno.test("a code that has no text is told as it is", async () => {
    await use("en");
    assert.equal(
        told({ code: "batch_too_large" }),
        "The service refused this (code batch_too_large).",
    );
    assert.equal(reason(new Refusal(502, {})), "The service refused this (code http_502).");
});

Deno.test("what matched before and now is counted", async () => {
    await use("en");
    const text = told({ code: "matching_changed", expected: 12431, found: 0 });
    assert.match(text, /^0 items match now, where you saw 12,431\./);
});

Deno.test("why something failed names the first errors, each text once", async () => {
    await use("en");
    const errors = [
        { field: "customers.0.nte_limit", code: "invalid_field" },
        { field: "quantity", code: "invalid_field" },
        { field: "quantity", code: "invalid_field" },
    ];
    assert.equal(
        reason(new Refusal(422, { code: "invalid_fields", errors })),
        "Something that was entered is not right. Nothing was changed. " +
            "Correct this: customers.0.nte_limit. Correct this: Quantity.",
    );
    assert.match(reason(new Unreachable()), /can't be reached/);
});

Deno.test("what was left alone is counted by its reason, the most frequent first", async () => {
    await use("en");
    const skipped = [
        { code: "item_posted" },
        { code: "nte_failed", ...LEVEL },
        { code: "nte_failed", ...LEVEL },
    ];
    assert.deepEqual(byReason(skipped).map(({ count }) => count), [2, 1]);
});

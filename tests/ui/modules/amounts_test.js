import * as assert from "./assert.js";

import {
    compare,
    difference,
    negated,
    share,
    sum,
    sumsByCurrency,
} from "../../../service/ui/amounts.js";

Deno.test("sums keep every decimal of their currency", () => {
    assert.equal(sum(["0.10", "0.20"]), "0.30");
    assert.equal(sum(["0.001", "2.999"]), "3.000"); // KWD
    assert.equal(sum(["1600", "-600"]), "1000"); // JPY
    assert.equal(sum([]), "0");
});

Deno.test("sums are exact where numbers of JavaScript are not", () => {
    assert.equal(sum(["90071992547409.92", "0.01"]), "90071992547409.93");
    assert.equal(sum(["9007199254740993", "9007199254740993"]), "18014398509481986");
    assert.equal(sum(Array(10).fill("0.1")), "1.0");
});

Deno.test("amounts of unlike decimals are summed with the most of them, in any order", () => {
    assert.equal(sum(["0", "1.50"]), "1.50");
    assert.equal(sum(["1.5", "0.005"]), "1.505");
    assert.equal(sum(["0.005", "1.5", "2"]), "3.505");
});

Deno.test("what is below one keeps its zero and its sign", () => {
    assert.equal(sum(["-0.30", "0.25"]), "-0.05");
    assert.equal(negated("0.05"), "-0.05");
    assert.equal(negated("-12.340"), "12.340");
    assert.equal(negated("0.00"), "0.00");
    assert.equal(difference("100.00", "100.01"), "-0.01");
});

Deno.test("amounts are compared by what they are worth", () => {
    assert.equal(compare("1.0", "1.000"), 0);
    assert.equal(compare("-2", "-1.99"), -1);
    assert.equal(compare("10", "9.99"), 1);
    assert.equal(compare("9007199254740993", "9007199254740992"), 1);
});

Deno.test("currencies are never summed with each other", () => {
    const sums = sumsByCurrency([
        { currency: "KWD", amount: "1.250" },
        { currency: "EUR", amount: "2.00" },
        { currency: "KWD", amount: "-0.125" },
        { currency: "JPY", amount: "65688" },
    ]);
    assert.deepEqual(sums, [
        { currency: "EUR", amount: "2.00", count: 1 },
        { currency: "JPY", amount: "65688", count: 1 },
        { currency: "KWD", amount: "1.125", count: 2 },
    ]);
});

Deno.test("a share is from 0 to 1, whatever the amounts are", () => {
    assert.equal(share("25.00", "100"), 0.25);
    assert.equal(share("0.125", "1"), 0.125);
    assert.equal(share("150", "100.00"), 1);
    assert.equal(share("-1.00", "100.00"), 0);
    assert.equal(share("1.00", "0.00"), 0);
    assert.equal(share("4503599627370496.5", "9007199254740993"), 0.5);
});

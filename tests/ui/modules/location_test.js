import * as assert from "./assert.js";

import "./page.js";

const { apiUrl } = await import("../../../service/ui/api.js");
const { paramsOf, ROOT, urlOf } = await import("../../../service/ui/location.js");
const { parsed } = await import("../../../service/ui/stream.js");

Deno.test("a URL names the screen, the thing and the view", () => {
    assert.equal(urlOf("hub"), `${ROOT}ui/`);
    assert.equal(urlOf("invoices", "INV-1"), `${ROOT}ui/invoices/INV-1`);
    assert.equal(
        urlOf("time-and-material", null, { status: ["ready", "not_ready"], customer_id: "A&B" }),
        `${ROOT}ui/time-and-material?status=ready&status=not_ready&customer_id=A%26B`,
    );
});

Deno.test("an id may have any character", () => {
    const url = urlOf("contracts", "PC/7 ?#æ");
    assert.equal(url, `${ROOT}ui/contracts/PC%2F7%20%3F%23%C3%A6`);
    assert.equal(decodeURIComponent(url.split("/contracts/")[1] ?? ""), "PC/7 ?#æ");
});

Deno.test("what is empty or none is left out of a URL", () => {
    const params = paramsOf({ a: null, b: undefined, c: "", d: ["", "x"], e: "0" });
    assert.equal(params.toString(), "d=x&e=0");
    assert.equal(urlOf("intake", null, { tab: null }), `${ROOT}ui/intake`);
});

Deno.test("the API is asked below the same path as the interface", () => {
    assert.equal(
        apiUrl("v1/invoices", { limit: 20, totals: true, status: ["draft", "in_review"], q: null }),
        `${ROOT}v1/invoices?limit=20&totals=true&status=draft&status=in_review`,
    );
    assert.equal(apiUrl("v1/invoices"), `${ROOT}v1/invoices`);
});

Deno.test("an event of the stream has an id and data", () => {
    const data = '{"position": 7, "kinds": ["sales"]}';
    assert.deepEqual(parsed(`id: 7\ndata: ${data}`), { id: "7", data });
    assert.deepEqual(parsed(`event: change\nid: 8\ndata: a: b`), { id: "8", data: "a: b" });
});

Deno.test("a sign of life is no event", () => {
    assert.deepEqual(parsed(": still here"), { id: null, data: null });
    assert.deepEqual(parsed(""), { id: null, data: null });
    assert.deepEqual(parsed("retry: 3000"), { id: null, data: null });
});

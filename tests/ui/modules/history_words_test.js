import * as assert from "./assert.js";

import "./page.js";

const { reader } = await import("../../../service/ui/history/changes.js");
const { has, learn, speak } = await import("../../../service/ui/words.js");

/** One event of each type and version that was ever stored. */
const FORMS = new URL("../../service/ledger/stored_forms.txt", import.meta.url);
const EVENTS = Deno.readTextFileSync(FORMS).trim().split("\n").map((line) => {
    const at = line.indexOf(" ");
    return { type: line.slice(0, at), data: JSON.parse(line.slice(at)).data };
});

Deno.test("every type of event has a title", async () => {
    await speak("en");
    await learn("history", "intake");
    for (const { type } of EVENTS) assert.ok(has(`happened.${type.split(".")[0]}`), type);
});

Deno.test("everything that an event says has a name, and every word of the trade its text", async () => {
    await speak("en");
    await learn("history", "intake");
    for (const item of [null, "C1~L1~1"]) {
        for (const event of EVENTS) {
            const { changes } = reader({ item, complete: true })(event);
            for (const { field, after } of changes) {
                const keys = [`history.field.${field}`, `field.${field}`, field];
                assert.ok(keys.some(has), `${event.type}: ${field}`);
                const words = after.as === "word"
                    ? [after.value]
                    : after.as === "words"
                    ? after.value
                    : [];
                for (const word of words) {
                    assert.ok(has(`${after.of}.${word}`), `${after.of}.${word}`);
                }
            }
        }
    }
});

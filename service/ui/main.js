/**
 * Starts the interface: who is there, in which language, and which screen the URL names.
 */

import { appFor } from "./app.js";
import { get, useSession, whenSignedOut } from "./api.js";
import { useLanguage } from "./format.js";
import { here, onPlace } from "./location.js";
import { mountOverlay } from "./overlay.js";
import { apply, preferences } from "./preferences.js";
import { openShell } from "./shell.js";
import { learn, speak } from "./words.js";

apply();
useLanguage(preferences.language);
const [session] = await Promise.all([whoIsThere(), speak(preferences.language)]);
mountOverlay();
if (session.authentication && !session.signed_in) {
    const { signIn } = await signing();
    document.body.append(signIn(session));
} else {
    useSession(session.csrf ?? null);
    whenSignedOut(async (isAsked) => (await signing()).signInAgain(session, isAsked));
    const lookAgain = async () => {
        if (!session.authentication) return;
        try {
            (await signing()).lookWhoIsThere(session);
        } catch {
            // the service is away: the page looks again when it is back
        }
    };
    addEventListener("focus", lookAgain);
    document.addEventListener("visibilitychange", () => {
        if (document.visibilityState === "visible") void lookAgain();
    });
    const shell = openShell(appFor(session), lookAgain);
    document.body.prepend(shell.element);
    onPlace(shell.show);
    await shell.show(here());
}

/** @returns {Promise<import("./app.js").Session>} */
async function whoIsThere() {
    return await get("ui/session");
}

/** What signing in needs, which most pages do without. */
async function signing() {
    const [module] = await Promise.all([import("./sign_in.js"), learn("sign_in", "refusals")]);
    return module;
}

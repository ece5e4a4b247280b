/** Norwegian (bokmål), part by part. Every key is in the other languages too. */

import backlog from "./nb/backlog.js";
import common from "./nb/common.js";
import contracts from "./nb/contracts.js";
import history from "./nb/history.js";
import hub from "./nb/hub.js";
import intake from "./nb/intake.js";
import invoices from "./nb/invoices.js";
import refusals from "./nb/refusals.js";
import settings from "./nb/settings.js";
import statuses from "./nb/statuses.js";

export default {
    ...backlog,
    ...common,
    ...contracts,
    ...history,
    ...hub,
    ...intake,
    ...invoices,
    ...refusals,
    ...settings,
    ...statuses,
};

/** English, part by part. Every key is in the other languages too. */

import backlog from "./en/backlog.js";
import common from "./en/common.js";
import contracts from "./en/contracts.js";
import history from "./en/history.js";
import hub from "./en/hub.js";
import intake from "./en/intake.js";
import invoices from "./en/invoices.js";
import refusals from "./en/refusals.js";
import settings from "./en/settings.js";
import statuses from "./en/statuses.js";

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

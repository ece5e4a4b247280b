/** The fixed-price milestones: the parts of their customers, and the milestones themselves. */

import { backlogScreen } from "../backlog/backlog.js";
import { milestoneOf, newMilestoneButton } from "../backlog/milestones.js";
import { FIXED_PRICE } from "../backlog/views.js";

/** @type {import("../app.js").OpenScreen} */
export default (app) =>
    backlogScreen(app, FIXED_PRICE, {
        ofItem: (part, wrote) => milestoneOf(app, part, wrote),
        tool: (wrote) => app.may("contracts:write") && newMilestoneButton(wrote),
    });

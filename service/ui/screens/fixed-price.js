/** The fixed-price milestones. */

import { backlogScreen } from "../backlog/backlog.js";
import { FIXED_PRICE } from "../backlog/views.js";

/** @type {import("../app.js").OpenScreen} */
export default (app) => backlogScreen(app, FIXED_PRICE);

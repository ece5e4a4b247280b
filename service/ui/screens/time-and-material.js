/** The time and material billing backlog. */

import { backlogScreen } from "../backlog/backlog.js";
import { TIME_AND_MATERIAL } from "../backlog/views.js";

/** @type {import("../app.js").OpenScreen} */
export default (app) => backlogScreen(app, TIME_AND_MATERIAL);

/**
 * Jobs: what one command does in steps, followed to its end.
 */

import { get } from "./api.js";

const FIRST_WAIT = 250;
const LONGEST_WAIT = 2000;
/** Looks at one job at most: about an hour. */
const LOOKS = 1800;

/**
 * Follows a job until it is over.
 *
 * @param {Record<string, any>} job as it was answered
 * @param {(job: Record<string, any>) => void} went called with each state of it
 * @returns {Promise<Record<string, any>>} as it ended, or as it was last seen
 */
export async function followed(job, went) {
    let wait = FIRST_WAIT;
    let now = job;
    for (let look = 0; look < LOOKS && !isOver(now); look++) {
        went(now);
        await new Promise((resolve) => setTimeout(resolve, wait));
        wait = Math.min(LONGEST_WAIT, wait * 1.5);
        now = await get(`v1/jobs/${encodeURIComponent(job.job_id)}`);
    }
    went(now);
    return now;
}

/** @param {Record<string, any>} job */
export function isOver(job) {
    return ["complete", "failed", "canceled"].includes(job.status);
}

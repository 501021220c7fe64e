/**
 * What the test says to the application by the id of a workflow.
 *
 * Owns: the marks. The number at the end of an id is its lane.
 */

/** In front of the id: the workflow stops where the test wants it to. No other ever asks. */
export const HELD_PREFIX = "held-";

/** Somewhere in the id: all activities go through the queue, no worker is asked directly. */
export const BY_QUEUE = "by-queue";

/**
 * What an attempt that runs has to be told: that its activity is to stop, is paused, or begins anew.
 *
 * Owns: the reading of it from the state. It goes out with the answer to every heartbeat, and on the WebSocket of a
 * worker that watches its attempt. Changes nothing.
 */
import type { HeartbeatActivityReply } from "./activity-task.ts";
import type { ActivityState } from "./state.ts";

/** The news of an activity that is open. */
export function newsOf(activity: Readonly<ActivityState>): HeartbeatActivityReply {
  const { paused, restart } = activity.progress;
  return {
    cancelRequested: activity.cancelRequestedEventId !== undefined,
    ...(paused ? { activityPaused: true } : {}),
    ...(restart?.isReset ? { activityReset: true } : {}),
  };
}

/** Whether there is anything that the attempt could act on. */
export function isNews(news: HeartbeatActivityReply): boolean {
  return news.cancelRequested || news.activityPaused === true || news.activityReset === true;
}

/**
 * Why an activity is asked to stop.
 *
 * Owns: the reasons as an activity sees them. Several may hold at once.
 */
export interface ActivityCancellationDetailsOptions {
  readonly notFound?: boolean | undefined;
  readonly cancelRequested?: boolean | undefined;
  readonly paused?: boolean | undefined;
  readonly timedOut?: boolean | undefined;
  readonly workerShutdown?: boolean | undefined;
  readonly reset?: boolean | undefined;
}

export class ActivityCancellationDetails {
  /** The activity or its workflow is gone. */
  readonly notFound: boolean;
  /** The workflow cancelled it. */
  readonly cancelRequested: boolean;
  readonly paused: boolean;
  /** A deadline passed. */
  readonly timedOut: boolean;
  readonly workerShutdown: boolean;
  readonly reset: boolean;

  constructor(options: ActivityCancellationDetailsOptions = {}) {
    this.notFound = options.notFound ?? false;
    this.cancelRequested = options.cancelRequested ?? false;
    this.paused = options.paused ?? false;
    this.timedOut = options.timedOut ?? false;
    this.workerShutdown = options.workerShutdown ?? false;
    this.reset = options.reset ?? false;
  }
}

/**
 * The methods of a WorkflowExecution that are one turn and nothing else: the request is decided, committed, answered.
 *
 * Owns: their names, which are those of the requests. What a method does besides its turn keeps it out of here.
 */
import type { DeadLetterRequest, HeartbeatActivityReply, HeartbeatActivityRequest } from "../core/activity-task.ts";
import type * as control from "../core/control-requests.ts";
import type { RequestKind, Requests, Values } from "../core/decide.ts";
import type * as protocol from "../core/protocol.ts";
import type { Reply } from "../core/rejection.ts";
import type { ServiceEnv } from "./service-env.ts";
import { ServiceObject } from "./service-object.ts";

/** Takes a request through a turn. A symbol, which no caller from outside can name. */
export const takeTurn: unique symbol = Symbol("takeTurn");

export abstract class TurnMethods<Env extends ServiceEnv> extends ServiceObject<Env> {
  protected abstract [takeTurn]<K extends RequestKind>(kind: K, request: Requests[K]): Promise<Reply<Values[K]>>;

  async signal(request: protocol.SignalRequest): Promise<Reply<{ readonly runId: string }>> {
    return this[takeTurn]("signal", request);
  }

  async requestCancel(request: protocol.CancelRequest): Promise<Reply<{ readonly runId: string }>> {
    return this[takeTurn]("requestCancel", request);
  }

  async terminate(request: protocol.TerminateRequest): Promise<Reply<{ readonly runId: string }>> {
    return this[takeTurn]("terminate", request);
  }

  async pause(request: control.PauseWorkflowRequest): Promise<Reply<{ readonly runId: string }>> {
    return this[takeTurn]("pause", request);
  }

  async unpause(request: control.UnpauseWorkflowRequest): Promise<Reply<{ readonly runId: string }>> {
    return this[takeTurn]("unpause", request);
  }

  async pauseActivity(request: control.PauseActivityRequest): Promise<Reply<control.ActivityControlReply>> {
    return this[takeTurn]("pauseActivity", request);
  }

  async unpauseActivity(request: control.UnpauseActivityRequest): Promise<Reply<control.ActivityControlReply>> {
    return this[takeTurn]("unpauseActivity", request);
  }

  async resetActivity(request: control.ResetActivityRequest): Promise<Reply<control.ActivityControlReply>> {
    return this[takeTurn]("resetActivity", request);
  }

  async updateActivityOptions(
    request: control.UpdateActivityOptionsRequest,
  ): Promise<Reply<control.UpdateActivityOptionsReply>> {
    return this[takeTurn]("updateActivityOptions", request);
  }

  async childClosed(request: protocol.ChildClosedRequest): Promise<Reply<{ readonly accepted: true }>> {
    return this[takeTurn]("childClosed", request);
  }

  async heartbeatActivity(request: HeartbeatActivityRequest): Promise<Reply<HeartbeatActivityReply>> {
    return this[takeTurn]("heartbeatActivity", request);
  }

  async heartbeatActivityById(request: control.HeartbeatActivityByIdRequest): Promise<Reply<HeartbeatActivityReply>> {
    return this[takeTurn]("heartbeatActivityById", request);
  }

  async reportDeadLetter(request: DeadLetterRequest): Promise<Reply<{ readonly accepted: boolean }>> {
    return this[takeTurn]("reportDeadLetter", request);
  }
}

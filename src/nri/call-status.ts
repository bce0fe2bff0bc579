/** Codes of a call that failed, as far as they occur here. Source: google/rpc/code.proto. */
export const CALL_CODE = {
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
} as const;

/** A call that failed: thrown by a method it becomes the answer, and given by a call it is what the other side answered. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Gives any failure as that of a call: a body that does not hold what it should, or a fault of ours. */
export function callError(error: unknown): CallError {
  if (error instanceof CallError) return error;
  return new CallError(CALL_CODE.internal, error instanceof Error ? error.message : String(error));
}

/** A stream of bytes to the runtime and back. */
export interface Transport {
  /** Sends bytes, later when the other side is slow. */
  readonly write: (bytes: Uint8Array) => void;
  /** Gives how many bytes wait to be sent. */
  readonly queuedBytes: () => number;
  /** Sends what waits, then ends. */
  readonly end: () => void;
  /** Ends at once. */
  readonly destroy: () => void;
}

/** Told what a transport brings. */
export interface TransportEvents {
  readonly data: (bytes: Uint8Array) => void;
  /** Told once; with what went wrong when it was not the other side's wish. */
  readonly closed: (reason: string | undefined) => void;
}

/**
 * Opens a transport.
 *
 * @throws an error with `code` when there is nobody to talk to
 */
export type OpenTransport = (events: TransportEvents) => Promise<Transport>;

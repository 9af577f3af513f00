import type { BrokerConfig } from '../config/index.ts'
import type { TransportOptions } from '../native/index.ts'

const HEADER_DEADLINE_MS = 30_000
const BODY_DEADLINE_MS = 30_000
const OUTPUT_STALL_MS = 120_000
/** Queued output of one slow reader above which it is not read any more. */
const OUTPUT_BYTES_MAX = 4 * 1024 * 1024

/** The limits of connections, from Kafka's configs where it has them. */
export function transportOptions(config: BrokerConfig): TransportOptions {
  return {
    frameBytesMax: config.number('socket.request.max.bytes'),
    connectionsMax: config.number('max.connections'),
    connectionsPerAddressMax: config.number('max.connections.per.ip'),
    headerDeadlineMs: HEADER_DEADLINE_MS,
    bodyDeadlineMs: BODY_DEADLINE_MS,
    idleMs: config.number('connections.max.idle.ms'),
    outputBytesMax: OUTPUT_BYTES_MAX,
    outputStallMs: OUTPUT_STALL_MS,
    // Kafka's default of 102400 throttles fast links; -1 lets the kernel tune.
    sendBufferBytes:
      config.explicit('socket.send.buffer.bytes') === undefined ? -1 : config.number('socket.send.buffer.bytes'),
    receiveBufferBytes:
      config.explicit('socket.receive.buffer.bytes') === undefined ? -1 : config.number('socket.receive.buffer.bytes'),
  }
}

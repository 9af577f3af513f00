// Batches that a broker must refuse, or might: each a change to one good batch,
// named by what it is. Offsets of the fields are drawn in src/records/batch-header.ts.
const FAR_FUTURE_MS = 4_102_444_800_000n
const LENGTH = 8
const MAGIC = 16
const CRC = 17
const ATTRIBUTES = 21
const LAST_OFFSET_DELTA = 23
const BASE_TIMESTAMP = 27
const MAX_TIMESTAMP = 35
const PRODUCER_ID = 43
const PRODUCER_EPOCH = 51
const BASE_SEQUENCE = 53
const COUNT = 57
const RECORDS = 61

const COMPACTED = { 'cleanup.policy': 'compact' }
const NARROW_PAST = { 'message.timestamp.before.max.ms': '1000' }
const WIDE_FUTURE = { 'message.timestamp.after.max.ms': '9223372036854775807' }
const APPEND_TIME = { 'message.timestamp.type': 'LogAppendTime' }

/**
 * `good` maps a name of RecordsOracle's batches to its bytes; `crc32c` makes changed batches consistent again.
 * Yields {name, hex, topic}: topic configs, as Kafka names them.
 */
export function* doubtfulBatches(good, crc32c) {
  const one = () => Buffer.from(good('none: one record'))
  const sealed = (batch) => {
    batch.writeInt32BE(crc32c(batch, ATTRIBUTES), CRC)
    return batch
  }
  const changed = (change, base = one()) => {
    change(base)
    return sealed(base)
  }
  const vector = (name, batch, topic = {}) => ({ name, hex: batch.toString('hex'), topic })

  yield vector('good', one())
  yield* framing(vector, one)
  yield* header(vector, changed)
  yield* producers(vector, changed, (name) => Buffer.from(good(name)))
  yield* timestamps(vector, changed, (name) => Buffer.from(good(name)))
  yield* records(vector, changed, (name) => Buffer.from(good(name)))
}

function* framing(vector, one) {
  const write = (change) => {
    const batch = one()
    change(batch)
    return batch
  }
  yield vector('no bytes', Buffer.alloc(0))
  yield vector('eleven bytes', one().subarray(0, 11))
  yield vector('twelve bytes', one().subarray(0, 12))
  yield vector('one byte missing', one().subarray(0, -1))
  yield vector('one byte too many', Buffer.concat([one(), Buffer.alloc(1)]))
  yield vector('twenty zero bytes too many', Buffer.concat([one(), Buffer.alloc(20)]))
  yield vector('two batches', Buffer.concat([one(), one()]))
  for (const length of [-1, 0, 13, 14, 48, 49, 2147483647]) {
    yield vector(
      `length ${length}`,
      write((batch) => batch.writeInt32BE(length, LENGTH)),
    )
    if (length > 13 && length < 50) {
      const cut = write((batch) => batch.writeInt32BE(length, LENGTH)).subarray(0, 12 + length)
      yield vector(`length ${length} and no more bytes`, cut)
    }
  }
  for (const magic of [-1, 0, 1, 3])
    yield vector(
      `magic ${magic}`,
      write((batch) => batch.writeInt8(magic, MAGIC)),
    )
  yield vector(
    'base offset 5',
    write((batch) => batch.writeInt32BE(5, 4)),
  )
  yield vector(
    'base offset 5 and a wrong checksum',
    write((batch) => {
      batch.writeInt32BE(5, 4)
      batch[CRC] ^= 1
    }),
  )
  yield vector(
    'wrong checksum',
    write((batch) => (batch[CRC + 3] ^= 1)),
  )
  yield vector(
    'a record changed',
    write((batch) => (batch[batch.length - 2] ^= 1)),
  )
  yield vector(
    'leader epoch 9',
    write((batch) => batch.writeInt32BE(9, 12)),
  )
  const small = { 'max.message.bytes': '70' }
  yield vector('above max.message.bytes', one(), small)
  yield vector(
    'above max.message.bytes and a wrong checksum',
    write((batch) => (batch[CRC] ^= 1)),
    small,
  )
  yield vector(
    'above max.message.bytes and magic 1',
    write((batch) => batch.writeInt8(1, MAGIC)),
    small,
  )
  yield vector(
    'above max.message.bytes and base offset 5',
    write((batch) => batch.writeInt32BE(5, 4)),
    small,
  )
}

function* header(vector, changed) {
  for (const count of [-1, 0, 2, 2147483647]) {
    yield vector(
      `count ${count}`,
      changed((batch) => batch.writeInt32BE(count, COUNT)),
    )
  }
  for (const delta of [-2147483648, -1, 5, 2147483647]) {
    yield vector(
      `last offset delta ${delta}`,
      changed((batch) => batch.writeInt32BE(delta, LAST_OFFSET_DELTA)),
    )
  }
  yield vector(
    'last offset delta and count agree on too many',
    changed((batch) => {
      batch.writeInt32BE(6, LAST_OFFSET_DELTA)
      batch.writeInt32BE(7, COUNT)
    }),
  )
  yield vector(
    'control flag',
    changed((batch) => batch.writeInt16BE(0x20, ATTRIBUTES)),
  )
  yield vector(
    'control flag and count 0',
    changed((batch) => {
      batch.writeInt16BE(0x20, ATTRIBUTES)
      batch.writeInt32BE(0, COUNT)
    }),
  )
  yield vector(
    'delete horizon flag',
    changed((batch) => batch.writeInt16BE(0x40, ATTRIBUTES)),
  )
  yield vector(
    'an undefined flag',
    changed((batch) => batch.writeInt16BE(0x80, ATTRIBUTES)),
  )
  for (const codec of [5, 6, 7]) {
    yield vector(
      `codec ${codec}`,
      changed((batch) => batch.writeInt16BE(codec, ATTRIBUTES)),
    )
  }
}

function* producers(vector, changed, good) {
  const fields = (id, epoch, sequence) => (batch) => {
    batch.writeBigInt64BE(id, PRODUCER_ID)
    batch.writeInt16BE(epoch, PRODUCER_EPOCH)
    batch.writeInt32BE(sequence, BASE_SEQUENCE)
  }
  yield vector('idempotent', good('none: idempotent'))
  yield vector('producer id without sequence', changed(fields(7n, 0, -1)))
  yield vector('producer id 0 without sequence', changed(fields(0n, 0, -1)))
  yield vector('producer id with sequence -2', changed(fields(7n, 0, -2)))
  yield vector('negative producer id', changed(fields(-2n, 0, -1)))
  yield vector('sequence without producer id', changed(fields(-1n, -1, 4)))
  yield vector('producer id beyond 2^53', changed(fields(2n ** 53n, 0, 0)))
  yield vector(
    'producer id without sequence, control',
    changed((batch) => {
      fields(7n, 0, -1)(batch)
      batch.writeInt16BE(0x20, ATTRIBUTES)
    }),
  )
}

function* timestamps(vector, changed, good) {
  const times = (first, last) => (batch) => {
    batch.writeBigInt64BE(first, BASE_TIMESTAMP)
    batch.writeBigInt64BE(last, MAX_TIMESTAMP)
  }
  yield vector('far future', changed(times(FAR_FUTURE_MS, FAR_FUTURE_MS)))
  yield vector('far future, allowed', changed(times(FAR_FUTURE_MS, FAR_FUTURE_MS)), WIDE_FUTURE)
  yield vector('far future, LogAppendTime topic', changed(times(FAR_FUTURE_MS, FAR_FUTURE_MS)), APPEND_TIME)
  yield vector('past', good('none: one record'), NARROW_PAST)
  yield vector('past, compressed', good('gzip: one record'), NARROW_PAST)
  yield vector('no timestamps', good('no timestamps'), NARROW_PAST)
  yield vector('timestamp beyond 2^53', changed(times(2n ** 53n, 2n ** 53n)))
  yield vector('greatest timestamp', changed(times(2n ** 63n - 1n, 2n ** 63n - 1n)))
  yield vector('only the announced maximum is in the future', changed(times(1_700_000_000_000n, FAR_FUTURE_MS)))
  const flagged = changed((batch) => batch.writeInt16BE(0x08, ATTRIBUTES))
  yield vector('log append time from a producer', flagged)
  yield vector('log append time from a producer, LogAppendTime topic', flagged, APPEND_TIME)
  yield vector(
    'log append time without a timestamp',
    changed((batch) => {
      batch.writeInt16BE(0x08, ATTRIBUTES)
      times(-1n, -1n)(batch)
    }),
  )
}

function* records(vector, changed, good) {
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    const varied = good(`${codec}: nulls, headers, times out of order`)
    yield vector(`${codec}: records without keys, compacted topic`, varied, COMPACTED)
    yield vector(`${codec}: times out of the window`, varied, NARROW_PAST)
    yield vector(`${codec}: every record has a key, compacted topic`, good(`${codec}: one record`), COMPACTED)
    yield vector(
      `${codec}: payload cut to nothing`,
      changed(
        (batch) => {
          batch.fill(0, RECORDS)
        },
        good(`${codec}: one record`),
      ),
    )
  }
  yield vector(
    'record length too small',
    changed((batch) => (batch[RECORDS] -= 2)),
  )
  yield vector(
    'record length too large',
    changed((batch) => (batch[RECORDS] += 2)),
  )
  yield vector(
    'offset delta 1 in the first record',
    changed((batch) => (batch[RECORDS + 3] = 2)),
  )
  yield vector(
    'header count too large',
    changed((batch) => (batch[batch.length - 1] = 2)),
  )
  yield vector(
    'header count negative',
    changed((batch) => (batch[batch.length - 1] = 1)),
  )
  const longer = (batch) => {
    const bytes = Buffer.concat([batch, Buffer.from([0])])
    bytes.writeInt32BE(bytes.length - 12, LENGTH)
    return bytes
  }
  yield vector(
    'a byte follows the last record',
    changed(() => {}, longer(good('none: one record'))),
  )
}

// The record section of a batch of format 2, walked without allocating: is it
// made of exactly so many well-formed records, with offset deltas 0, 1, 2 …,
// with keys and with timestamps inside a window where those are asked for?
// src/records/record-walk.ts is the same walk in TypeScript; both must agree
// on every input.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice {

// Numbers shared with src/records/record-walk.ts.
enum RecordFault : int32_t {
  kRecordMalformed = 1,   // lengths contradict each other; the walk ends here
  kRecordOffset = 2,      // the offset delta is not the record's index
  kRecordWithoutKey = 3,  // a key was required
  kRecordTimestamp = 4,   // outside the window, or beyond 2^53
  kRecordsTrail = 5,      // bytes are left after the last record
};

struct WalkRules {
  int32_t count;
  bool keys_required;
  bool timestamps_checked;
  int64_t base_timestamp;
  double now_ms;
  double before_max_ms;
  double after_max_ms;
};

// Writes up to `capacity` pairs (record index, RecordFault), one a record, and returns how many faults there were.
int32_t walk_records(const uint8_t* data, size_t size, const WalkRules& rules, int32_t* faults, int32_t capacity);

}  // namespace sluice

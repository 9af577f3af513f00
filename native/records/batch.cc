#include "batch.hh"

namespace sluice {

namespace {

constexpr int64_t kSafeIntegerMax = (int64_t{1} << 53) - 1;
constexpr int64_t kNoTimestamp = -1;

// Reads forward; past the end, or an integer with too many bytes, sets `failed` and returns 0.
class Cursor {
 public:
  Cursor(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}

  bool failed() const { return failed_; }
  size_t remaining() const { return static_cast<size_t>(end_ - at_); }

  void byte() {
    if (at_ == end_) {
      fail();
    } else {
      at_++;
    }
  }

  int32_t varint() {
    const uint32_t value = static_cast<uint32_t>(unsigned_varint(5));
    return static_cast<int32_t>((value >> 1) ^ (~(value & 1) + 1));
  }

  int64_t varlong() {
    const uint64_t value = unsigned_varint(10);
    return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
  }

  void skip(int32_t size) {
    if (size < 0 || static_cast<size_t>(size) > remaining()) {
      fail();
    } else {
      at_ += size;
    }
  }

 private:
  // Bits beyond the width of the caller's type are dropped, as Java's shift does.
  uint64_t unsigned_varint(int bytes_max) {
    uint64_t value = 0;
    for (int index = 0; index < bytes_max; index++) {
      if (at_ == end_) return fail();
      const uint8_t byte = *at_++;
      value |= static_cast<uint64_t>(byte & 0x7f) << (7 * index);
      if (byte < 0x80) return value;
    }
    return fail();
  }

  uint64_t fail() {
    failed_ = true;
    at_ = end_;
    return 0;
  }

  const uint8_t* at_;
  const uint8_t* end_;
  bool failed_ = false;
};

struct Record {
  int64_t timestamp_delta;
  int32_t offset_delta;
  bool has_key;
};

void skip_nullable(Cursor& cursor) {
  const int32_t size = cursor.varint();
  if (size > 0) cursor.skip(size);
}

bool skip_headers(Cursor& cursor) {
  const int32_t count = cursor.varint();
  if (count < 0) return false;
  for (int32_t index = 0; index < count && !cursor.failed(); index++) {
    const int32_t key_size = cursor.varint();
    if (key_size < 0) return false;
    cursor.skip(key_size);
    skip_nullable(cursor);
  }
  return true;
}

// False when the fields do not fill exactly the length that the record announces.
bool read_record(Cursor& cursor, Record* record) {
  const int64_t body_size = cursor.varint();
  const int64_t body_start_remaining = static_cast<int64_t>(cursor.remaining());
  cursor.byte();
  record->timestamp_delta = cursor.varlong();
  record->offset_delta = cursor.varint();
  const int32_t key_size = cursor.varint();
  record->has_key = key_size >= 0;
  if (key_size > 0) cursor.skip(key_size);
  skip_nullable(cursor);
  if (!skip_headers(cursor) || cursor.failed()) return false;
  return body_start_remaining - static_cast<int64_t>(cursor.remaining()) == body_size;
}

bool timestamp_acceptable(const WalkRules& rules, int64_t delta) {
  if (delta > kSafeIntegerMax || delta < -kSafeIntegerMax) return false;
  const int64_t timestamp = rules.base_timestamp + delta;
  if (timestamp > kSafeIntegerMax || timestamp < -kSafeIntegerMax) return false;
  if (timestamp == kNoTimestamp) return true;
  const double value = static_cast<double>(timestamp);
  return !(rules.now_ms - value > rules.before_max_ms) && !(value - rules.now_ms > rules.after_max_ms);
}

// One fault a record, the first in Kafka's order: key, timestamp; our own check of offsets comes first.
int32_t fault_of(const WalkRules& rules, const Record& record, int32_t index) {
  if (record.offset_delta != index) return kRecordOffset;
  if (rules.keys_required && !record.has_key) return kRecordWithoutKey;
  if (rules.timestamps_checked && !timestamp_acceptable(rules, record.timestamp_delta)) return kRecordTimestamp;
  return 0;
}

}  // namespace

int32_t walk_records(const uint8_t* data, size_t size, const WalkRules& rules, int32_t* faults, int32_t capacity) {
  Cursor cursor(data, size);
  int32_t found = 0;
  const auto report = [&](int32_t index, int32_t fault) {
    if (found < capacity) {
      faults[2 * found] = index;
      faults[2 * found + 1] = fault;
    }
    found++;
  };
  for (int32_t index = 0; index < rules.count; index++) {
    Record record;
    if (!read_record(cursor, &record)) {
      report(index, kRecordMalformed);
      return found;
    }
    const int32_t fault = fault_of(rules, record, index);
    if (fault != 0) report(index, fault);
  }
  if (cursor.remaining() != 0) report(rules.count, kRecordsTrail);
  return found;
}

}  // namespace sluice

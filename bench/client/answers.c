#include "answers.h"

#include "../common/crc32c.h"
#include "../common/fail.h"
#include "../common/record_batch.h"

int64_t read_produce_answer(struct reader *answer) {
  skip_tags(answer);
  uint32_t topics = read_compact_length(answer);
  skip_compact(answer);
  uint32_t partitions = read_compact_length(answer);
  int32_t partition = read_32(answer);
  int16_t error = read_16(answer);
  int64_t base_offset = read_64(answer);
  read_64(answer);
  read_64(answer);
  if (answer->failed || topics != 1 || partitions != 1) fail("load: malformed Produce answer");
  if (error != 0) fail("load: Produce to partition %d failed with error %d", partition, error);
  if (base_offset < 0) fail("load: Produce to partition %d was given offset %lld", partition, (long long)base_offset);
  return base_offset;
}

static void read_fetched_partition(struct reader *answer, struct fetched *fetched) {
  skip_compact(answer);
  uint32_t partitions = read_compact_length(answer);
  int32_t partition = read_32(answer);
  int16_t error = read_16(answer);
  if (!answer->failed && error != 0) fail("load: Fetch of partition %d failed with error %d", partition, error);
  fetched->high_watermark = read_64(answer);
  read_64(answer);
  read_64(answer);
  uint32_t aborted = read_compact_length(answer);
  read_32(answer);
  fetched->length = read_compact_length(answer);
  fetched->records = read_bytes(answer, fetched->length);
  if (answer->failed || partitions != 1 || aborted != 0) fail("load: malformed Fetch answer");
}

struct fetched read_fetch_answer(struct reader *answer) {
  struct fetched fetched = {.high_watermark = -1};
  skip_tags(answer);
  read_32(answer);
  int16_t error = read_16(answer);
  if (error != 0) fail("load: Fetch failed with error %d", error);
  fetched.session_id = read_32(answer);
  uint32_t topics = read_compact_length(answer);
  if (answer->failed || topics > 1) fail("load: malformed Fetch answer");
  if (topics == 1) read_fetched_partition(answer, &fetched);
  return fetched;
}

int16_t fetch_answer_error(struct reader *answer) {
  skip_tags(answer);
  read_32(answer);
  int16_t error = read_16(answer);
  read_32(answer);
  if (error != 0) return error;
  uint32_t topics = read_compact_length(answer);
  skip_compact(answer);
  uint32_t partitions = read_compact_length(answer);
  read_32(answer);
  int16_t partition_error = read_16(answer);
  if (answer->failed || topics != 1 || partitions != 1) fail("load: malformed Fetch answer");
  return partition_error;
}

const uint8_t *next_batch(struct reader *records, size_t *length) {
  size_t left = (size_t)(records->end - records->at);
  if (left < batch_header_bytes) return NULL;
  *length = (size_t)load_32(records->at + batch_length_at) + batch_length_overhead;
  if (left < *length) return NULL;
  if (*length < batch_header_bytes || records->at[batch_magic_at] != 2) fail("load: fetched something that is no batch");
  return read_bytes(records, *length);
}

void check_batch_crc(const uint8_t *batch, size_t length) {
  if (load_32(batch + batch_crc_at) != crc32c(batch + batch_attributes_at, length - batch_attributes_at)) {
    fail("load: wrong CRC in the batch at offset %lld", (long long)load_64(batch + batch_base_offset_at));
  }
}

/* Answers of Produce and Fetch, every error code checked: the first error ends the program and says which it was. */
#ifndef SLUICE_BENCH_ANSWERS_H
#define SLUICE_BENCH_ANSWERS_H

#include "../common/wire.h"

/* Returns the base offset given to the batch. */
int64_t read_produce_answer(struct reader *answer);

struct fetched {
  int32_t session_id;
  int64_t high_watermark;
  const uint8_t *records;
  size_t length;
};
/* Version 12. An answer of a session without news has no records and a high watermark of -1. */
struct fetched read_fetch_answer(struct reader *answer);
/* The error of the answer or of its partition, for those who expect one. */
int16_t fetch_answer_error(struct reader *answer);

/* The next whole batch of fetched records, NULL at their end (a cut batch counts as the end). */
const uint8_t *next_batch(struct reader *records, size_t *length);
void check_batch_crc(const uint8_t *batch, size_t length);

#endif

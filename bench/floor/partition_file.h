/*
 * One partition of the floor: a directory of segment files that is rolled and cut by size exactly as the brokers do, so
 * that all targets touch memory alike (a server that unlinks sooner reuses warm pages and looks faster than it is).
 *
 * Appends are collected during a turn and written by one pwritev; the bytes must stay where they are until
 * partition_flush. All batches of a partition have the size and the record count of the first one: that makes
 * offset → position a division, which is the least an index can cost.
 */
#ifndef SLUICE_BENCH_PARTITION_FILE_H
#define SLUICE_BENCH_PARTITION_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { pending_max = 1024, segments_max = 256 };

struct retention {
  int64_t segment_bytes;
  int64_t retention_bytes;
};

struct segment {
  int fd;
  int64_t base_offset;
  int64_t size;
};

struct partition {
  char directory[512];
  struct segment segments[segments_max];
  int segment_count;
  int64_t next_offset;
  uint32_t batch_bytes;
  uint32_t batch_records;
  struct iovec pending[pending_max];
  int pending_count;
  int64_t pending_bytes;
};

struct file_region {
  int fd;
  off_t position;
  size_t length;
};

struct partition *partition_open(const char *data_directory, int index);
/* Assigns the next offset to the batch, in place, and takes it into the turn's write. Returns the base offset. */
int64_t partition_append(struct partition *partition, const struct retention *retention, uint8_t *batch, size_t length);
void partition_flush(struct partition *partition);
/* Whole batches from `offset`, at most `max_bytes` and at least one; empty at the end of the log. */
struct file_region partition_locate(const struct partition *partition, int64_t offset, size_t max_bytes);
int64_t partition_start_offset(const struct partition *partition);
void partition_retain(struct partition *partition, const struct retention *retention);

#endif

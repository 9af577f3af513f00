#define _GNU_SOURCE
#include "partition_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../common/fail.h"
#include "../common/record_batch.h"
#include "../common/wire.h"

static void segment_path(const struct partition *partition, int64_t base_offset, char *path, size_t capacity) {
  snprintf(path, capacity, "%s/%020lld.log", partition->directory, (long long)base_offset);
}

static void add_segment(struct partition *partition) {
  if (partition->segment_count == segments_max) fail("floor: more than %d segments in a partition", segments_max);
  char path[600];
  segment_path(partition, partition->next_offset, path, sizeof path);
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) fail_errno(path);
  partition->segments[partition->segment_count++] = (struct segment){fd, partition->next_offset, 0};
}

struct partition *partition_open(const char *data_directory, int index) {
  struct partition *partition = calloc(1, sizeof *partition);
  snprintf(partition->directory, sizeof partition->directory, "%s/floor-%d", data_directory, index);
  if (mkdir(partition->directory, 0755) != 0) fail_errno(partition->directory);
  add_segment(partition);
  return partition;
}

int64_t partition_append(struct partition *partition, const struct retention *retention, uint8_t *batch, size_t length) {
  uint32_t records = load_32(batch + batch_last_offset_delta_at) + 1;
  if (partition->batch_bytes == 0) {
    partition->batch_bytes = (uint32_t)length;
    partition->batch_records = records;
  }
  if (partition->batch_bytes != length || partition->batch_records != records) {
    fail("floor: batches of different sizes in one partition");
  }
  struct segment *active = &partition->segments[partition->segment_count - 1];
  bool full = active->size + partition->pending_bytes + (int64_t)length > retention->segment_bytes;
  if (full || partition->pending_count == pending_max) partition_flush(partition);
  if (full) add_segment(partition);
  int64_t base_offset = partition->next_offset;
  store_64(batch + batch_base_offset_at, (uint64_t)base_offset);
  store_32(batch + batch_leader_epoch_at, 0);
  partition->pending[partition->pending_count++] = (struct iovec){batch, length};
  partition->pending_bytes += (int64_t)length;
  partition->next_offset += records;
  return base_offset;
}

void partition_flush(struct partition *partition) {
  if (partition->pending_count == 0) return;
  struct segment *active = &partition->segments[partition->segment_count - 1];
  ssize_t written = pwritev(active->fd, partition->pending, partition->pending_count, active->size);
  if (written != partition->pending_bytes) fail_errno("floor: pwritev");
  active->size += written;
  partition->pending_count = 0;
  partition->pending_bytes = 0;
}

struct file_region partition_locate(const struct partition *partition, int64_t offset, size_t max_bytes) {
  struct file_region none = {-1, 0, 0};
  if (offset >= partition->next_offset) return none;
  int index = partition->segment_count - 1;
  while (index > 0 && partition->segments[index].base_offset > offset) index--;
  const struct segment *segment = &partition->segments[index];
  off_t position = (offset - segment->base_offset) / partition->batch_records * partition->batch_bytes;
  size_t batches = max_bytes / partition->batch_bytes;
  size_t length = (batches == 0 ? 1 : batches) * partition->batch_bytes;
  size_t available = (size_t)(segment->size - position);
  return (struct file_region){segment->fd, position, length < available ? length : available};
}

int64_t partition_start_offset(const struct partition *partition) { return partition->segments[0].base_offset; }

/* Kafka's rule: the oldest segment goes while what remains without it is still at least the retention size. */
void partition_retain(struct partition *partition, const struct retention *retention) {
  int64_t total = 0;
  for (int index = 0; index < partition->segment_count; index++) total += partition->segments[index].size;
  int gone = 0;
  while (gone < partition->segment_count - 1 && total - partition->segments[gone].size >= retention->retention_bytes) {
    char path[600];
    segment_path(partition, partition->segments[gone].base_offset, path, sizeof path);
    if (unlink(path) != 0) fail_errno(path);
    close(partition->segments[gone].fd);
    total -= partition->segments[gone].size;
    gone++;
  }
  partition->segment_count -= gone;
  memmove(partition->segments, partition->segments + gone, sizeof(struct segment) * (size_t)partition->segment_count);
}

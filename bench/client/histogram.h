/* A log-linear histogram of nanoseconds: 128 steps to a power of two, so a percentile is at most 0.8 % too high. */
#ifndef SLUICE_BENCH_HISTOGRAM_H
#define SLUICE_BENCH_HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>

enum { histogram_step_bits = 7, histogram_buckets = 48 << histogram_step_bits };

struct histogram {
  uint64_t counts[histogram_buckets];
  uint64_t total;
  uint64_t maximum;
};

void histogram_add(struct histogram *histogram, uint64_t nanoseconds);
/* The upper edge of the bucket that holds the given share (0 to 1) of the values, never above the maximum. */
uint64_t histogram_percentile(const struct histogram *histogram, double share);
/* Prints `"NAME":{"count":…,"p50":…,"p99":…,"p999":…,"max":…}`, in milliseconds. */
void histogram_print(FILE *out, const char *name, const struct histogram *histogram);

#endif

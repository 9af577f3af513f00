#include "histogram.h"

static uint32_t bucket_of(uint64_t value) {
  if (value < 1u << histogram_step_bits) return (uint32_t)value;
  uint32_t shift = 63 - (uint32_t)__builtin_clzll(value) - histogram_step_bits;
  uint32_t bucket = ((shift + 1) << histogram_step_bits) + (uint32_t)((value >> shift) & ((1 << histogram_step_bits) - 1));
  return bucket < histogram_buckets ? bucket : histogram_buckets - 1;
}

static uint64_t upper_edge(uint32_t bucket) {
  uint64_t step = bucket & ((1 << histogram_step_bits) - 1);
  uint32_t power = bucket >> histogram_step_bits;
  if (power == 0) return step;
  return (((1ull << histogram_step_bits) + step + 1) << (power - 1)) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t nanoseconds) {
  histogram->counts[bucket_of(nanoseconds)]++;
  histogram->total++;
  if (nanoseconds > histogram->maximum) histogram->maximum = nanoseconds;
}

uint64_t histogram_percentile(const struct histogram *histogram, double share) {
  uint64_t wanted = (uint64_t)((double)histogram->total * share + 0.9999999);
  uint64_t seen = 0;
  for (uint32_t bucket = 0; bucket < histogram_buckets; bucket++) {
    seen += histogram->counts[bucket];
    if (seen >= wanted && seen > 0) {
      uint64_t edge = upper_edge(bucket);
      return edge < histogram->maximum ? edge : histogram->maximum;
    }
  }
  return histogram->maximum;
}

void histogram_print(FILE *out, const char *name, const struct histogram *histogram) {
  fprintf(out, "\"%s\":{\"count\":%llu,\"p50\":%.4f,\"p99\":%.4f,\"p999\":%.4f,\"max\":%.4f}", name,
          (unsigned long long)histogram->total, (double)histogram_percentile(histogram, 0.5) / 1e6,
          (double)histogram_percentile(histogram, 0.99) / 1e6, (double)histogram_percentile(histogram, 0.999) / 1e6,
          (double)histogram->maximum / 1e6);
}

/* CRC-32C (Castagnoli) of a byte range, with the processor's instruction where it has one. Call crc32c_prepare once. */
#ifndef SLUICE_BENCH_CRC32C_H
#define SLUICE_BENCH_CRC32C_H

#include <stddef.h>
#include <stdint.h>

void crc32c_prepare(void);
uint32_t crc32c(const uint8_t *bytes, size_t length);

#endif

/*
 * The CRC of POSIX cksum: polynomial 0x04C11DB7, most significant bit first, initial value 0; the
 * length of the data follows the data, and the result is complemented.
 *
 *     uint32_t crc = crc32_update(0, data, size);
 *     crc = crc32_update(crc, more, more_size);
 *     printf("%" PRIu32 "\n", crc32_finish(crc, size + more_size));
 *
 * Parts of one file can be computed apart and joined, since the CRC is linear:
 * crc(A then B) = crc32_shift(crc(A), length of B) ^ crc(B).
 *
 * All functions may be called from any thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CRC32_H
#define CRC32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The CRC of the data before, then `size` more bytes. 0 is the CRC of no data. */
uint32_t crc32_update(uint32_t crc, const void *data, size_t size);

/* The CRC of the data before, then `count` zero bytes; takes time logarithmic in count. */
uint32_t crc32_shift(uint32_t crc, uint64_t count);

/* The number that cksum prints for data of `length` bytes with this CRC. */
uint32_t crc32_finish(uint32_t crc, uint64_t length);

/* One way to compute crc32_update(). Every usable one gives the same result. */
struct crc32_method {
    const char *name;
    bool usable; /* this processor has the instructions */
    uint32_t (*update)(uint32_t crc, const void *data, size_t size);
};

/* All methods from the slowest, which is always usable, to the fastest; sets *count. */
const struct crc32_method *crc32_methods(size_t *count);

#endif

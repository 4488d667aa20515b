/*
 * The CRC of the checksum example: every method that this processor has against the definition,
 * bit by bit, for every length and alignment that takes a different path; joining; known values.
 *
 * CRC32_SEED sets the seed of the random data; it is printed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1 /* for check.h */
#include "../examples/crc32.h"
#include "check.h"

#include <stdint.h>
#include <time.h>

enum { LONGEST = 4200, ALIGNMENTS = 64, LARGE = 1 << 20 };

static uint64_t random_state;

/* splitmix64 */
static uint64_t random_next(void)
{
    uint64_t z = random_state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static void seed_random(void)
{
    const char *given = getenv("CRC32_SEED");
    random_state = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
    printf("CRC32_SEED=%llu ", (unsigned long long)random_state);
}

static unsigned char *random_bytes(size_t size)
{
    unsigned char *bytes = malloc(size);
    if (!CHECK(bytes != NULL))
        abort();
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)random_next();
    return bytes;
}

/* The definition: one bit at a time. */
static uint32_t crc_by_definition(uint32_t crc, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        crc ^= (uint32_t)bytes[i] << 24;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc << 1) ^ ((crc >> 31) * UINT32_C(0x04C11DB7));
    }
    return crc;
}

/* Calls test(method) for every method that can run here. */
static void for_each_method(void (*test)(const struct crc32_method *))
{
    size_t count;
    const struct crc32_method *methods = crc32_methods(&count);
    CHECK(count > 0 && methods[0].usable);
    for (size_t i = 0; i < count; i++) {
        printf("%s%s ", methods[i].name, methods[i].usable ? "" : " (not on this processor)");
        if (methods[i].usable)
            test(&methods[i]);
    }
}

static void agree_at_every_length(const struct crc32_method *method)
{
    unsigned char *bytes = random_bytes(LONGEST + ALIGNMENTS);
    for (size_t size = 0; size <= LONGEST; size++) {
        const unsigned char *start = bytes + random_next() % ALIGNMENTS;
        uint32_t before = (uint32_t)random_next();
        CHECK_INT(method->update(before, start, size), crc_by_definition(before, start, size));
    }
    free(bytes);
}

static void every_length(void)
{
    seed_random();
    for_each_method(agree_at_every_length);
}

static void agree_at_every_alignment(const struct crc32_method *method)
{
    static const size_t sizes[] = {1, 15, 16, 63, 64, 65, 255, 256, 257, 511, 513, 4095};
    unsigned char *bytes = random_bytes(LONGEST + ALIGNMENTS);
    for (size_t offset = 0; offset < ALIGNMENTS; offset++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            CHECK_INT(method->update(0, bytes + offset, sizes[i]),
                      crc_by_definition(0, bytes + offset, sizes[i]));
    }
    free(bytes);
}

static void every_alignment(void)
{
    seed_random();
    for_each_method(agree_at_every_alignment);
}

static void agree_when_split(const struct crc32_method *method)
{
    unsigned char *bytes = random_bytes(LARGE);
    uint32_t whole = crc_by_definition(0, bytes, LARGE);
    CHECK_INT(method->update(0, bytes, LARGE), whole);
    for (int round = 0; round < 20; round++) {
        uint32_t crc = 0;
        for (size_t done = 0; done < LARGE;) {
            size_t part = random_next() % (round < 10 ? 1000 : LARGE / 4);
            part = part < LARGE - done ? part : LARGE - done;
            crc = method->update(crc, bytes + done, part);
            done += part;
        }
        CHECK_INT(crc, whole);
    }
    free(bytes);
}

static void split_updates(void)
{
    seed_random();
    for_each_method(agree_when_split);
}

static void parts_join(void)
{
    seed_random();
    unsigned char *bytes = random_bytes(LARGE);
    uint32_t whole = crc_by_definition(0, bytes, LARGE);
    for (int round = 0; round < 200; round++) {
        size_t head = random_next() % (LARGE + 1);
        uint32_t first = crc32_update(0, bytes, head);
        uint32_t second = crc32_update(0, bytes + head, LARGE - head);
        CHECK_INT(crc32_shift(first, LARGE - head) ^ second, whole);
    }
    free(bytes);
}

static void shift_is_zero_bytes(void)
{
    static const unsigned char zeros[LONGEST];
    for (size_t count = 0; count <= LONGEST; count++)
        CHECK_INT(crc32_shift(0xDEADBEEF, count), crc_by_definition(0xDEADBEEF, zeros, count));
    /* Far beyond any buffer, where the exponent in bits no longer fits into 64 bits. */
    uint64_t half = UINT64_C(1) << 62;
    CHECK_INT(crc32_shift(crc32_shift(1, half), half), crc32_shift(1, half * 2));
    CHECK_INT(crc32_shift(crc32_shift(1, UINT64_MAX - 7), 7), crc32_shift(1, UINT64_MAX));
}

static uint32_t cksum_of(const void *data, size_t size)
{
    return crc32_finish(crc32_update(0, data, size), size);
}

/* The expected numbers were printed by the cksum utility. */
static void known_values(void)
{
    CHECK_INT(cksum_of("", 0), 4294967295);
    CHECK_INT(cksum_of("\0", 1), 4215202376);
    CHECK_INT(cksum_of("a", 1), 1220704766);
    CHECK_INT(cksum_of("123456789", 9), 930766865);
    unsigned char counting[1000];
    for (size_t i = 0; i < sizeof counting; i++)
        counting[i] = (unsigned char)i;
    CHECK_INT(cksum_of(counting, sizeof counting), 1520827854);
    CHECK_INT(cksum_of(counting, 256), 1313719201);
}

CHECK_MAIN("crc32", {"every length", every_length}, {"every alignment", every_alignment},
           {"split updates", split_updates}, {"parts join", parts_join},
           {"shift is zero bytes", shift_is_zero_bytes}, {"known values", known_values})

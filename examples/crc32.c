/*
 * Three ways to one CRC: tables, 16 bytes a step, for any processor; carry-less multiplication of
 * 128-bit registers (PCLMULQDQ), and of 512-bit ones (VPCLMULQDQ with AVX-512). The best that the
 * processor has is chosen once, before main().
 *
 * Bits are coefficients of polynomials over GF(2), the first bit of the data the highest power; P is
 * the CRC's polynomial. The CRC of data M is M * x^32 mod P.
 *
 * Folding (V. Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
 * Instruction", Intel, 2009): a 128-bit block H * x^64 + L that stands d bits before another block
 * is worth H * (x^(d+64) mod P) + L * (x^d mod P) in that block's place. The two factors have at
 * most 32 bits, so the sum fits into 128 bits and is added (xor) to the other block. What remains is
 * one block, worth the same as all the data, and goes through the tables. The factors are computed
 * at start-up from P; no constant but P is written down here.
 *
 * The tables and the factors are written before main() and only read afterwards.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crc32.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define HAVE_CLMUL 1
#endif

/* P without its highest power, x^32. */
#define POLYNOMIAL UINT32_C(0x04C11DB7)

/* a * x mod P. */
static uint32_t times_x(uint32_t a)
{
    return (a << 1) ^ ((a >> 31) * POLYNOMIAL);
}

/* a * b mod P. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (int bit = 31; bit >= 0; bit--)
        product = times_x(product) ^ (((b >> bit) & 1) * a);
    return product;
}

/* x^exponent mod P. */
static uint32_t power_of_x(uint64_t exponent)
{
    uint32_t result = 1;
    for (uint32_t square = 2; exponent != 0; exponent >>= 1) {
        if (exponent & 1)
            result = multiply(result, square);
        square = multiply(square, square);
    }
    return result;
}

/* tables[k][b] = b * x^32 * x^(8 k) mod P: the byte b followed by k zero bytes. */
static uint32_t tables[16][256];

static void fill_tables(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte << 24;
        for (int bit = 0; bit < 8; bit++)
            crc = times_x(crc);
        tables[0][byte] = crc;
    }
    for (int zeros = 1; zeros < 16; zeros++) {
        for (int byte = 0; byte < 256; byte++) {
            uint32_t before = tables[zeros - 1][byte];
            tables[zeros][byte] = (before << 8) ^ tables[0][before >> 24];
        }
    }
}

static inline uint64_t load_big_endian(const unsigned char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The CRC of eight bytes followed by as many zero bytes as table[0] stands for. */
static inline uint32_t look_up(uint64_t word, uint32_t (*table)[256])
{
    return table[7][word >> 56] ^ table[6][(word >> 48) & 255] ^ table[5][(word >> 40) & 255] ^
           table[4][(word >> 32) & 255] ^ table[3][(word >> 24) & 255] ^
           table[2][(word >> 16) & 255] ^ table[1][(word >> 8) & 255] ^ table[0][word & 255];
}

static uint32_t update_with_tables(uint32_t crc, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (; size >= 16; bytes += 16, size -= 16) {
        uint64_t high = load_big_endian(bytes) ^ ((uint64_t)crc << 32);
        crc = look_up(high, &tables[8]) ^ look_up(load_big_endian(bytes + 8), &tables[0]);
    }
    for (; size > 0; bytes++, size--)
        crc = (crc << 8) ^ tables[0][(crc >> 24) ^ *bytes];
    return crc;
}

#ifdef HAVE_CLMUL

#define TARGET_128 __attribute__((target("pclmul,ssse3")))
#define TARGET_512 __attribute__((target("pclmul,ssse3,avx512f,avx512bw,vpclmulqdq")))

/* The two factors for folding over a distance in bits; the names are that distance. */
struct factors {
    uint64_t low;  /* x^distance mod P */
    uint64_t high; /* x^(distance + 64) mod P */
};
static struct factors over_128, over_512, over_2048;

static struct factors factors_for(unsigned distance)
{
    return (struct factors){power_of_x(distance), power_of_x(distance + 64)};
}

TARGET_128 static inline __m128i factors_128(struct factors factors)
{
    return _mm_set_epi64x((long long)factors.high, (long long)factors.low);
}

/* Reverses the bytes: in a register the first byte of the data must be the highest. */
TARGET_128 static inline __m128i reverse_128(__m128i block)
{
    return _mm_shuffle_epi8(block,
                            _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

TARGET_128 static inline __m128i load_128(const unsigned char *bytes)
{
    return reverse_128(_mm_loadu_si128((const void *)bytes));
}

TARGET_128 static inline __m128i fold_128(__m128i block, __m128i factors, __m128i next)
{
    __m128i high = _mm_clmulepi64_si128(block, factors, 0x11);
    __m128i low = _mm_clmulepi64_si128(block, factors, 0x00);
    return _mm_xor_si128(_mm_xor_si128(high, low), next);
}

/* Four neighbouring blocks, then the `size` bytes that follow them. */
TARGET_128 static inline uint32_t finish_128(const __m128i blocks[4], const unsigned char *bytes,
                                             size_t size)
{
    __m128i factors = factors_128(over_128);
    __m128i sum = blocks[0];
    for (size_t i = 1; i < 4; i++)
        sum = fold_128(sum, factors, blocks[i]);
    for (; size >= 16; bytes += 16, size -= 16)
        sum = fold_128(sum, factors, load_128(bytes));

    unsigned char last[16];
    _mm_storeu_si128((void *)last, reverse_128(sum));
    return update_with_tables(update_with_tables(0, last, sizeof last), bytes, size);
}

/* Four independent sums hide the latency of the multiplication. */
TARGET_128 static uint32_t update_with_128(uint32_t crc, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    if (size < 64)
        return update_with_tables(crc, data, size);
    __m128i factors = factors_128(over_512);
    __m128i sums[4];
    for (size_t i = 0; i < 4; i++)
        sums[i] = load_128(bytes + 16 * i);
    sums[0] = _mm_xor_si128(sums[0], _mm_set_epi32((int)crc, 0, 0, 0));
    for (bytes += 64, size -= 64; size >= 64; bytes += 64, size -= 64) {
        for (size_t i = 0; i < 4; i++)
            sums[i] = fold_128(sums[i], factors, load_128(bytes + 16 * i));
    }
    return finish_128(sums, bytes, size);
}

/* Each 512-bit register holds four neighbouring blocks, the first one lowest. */
TARGET_512 static inline __m512i load_512(const unsigned char *bytes)
{
    __m512i order =
        _mm512_broadcast_i32x4(_mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    return _mm512_shuffle_epi8(_mm512_loadu_si512((const void *)bytes), order);
}

TARGET_512 static inline __m512i fold_512(__m512i block, __m512i factors, __m512i next)
{
    __m512i high = _mm512_clmulepi64_epi128(block, factors, 0x11);
    __m512i low = _mm512_clmulepi64_epi128(block, factors, 0x00);
    return _mm512_xor_si512(_mm512_xor_si512(high, low), next);
}

TARGET_512 static uint32_t update_with_512(uint32_t crc, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    if (size < 256)
        return update_with_128(crc, data, size);
    __m512i sums[4];
    for (size_t i = 0; i < 4; i++)
        sums[i] = load_512(bytes + 64 * i);
    __m128i first = _mm_set_epi32((int)crc, 0, 0, 0);
    sums[0] = _mm512_xor_si512(sums[0], _mm512_zextsi128_si512(first));
    __m512i factors = _mm512_broadcast_i32x4(factors_128(over_2048));
    for (bytes += 256, size -= 256; size >= 256; bytes += 256, size -= 256) {
        for (size_t i = 0; i < 4; i++)
            sums[i] = fold_512(sums[i], factors, load_512(bytes + 64 * i));
    }

    factors = _mm512_broadcast_i32x4(factors_128(over_512));
    __m512i sum = sums[0];
    for (size_t i = 1; i < 4; i++)
        sum = fold_512(sum, factors, sums[i]);
    for (; size >= 64; bytes += 64, size -= 64)
        sum = fold_512(sum, factors, load_512(bytes));
    __m128i blocks[4];
    memcpy(blocks, &sum, sizeof blocks);
    return finish_128(blocks, bytes, size);
}

#endif

static struct crc32_method methods[] = {
    {"tables", true, update_with_tables},
#ifdef HAVE_CLMUL
    {"clmul 128", false, update_with_128},
    {"clmul 512", false, update_with_512},
#endif
};
static const struct crc32_method *best = methods;

/* Runs before main(), hence before any thread that could use what it writes. */
__attribute__((constructor)) static void choose_method(void)
{
    fill_tables();
#ifdef HAVE_CLMUL
    over_128 = factors_for(128);
    over_512 = factors_for(512);
    over_2048 = factors_for(2048);
    __builtin_cpu_init();
    methods[1].usable = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("ssse3");
    methods[2].usable = methods[1].usable && __builtin_cpu_supports("avx512f") &&
                        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("vpclmulqdq");
#endif
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (methods[i].usable)
            best = &methods[i];
    }
}

const struct crc32_method *crc32_methods(size_t *count)
{
    *count = sizeof methods / sizeof methods[0];
    return methods;
}

uint32_t crc32_update(uint32_t crc, const void *data, size_t size)
{
    return best->update(crc, data, size);
}

uint32_t crc32_shift(uint32_t crc, uint64_t count)
{
    /* P is primitive: x^(2^32 - 1) = 1 mod P. So the count can be reduced before it is times 8. */
    return multiply(crc, power_of_x(count % UINT32_MAX * 8));
}

/* The length follows the data as bytes, the lowest first, without leading zero bytes. */
uint32_t crc32_finish(uint32_t crc, uint64_t length)
{
    for (; length != 0; length >>= 8)
        crc = (crc << 8) ^ tables[0][(crc >> 24) ^ (length & 255)];
    return ~crc;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "parallel/loop_blocks.h"

#include <stdbool.h>

struct block block_of(size_t count, size_t shares, size_t share)
{
    size_t least = count / shares, longer = count % shares;
    size_t begin = share * least + (share < longer ? share : longer);
    return (struct block){.begin = begin, .end = begin + least + (share < longer)};
}

/* The last round ends the loop; in it there is less than an iteration or two for each thread. */
static size_t rounds_of(size_t count, size_t threads)
{
    size_t rounds = 1;
    for (size_t left = count / threads; left > 1; left /= 2)
        rounds++;
    return rounds;
}

size_t block_pieces(size_t count, size_t grain, size_t threads)
{
    if (grain > 0)
        return count / grain + (count % grain != 0);
    return rounds_of(count, threads) * threads;
}

static struct block piece_of_round(size_t count, size_t threads, size_t piece)
{
    size_t round = piece / threads;
    bool last = round + 1 == rounds_of(count, threads);
    size_t left = count >> round;
    struct block part = block_of(last ? left : left - (left >> 1), threads, piece % threads);
    return (struct block){.begin = count - left + part.begin, .end = count - left + part.end};
}

struct block block_piece(size_t count, size_t grain, size_t threads, size_t piece)
{
    if (grain == 0)
        return piece_of_round(count, threads, piece);
    size_t begin = piece * grain;
    return (struct block){.begin = begin, .end = count - begin < grain ? count : begin + grain};
}

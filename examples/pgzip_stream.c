/*
 * Compression in blocks. See pgzip_stream.h.
 *
 * A pipeline: the source reads a block of text, several threads compress blocks, and they are written in
 * order; then they come back to the source. Each block is deflated with the last 32 KiB before it as its
 * dictionary, so that it is hardly longer than in a serial stream, and ends on a byte boundary, where the next
 * one begins: together they are one stream. Checksums are those of the blocks, combined. What deflate() keeps,
 * 268 KiB, belongs to the running stage (ompg_local): there are as many as threads, not as blocks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1 /* POSIX with C11 */
#include "pgzip_stream.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define ZLIB_CONST 1
#include <zlib.h>

/* Bytes of text in a block; how much of the text before it helps to compress it; milliseconds of a look. */
enum { BLOCK = 128 << 10, WINDOW = 32 << 10, LOOK = 100 };

/* A block; it comes back to the source to be filled again. */
struct block {
    unsigned char text[WINDOW + BLOCK]; /* the window ends where the block begins */
    size_t window, size;                /* bytes of both */
    bool last;
    uLong check; /* CRC-32 of the block's text */
    unsigned char *packed;
    size_t room, packed_size;
};

/* Each field belongs to one stage, or is only read. */
struct stream {
    struct end from, to;
    int level;
    ompg_local *packers;          /* a z_stream for each block that is being compressed */
    bool to_is_file;              /* a regular file, in which writing does not wait for a reader */
    unsigned char before[WINDOW]; /* source: what the last block ended with */
    size_t window;                /* source: bytes of that; 0: nothing has been read */
    bool ended;                   /* source: the last block has been made */
    uLong check;                  /* last stage: CRC-32 of what has been written */
    unsigned long long size;      /* last stage: bytes of text of that */
};

/* ---- reading and writing, without being deaf to a stop ---- */

/* Returns 0, ECANCELED or an errno value. */
static int wait_for(ompg_group *group, int file, short events)
{
    struct pollfd wanted = {.fd = file, .events = events};
    for (;;) {
        int ready = poll(&wanted, 1, LOOK);
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return errno;
        if (ompg_stopped(group))
            return ECANCELED;
    }
}

/* Fills the block's text, less at the end of the file. */
static int fill(ompg_group *group, const struct end *from, struct block *block)
{
    block->size = 0;
    block->last = false;
    while (block->size < BLOCK && !block->last) {
        int code = wait_for(group, from->file, POLLIN);
        if (code != 0)
            return code;
        ssize_t got = read(from->file, block->text + WINDOW + block->size, BLOCK - block->size);
        if (got < 0 && errno != EAGAIN)
            return errno;
        if (got > 0)
            block->size += (size_t)got;
        block->last = got == 0;
    }
    return 0;
}

/* A pipe that is ready takes PIPE_BUF bytes without waiting. */
static int write_all(ompg_group *group, const struct stream *stream, const unsigned char *bytes,
                     size_t size)
{
    while (size > 0) {
        size_t part = stream->to_is_file || size < PIPE_BUF ? size : PIPE_BUF;
        int code = wait_for(group, stream->to.file, POLLOUT);
        if (code != 0)
            return code;
        ssize_t written = write(stream->to.file, bytes, part);
        if (written < 0)
            return errno;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

/* An error of a file is recorded with its name; a stop is not an error of its own. */
static int report(ompg_group *group, const struct end *end, int code)
{
    return code == 0 || code == ECANCELED ? code : ompg_fail(group, code, "%s", end->name);
}

/* ---- compressing ---- */

static int make_room(struct block *block, size_t room)
{
    if (room <= block->room)
        return 0;
    unsigned char *packed = realloc(block->packed, room);
    if (!packed)
        return ENOMEM;
    block->packed = packed;
    block->room = room;
    return 0;
}

/* A deflate stream without a header: what deflate() keeps between its calls. */
static int packer_init(void *state, void *level)
{
    int code =
        deflateInit2(state, *(const int *)level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    return code == Z_OK ? 0 : ENOMEM;
}

static void packer_fini(void *state, void *level)
{
    (void)level;
    deflateEnd(state);
}

/* Ready for the block. */
static int prepare(z_stream *packer, struct block *block)
{
    deflateReset(packer);
    if (block->window > 0)
        deflateSetDictionary(packer, block->text + WINDOW - block->window, (uInt)block->window);
    return make_room(block, deflateBound(packer, BLOCK) + 16);
}

/* Once, unless the room was too small for what cannot be compressed. */
static int deflate_all(z_stream *packer, struct block *block)
{
    packer->next_in = block->text + WINDOW;
    packer->avail_in = (uInt)block->size;
    block->packed_size = 0;
    for (;;) {
        packer->next_out = block->packed + block->packed_size;
        packer->avail_out = (uInt)(block->room - block->packed_size);
        deflate(packer, block->last ? Z_FINISH : Z_SYNC_FLUSH);
        block->packed_size = block->room - packer->avail_out;
        if (packer->avail_out > 0)
            return 0;
        int code = make_room(block, 2 * block->room);
        if (code != 0)
            return code;
    }
}

/* ---- the stages ---- */

/* All blocks before the last one are full. */
static int read_block(ompg_group *group, struct stream *stream, struct block *block)
{
    block->window = stream->window;
    memcpy(block->text + WINDOW - block->window, stream->before, block->window);
    int code = fill(group, &stream->from, block);
    if (code != 0)
        return report(group, &stream->from, code);
    stream->ended = block->last;
    stream->window = block->last ? 0 : WINDOW;
    memcpy(stream->before, block->text + BLOCK, stream->window);
    return 0;
}

/* *item is NULL, or a block that has been written: that one is the pipeline's, also after a failure. */
static int read_stage(ompg_group *group, void *arg, void **item)
{
    struct stream *stream = arg;
    struct block *given = *item;
    *item = NULL;
    if (stream->ended)
        return 0;
    struct block *block = given ? given : calloc(1, sizeof *block);
    if (!block)
        return ENOMEM;
    int code = read_block(group, stream, block);
    if (code == 0)
        *item = block;
    else if (!given)
        free(block);
    return code;
}

static int pack_stage(ompg_group *group, void *arg, void **item)
{
    (void)group;
    const struct stream *stream = arg;
    struct block *block = *item;
    z_stream *packer = ompg_local_get(stream->packers);
    if (!packer)
        return errno;
    int code = prepare(packer, block);
    if (code == 0)
        code = deflate_all(packer, block);
    block->check = crc32(0, block->text + WINDOW, (uInt)block->size);
    return code;
}

static int write_stage(ompg_group *group, void *arg, void **item)
{
    struct stream *stream = arg;
    const struct block *block = *item;
    stream->check = crc32_combine(stream->check, block->check, (z_off_t)block->size);
    stream->size += block->size;
    int code = write_all(group, stream, block->packed, block->packed_size);
    return report(group, &stream->to, code);
}

/* ---- the member around them ---- */

static int write_head(ompg_group *group, const struct stream *stream)
{
    int level = stream->level;
    unsigned char speed = level == 9 ? 2 : level == 1 ? 4 : 0;
    const unsigned char head[10] = {0x1f, 0x8b,
                                    8, [8] = speed, [9] = 3}; /* no name, no time; Unix */
    return report(group, &stream->to, write_all(group, stream, head, sizeof head));
}

static int write_tail(ompg_group *group, const struct stream *stream)
{
    unsigned char tail[8];
    for (int i = 0; i < 4; i++) {
        tail[i] = (unsigned char)(stream->check >> (8 * i));
        tail[4 + i] = (unsigned char)(stream->size >> (8 * i));
    }
    return report(group, &stream->to, write_all(group, stream, tail, sizeof tail));
}

static void free_block(void *item)
{
    struct block *block = item;
    free(block->packed);
    free(block);
}

static int pack(ompg_group *group, struct stream *stream)
{
    const ompg_stage stages[] = {
        {.mode = OMPG_IN_ORDER,
         .fn = read_stage,
         .arg = stream,
         .drop = free_block,
         .recycle = true},
        {.mode = OMPG_PARALLEL, .fn = pack_stage, .arg = stream, .drop = free_block},
        {.mode = OMPG_IN_ORDER, .fn = write_stage, .arg = stream, .drop = free_block},
    };
    size_t live = (size_t)ompg_get_threads(group) + 2; /* one is being read, one written */
    int code = write_head(group, stream);
    if (code == 0)
        code = ompg_pipeline(group, stages, sizeof stages / sizeof stages[0], live);
    if (code == 0)
        code = write_tail(group, stream);
    return code;
}

int pgzip_stream(ompg_group *group, const struct end *from, const struct end *to, int level)
{
    struct stat status;
    struct stream stream = {.from = *from, .to = *to, .level = level};
    stream.to_is_file = fstat(to->file, &status) == 0 && S_ISREG(status.st_mode);
    stream.packers = ompg_local_new(&(ompg_local_options){
        .size = sizeof(z_stream), .init = packer_init, .fini = packer_fini, .arg = &level});
    int code = stream.packers ? pack(group, &stream) : errno;
    ompg_local_free(stream.packers);
    return code;
}

/*
 * The checksum program's task for one file.
 *
 * A file of some size is cut into parts that other threads can take, so that one huge file keeps all
 * of them busy. The CRC is linear: each part is computed as if it stood alone, moved to its place by
 * as many zero bytes as follow it, and added; so the parts can be ready in any order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE      /* POSIX with C11, and d_type of dirent */
#define _FILE_OFFSET_BITS 64 /* sizes beyond 2 GiB everywhere */
#include "checksum_tasks.h"
#include "crc32.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A part of a file that starts at `offset`, and which file that was. */
struct part {
    struct entry *entry;
    uint64_t offset;
    dev_t device;
    ino_t inode;
};

/*
 * Opens without waiting. EAGAIN says that another program has a lease on the file and has now been
 * asked to give it up; waiting in open() would keep a stop waiting, for 45 s as Linux is set.
 */
static int open_patiently(ompg_group *group, const char *path)
{
    static const struct timespec pause = {.tv_nsec = 1000000};
    for (;;) {
        int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0 || errno != EAGAIN)
            return fd;
        if (ompg_stopped(group)) {
            errno = ECANCELED;
            return -1;
        }
        nanosleep(&pause, NULL);
    }
}

/*
 * Opens what must be a regular file: what has taken its place since the directory was read, a
 * symbolic link or a FIFO with no writer, is neither followed nor waited for. Returns -1 with *code
 * set when that fails, to ECANCELED when the group has stopped.
 */
static int open_regular(ompg_group *group, const struct entry *entry, struct stat *status,
                        int *code)
{
    char *path = tree_worker(entry->parent->tree)->path;
    *code = entry_path(entry, path, WORKER_PATH);
    if (*code != 0)
        return -1;
    int fd = open_patiently(group, path);
    if (fd < 0 || fstat(fd, status) != 0)
        *code = errno;
    else if (S_ISREG(status->st_mode))
        return fd;
    else
        *code = ESTALE;
    if (fd >= 0)
        close(fd);
    return -1;
}

static ssize_t read_some(int fd, void *buffer, size_t size)
{
    ssize_t got;
    do
        got = read(fd, buffer, size);
    while (got < 0 && errno == EINTR);
    return got;
}

/*
 * Adds up to `most` bytes to *crc and sets *length to how many there were. A short read that
 * reaches `expected` is the end of a regular file, which saves the read that returns nothing.
 * Returns 0, an errno value, or ECANCELED when the group has stopped.
 */
static int read_bytes(ompg_group *group, int fd, unsigned char *piece, uint64_t most,
                      uint64_t expected, uint32_t *crc, uint64_t *length)
{
    size_t wanted;
    size_t got;
    *length = 0;
    do {
        if (ompg_stopped(group))
            return ECANCELED;
        wanted = most - *length < WORKER_PIECE ? (size_t)(most - *length) : WORKER_PIECE;
        ssize_t result = read_some(fd, piece, wanted);
        if (result < 0)
            return errno;
        got = (size_t)result;
        *crc = crc32_update(*crc, piece, got);
        *length += got;
    } while (got > 0 && *length < most && !(got < wanted && *length == expected));
    return 0;
}

static int read_whole(ompg_group *group, struct entry *entry, int fd, uint64_t expected)
{
    struct worker *worker = tree_worker(entry->parent->tree);
    uint32_t crc = 0;
    uint64_t length;
    int code = read_bytes(group, fd, worker->piece, UINT64_MAX, expected, &crc, &length);
    if (code != 0)
        return code;
    entry->size = length;
    atomic_store(&entry->crc, crc);
    atomic_store(&entry->unread, 0);
    return 0;
}

static uint64_t part_length(const struct part *part)
{
    uint64_t left = part->entry->size - part->offset;
    return left < CHECKSUM_PART ? left : CHECKSUM_PART;
}

/* The file counts with the size that it had when it was opened first: if it grows, so be it. */
static int read_part(ompg_group *group, const struct part *part, int fd)
{
    struct entry *entry = part->entry;
    struct worker *worker = tree_worker(entry->parent->tree);
    uint64_t expected = part_length(part);
    uint32_t crc = 0;
    uint64_t length;
    if (part->offset != 0 && lseek(fd, (off_t)part->offset, SEEK_SET) < 0)
        return errno;
    int code = read_bytes(group, fd, worker->piece, expected, expected, &crc, &length);
    if (code != 0)
        return code;
    if (length < expected)
        return ESTALE;
    atomic_fetch_xor(&entry->crc, crc32_shift(crc, entry->size - part->offset - length));
    atomic_fetch_sub(&entry->unread, 1);
    return 0;
}

/* The task of every part but the first. */
static int checksum_part(ompg_group *group, void *arg)
{
    const struct part *part = arg;
    struct entry *entry = part->entry;
    struct stat status;
    int code;
    if (atomic_load(&entry->error) != 0)
        return 0;
    int fd = open_regular(group, entry, &status, &code);
    if (fd >= 0) {
        if (status.st_dev == part->device && status.st_ino == part->inode)
            code = read_part(group, part, fd);
        else
            code = ESTALE;
        close(fd);
    }
    return code == 0 || code == ECANCELED ? code : entry_fail(entry, group, code);
}

/* Adds a task for each part but the first; the group frees its argument when it is over. */
static int add_parts(ompg_group *group, const struct part *first)
{
    struct part next = *first;
    int code = 0;
    while (code == 0 && next.entry->size - next.offset > CHECKSUM_PART) {
        next.offset += CHECKSUM_PART;
        struct part *part = malloc(sizeof *part);
        if (part == NULL)
            return ENOMEM;
        *part = next;
        code = ompg_go_with(group, checksum_part, part,
                            &(ompg_task_options){
                                .drop = free,
                                .cost = (double)part_length(part),
                            });
        if (code != 0)
            free(part);
    }
    return code;
}

static int read_in_parts(ompg_group *group, struct entry *entry, int fd, const struct stat *status)
{
    struct part first = {.entry = entry, .device = status->st_dev, .inode = status->st_ino};
    entry->size = (uint64_t)status->st_size;
    uint64_t parts = (entry->size + CHECKSUM_PART - 1) / CHECKSUM_PART;
    if (parts > SIZE_MAX)
        return EFBIG;
    atomic_store(&entry->unread, (size_t)parts);
    int code = add_parts(group, &first);
    return code == 0 ? read_part(group, &first, fd) : code;
}

int checksum_file(ompg_group *group, void *arg)
{
    struct entry *entry = arg;
    struct stat status;
    int code;
    int fd = open_regular(group, entry, &status, &code);
    if (fd >= 0) {
        uint64_t size = (uint64_t)status.st_size;
        if (size > CHECKSUM_PART)
            code = read_in_parts(group, entry, fd, &status);
        else
            code = read_whole(group, entry, fd, size);
        close(fd);
    }
    return code == 0 || code == ECANCELED ? code : entry_fail(entry, group, code);
}

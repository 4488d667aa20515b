/*
 * The checksum program's task for one file.
 *
 * A file of some size is cut into parts that other threads can take, so that one huge file keeps all
 * of them busy. The CRC is linear: each part is computed as if it stood alone, moved to its place by
 * as many zero bytes as follow it, and added; so the parts can be ready in any order.
 *
 * Memory: at most one task for each thread waits or runs for the parts of a file; each adds the next
 * one when it has read its part. A file takes a struct parts more, however large it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1    /* POSIX with C11, and d_type of dirent */
#define _FILE_OFFSET_BITS 64 /* sizes beyond 2 GiB everywhere */
#include "checksum_tasks.h"
#include "crc32.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A file that is read in parts. The tasks of its parts share it; it lives as long as the tree. */
struct parts {
    struct entry *entry;
    dev_t device; /* which file it was when it was opened first */
    ino_t inode;
    _Atomic uint64_t next; /* the offset of the first part that no task has taken */
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

/* The file counts with the size that it had when it was opened first: if it grows, so be it. */
static int read_part(ompg_group *group, struct entry *entry, uint64_t offset, int fd)
{
    struct worker *worker = tree_worker(entry->parent->tree);
    uint64_t left = entry->size - offset;
    uint64_t expected = left < CHECKSUM_PART ? left : CHECKSUM_PART;
    uint32_t crc = 0;
    uint64_t length;
    if (offset != 0 && lseek(fd, (off_t)offset, SEEK_SET) < 0)
        return errno;
    int code = read_bytes(group, fd, worker->piece, expected, expected, &crc, &length);
    if (code != 0)
        return code;
    if (length < expected)
        return ESTALE;
    atomic_fetch_xor(&entry->crc, crc32_shift(crc, left - length));
    atomic_fetch_sub(&entry->unread, 1);
    return 0;
}

static ompg_task_fn checksum_part;

/* Adds a task for one more part, if there is one. A task that starts too late finds none. */
static int add_part(ompg_group *group, struct parts *parts)
{
    if (atomic_load(&parts->next) >= parts->entry->size)
        return 0;
    return ompg_go_with(group, checksum_part, parts,
                        &(ompg_task_options){.cost = (double)CHECKSUM_PART});
}

/* The task of every part but the first. */
static int checksum_part(ompg_group *group, void *arg)
{
    struct parts *parts = arg;
    struct entry *entry = parts->entry;
    struct stat status;
    int code;
    uint64_t offset = atomic_fetch_add(&parts->next, CHECKSUM_PART);
    if (offset >= entry->size || atomic_load(&entry->error) != 0)
        return 0;
    int fd = open_regular(group, entry, &status, &code);
    if (fd >= 0) {
        if (status.st_dev == parts->device && status.st_ino == parts->inode)
            code = read_part(group, entry, offset, fd);
        else
            code = ESTALE;
        close(fd);
    }
    if (code == 0)
        code = add_part(group, parts);
    return code == 0 || code == ECANCELED ? code : entry_fail(entry, group, code);
}

static int read_in_parts(ompg_group *group, struct entry *entry, int fd, const struct stat *status)
{
    struct tree *tree = entry->parent->tree;
    entry->size = (uint64_t)status->st_size;
    uint64_t count = (entry->size + CHECKSUM_PART - 1) / CHECKSUM_PART;
    if (count > SIZE_MAX)
        return EFBIG;
    struct parts *parts = arena_take(&tree_worker(tree)->arena, sizeof *parts);
    if (parts == NULL)
        return ENOMEM;
    *parts = (struct parts){.entry = entry, .device = status->st_dev, .inode = status->st_ino};
    atomic_init(&parts->next, CHECKSUM_PART);
    atomic_store(&entry->unread, (size_t)count);
    int code = 0;
    for (uint64_t i = 1; code == 0 && i < count && i <= (uint64_t)tree->threads; i++)
        code = add_part(group, parts);
    return code == 0 ? read_part(group, entry, 0, fd) : code;
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

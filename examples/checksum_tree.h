/*
 * The tree of directories and files that the checksum program fills while its tasks run and prints
 * when they are over.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CHECKSUM_TREE_H
#define CHECKSUM_TREE_H

#include "arena.h"

#include <ompgroup.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct directory;

/*
 * A file or a directory. The task that reads the parent directory makes it, before it adds the
 * entry's own task. From then on that task alone writes it, except for the atomics, which the tasks
 * for the parts of one large file share. Read for printing after the wait.
 */
struct entry {
    struct directory *parent;
    struct entry *next;        /* in the same directory, whose task links and sorts them */
    struct directory *content; /* of a directory that has been opened */
    uint64_t size;             /* of a file: the bytes that crc stands for */
    size_t failure;            /* which one it was of all failures, from 1; 0: none */
    atomic_size_t unread;      /* parts of a file that are not read yet; 1 for a directory */
    _Atomic uint32_t crc;      /* of a file: the sum of what its parts contribute */
    atomic_int error;          /* 0, or the errno value of its first failure */
    bool is_directory;
    char name[]; /* a directory's ends with '/', the root's is as given */
};

/* What has been found in a directory. Only its own task writes it. */
struct directory {
    struct tree *tree;
    struct entry *first; /* sorted by name once the task is over */
    size_t count;
    size_t length;
    char path[]; /* with the '/' that entries are appended to; "" above the root */
};

/* Sizes of a worker's buffers. */
enum { WORKER_PATH = 1 << 13, WORKER_PIECE = 1 << 18 };

/*
 * What belongs to one thread of the team; the task that runs on it uses it. Another task may run on
 * the thread whenever the first one adds a task: the buffers hold nothing across that.
 */
struct worker {
    _Alignas(128) struct arena arena; /* for what lives as long as the tree */
    char *path;                       /* WORKER_PATH bytes: a path to open */
    unsigned char *piece;             /* WORKER_PIECE bytes: what has been read of a file */
};

/* Everything but the counter is read-only while tasks run. */
struct tree {
    bool sizes_first;       /* tasks need a cost: look up each file's size before it is opened */
    atomic_size_t failures; /* entries that failed so far */
    int threads;
    struct worker *workers; /* one for each thread */
    unsigned char *buffers;
    struct directory *top; /* where the root stands: it has no path */
};

/* Returns 0 or ENOMEM; then nothing is kept. Free it with tree_free(). */
int tree_init(struct tree *tree, int threads);
void tree_free(struct tree *tree);

/* Calls visit(entry, arg) for every entry, sorted by path. After the wait. */
void tree_visit(const struct tree *tree, void (*visit)(const struct entry *entry, void *arg),
                void *arg);

/* The worker of the thread that the calling task runs on. */
struct worker *tree_worker(struct tree *tree);

/* A new, empty directory; adds the '/' to its path. NULL: out of memory. */
struct directory *directory_new(struct tree *tree, const char *path);

/* Adds an entry; adds the '/' to the name of a directory. NULL: out of memory. */
struct entry *directory_add(struct directory *directory, const char *name, bool is_directory);

/*
 * Sorts by name. A directory's name ends with '/', so a visit of the tree, depth first, finds all
 * paths sorted bytewise ("a-b", "a.c", "a/x"), and no sort of everything is left for the end.
 */
void directory_sort(struct directory *directory);

/*
 * Writes the path of the entry, a directory's without the '/' that was added to its name. Returns
 * 0, or ENAMETOOLONG when it does not fit and was cut.
 */
int entry_path(const struct entry *entry, char *buffer, size_t size);

/*
 * The entry could not be read. Records its first failure in the group, under the index
 * entry->failure. Returns what its task returns.
 */
int entry_fail(struct entry *entry, ompg_group *group, int code);

#endif

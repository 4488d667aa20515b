/*
 * What the tasks of the checksum example do meanwhile, which its output does not show: files are read
 * while the directory is still being listed, and whoever reads a file looks for a stop before each
 * piece. Calls of read() and readdir() come here first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1 /* mkdtemp() with C11 */
#define _FILE_OFFSET_BITS 64
#include "../examples/checksum_tasks.h"
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILES = 20, PATH = 64 };

static event reads;
static bool hold_listing;    /* until a file has been read */
static ompg_group *stopping; /* in the read number stop_at */
static int stop_at;

ssize_t __real_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size);
struct dirent *__real_readdir64(DIR *stream);
struct dirent *__wrap_readdir64(DIR *stream);

ssize_t __wrap_read(int fd, void *buffer, size_t size)
{
    event_post(&reads);
    if (stopping != NULL && atomic_load(&reads.count) == stop_at)
        ompg_cancel(stopping, ECANCELED);
    return __real_read(fd, buffer, size);
}

struct dirent *__wrap_readdir64(DIR *stream)
{
    struct dirent *found = __real_readdir64(stream);
    if (found == NULL && hold_listing)
        CHECK_AWAIT(&reads, 1);
    return found;
}

/* Runs the task for the path. Returns the wait's code, and whether all was read. */
static int run(ompg_group *group, ompg_task_fn *task, const char *path, bool *complete)
{
    struct tree tree;
    if (!CHECK_INT(tree_init(&tree, ompg_get_threads(group)), 0))
        abort();
    struct entry *root = directory_add(tree.top, path, task == checksum_directory);
    atomic_store(&reads.count, 0);
    CHECK_INT(ompg_go(group, task, root), 0);
    int code = ompg_wait(group);
    *complete = atomic_load(&root->unread) == 0;
    tree_free(&tree);
    return code;
}

static void make_file(const char *path, off_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && ftruncate(fd, size) == 0);
    close(fd);
}

/* The listing ends only when a file has been read: by another thread, because this one lists. */
static void files_are_read_while_listing(void)
{
    char directory[] = "/tmp/test_checksum.XXXXXX";
    char path[PATH];
    if (!CHECK(mkdtemp(directory) != NULL))
        return;
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "%s/%d", directory, i);
        make_file(path, i);
    }
    ompg_group *group = ompg_new(&(ompg_options){.threads = 2});
    bool complete;
    hold_listing = true;
    CHECK_INT(run(group, checksum_directory, directory, &complete), 0);
    hold_listing = false;
    CHECK(complete);
    CHECK(atomic_load(&reads.count) >= FILES);
    ompg_free(group);
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "%s/%d", directory, i);
        unlink(path);
    }
    rmdir(directory);
}

/* A stop in the third piece: there is no fourth. In a file of one part and in one of several. */
static void each_piece_looks_for_a_stop(void)
{
    char path[] = "/tmp/test_checksum.XXXXXX";
    int fd = mkstemp(path);
    if (!CHECK(fd >= 0))
        return;
    close(fd);
    for (uint64_t parts = 1; parts <= 3; parts += 2) {
        make_file(path, (off_t)(parts * CHECKSUM_PART));
        ompg_group *group = ompg_new(&(ompg_options){.threads = 1});
        bool complete;
        stopping = group;
        stop_at = 3;
        CHECK_INT(run(group, checksum_file, path, &complete), ECANCELED);
        stopping = NULL;
        CHECK(!complete);
        CHECK_INT(atomic_load(&reads.count), 3);
        ompg_free(group);
    }
    unlink(path);
}

CHECK_MAIN("checksum", {"files are read while listing", files_are_read_while_listing},
           {"each piece looks for a stop", each_piece_looks_for_a_stop})

/*
 * The checksum program's task for one directory.
 *
 * The walk is parallel: each directory is a task that adds a task for each file as soon as it has
 * read its name, and one for each directory below. A single task that walks the whole tree would be
 * a third of the work where files are small, and so keep two threads from being much faster than
 * one. The directories below come last, when this one is closed: so a task that runs inside
 * ompg_go(), because the group's buffers are full, finds no directory left open beneath it on the
 * stack, whatever the depth of the tree.
 *
 * Memory: the names, because the output is sorted; about 100 bytes a file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1    /* POSIX with C11, and d_type of dirent */
#define _FILE_OFFSET_BITS 64 /* sizes beyond 2 GiB everywhere */
#include "checksum_tasks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the walk has to know about an item of a directory. */
struct item {
    const char *name;
    mode_t type; /* S_IFREG, S_IFDIR, or anything else, which is left out */
    double cost; /* of the task for a file, in a group with a budget */
};

/* Returns NULL with *code set when it cannot be opened. */
static DIR *open_directory(const struct entry *entry, char *path, int *code)
{
    *code = entry_path(entry, path, WORKER_PATH);
    if (*code != 0)
        return NULL;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    if (stream == NULL) {
        *code = errno;
        if (fd >= 0)
            close(fd);
    }
    return stream;
}

/* Asks for the status of the file only where the directory does not tell enough. */
static int look_up(DIR *stream, const struct dirent *found, bool size_wanted, struct item *item)
{
    *item = (struct item){.name = found->d_name};
    if (found->d_type == DT_REG)
        item->type = S_IFREG;
    else if (found->d_type == DT_DIR)
        item->type = S_IFDIR;
    if (found->d_type != DT_UNKNOWN && !(found->d_type == DT_REG && size_wanted))
        return 0;

    struct stat status;
    if (fstatat(dirfd(stream), found->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno;
    item->type = status.st_mode & S_IFMT;
    item->cost = checksum_cost((uint64_t)status.st_size);
    return 0;
}

/* Adds the entry, and its task if it is a file. Returns 0, or why the directory cannot go on. */
static int add_item(ompg_group *group, struct directory *directory, DIR *stream,
                    const struct dirent *found)
{
    struct item item;
    int code = look_up(stream, found, directory->tree->sizes_first, &item);
    if (code == 0 && item.type != S_IFREG && item.type != S_IFDIR)
        return 0;
    struct entry *entry = directory_add(directory, item.name, item.type == S_IFDIR);
    if (entry == NULL)
        return ENOMEM;
    if (code != 0) {
        entry_fail(entry, group, code);
        return 0;
    }
    if (entry->is_directory)
        return 0;
    return ompg_go_with(group, checksum_file, entry, &(ompg_task_options){.cost = item.cost});
}

static int read_items(ompg_group *group, struct directory *directory, DIR *stream)
{
    int code = 0;
    while (code == 0) {
        if (ompg_stopped(group))
            return ECANCELED;
        errno = 0;
        const struct dirent *found = readdir(stream);
        if (found == NULL)
            return errno;
        if (strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0)
            code = add_item(group, directory, stream, found);
    }
    return code;
}

static int add_directories(ompg_group *group, const struct directory *directory)
{
    int code = 0;
    for (struct entry *entry = directory->first; code == 0 && entry != NULL; entry = entry->next) {
        if (entry->is_directory)
            code = ompg_go(group, checksum_directory, entry);
    }
    return code;
}

int checksum_directory(ompg_group *group, void *arg)
{
    struct entry *entry = arg;
    struct tree *tree = entry->parent->tree;
    char *path = tree_worker(tree)->path;
    int code;
    DIR *stream = open_directory(entry, path, &code);
    if (stream == NULL)
        return entry_fail(entry, group, code);

    entry->content = directory_new(tree, path);
    code = entry->content != NULL ? read_items(group, entry->content, stream) : ENOMEM;
    closedir(stream);
    if (entry->content != NULL) {
        int added = add_directories(group, entry->content);
        code = code != 0 ? code : added;
        directory_sort(entry->content);
    }
    if (code == 0)
        atomic_store(&entry->unread, 0);
    return code == 0 || code == ECANCELED ? code : entry_fail(entry, group, code);
}

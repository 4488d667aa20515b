/*
 * The tree of the checksum program: entries, their order, their paths, their failures.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "checksum_tree.h"

#include <errno.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

int tree_init(struct tree *tree, int threads)
{
    size_t count = (size_t)threads;
    *tree = (struct tree){.threads = threads};
    tree->workers = aligned_alloc(_Alignof(struct worker), count * sizeof *tree->workers);
    tree->buffers = malloc(count * (WORKER_PIECE + WORKER_PATH));
    if (tree->workers == NULL || tree->buffers == NULL)
        goto fail;
    for (size_t i = 0; i < count; i++) {
        unsigned char *buffers = tree->buffers + i * (WORKER_PIECE + WORKER_PATH);
        tree->workers[i] = (struct worker){
            .piece = buffers,
            .path = (char *)buffers + WORKER_PIECE,
        };
    }
    tree->top = directory_new(tree, "");
    if (tree->top == NULL)
        goto fail;
    return 0;

fail:
    free(tree->buffers);
    free(tree->workers);
    return ENOMEM;
}

void tree_free(struct tree *tree)
{
    for (int i = 0; i < tree->threads; i++)
        arena_free(&tree->workers[i].arena);
    free(tree->buffers);
    free(tree->workers);
}

static void visit_directory(const struct directory *directory,
                            void (*visit)(const struct entry *entry, void *arg), void *arg)
{
    for (const struct entry *entry = directory->first; entry != NULL; entry = entry->next) {
        visit(entry, arg);
        if (entry->content != NULL)
            visit_directory(entry->content, visit, arg);
    }
}

void tree_visit(const struct tree *tree, void (*visit)(const struct entry *entry, void *arg),
                void *arg)
{
    visit_directory(tree->top, visit, arg);
}

struct worker *tree_worker(struct tree *tree)
{
    return &tree->workers[omp_get_thread_num()];
}

struct directory *directory_new(struct tree *tree, const char *path)
{
    size_t length = strlen(path);
    struct directory *directory =
        arena_take(&tree_worker(tree)->arena, sizeof *directory + length + 2);
    if (directory == NULL)
        return NULL;
    *directory = (struct directory){.tree = tree, .length = length};
    memcpy(directory->path, path, length + 1);
    if (length > 0 && path[length - 1] != '/') {
        memcpy(directory->path + length, "/", 2);
        directory->length++;
    }
    return directory;
}

struct entry *directory_add(struct directory *directory, const char *name, bool is_directory)
{
    size_t length = strlen(name);
    struct entry *entry =
        arena_take(&tree_worker(directory->tree)->arena, sizeof *entry + length + 2);
    if (entry == NULL)
        return NULL;
    entry->parent = directory;
    entry->content = NULL;
    entry->size = 0;
    entry->failure = 0;
    atomic_init(&entry->unread, 1);
    atomic_init(&entry->crc, 0);
    atomic_init(&entry->error, 0);
    entry->is_directory = is_directory;
    memcpy(entry->name, name, length + 1);
    if (is_directory && directory->length > 0)
        memcpy(entry->name + length, "/", 2);

    entry->next = directory->first;
    directory->first = entry;
    directory->count++;
    return entry;
}

static struct entry *merge(struct entry *a, struct entry *b)
{
    struct entry *first = NULL;
    struct entry **end = &first;
    while (a != NULL && b != NULL) {
        struct entry **smaller = strcmp(a->name, b->name) <= 0 ? &a : &b;
        *end = *smaller;
        end = &(*end)->next;
        *smaller = *end;
    }
    *end = a != NULL ? a : b;
    return first;
}

/* Cuts the first `count` entries off the list and returns them sorted. */
static struct entry *take_sorted(struct entry **list, size_t count)
{
    if (count > 1) {
        struct entry *a = take_sorted(list, count / 2);
        struct entry *b = take_sorted(list, count - count / 2);
        return merge(a, b);
    }
    struct entry *entry = *list;
    if (entry != NULL) {
        *list = entry->next;
        entry->next = NULL;
    }
    return entry;
}

void directory_sort(struct directory *directory)
{
    directory->first = take_sorted(&directory->first, directory->count);
}

int entry_path(const struct entry *entry, char *buffer, size_t size)
{
    const struct directory *parent = entry->parent;
    size_t name_length = strlen(entry->name);
    if (entry->is_directory && parent->length > 0)
        name_length--;
    if (parent->length >= size)
        return ENAMETOOLONG;
    size_t room = size - 1 - parent->length;
    size_t kept = name_length < room ? name_length : room;
    memcpy(buffer, parent->path, parent->length);
    memcpy(buffer + parent->length, entry->name, kept);
    buffer[parent->length + kept] = '\0';
    return kept < name_length ? ENAMETOOLONG : 0;
}

int entry_fail(struct entry *entry, ompg_group *group, int code)
{
    int none = 0;
    if (!atomic_compare_exchange_strong(&entry->error, &none, code))
        return 0;
    struct tree *tree = entry->parent->tree;
    char *path = tree_worker(tree)->path;
    entry_path(entry, path, WORKER_PATH);
    entry->failure = 1 + atomic_fetch_add(&tree->failures, 1);
    return ompg_fail_at(group, entry->failure, code, "%s", path);
}

/*
 * wordfreq: how often each word occurs in text files. It shows ompg_pipeline: blocks of text are read
 * in order, counted in parallel, and added up in order; and ompg_for, by which the words of each
 * letter are sorted and printed in parallel. count_serial() does the same without the library.
 *
 *     wordfreq [OPTION]... [FILE]...
 *
 * Prints, byte for byte, what this does:
 *
 *     cat -- FILE... | LC_ALL=C tr -cs A-Za-z '\n' | LC_ALL=C tr A-Z a-z | LC_ALL=C sort | uniq -c
 *
 * so a word can go on in the next file, and text that begins with no letter gives an empty word.
 *
 * Exit status: 0; 1 when a file could not be read, memory was short (nothing is printed then) or the
 * output could not be written; 2 for a wrong option.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE 1        /* memrchr */
#define _FILE_OFFSET_BITS 64 /* files beyond 2 GiB everywhere */
#include "arena.h"
#include "options.h"
#include "word_table.h"

#include <ompgroup.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum status { DONE = 0, FAILED = 1 };
enum { LETTERS = 26 };

static const char usage[] =
    "Usage: wordfreq [OPTION]... [FILE]...\n"
    "Print how often each word occurs in the FILEs, or in standard input without any or for '-'.\n"
    "\n"
    "  --threads N     threads to use; 0: as many as OpenMP chooses (default)\n"
    "  --block BYTES   text that is read and counted at a time (2097152)\n"
    "  --live N        most blocks in memory at once; 0: three for each thread (default)\n"
    "  --serial        count without the library\n"
    "  --help          print this text\n"
    "\n"
    "Exit status: 0; 1: a file could not be read, no memory or no output; 2: wrong usage.\n";

struct settings {
    size_t threads, block, live;
    bool serial;
};

/* A piece of text that ends where a word does. */
struct block {
    char *text;
    size_t size; /* of the text that counts */
    size_t filled;
    size_t room;
    struct word_table words; /* of this text */
};

/* Reads the files as if they were one. */
struct reader {
    char **paths; /* still to be read; ends with NULL */
    int file;     /* that is being read, or -1 */
    size_t block; /* bytes to read at a time */
    const struct block *before;
    bool begins_with_gap; /* the text does, with no letter */
    const char *failed;   /* the path that could not be read, or NULL */
};

/* The words of one letter, sorted and printed into memory. */
struct letter {
    const struct word **words;
    size_t count;
    char *lines;
    size_t size;
};

/* The stages share nothing but the blocks: each field is for one of them. */
struct counting {
    struct reader reader;    /* first stage */
    size_t made;             /* first stage: blocks so far */
    struct word_table words; /* last stage: of all the text */
    struct arena arena;      /* last stage: for these words */
    struct block *blocks;    /* [live] */
    size_t live;
    const struct word **sorted; /* all words, those of one letter beside each other */
    struct letter letters[LETTERS];
};

/* ---- reading ---- */

static int open_next(struct reader *reader)
{
    const char *path = *reader->paths;
    reader->file = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    return reader->file >= 0 ? 0 : errno;
}

static void close_file(struct reader *reader)
{
    if (reader->file > STDIN_FILENO)
        close(reader->file);
    reader->file = -1;
}

static int read_some(struct reader *reader, struct block *block)
{
    int code = reader->file < 0 ? open_next(reader) : 0;
    if (code != 0)
        return code;
    ssize_t got = read(reader->file, block->text + block->filled, block->room - block->filled);
    if (got < 0)
        return errno;
    block->filled += (size_t)got;
    if (got == 0) {
        close_file(reader);
        reader->paths++;
    }
    return 0;
}

/* Fills the block's room, less at the end of the last file. Returns 0 or an errno value. */
static int fill(struct reader *reader, struct block *block)
{
    while (block->filled < block->room && *reader->paths) {
        int code = read_some(reader, block);
        if (code != 0) {
            reader->failed = *reader->paths;
            return code;
        }
    }
    return 0;
}

static int reserve(struct block *block, size_t room)
{
    if (block->text && room <= block->room)
        return 0;
    char *text = realloc(block->text, room);
    if (!text)
        return ENOMEM;
    block->text = text;
    block->room = room;
    return 0;
}

/* What was read beyond the end of the block before comes first; that may be the same block. */
static int take_rest(struct reader *reader, struct block *block)
{
    const struct block *before = reader->before;
    size_t rest = before ? before->filled - before->size : 0;
    int code = reserve(block, rest > reader->block / 2 ? 2 * rest : reader->block);
    if (code == 0 && rest > 0)
        memmove(block->text, before->text + before->size, rest);
    block->filled = rest;
    return code;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The text up to its last line end, or at least to where no word goes on; 0: it is all one word. */
static size_t cut(const struct reader *reader, const struct block *block)
{
    size_t size = block->filled;
    if (size == 0 || !*reader->paths)
        return size;
    const char *line = memrchr(block->text, '\n', size);
    if (line)
        return (size_t)(line + 1 - block->text);
    while (size > 0 && is_letter(block->text[size - 1]))
        size--;
    return size;
}

/* Reads the next block, without any text at the end; it grows for a word that is longer. */
static int read_block(struct reader *reader, struct block *block)
{
    int code = take_rest(reader, block);
    if (code == 0)
        code = fill(reader, block);
    while (code == 0 && block->filled > 0 && cut(reader, block) == 0) {
        code = reserve(block, 2 * block->room);
        if (code == 0)
            code = fill(reader, block);
    }
    if (code != 0)
        return code;
    block->size = cut(reader, block);
    if (!reader->before && block->size > 0)
        reader->begins_with_gap = !is_letter(block->text[0]);
    reader->before = block;
    return 0;
}

/* ---- the stages ---- */

/*
 * Blocks leave the last stage in order, and at most `live` exist at once: the one that was made
 * `live` blocks ago is over.
 */
static int read_stage(ompg_group *group, void *arg, void **item)
{
    struct counting *counting = arg;
    struct block *block = &counting->blocks[counting->made % counting->live];
    int code = read_block(&counting->reader, block);
    if (code != 0 && counting->reader.failed)
        return ompg_fail(group, code, "%s", counting->reader.failed);
    if (code == 0 && block->size > 0) {
        counting->made++;
        *item = block;
    }
    return code;
}

static int count_stage(ompg_group *group, void *arg, void **item)
{
    (void)group;
    (void)arg;
    struct block *block = *item;
    word_table_clear(&block->words);
    return word_table_count(&block->words, block->text, block->size);
}

static int add_stage(ompg_group *group, void *arg, void **item)
{
    (void)group;
    struct counting *counting = arg;
    const struct block *block = *item;
    return word_table_merge(&counting->words, &block->words);
}

/* ---- printing ---- */

/* Gives each letter its words. Returns 0 or ENOMEM. */
static int split_words(struct counting *counting)
{
    const struct word_table *table = &counting->words;
    counting->sorted = malloc((table->count + 1) * sizeof *counting->sorted);
    if (!counting->sorted)
        return ENOMEM;
    for (size_t i = 0; i < table->count; i++)
        counting->letters[table->words[i].text[0] - 'a'].count++;
    const struct word **next = counting->sorted;
    for (int i = 0; i < LETTERS; i++) {
        counting->letters[i].words = next;
        next += counting->letters[i].count;
        counting->letters[i].count = 0;
    }
    for (size_t i = 0; i < table->count; i++) {
        struct letter *letter = &counting->letters[table->words[i].text[0] - 'a'];
        letter->words[letter->count++] = &table->words[i];
    }
    return 0;
}

static bool print_word(const struct word *word, FILE *file)
{
    return fprintf(file, "%7" PRIu64 " ", word->count) >= 0 &&
           fwrite(word->text, 1, word->length, file) == word->length && putc('\n', file) != EOF;
}

/* A stream in memory that could not grow shows no ferror(): each call must be looked at. */
static int print_letter(struct letter *letter)
{
    FILE *lines = open_memstream(&letter->lines, &letter->size);
    if (!lines)
        return ENOMEM;
    qsort(letter->words, letter->count, sizeof(struct word *), word_order);
    bool good = true;
    for (size_t i = 0; good && i < letter->count; i++)
        good = print_word(letter->words[i], lines);
    return fclose(lines) == 0 && good ? 0 : ENOMEM;
}

static int print_letters(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    struct counting *counting = arg;
    for (size_t i = begin; i < end; i++) {
        int code = print_letter(&counting->letters[i]);
        if (code != 0)
            return code;
    }
    return 0;
}

/* ---- the program ---- */

/* Returns the exit status. */
static int complain(int code)
{
    fprintf(stderr, "wordfreq: %s\n", strerror(code));
    return FAILED;
}

static int make_blocks(struct counting *counting, size_t live)
{
    counting->blocks = calloc(live, sizeof *counting->blocks);
    counting->live = counting->blocks ? live : 0;
    return counting->blocks ? 0 : ENOMEM;
}

/* Returns the exit status; what failed has been said. */
static int count_serial(struct counting *counting)
{
    int code = make_blocks(counting, 1);
    struct block *block = counting->blocks;
    do {
        if (code == 0)
            code = read_block(&counting->reader, block);
        if (code == 0)
            code = word_table_count(&counting->words, block->text, block->size);
    } while (code == 0 && block->size > 0);
    if (code == 0)
        code = split_words(counting);
    if (code == 0)
        code = print_letters(NULL, 0, LETTERS, counting);
    if (code != 0) {
        const char *path = counting->reader.failed;
        fprintf(stderr, "wordfreq: %s%s%s\n", path ? path : "", path ? ": " : "", strerror(code));
    }
    return code == 0 ? DONE : FAILED;
}

static int run_group(ompg_group *group, struct counting *counting, size_t live)
{
    const ompg_stage stages[] = {
        {.mode = OMPG_IN_ORDER, .fn = read_stage, .arg = counting},
        {.mode = OMPG_PARALLEL, .fn = count_stage},
        {.mode = OMPG_IN_ORDER, .fn = add_stage, .arg = counting},
    };
    int code = make_blocks(counting, live > 0 ? live : 3 * (size_t)ompg_get_threads(group));
    if (code == 0)
        code = ompg_pipeline(group, stages, sizeof stages / sizeof stages[0], counting->live);
    if (code == 0)
        code = split_words(counting);
    if (code == 0)
        code = ompg_for(group, 0, LETTERS, 1, print_letters, counting);
    return code;
}

/* As count_serial(). */
static int count_parallel(struct counting *counting, const struct settings *settings)
{
    ompg_group *group =
        ompg_new(&(ompg_options){.name = "wordfreq", .threads = (int)settings->threads});
    if (!group)
        return complain(errno);
    int code = run_group(group, counting, settings->live);
    int status = ompg_exit_status(group);
    if (code != 0 && ompg_print_short(group, stderr) == 0)
        status = complain(code); /* no task has failed */
    ompg_free(group);
    return status;
}

static int print_lines(const struct counting *counting)
{
    bool good = true;
    if (counting->reader.begins_with_gap)
        good = printf("%7d \n", 1) > 0;
    for (int i = 0; good && i < LETTERS; i++) {
        const struct letter *letter = &counting->letters[i];
        good = fwrite(letter->lines, 1, letter->size, stdout) == letter->size;
    }
    if (good && fclose(stdout) == 0)
        return DONE;
    fprintf(stderr, "wordfreq: standard output: %s\n", strerror(errno));
    return FAILED;
}

static void counting_free(struct counting *counting)
{
    close_file(&counting->reader);
    for (size_t i = 0; i < counting->live; i++) {
        free(counting->blocks[i].text);
        word_table_free(&counting->blocks[i].words);
    }
    for (int i = 0; i < LETTERS; i++)
        free(counting->letters[i].lines);
    free(counting->sorted);
    free(counting->blocks);
    word_table_free(&counting->words);
    arena_free(&counting->arena);
}

/* Returns the index of the first FILE in argv. */
static int parse_arguments(int argc, char **argv, struct settings *settings)
{
    const struct option_rule rules[] = {
        {.name = "threads", .count = &settings->threads, .most = INT_MAX},
        {.name = "block", .count = &settings->block, .least = 1, .most = 1 << 30},
        {.name = "live", .count = &settings->live},
        {.name = "serial", .flag = &settings->serial},
        {0},
    };
    return options_parse("wordfreq", usage, rules, argc, argv);
}

int main(int argc, char **argv)
{
    static char dash[] = "-";
    static char *standard_input[] = {dash, NULL};
    struct settings settings = {.block = 1 << 21};
    int first = parse_arguments(argc, argv, &settings);
    struct counting counting = {
        .reader = {.paths = first < argc ? argv + first : standard_input,
                   .file = -1,
                   .block = settings.block},
        .words = {.arena = &counting.arena},
    };
    int status = settings.serial ? count_serial(&counting) : count_parallel(&counting, &settings);
    if (status == DONE)
        status = print_lines(&counting);
    counting_free(&counting);
    return status;
}

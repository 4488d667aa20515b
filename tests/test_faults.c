/*
 * Allocation failures: every allocation of the library fails in turn, once or from then on.
 *
 * The program is linked with --wrap, so that the library's calls of malloc and its kin come here.
 * Each case runs in a process of its own, whose first use of the library meets the failure; the
 * parent never opens a parallel region.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "sanitizers.h"

#include <ompgroup.h>

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void __real_free(void *memory);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);
void __wrap_free(void *memory);

/*
 * The gate that every allocation passes, and the table of what is allocated (under table_lock).
 */

enum { SLOTS = 1 << 16 };

static atomic_bool armed;
static atomic_bool lasting; /* every allocation from the chosen one on fails */
static atomic_uint chosen;  /* the number of the allocation that fails, from 1 */
static atomic_uint counted;
static atomic_uint refused;

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static void *table[SLOTS];
static size_t live;

static bool refuse(void)
{
    if (!atomic_load(&armed))
        return false;
    unsigned number = atomic_fetch_add(&counted, 1) + 1;
    unsigned failing = atomic_load(&chosen);
    if (number != failing && !(number > failing && atomic_load(&lasting)))
        return false;
    atomic_fetch_add(&refused, 1);
    errno = ENOMEM;
    return true;
}

/* Puts `new` where `old` stands; NULL stands wherever nothing else does. */
static bool table_replace(const void *old, void *new, const void *hashed)
{
    bool found = false;
    pthread_mutex_lock(&table_lock);
    size_t first = ((uintptr_t)hashed >> 4) * 2654435761U % SLOTS;
    for (size_t i = 0; i < SLOTS && !found; i++) {
        void **slot = &table[(first + i) % SLOTS];
        found = *slot == old;
        if (found)
            *slot = new;
    }
    live += found && new != NULL;
    live -= found && new == NULL;
    pthread_mutex_unlock(&table_lock);
    return found;
}

static void *table_add(void *memory)
{
    if (memory != NULL && !table_replace(NULL, memory, memory))
        abort();
    return memory;
}

/* Memory that another library allocated is not in the table. */
static void table_remove(void *memory)
{
    if (memory != NULL)
        table_replace(memory, NULL, memory);
}

void *__wrap_malloc(size_t size)
{
    return refuse() ? NULL : table_add(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refuse() ? NULL : table_add(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
    if (refuse())
        return NULL;
    table_remove(memory);
    return table_add(__real_realloc(memory, size));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return refuse() ? NULL : table_add(__real_aligned_alloc(alignment, size));
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size)
{
    if (refuse())
        return ENOMEM;
    int code = __real_posix_memalign(memory, alignment, size);
    if (code == 0)
        table_add(*memory);
    return code;
}

void __wrap_free(void *memory)
{
    table_remove(memory);
    __real_free(memory);
}

/*
 * Jobs: what is known of each task, in static memory.
 */

enum { MOST_JOBS = 20000, MANY = THREAD_SANITIZED ? 500 : 5000, COPY_LARGEST = 3000, FAILURE = 77 };

typedef struct job {
    int code; /* what the task returns */
    bool accepted;
    bool drops;
    atomic_uint ran;
    atomic_uint dropped;
} job;

static job jobs[MOST_JOBS];
static atomic_uint job_count;
static atomic_uint complaints;

static void complain(const char *format, ...) OMPG_PRINTF(1, 2);
static void complain(const char *format, ...)
{
    va_list arguments;
    if (atomic_fetch_add(&complaints, 1) >= 10)
        return;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

static job *job_new(int code)
{
    unsigned index = atomic_fetch_add(&job_count, 1);
    if (index >= MOST_JOBS)
        abort();
    jobs[index].code = code;
    return &jobs[index];
}

static void jobs_clear(void)
{
    for (unsigned i = 0; i < atomic_load(&job_count); i++) {
        jobs[i].accepted = jobs[i].drops = false;
        atomic_store(&jobs[i].ran, 0);
        atomic_store(&jobs[i].dropped, 0);
    }
    atomic_store(&job_count, 0);
}

static int job_run(ompg_group *group, void *arg)
{
    job *self = arg;
    atomic_fetch_add(&self->ran, 1);
    if (self->code == 0)
        return 0;
    return ompg_fail(group, self->code, "job %d", (int)(self - jobs));
}

static int job_run_copied(ompg_group *group, void *arg)
{
    job *self;
    memcpy(&self, arg, sizeof self);
    return job_run(group, self);
}

static void job_drop(void *arg)
{
    job *self = arg;
    atomic_fetch_add(&self->dropped, 1);
}

/* Notes whether the task was accepted; returns what the library said. */
static int job_accept(job *self, int code)
{
    self->accepted = code == 0;
    if (code != 0 && code != ENOMEM && code != ECANCELED)
        complain("adding a task gives %d", code);
    return code;
}

static int job_go(ompg_group *group, int code)
{
    job *self = job_new(code);
    return job_accept(self, ompg_go(group, job_run, self));
}

static int job_go_with_drop(ompg_group *group, double cost)
{
    job *self = job_new(0);
    self->drops = true;
    return job_accept(self, ompg_go_with(group, job_run, self,
                                         &(ompg_task_options){.drop = job_drop, .cost = cost}));
}

static int job_go_copy(ompg_group *group, size_t size)
{
    _Alignas(16) unsigned char data[COPY_LARGEST] = {0};
    job *self = job_new(0);
    memcpy(data, &self, sizeof self);
    return job_accept(self, ompg_go_copy(group, job_run_copied, data, size));
}

/* Each accepted task ran at most once and was dropped once. All is well if each ran and none failed. */
static void jobs_check(const char *when, bool all_well)
{
    for (unsigned i = 0; i < atomic_load(&job_count); i++) {
        const job *self = &jobs[i];
        unsigned ran = atomic_load(&self->ran);
        unsigned dropped = atomic_load(&self->dropped);
        if (ran > self->accepted || dropped != (self->accepted && self->drops))
            complain("%s: task %u (accepted %d) ran %u, was dropped %u times", when, i,
                     self->accepted, ran, dropped);
        if (all_well && self->accepted && (ran == 0 || self->code == FAILURE))
            complain("%s: task %u ran %u times, it returns %d", when, i, ran, self->code);
    }
}

/*
 * Scenarios. Each fills a group; what it adds may be refused for want of memory.
 */

typedef struct scenario {
    const char *name;
    ompg_options options;
    void (*fill)(ompg_group *group);
    int code; /* of the wait when nothing fails */
    bool abandon;
} scenario;

static void fill_few(ompg_group *group)
{
    for (int i = 0; i < 20; i++)
        job_go(group, 0);
}

static void fill_many(ompg_group *group)
{
    for (int i = 0; i < MANY; i++)
        job_go(group, 0);
}

static void fill_copies(ompg_group *group)
{
    for (size_t size = sizeof(job *); size <= COPY_LARGEST; size += 1 + size / 4)
        job_go_copy(group, size);
}

static void fill_drops(ompg_group *group)
{
    for (int i = 0; i < 30; i++)
        job_go_with_drop(group, i % 4);
}

static void fill_failing(ompg_group *group)
{
    for (int i = 0; i < 300; i++)
        job_go(group, i % 3 == 0 ? FAILURE : 0);
}

static void fill_late_failure(ompg_group *group)
{
    for (int i = 0; i < 100; i++)
        job_go(group, i > 40 ? FAILURE : 0);
}

/* Adds tasks of every kind to the group of the task. */
static int adder(ompg_group *group, void *arg)
{
    int code = job_run(group, arg);
    for (int i = 0; i < MANY / 5 && code == 0; i++)
        code = job_go(group, 0);
    for (int i = 0; i < 5 && code == 0; i++)
        code = job_go_with_drop(group, 1);
    for (size_t i = 0; i < 5 && code == 0; i++)
        code = job_go_copy(group, 40 * i + sizeof(job *));
    return code;
}

static void fill_adders(ompg_group *group)
{
    for (int i = 0; i < 3; i++) {
        job *self = job_new(0);
        job_accept(self, ompg_go(group, adder, self));
    }
}

/* Runs a group of its own, two levels deep. */
static int nester(ompg_group *group, void *arg)
{
    job *self = arg;
    ompg_options options = {.name = "nested", .limit = 1};
    ompg_group *nested = ompg_new(self->code == 0 ? NULL : &options);
    (void)group;
    atomic_fetch_add(&self->ran, 1);
    if (nested == NULL)
        return errno;
    int code = 0;
    for (int i = 0; i < 5 && code == 0; i++)
        code = job_go_with_drop(nested, 0);
    if (code == 0 && self->code > 0) {
        job *below = job_new(self->code - 1);
        code = job_accept(below, ompg_go(nested, nester, below));
    }
    if (code == 0)
        code = ompg_wait(nested);
    ompg_free(nested);
    return code;
}

static void fill_nested(ompg_group *group)
{
    for (int i = 0; i < 6; i++) {
        job *self = job_new(2);
        job_accept(self, ompg_go(group, nester, self));
    }
}

static const scenario scenarios[] = {
    {.name = "few tasks", .fill = fill_few},
    {.name = "named", .options = {.name = "a name", .timeout = 1e6}, .fill = fill_few},
    {.name = "many tasks", .fill = fill_many},
    {.name = "copies", .fill = fill_copies},
    {.name = "drops", .fill = fill_drops},
    {.name = "limit", .options = {.limit = 2}, .fill = fill_many},
    {.name = "budget", .options = {.budget = 2}, .fill = fill_drops},
    {.name = "fail-fast", .fill = fill_failing, .code = FAILURE},
    {.name = "collect",
     .options = {.on_error = OMPG_COLLECT},
     .fill = fill_failing,
     .code = FAILURE},
    {.name = "collect, most",
     .options = {.on_error = OMPG_COLLECT, .max_errors = 20},
     .fill = fill_failing,
     .code = FAILURE},
    {.name = "deterministic",
     .options = {.deterministic = true},
     .fill = fill_late_failure,
     .code = FAILURE},
    {.name = "adders", .fill = fill_adders},
    {.name = "adders, limit", .options = {.limit = 1}, .fill = fill_adders},
    {.name = "nested", .fill = fill_nested},
    {.name = "nested, limit", .options = {.limit = 1}, .fill = fill_nested},
    {.name = "abandoned", .fill = fill_drops, .abandon = true},
    {.name = "abandoned copies", .options = {.limit = 1}, .fill = fill_copies, .abandon = true},
};

/* What the errors say must fit, however few could be kept. */
static void errors_check(const ompg_group *group, int code)
{
    const ompg_error *list;
    ompg_error first;
    size_t count = ompg_get_errors(group, &list);
    if ((count > 0) != (list != NULL))
        complain("%zu errors, but the list is %p", count, (const void *)list);
    for (size_t i = 0; i < count && list != NULL; i++) {
        if (list[i].code != FAILURE && list[i].code != ENOMEM)
            complain("a kept error has code %d", list[i].code);
    }
    if (ompg_get_error(group, &first) && first.code != code)
        complain("the wait returns %d, the first error is %d", code, first.code);
}

/* Waits with memory short, then, if that left tasks behind, with enough. */
static void wait_check(const scenario *what, ompg_group *group)
{
    int code = ompg_wait(group);
    errors_check(group, code);
    atomic_store(&armed, false);
    if (code == ENOMEM && ompg_get_error(group, NULL) == 0)
        code = ompg_wait(group);
    if (code != 0 && code != what->code && code != ENOMEM)
        complain("the wait gives %d", code);
    if (code == 0)
        jobs_check("after the wait", true);
    ompg_stats stats;
    ompg_get_stats(group, &stats);
    if (stats.submitted != stats.done + stats.failed + stats.skipped)
        complain("submitted %zu, done %zu, failed %zu, skipped %zu", stats.submitted, stats.done,
                 stats.failed, stats.skipped);
}

/* One more task runs well once there is memory. */
static void usable_check(ompg_group *group)
{
    int code = ompg_reset(group);
    job *self = job_new(0);
    if (code == 0)
        code = job_accept(self, ompg_go(group, job_run, self));
    if (code == 0)
        code = ompg_wait(group);
    if (code != 0 || atomic_load(&self->ran) != 1)
        complain("the group is not usable afterwards: %d", code);
}

static void run_scenario(const scenario *what)
{
    jobs_clear();
    atomic_store(&counted, 0);
    atomic_store(&armed, atomic_load(&chosen) > 0);
    errno = 0;
    ompg_group *group = ompg_new(&what->options);
    if (group != NULL) {
        what->fill(group);
        if (!what->abandon) {
            wait_check(what, group);
            usable_check(group);
        }
    } else if (errno != ENOMEM) {
        complain("ompg_new leaves errno %d", errno);
    }
    ompg_free(group);
    atomic_store(&armed, false);
    jobs_check("after the end", false);
}

/*
 * Processes.
 */

#if THREAD_SANITIZED
/* It sleeps for a second at the end of each process that has threads, unless it is told not to. */
const char *__tsan_default_options(void);

const char *__tsan_default_options(void)
{
    return "atexit_sleep_ms=0";
}
#endif

enum { REPEATS = 6 };

/* What a child tells. */
typedef struct verdict {
    bool finished;
    unsigned refused;
    unsigned complaints;
    size_t left; /* allocations, after the failure and a few runs without one */
} verdict;

static verdict *child; /* shared with it */

/* The library may keep memory for its next use, but the same failure must not use up more of it. */
static void check_growth(const scenario *what)
{
    size_t before = live;
    unsigned growths = 0;
    for (int i = 0; i < REPEATS; i++) {
        run_scenario(what);
        growths += live > before;
        before = live;
    }
    if (growths == REPEATS)
        complain("each run leaves allocations, %zu now", live);
}

static void run_case(const scenario *what, unsigned number, bool forever)
{
    alarm((unsigned)CHECK_PATIENCE);
    atomic_store(&chosen, number);
    atomic_store(&lasting, forever);
    run_scenario(what);
    child->refused = atomic_load(&refused);
    atomic_store(&chosen, 0);
    for (int i = 0; i < 3; i++)
        run_scenario(what);
    child->left = live;
    atomic_store(&chosen, number);
    check_growth(what);
    child->complaints = atomic_load(&complaints);
    child->finished = true;
}

static bool run_apart(const scenario *what, unsigned number, bool forever)
{
    int status = -1;
    *child = (verdict){.finished = false};
    fflush(NULL);
    pid_t process = fork();
    if (process == 0) {
        run_case(what, number, forever);
        _exit(EXIT_SUCCESS);
    }
    bool right = CHECK(process > 0) && CHECK_INT(waitpid(process, &status, 0), process) &&
                 CHECK_INT(status, 0) && CHECK(child->finished) && CHECK_INT(child->complaints, 0);
    if (!right)
        fprintf(stderr, "in \"%s\", allocation %u failing%s\n", what->name, number,
                forever ? " and all after it" : "");
    return right;
}

/* On one thread, what is left after a failure is what is left without one. */
static void enumerate_scenario(const scenario *what, bool forever)
{
    unsigned number = 0;
    if (!run_apart(what, 0, false))
        return;
    size_t left = child->left;
    do {
        if (!run_apart(what, ++number, forever))
            return;
        if (omp_get_max_threads() == 1 && !CHECK_INT(child->left, left))
            fprintf(stderr, "in \"%s\", after allocation %u\n", what->name, number);
    } while (child->refused > 0);
    if (!CHECK(number > 1))
        fprintf(stderr, "in \"%s\", which allocates nothing\n", what->name);
}

static void enumerate(bool forever)
{
    child = mmap(NULL, sizeof *child, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!CHECK(child != MAP_FAILED))
        return;
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
        enumerate_scenario(&scenarios[i], forever);
    munmap(child, sizeof *child);
}

static void one_fails(void)
{
    enumerate(false);
}

static void all_fail_from_one_on(void)
{
    enumerate(true);
}

CHECK_MAIN("allocation failures", {"one fails", one_fails},
           {"all fail from one on", all_fail_from_one_on})

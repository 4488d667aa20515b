/*
 * Allocation failures: every allocation of the library fails in turn, once or from then on.
 *
 * The program is linked with --wrap, so that the library's calls of malloc and its kin come here.
 * Each case runs in a process of its own, whose first use of the library meets the failure; the
 * parent never opens a parallel region. With OMPGROUP_TEST_STRIDE=3 each third one only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "faults_jobs.h"
#include "faults_memory.h"
#include "faults_parallel.h"
#include "sanitizers.h"

#include <ompgroup.h>

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

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
    for (int i = 0; i < 12; i++)
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

/* More blocks than one slab has. */
static int copier(ompg_group *group, void *arg)
{
    int code = job_run(group, arg);
    for (int i = 0; i < 150 && code == 0; i++)
        code = i % 2 == 0 ? job_go_copy(group, 8 + (size_t)i) : job_go_with_drop(group, 0);
    return code;
}

static void fill_copiers(ompg_group *group)
{
    for (int i = 0; i < 2; i++) {
        job *self = job_new(0);
        job_accept(self, ompg_go(group, copier, self));
    }
}

/* A local of the task's own, whose states its tasks and the calls inside them have. */
static int state_user(ompg_group *group, void *arg)
{
    (void)group;
    errno = 0;
    int *state = ompg_local_get(arg);
    if (state == NULL)
        return errno == ENOMEM ? ENOMEM : EPROTO;
    errno = EILSEQ;
    *state = 1;
    job *inner = job_new(0);
    return job_accept(inner, ompg_run(NULL, job_run, inner, NULL));
}

static int localiser(ompg_group *group, void *arg)
{
    (void)group;
    errno = 0;
    ompg_local *local = ompg_local_new(&(ompg_local_options){.size = 4000});
    int code = local ? 0 : errno == ENOMEM ? ENOMEM : EPROTO;
    errno = EILSEQ;
    if (local)
        code = ompg_run(NULL, state_user, local, NULL);
    ompg_local_free(local);
    return code == 0 ? job_run(group, arg) : code;
}

static void fill_localisers(ompg_group *group)
{
    for (int i = 0; i < 2; i++) {
        job *self = job_new(0);
        job_accept(self, ompg_go(group, localiser, self));
    }
}

/*
 * A thread from outside adds during the wait, which it holds. It lets go last of all, so that nobody need join it.
 * The wait may be refused, or the group be stopped, before the task runs that it waits for: then it waits no more.
 */
static event wait_has_begun;

static int tell_outsider(ompg_group *group, void *arg)
{
    event_post(&wait_has_begun);
    return job_run(group, arg);
}

static void *add_from_outside(void *arg)
{
    enum { PATIENCE_MS = 50 };
    for (int i = 0; i < PATIENCE_MS && atomic_load(&wait_has_begun.count) == 0; i++)
        usleep(1000);
    for (int i = 0; i < 300; i++) {
        job_go(arg, 0);
        if (i % 7 == 0)
            job_go_with_drop(arg, 1);
        if (i % 11 == 0)
            job_go_copy(arg, sizeof(job *) + (size_t)i);
    }
    ompg_done(arg, 0);
    return NULL;
}

static void fill_from_outside(ompg_group *group)
{
    pthread_t thread;
    job *self = job_new(0);
    atomic_store(&wait_has_begun.count, 0);
    job_accept(self, ompg_go(group, tell_outsider, self));
    ompg_hold(group);
    if (pthread_create(&thread, NULL, add_from_outside, group) == 0)
        pthread_detach(thread);
    else
        complain("there is no thread");
}

/* Runs what is left of the levels in a group within the job's; `next` is the task of a further level. */
static int run_within(job *self, const ompg_options *options, ompg_task_fn *next)
{
    ompg_group *within = ompg_new(options);
    atomic_fetch_add(&self->ran, 1);
    if (within == NULL)
        return errno;
    int code = 0;
    for (int i = 0; i < 5 && code == 0; i++)
        code = job_go_with_drop(within, i);
    if (code == 0 && self->code > 0) {
        job *below = job_new(self->code - 1);
        code = job_accept(below, ompg_go(within, next, below));
    }
    if (code == 0)
        code = ompg_wait(within);
    ompg_free(within);
    return code;
}

/* Runs a group of its own, two levels deep. */
static int nester(ompg_group *group, void *arg)
{
    job *self = arg;
    ompg_options options = {.name = "nested", .limit = 1};
    (void)group;
    return run_within(self, self->code == 0 ? NULL : &options, nester);
}

static void fill_nested(ompg_group *group)
{
    for (int i = 0; i < 3; i++) {
        job *self = job_new(2);
        job_accept(self, ompg_go(group, nester, self));
    }
}

/* The same in groups that share the limit of the one around them, and of those around that. */
static int sharer(ompg_group *group, void *arg)
{
    return run_within(arg, &(ompg_options){.share = group}, sharer);
}

static void fill_sharers(ompg_group *group)
{
    for (int i = 0; i < 3; i++) {
        job *self = job_new(2);
        job_accept(self, ompg_go(group, sharer, self));
    }
}

/* Each task runs loops, a reduction and a pipeline in groups of their own. */
static int paralleliser(ompg_group *group, void *arg)
{
    job *self = arg;
    (void)group;
    atomic_fetch_add(&self->ran, 1);
    int code = run_loop(OMPG_DEFAULT);
    if (code == 0)
        code = run_reduction(OMPG_DEFAULT);
    if (code == 0)
        code = run_pipeline(OMPG_DEFAULT);
    return code;
}

static void fill_parallelisers(ompg_group *group)
{
    for (int i = 0; i < 2; i++) {
        job *self = job_new(0);
        job_accept(self, ompg_go(group, paralleliser, self));
    }
}

static void fill_loops(ompg_group *group)
{
    add_loop(group, 0);
    job_go(group, 0);
    add_loop(group, 7);
}

static void fill_loop_that_waits(ompg_group *group)
{
    job_go(group, 0);
    run_loop(group);
    run_loop(OMPG_DEFAULT);
}

static void fill_reduction(ompg_group *group)
{
    job_go_with_drop(group, 1);
    run_reduction(group);
    run_reduction(OMPG_DEFAULT);
    run_sort(group);
    run_scan(group);
    run_scan(OMPG_DEFAULT);
    run_sort(OMPG_DEFAULT);
}

static void fill_failing_reduction(ompg_group *group)
{
    run_failing_reduction(group);
}

static void fill_pipeline(ompg_group *group)
{
    run_pipeline(group);
    run_pipeline(OMPG_DEFAULT);
}

static void fill_crowded_pipeline(ompg_group *group)
{
    run_crowded_pipeline(group);
}

static void fill_failing_pipeline(ompg_group *group)
{
    run_failing_pipeline(group);
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
    {.name = "copiers", .fill = fill_copiers},
    {.name = "locals", .fill = fill_localisers},
    {.name = "copiers, limit", .options = {.limit = 1}, .fill = fill_copiers},
    {.name = "adders, limit", .options = {.limit = 1}, .fill = fill_adders},
    {.name = "from outside", .fill = fill_from_outside},
    {.name = "from outside, limit", .options = {.limit = 1}, .fill = fill_from_outside},
    {.name = "from outside, backlog",
     .options = {.limit = 1, .backlog = 2},
     .fill = fill_from_outside},
    {.name = "nested", .fill = fill_nested},
    {.name = "nested, limit", .options = {.limit = 1}, .fill = fill_nested},
    {.name = "shared limit", .options = {.limit = 1}, .fill = fill_sharers},
    {.name = "shared budget", .options = {.budget = 3.0}, .fill = fill_sharers},
    {.name = "loops", .fill = fill_loops},
    {.name = "loops, limit", .options = {.limit = 1}, .fill = fill_loops},
    {.name = "loop that waits", .fill = fill_loop_that_waits},
    {.name = "loop that waits, deterministic",
     .options = {.deterministic = true},
     .fill = fill_loop_that_waits},
    {.name = "OMPG_FOR, large team", .options = {.threads = 9}, .fill = run_loop_statement},
    {.name = "OMPG_FOR without a group, large team", .fill = run_loop_without_group},
    {.name = "reduction", .fill = fill_reduction},
    {.name = "reduction, collect", .options = {.on_error = OMPG_COLLECT}, .fill = fill_reduction},
    {.name = "failing reduction", .fill = fill_failing_reduction, .code = FAILURE},
    {.name = "pipeline", .fill = fill_pipeline},
    {.name = "pipeline, limit", .options = {.limit = 1}, .fill = fill_pipeline},
    {.name = "crowded pipeline, limit", .options = {.limit = 1}, .fill = fill_crowded_pipeline},
    {.name = "failing pipeline", .fill = fill_failing_pipeline, .code = FAILURE},
    {.name = "loops, reductions, pipelines in tasks", .fill = fill_parallelisers},
    {.name = "abandoned loops", .fill = fill_loops, .abandon = true},
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

/* Waits with memory short, then, if that left tasks behind, beside a new one, with enough. */
static void wait_check(const scenario *what, ompg_group *group)
{
    int code = ompg_wait(group);
    errors_check(group, code);
    atomic_store(&armed, false);
    if (code == ENOMEM && ompg_get_error(group, NULL) == 0) {
        job_go(group, 0);
        code = ompg_wait(group);
    }
    if (code != 0 && code != what->code && code != ENOMEM)
        complain("the wait gives %d", code);
    if (code == 0) {
        jobs_check("after the wait", true);
        cells_check("after the wait", true);
    }
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
    cells_clear();
    atomic_store(&counted, 0);
    atomic_store(&armed, atomic_load(&chosen) > 0);
    errno = 0;
    ompg_group *group = ompg_new(&what->options);
    if (group != NULL) {
        errno = EILSEQ;
        what->fill(group);
        if (!what->abandon) {
            wait_check(what, group);
            usable_check(group);
        }
        if (errno != EILSEQ)
            complain("errno has become %d", errno);
    } else if (errno != ENOMEM) {
        complain("ompg_new leaves errno %d", errno);
    }
    ompg_free(group);
    atomic_store(&armed, false);
    jobs_check("after the end", false);
    cells_check("after the end", false);
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

enum { REPEATS = THREAD_SANITIZED ? 1 : 6 }; /* with that tool it is races that count */

/* What a child tells. */
typedef struct verdict {
    bool finished;
    unsigned refused;
    unsigned complaints;
    size_t left; /* allocations, after the failure and a few runs without one */
} verdict;

static verdict *child; /* shared with it */

/*
 * What the library may keep for its next use, because it never held more at once: the record of each
 * thread's worker, its deque and its blocks, a region, and the groups that a thread was in together (a worker
 * that has none of its own at hand makes one, even while others have some to spare).
 */
static size_t most_kept(void)
{
    enum { REGIONS = 1, ROOT_GROUPS = 2, DEEPEST = 3, SLABS = 36, OF_A_WORKER = 2 + SLABS };
    return REGIONS + ROOT_GROUPS + (size_t)omp_get_max_threads() * (OF_A_WORKER + DEEPEST);
}

/*
 * The same failure must not use up more and more memory. With several threads a run may be the first
 * that needs so many records at once, and after it the next one: so growth alone says nothing before
 * there is more than the library may keep, which a leak in each run comes to.
 */
static void check_growth(const scenario *what)
{
    size_t before = live;
    size_t most = most_kept();
    int growths = 0;
    for (int i = 0; i < REPEATS || (growths == i && live <= most); i++) {
        run_scenario(what);
        growths += live > before;
        before = live;
    }
    if (live > most)
        complain("%zu allocations are left, at most %zu may be kept", live, most);
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

static unsigned stride(void)
{
    const char *given = getenv("OMPGROUP_TEST_STRIDE");
    return given != NULL ? (unsigned)strtoul(given, NULL, 0) : 1;
}

/* On one thread, what is left after a failure is what is left without one. */
static void enumerate_scenario(const scenario *what, bool forever)
{
    unsigned number = 1;
    if (!run_apart(what, 0, false))
        return;
    size_t left = child->left;
    for (;; number += stride()) {
        if (!run_apart(what, number, forever))
            return;
        if (omp_get_max_threads() == 1 && !CHECK_INT(child->left, left))
            fprintf(stderr, "in \"%s\", after allocation %u\n", what->name, number);
        if (child->refused == 0)
            break;
    }
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

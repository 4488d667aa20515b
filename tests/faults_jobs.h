/*
 * Jobs: what is known of each task, in static memory; complaints of a process without CUnit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FAULTS_JOBS_H
#define FAULTS_JOBS_H

#include "check.h"
#include "sanitizers.h"

#include <ompgroup.h>

#include <errno.h>
#include <stdarg.h>

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

#endif

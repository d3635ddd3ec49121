/* SPDX-License-Identifier: MIT */
/*
 * tasks.c - tasks that are begun by one thread and worked off by others
 *
 * The main thread begins -n tasks "job", one after the other, as roots. Two workers take them from
 * a queue, work in a region, and end them, each seventh as failed. Each job's queue wait is an
 * async region, each has one child task and one log line. Everything is counted, and the duration
 * of the jobs stands between the two stamps around their marks.
 */
#include "workload.h"

#define WORKERS 2

struct job {
	ctrace_task task;
	ctrace_async queued;
	uint64_t out0, in0;
	int nr;
};

static struct job queue[64]; /* a ring; never full, since room counts down */
static unsigned int head, tail;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t filled, room;
static struct account jobs = {.name = "job", .state = "running"};
static int failed;

static void finish(struct job *j)
{
	uint64_t in = now_ns() - j->in0, out;

	if (j->nr % 7 == 6)
		ctrace_task_fail(&j->task, "each seventh");
	else
		ctrace_task_end(&j->task);
	out = now_ns() - j->out0;
	pthread_mutex_lock(&mutex);
	jobs.in_ns += in;
	jobs.out_ns += out;
	jobs.count++;
	failed += j->nr % 7 == 6;
	pthread_mutex_unlock(&mutex);
}

static void work(struct job *j)
{
	ctrace_task old = ctrace_task_enter(&j->task), part;

	ctrace_async_end(&j->queued);
	part = ctrace_task_begin_child(&j->task, "part");
	ctrace_region_begin("work");
	spin_ns(200 * US);
	sleep_ns(300 * US);
	ctrace_region_end("work");
	ctrace_log("job", "number %d", j->nr);
	ctrace_task_end(&part);
	ctrace_task_leave(&old);
	finish(j);
}

static void *worker(void *arg)
{
	struct job j;

	for (;;) {
		while (sem_wait(&filled))
			;
		pthread_mutex_lock(&mutex);
		j = queue[tail++ % 64];
		pthread_mutex_unlock(&mutex);
		sem_post(&room);
		if (j.nr < 0)
			return NULL;
		work(&j);
	}
}

static void submit(int nr)
{
	struct job j = {.nr = nr, .out0 = now_ns()};

	if (nr >= 0) {
		j.task = ctrace_task_begin_child(NULL, "job");
		j.in0 = now_ns();
		j.queued = ctrace_async_begin("queue");
	}
	while (sem_wait(&room))
		;
	pthread_mutex_lock(&mutex);
	queue[head++ % 64] = j;
	pthread_mutex_unlock(&mutex);
	sem_post(&filled);
}

int main(int argc, char **argv)
{
	pthread_t threads[WORKERS];
	struct workload w;

	workload_start(&w, argc, argv);
	sem_init(&filled, 0, 0);
	sem_init(&room, 0, 64);
	for (int i = 0; i < WORKERS; i++)
		if (pthread_create(&threads[i], NULL, worker, NULL))
			die("pthread_create");
	for (int i = 0; i < w.laps; i++)
		submit(i);
	for (int i = 0; i < WORKERS; i++)
		submit(-1);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	printf("task name=job count=%llu failed=%d in_ns=%llu out_ns=%llu\n",
	       (unsigned long long)jobs.count, failed, (unsigned long long)jobs.in_ns,
	       (unsigned long long)jobs.out_ns);
	printf("task name=part count=%llu failed=0\n", (unsigned long long)jobs.count);
	printf("count name=work count=%llu\n", (unsigned long long)jobs.count);
	printf("count name=queue count=%llu\n", (unsigned long long)jobs.count);
	return workload_end();
}

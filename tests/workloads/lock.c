/* SPDX-License-Identifier: MIT */
/*
 * lock.c - waits for a mutex that another thread holds: lock
 *
 * The holder stamps the instant before it unlocks. The waiter takes a mutex that it knows to be
 * held, so from its begin mark to that stamp it is blocked.
 */
#include "workload.h"

static void take(void *mutex)
{
	pthread_mutex_lock(mutex);
}

static void release(void *mutex)
{
	pthread_mutex_unlock(mutex);
}

int main(int argc, char **argv)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static struct partner holder = {
		.wait_ns = 15 * MS, .take = take, .release = release, .ctx = &mutex};
	struct account a = {.name = "lock", .state = "lock"};
	struct workload w;
	struct lap lap;

	workload_start(&w, argc, argv);
	partner_start(&holder);
	for (int i = 0; i < w.laps; i++) {
		partner_ask(&holder);
		MEASURED_LAP(&lap, &a, "lock", pthread_mutex_lock(&mutex));
		a.blocked_ns += partner_blocked_ns(&holder, &lap);
		pthread_mutex_unlock(&mutex);
	}
	account_print(&a);
	return workload_end();
}

/* SPDX-License-Identifier: MIT */
/*
 * blocked.c - threads that are already blocked when a tracer comes, and still when it goes
 *
 * One thread a kind of wait. No switch of theirs is ever seen: what they wait for is to be known
 * from the first look at them. One more is woken once in the trace, and blocks again.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <netinet/in.h>

#include "workload.h"

static int pipes[2], woken[2];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void block_ipc(void)
{
	char c;

	if (read(pipes[0], &c, 1) < 0)
		die("read");
}

static void block_lock(void)
{
	pthread_mutex_lock(&mutex);
}

static void block_sleep(void)
{
	sleep_ns(1000000 * MS);
}

static void block_network(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char c;

	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) || recv(fd, &c, 1, 0) < 0)
		die("recv");
}

static void block_poll(void)
{
	struct epoll_event ev;

	epoll_wait(epoll_create1(0), &ev, 1, -1);
}

static void block_child(void)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	waitpid(pid, NULL, 0);
}

static void block_twice(void)
{
	char c;

	for (;;)
		if (read(woken[0], &c, 1) != 1)
			die("read");
}

static const struct {
	const char *state;
	void (*block)(void);
} kinds[] = {
	{"ipc", block_ipc},	    {"lock", block_lock}, {"sleep", block_sleep},
	{"network", block_network}, {"poll", block_poll}, {"child", block_child},
	{"ipc", block_twice},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void *block(void *arg)
{
	size_t i = (size_t)(uintptr_t)arg;

	printf("thread tid=%d state=%s\n", tid(), kinds[i].state);
	kinds[i].block();
	return NULL;
}

int main(int argc, char **argv)
{
	struct workload w = {.mode = "", .path = "", .wait = 1};
	pthread_t thread;

	workload_options(&w, argc, argv);
	workload_init();
	if (pipe(pipes) || pipe(woken))
		die("pipe");
	pthread_mutex_lock(&mutex);
	for (size_t i = 0; i < KINDS; i++)
		if (pthread_create(&thread, NULL, block, (void *)(uintptr_t)i))
			die("pthread_create");
	sleep_ns(200 * MS);
	workload_ready();
	workload_await(&w);
	sleep_ns(200 * MS);
	if (write(woken[1], "x", 1) != 1)
		die("write");
	return workload_end();
}

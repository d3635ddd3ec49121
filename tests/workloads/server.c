/* SPDX-License-Identifier: MIT */
/*
 * server.c - a server that answers each request, and the client that checks it does
 *
 * The server listens on loopback, takes a thread a connection, and answers the number n with
 * 3n + 1, in a task and two regions. `-m client -f PORT` asks over two connections until SIGTERM,
 * then says how much it asked, how much was answered, and how much of it wrong. However often a
 * tracer comes and goes, or is killed, that must come out even.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "workload.h"

static struct sockaddr_in at = {.sin_family = AF_INET};
static _Atomic unsigned long long asked, answered, wrong;
static atomic_int stop;

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg, on = 1;
	uint64_t n;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	while (recv(fd, &n, sizeof(n), MSG_WAITALL) == sizeof(n)) {
		ctrace_task t = ctrace_task_begin("request");

		ctrace_region_begin("compute");
		n = 3 * n + 1;
		spin_ns(20 * US);
		ctrace_region_end("compute");
		ctrace_log("request", "answer %llu", (unsigned long long)n);
		ctrace_region_begin("reply");
		if (send(fd, &n, sizeof(n), 0) != sizeof(n))
			n = 0;
		ctrace_region_end("reply");
		ctrace_task_end(&t);
	}
	close(fd);
	return NULL;
}

static void *listen_forever(void *arg)
{
	int listener = (int)(intptr_t)arg, fd;
	pthread_t thread;

	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd >= 0 && !pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd))
			pthread_detach(thread);
	}
	return NULL;
}

static int be_server(void)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof(at);
	pthread_t thread;

	if (listener < 0 || bind(listener, (struct sockaddr *)&at, n) || listen(listener, 16) ||
	    getsockname(listener, (struct sockaddr *)&at, &n))
		die("listen");
	if (pthread_create(&thread, NULL, listen_forever, (void *)(intptr_t)listener))
		die("pthread_create");
	printf("ready pid=%d port=%d\n", getpid(), ntohs(at.sin_port));
	fflush(stdout);
	workload_wait_term();
	return 0;
}

static void *ask(void *arg)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	uint64_t n, reply;

	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)))
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	while (!stop) {
		n = atomic_fetch_add(&asked, 1);
		if (send(fd, &n, sizeof(n), 0) != sizeof(n) ||
		    recv(fd, &reply, sizeof(reply), MSG_WAITALL) != sizeof(reply))
			break;
		atomic_fetch_add(&answered, 1);
		if (reply != 3 * n + 1)
			atomic_fetch_add(&wrong, 1);
		sleep_ns(2 * MS);
	}
	close(fd);
	return NULL;
}

static int be_client(const char *port)
{
	pthread_t threads[2];

	at.sin_port = htons(atoi(port));
	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, ask, NULL))
			die("pthread_create");
	workload_ready();
	workload_wait_term();
	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("client asked=%llu answered=%llu wrong=%llu\n", asked, answered, wrong);
	return asked != answered || wrong;
}

int main(int argc, char **argv)
{
	struct workload w = {.mode = "", .path = ""};

	workload_options(&w, argc, argv);
	workload_init();
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return strcmp(w.mode, "client") ? be_server() : be_client(w.path);
}

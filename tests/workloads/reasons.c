/* SPDX-License-Identifier: MIT */
/*
 * reasons.c - waits for one thing after the other, and says for what, and who ended each
 *
 * Each kind of wait is a region of that name, a few laps long. A line says what a trace must find:
 *
 *	expect region=tcp state=network resource=^tcp.127 ctx=softirq softirq=NET_RX
 *
 * resource is a regular expression in which a dot stands for a space. Partners are threads of
 * this process or processes that were there before the tracer; all have names of their own.
 */
#include <arpa/inet.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "workload.h"

#define DELAY (5 * MS)

static struct workload w;
static char dir[PATH_MAX];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, cond_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int signalled;

/* A process that answers each byte on `in` with one on `out`, after a while. */
static void answer(const char *name, int in, int out)
{
	char c;

	prctl(PR_SET_NAME, name);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(in, &c, 1) == 1) {
		sleep_ns(DELAY);
		if (write(out, &c, 1) != 1)
			break;
	}
	_exit(0);
}

static int pipes[2][2], unix_fd, tcp_fd;
static uint16_t tcp_local, tcp_peer;
static char unix_path[PATH_MAX + 32], map_path[PATH_MAX + 32];

static void start_pipe(void)
{
	if (pipe(pipes[0]) || pipe(pipes[1]))
		die("pipe");
	if (!fork()) {
		close(pipes[0][1]);
		close(pipes[1][0]);
		answer("pipe-peer", pipes[0][0], pipes[1][1]);
	}
	close(pipes[0][0]);
	close(pipes[1][1]);
}

static void start_unix(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

	snprintf(unix_path, sizeof(unix_path), "%s/reasons.%d", dir, getpid());
	if (strlen(unix_path) >= sizeof(at.sun_path))
		die("the path is too long");
	strcpy(at.sun_path, unix_path);
	if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof(at)))
		die("bind");
	if (!fork()) {
		/* Who listens is who the kernel says is at the other end. */
		if (listen(listener, 1))
			die("listen");
		fd = accept(listener, NULL, NULL);
		answer("unix-peer", fd, fd);
	}
	close(listener);
	unix_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	while (connect(unix_fd, (struct sockaddr *)&at, sizeof(at)))
		sleep_ns(MS);
	unlink(unix_path);
}

static void start_tcp(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, fd;
	socklen_t n = sizeof(at);

	if (listener < 0 || bind(listener, (struct sockaddr *)&at, n) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&at, &n))
		die("listen");
	tcp_peer = ntohs(at.sin_port);
	if (!fork()) {
		fd = accept(listener, NULL, NULL);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		answer("tcp-peer", fd, fd);
	}
	close(listener);
	tcp_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(tcp_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (tcp_fd < 0 || connect(tcp_fd, (struct sockaddr *)&at, sizeof(at)) ||
	    getsockname(tcp_fd, (struct sockaddr *)&at, &n))
		die("connect");
	tcp_local = ntohs(at.sin_port);
}

static void ask(int out)
{
	if (write(out, "x", 1) != 1)
		die("write");
}

static void take(int in)
{
	char c;

	if (read(in, &c, 1) != 1)
		die("read");
}

#define LAPS(name, prepare, code)             \
	for (int i_ = 0; i_ < w.laps; i_++) { \
		prepare;                      \
		ctrace_region_begin(name);    \
		code;                         \
		ctrace_region_end(name);      \
	}

static void do_pipe(void)
{
	LAPS("pipe", ask(pipes[0][1]), take(pipes[1][0]));
	printf("expect region=pipe state=ipc resource=^pipe.[0-9]+$ peer=pipe-peer "
	       "waker=pipe-peer ctx=task\n");
}

static void do_unix(void)
{
	LAPS("unix", ask(unix_fd), take(unix_fd));
	printf("expect region=unix state=ipc resource=^unix.%s$ peer=unix-peer waker=unix-peer "
	       "ctx=task\n",
	       unix_path);
}

static void do_tcp(void)
{
	LAPS("tcp", ask(tcp_fd), take(tcp_fd));
	printf("expect region=tcp state=network "
	       "resource=^tcp.127.0.0.1:%u.to.127.0.0.1:%u$ ctx=softirq softirq=NET_RX\n",
	       tcp_local, tcp_peer);
}

static void do_epoll(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int ep = epoll_create1(EPOLL_CLOEXEC);

	epoll_ctl(ep, EPOLL_CTL_ADD, tcp_fd, &ev);
	LAPS("epoll", ask(tcp_fd), epoll_wait(ep, &ev, 1, -1); take(tcp_fd));
	printf("expect region=epoll state=poll "
	       "resource=^epoll.fd.%d:.tcp.127.0.0.1:%u.to.127.0.0.1:%u$ ctx=softirq\n",
	       ep, tcp_local, tcp_peer);
}

static void do_timer(void)
{
	struct itimerspec every = {.it_value.tv_nsec = DELAY, .it_interval.tv_nsec = DELAY};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	uint64_t n;

	timerfd_settime(fd, 0, &every, NULL);
	LAPS("timer", , if (read(fd, &n, sizeof(n)) < 0) die("read"));
	printf("expect region=timer state=sleep resource=^timerfd.fd.%d$ ctx=(hardirq|softirq)\n",
	       fd);
}

static void hold(void *arg)
{
	prctl(PR_SET_NAME, "holder");
	ctrace_region_begin("holding");
	pthread_mutex_lock(&mutex);
}

static void let_go(void *arg)
{
	pthread_mutex_unlock(&mutex);
	ctrace_region_end("holding");
}

static void do_mutex(void)
{
	static struct partner holder = {.wait_ns = DELAY, .take = hold, .release = let_go};

	partner_start(&holder);
	for (int i = 0; i < w.laps; i++) {
		partner_ask(&holder);
		ctrace_region_begin("mutex");
		pthread_mutex_lock(&mutex);
		ctrace_region_end("mutex");
		pthread_mutex_unlock(&mutex);
	}
	printf("expect region=mutex state=lock resource=^futex.mutex.in.reasons$ "
	       "waker=holder "
	       "ctx=task holder=holder holder_region=holding\n");
}

static void tell(void *arg)
{
	prctl(PR_SET_NAME, "signaller");
	pthread_mutex_lock(&cond_mutex);
	signalled = 1;
	pthread_cond_signal(&cond);
	pthread_mutex_unlock(&cond_mutex);
}

static void await(void)
{
	pthread_mutex_lock(&cond_mutex);
	while (!signalled)
		pthread_cond_wait(&cond, &cond_mutex);
	signalled = 0;
	pthread_mutex_unlock(&cond_mutex);
}

static void do_cond(void)
{
	static struct partner signaller = {.wait_ns = DELAY, .release = tell};

	partner_start(&signaller);
	LAPS("cond", partner_ask(&signaller), await());
	printf("expect region=cond state=lock resource=^futex.cond.0x[0-9a-f]+.in.reasons$ "
	       "waker=signaller ctx=task holder=\n");
}

static void do_fsync(void)
{
	char path[PATH_MAX + 32], page[4096] = "x";
	int fd;

	snprintf(path, sizeof(path), "%s/reasons.sync", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		die(path);
	LAPS("fsync", if (write(fd, page, sizeof(page)) < 0) die("write"), fsync(fd));
	printf("expect region=fsync state=disk resource=^file.%s.on.\n", path);
	close(fd);
	unlink(path);
}

/* Reads a page that is not in memory, by way of a mapping. */
static void do_fault(void)
{
	char path[PATH_MAX + 32], page[4096] = "x";
	volatile char *map;
	size_t n = 256;
	int fd, sum = 0;

	snprintf(path, sizeof(path), "%s/reasons.map", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	for (size_t i = 0; i < n; i++)
		if (write(fd, page, sizeof(page)) < 0)
			die("write");
	fsync(fd);
	map = mmap(NULL, n * 4096, PROT_READ, MAP_SHARED, fd, 0);
	madvise((void *)map, n * 4096, MADV_RANDOM);
	for (int i = 0; i < w.laps; i++) {
		madvise((void *)map, n * 4096, MADV_DONTNEED);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		ctrace_region_begin("fault");
		for (size_t k = 0; k < 8; k++)
			sum += map[(i * 8 + k) % n * 4096];
		ctrace_region_end("fault");
	}
	printf("expect region=fault state=fault resource=^page.of.%s$ sum=%d\n", path, sum);
	/* The file goes when all is said: the tracer is to see it as it was. */
	snprintf(map_path, sizeof(map_path), "%s", path);
}

static void do_child(void)
{
	for (int i = 0; i < w.laps; i++) {
		pid_t pid = fork();

		if (!pid) {
			prctl(PR_SET_NAME, "kid");
			sleep_ns(DELAY);
			_exit(0);
		}
		ctrace_region_begin("child");
		waitpid(pid, NULL, 0);
		ctrace_region_end("child");
	}
	printf("expect region=child state=child resource=^child.[0-9]+ waker=kid ctx=task\n");
}

int main(int argc, char **argv)
{
	w = (struct workload){.laps = 10, .mode = "", .path = ".", .wait = 1};
	workload_options(&w, argc, argv);
	workload_init();
	if (!realpath(w.path, dir))
		die(w.path);
	start_pipe();
	start_unix();
	start_tcp();
	workload_ready();
	workload_await(&w);
	do_pipe();
	do_unix();
	do_tcp();
	do_epoll();
	do_timer();
	do_mutex();
	do_cond();
	do_fsync();
	do_fault();
	do_child();
	sleep_ns(200 * MS);
	unlink(map_path);
	return workload_end();
}

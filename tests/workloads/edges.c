/* SPDX-License-Identifier: MIT */
/*
 * edges.c - marks right before something happens that could lose them (-m says what)
 *
 * Each leaves -n pairs, and one begin, in a block that is not full, and then ends a thread or the
 * process, or makes another, without another system call in between where that is possible. What
 * was marked is told before, so that it can be judged although nothing is said after.
 */
#include <dlfcn.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "workload.h"

static struct workload w;
static int pairs; /* in all, of `edge` */

/* pairs marks of `edge`, none of which is followed by a system call. */
static void mark(int nr)
{
	for (int i = 0; i < nr; i++) {
		ctrace_region_begin("edge");
		ctrace_region_end("edge");
	}
}

/* Says what will have been marked, and gets the page of stdout's buffer done with. */
static void tell(const char *name, int nr)
{
	printf("count name=%s count=%d\n", name, nr);
	fflush(stdout);
}

static void done(void)
{
	printf("done\n");
	fflush(stdout);
}

/* Not glibc's, which does more than end. */
static void raw_exit(int nr)
{
	for (;;)
		syscall(nr, 0);
}

static void *ending_thread(void *how)
{
	mark(w.laps);
	if (!strcmp(how, "pthread_exit"))
		pthread_exit(NULL);
	if (!strcmp(how, "exit_thread"))
		raw_exit(SYS_exit);
	if (!strcmp(how, "cancel")) {
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
		for (;;)
			;
	}
	return NULL;
}

static void threads_end(const char *how)
{
	pthread_t thread;

	for (int i = 0; i < 20; i++) {
		if (pthread_create(&thread, NULL, ending_thread, (void *)how))
			die("pthread_create");
		if (!strcmp(how, "cancel")) {
			sleep_ns(2 * MS);
			pthread_cancel(thread);
		}
		if (!strcmp(how, "exit_thread"))
			sleep_ns(2 * MS); /* joined it cannot be, but the kernel clears its tid */
		pthread_join(thread, NULL);
	}
	tell("edge", 20 * w.laps);
	done();
}

static void short_threads(const char *how)
{
	pthread_t thread[8];

	(void)how;
	for (int i = 0; i < 500; i++) {
		for (int k = 0; k < 8; k++)
			if (pthread_create(&thread[k], NULL, ending_thread, (void *)""))
				die("pthread_create");
		for (int k = 0; k < 8; k++)
			pthread_join(thread[k], NULL);
	}
	tell("edge", 4000 * w.laps);
	done();
}

/* The process ends, in whatever way, right after its last mark. */
static void process_ends(const char *how)
{
	int *volatile nowhere = NULL;

	tell("edge", w.laps);
	done();
	mark(w.laps);
	if (!strcmp(how, "exit"))
		exit(0);
	if (!strcmp(how, "exit_group"))
		raw_exit(SYS_exit_group);
	if (!strcmp(how, "segv"))
		*nowhere = 0;
	if (!strcmp(how, "kill"))
		kill(getpid(), SIGKILL);
	for (;;)
		raise(SIGABRT);
}

static void *marks_and_waits(void *arg)
{
	mark(w.laps);
	sem_post(arg);
	while (arg)
		;
	return NULL;
}

/* One thread ends the process while another is on a CPU, its block half full. */
static void others_die(const char *how)
{
	pthread_t thread;
	sem_t sem;

	sem_init(&sem, 0, 0);
	tell("edge", w.laps);
	if (pthread_create(&thread, NULL, marks_and_waits, &sem))
		die("pthread_create");
	while (sem_wait(&sem))
		;
	done();
	if (!strcmp(how, "others_exec"))
		execl("/bin/true", "true", NULL);
	raw_exit(SYS_exit_group);
}

static void exec_now(const char *how)
{
	char laps[16];
	int again = w.laps;

	if (!strcmp(how, "exec")) {
		tell("edge", w.laps);
		done();
		mark(w.laps);
		execl("/bin/true", "true", NULL);
	}
	/* It executes itself, and marks again. */
	tell("edge", w.laps);
	mark(w.laps);
	snprintf(laps, sizeof(laps), "%d", again);
	execl("/proc/self/exe", "edges", "-n", laps, "-m", "after_exec", NULL);
	die("execl");
}

static void after_exec(const char *how)
{
	(void)how;
	for (int i = 0; i < w.laps; i++) {
		ctrace_region_begin("after");
		ctrace_region_end("after");
	}
	tell("after", w.laps);
	done();
}

/* The child goes on in the middle of the block, and both tell their own marks. */
static void forks(const char *how)
{
	int status;

	(void)how;
	for (int i = 0; i < 20; i++) {
		pid_t pid;

		mark(1);
		ctrace_region_begin("around");
		pid = fork();
		if (!pid) {
			ctrace_region_end("around");
			for (int k = 0; k < w.laps; k++) {
				ctrace_region_begin("child");
				ctrace_region_end("child");
			}
			raw_exit(SYS_exit_group);
		}
		ctrace_region_end("around");
		mark(w.laps - 1);
		waitpid(pid, &status, 0);
	}
	tell("edge", 20 * w.laps);
	tell("child", 20 * w.laps);
	printf("marks count=%d\n", 20 * (4 * w.laps + 3)); /* with the ends of `around`, two each */
	done();
}

static __attribute__((noinline)) void vfork_one(const char *how)
{
	pid_t pid = vfork();
	int status;

	if (!pid) {
		for (int k = 0; k < w.laps; k++) {
			ctrace_region_begin("child");
			ctrace_region_end("child");
		}
		if (strstr(how, "exec"))
			execl("/bin/true", "true", NULL);
		_exit(0);
	}
	mark(w.laps - 1);
	waitpid(pid, &status, 0);
}

/* The child of vfork writes into its parent's memory, and its marks are its own all the same. */
static void vforks(const char *how)
{
	for (int i = 0; i < 20; i++) {
		mark(1);
		vfork_one(how);
	}
	tell("edge", 20 * w.laps);
	tell("child", 20 * w.laps);
	printf("marks count=%d\n", 20 * 4 * w.laps);
	done();
}

static void *vforks_once(void *how)
{
	vfork_one(how);
	return NULL;
}

/* Each in a thread that has not marked before: it is the child that does so first. */
static void vforks_first(const char *how)
{
	pthread_t thread;

	for (int i = 0; i < 20; i++) {
		if (pthread_create(&thread, NULL, vforks_once, (void *)how))
			die("pthread_create");
		pthread_join(thread, NULL);
	}
	tell("edge", 20 * (w.laps - 1));
	tell("child", 20 * w.laps);
	printf("marks count=%d\n", 20 * (4 * w.laps - 2));
	done();
}

static int bare_thread(void *arg)
{
	(void)arg;
	mark(w.laps);
	return 0;
}

/* Threads that no library knows of. They share their maker's thread-local memory, so it waits. */
static void clones(const char *how)
{
	char *stack =
		mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
		    CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;

	(void)how;
	for (int i = 0; i < 20; i++) {
		volatile pid_t tid = 1;

		mark(1);
		if (clone(bare_thread, stack + (1 << 16), flags, NULL, &tid, NULL, &tid) < 0)
			die("clone");
		while (tid)
			sleep_ns(100 * US);
	}
	tell("edge", 20 * (w.laps + 1));
	done();
}

static volatile sig_atomic_t handled;

static void handler(int sig)
{
	(void)sig;
	ctrace_region_begin("handler");
	ctrace_region_end("handler");
	handled = handled + 1;
}

/* Signals that arrive while marks are written, most of the time: nothing else is done here. */
static void signals(const char *how)
{
	struct itimerspec every = {{0, 50000}, {0, 50000}}, off = {{0, 0}, {0, 0}};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	uint64_t end = now_ns() + 1000 * MS;
	timer_t timer;

	(void)how;
	signal(SIGUSR1, handler);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		die("timer_create");
	timer_settime(timer, 0, &every, NULL);
	while (now_ns() < end) {
		ctrace_task t = ctrace_task_begin("task");

		mark(100);
		pairs += 100;
		ctrace_task_end(&t);
	}
	timer_settime(timer, 0, &off, NULL);
	tell("edge", pairs);
	tell("handler", handled);
	done();
}

/* Its thread-local memory is thrown out to where no trap handler can read it. */
static void not_resident(const char *how)
{
	uintptr_t at = (uintptr_t)&ctrace_thread_v3 & ~4095ul;

	(void)how;
	for (int i = 0; i < 20; i++) {
		mark(w.laps);
		madvise((void *)at, 8192, MADV_PAGEOUT); /* NOLINT: whole pages */
		sleep_ns(MS);
	}
	tell("edge", 20 * w.laps);
	done();
}

/* Two threads end the same task, which is allowed; after the first, its name is gone. */
static void *end_again(void *task)
{
	ctrace_task_end(task);
	return NULL;
}

static void gone_name(const char *how)
{
	(void)how;
	for (int i = 0; i < w.laps; i++) {
		char *name = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				  -1, 0);
		ctrace_task task;
		pthread_t t;

		if (name == MAP_FAILED)
			die("mmap");
		strcpy(name, "edge");
		task = ctrace_task_begin_child(NULL, name);
		ctrace_task_end(&task);
		munmap(name, 4096);
		if (pthread_create(&t, NULL, end_again, &task))
			die("pthread_create");
		pthread_join(t, NULL);
	}
	done();
}

/* A thread that never leaves its CPU and marks hardly ever. */
static void rare(const char *how)
{
	(void)how;
	for (int i = 0; i < 5; i++) {
		mark(1);
		spin_ns(150 * MS);
	}
	tell("edge", 5);
	done();
	for (;;)
		; /* and does not leave it when the trace stops */
}

static void unloads(const char *how)
{
	void (*work)(void);
	void *library;

	(void)how;
	library = dlopen(w.path, RTLD_NOW);
	if (!library)
		die(dlerror());
	sleep_ns(300 * MS); /* until its probes are armed */
	*(void **)&work = dlsym(library, "plugin_work");
	for (int i = 0; i < w.laps; i++)
		work();
	dlclose(library);
	for (int i = 0; i < 100; i++)
		free(malloc(4096)); /* what was its memory becomes another's */
	tell("plugin", w.laps);
	done();
}

static const struct {
	const char *name;
	void (*run)(const char *how);
} modes[] = {
	{"thread_return", threads_end},
	{"pthread_exit", threads_end},
	{"exit_thread", threads_end},
	{"cancel", threads_end},
	{"short", short_threads},
	{"exit", process_ends},
	{"exit_group", process_ends},
	{"segv", process_ends},
	{"kill", process_ends},
	{"abort", process_ends},
	{"others_die", others_die},
	{"others_exec", others_die},
	{"exec", exec_now},
	{"exec_self", exec_now},
	{"after_exec", after_exec},
	{"fork", forks},
	{"vfork", vforks},
	{"vfork_exec", vforks},
	{"vfork_first", vforks_first},
	{"vfork_first_exec", vforks_first},
	{"clone", clones},
	{"signal", signals},
	{"not_resident", not_resident},
	{"rare", rare},
	{"gone_name", gone_name},
	{"dlclose", unloads},
};

int main(int argc, char **argv)
{
	workload_start(&w, argc, argv);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(modes[i].name, w.mode)) {
			modes[i].run(w.mode);
			workload_wait_term();
			return 0;
		}
	return 2;
}

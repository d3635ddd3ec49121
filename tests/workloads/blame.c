/* SPDX-License-Identifier: MIT */
/*
 * blame.c - waits whose cause is another thread's doing, or that of another process
 *
 *	-m mutex	a mutex handed on: alice waits for bob, bob for carol, and carol for a disk
 *			(-f)
 *	-m cond		a condition variable that a thread signals once it has computed
 *	-m pipe		read from a pipe that another process fills, once it has slept and computed
 *	-m unix		the same from a UNIX socket
 *	-m tcp		the same over TCP on loopback, and only when it was asked
 *
 * Each lap is a task. What the task hung on is said in lines of
 *
 *	cause task=T comm=C region=R behind=STATE behind_region=R in_ns=N out_ns=N
 *	wait task=T lap=N in_ns=N out_ns=N
 *
 * By the clocks of those who did it: the part of what C did that lay within the waiter's wait, and
 * how long that was; each from stamps inside of the region's marks, and outside of them.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "workload.h"

static struct workload w = {.laps = 20, .mode = "", .path = "", .wait = 1};

/* What one does for a lap, and when; in memory that two processes share. */
struct doing {
	sem_t ask, begun, done;
	struct stamps {
		uint64_t out0, in0, in1, out1;
	} at;
};

static struct shared {
	struct doing a, b;
} * sh;

struct sums {
	uint64_t in, out;
};

static uint64_t overlap(uint64_t from, uint64_t to, uint64_t a, uint64_t b)
{
	from = from > a ? from : a;
	to = to < b ? to : b;
	return from < to ? to - from : 0;
}

static void add(struct sums *s, const struct stamps *waiter, const struct stamps *doer)
{
	s->in += overlap(waiter->in0, waiter->in1, doer->in0, doer->in1);
	s->out += overlap(waiter->out0, waiter->out1, doer->out0, doer->out1);
}

#define STAMPED(s, region, what)             \
	do {                                 \
		(s)->out0 = now_ns();        \
		ctrace_region_begin(region); \
		(s)->in0 = now_ns();         \
		what;                        \
		(s)->in1 = now_ns();         \
		ctrace_region_end(region);   \
		(s)->out1 = now_ns();        \
	} while (0)

static void take_sem(sem_t *s)
{
	while (sem_wait(s))
		;
}

static void cause(const char *comm, const char *region, const char *behind, const char *place,
		  struct sums ns)
{
	printf("cause task=lap comm=%s region=%s behind=%s behind_region=%s in_ns=%llu "
	       "out_ns=%llu\n",
	       comm, region, behind, place, (unsigned long long)ns.in, (unsigned long long)ns.out);
}

static void waited(int lap, const struct stamps *s)
{
	printf("wait task=lap lap=%d in_ns=%llu out_ns=%llu\n", lap,
	       (unsigned long long)(s->in1 - s->in0), (unsigned long long)(s->out1 - s->out0));
}

static void *thread(void *(*main)(void *), const char *name)
{
	pthread_t t;

	errno = pthread_create(&t, NULL, main, NULL);
	if (errno)
		die("pthread_create");
	pthread_setname_np(t, name);
	return NULL;
}

/* --- a mutex, through three threads ----------------------------------------------------------- */

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static int disk_fd;
static char *block;

enum { BLOCK = 1 << 20, WRITES = 4 };

static void write_all(void)
{
	for (int i = 0; i < WRITES; i++) {
		if (pwrite(disk_fd, block, BLOCK, 0) != BLOCK || fdatasync(disk_fd))
			die("write");
	}
}

static void *carol(void *arg)
{
	for (;;) {
		take_sem(&sh->b.ask);
		pthread_mutex_lock(&second);
		sem_post(&sh->b.begun);
		sleep_ns(2 * MS); /* until the others wait */
		STAMPED(&sh->b.at, "write", write_all());
		pthread_mutex_unlock(&second);
	}
	return NULL;
}

static void *bob(void *arg)
{
	for (;;) {
		take_sem(&sh->a.ask);
		pthread_mutex_lock(&first);
		sem_post(&sh->a.begun);
		pthread_mutex_lock(&second);
		STAMPED(&sh->a.at, "hold", spin_ns(2 * MS));
		pthread_mutex_unlock(&second);
		pthread_mutex_unlock(&first);
	}
	return NULL;
}

static void mutex(void)
{
	struct sums disk = {0}, held = {0};
	struct stamps s;

	disk_fd = open(w.path, O_WRONLY | O_CREAT | O_TRUNC | O_DIRECT, 0600);
	block = aligned_alloc(4096, BLOCK);
	if (disk_fd < 0 || !block)
		die("open");
	memset(block, 'x', BLOCK);
	thread(carol, "carol");
	thread(bob, "bob");
	for (int i = 0; i < w.laps; i++) {
		ctrace_task t;

		sem_post(&sh->b.ask);
		take_sem(&sh->b.begun);
		sem_post(&sh->a.ask);
		take_sem(&sh->a.begun);
		t = ctrace_task_begin("lap");
		STAMPED(&s, "want", pthread_mutex_lock(&first));
		ctrace_task_end(&t);
		pthread_mutex_unlock(&first);
		waited(i, &s);
		add(&disk, &s, &sh->b.at);
		add(&held, &s, &sh->a.at);
	}
	cause("carol", "write", "lock", "want", disk);
	cause("bob", "hold", "lock", "want", held);
}

/* --- a condition variable --------------------------------------------------------------------- */

static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static int made;

static void *maker(void *arg)
{
	for (;;) {
		take_sem(&sh->a.ask);
		STAMPED(&sh->a.at, "make", spin_ns(8 * MS));
		pthread_mutex_lock(&first);
		made++;
		pthread_cond_signal(&more);
		pthread_mutex_unlock(&first);
	}
	return NULL;
}

static void take(int nr)
{
	pthread_mutex_lock(&first);
	while (made <= nr)
		pthread_cond_wait(&more, &first);
	pthread_mutex_unlock(&first);
}

static void cond(void)
{
	struct sums ns = {0};
	struct stamps s;

	thread(maker, "maker");
	for (int i = 0; i < w.laps; i++) {
		ctrace_task t = ctrace_task_begin("lap");

		sem_post(&sh->a.ask);
		STAMPED(&s, "take", take(i));
		ctrace_task_end(&t);
		waited(i, &s);
		add(&ns, &s, &sh->a.at);
	}
	cause("maker", "make", "lock", "take", ns);
}

/* --- another process
 * ------------------------------------------------------------------------------ */

static int ends[2]; /* the consumer's, the producer's */

static void connect_tcp(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof(at);

	ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || ends[0] < 0 || bind(listener, (struct sockaddr *)&at, n) ||
	    listen(listener, 1) || getsockname(listener, (struct sockaddr *)&at, &n) ||
	    connect(ends[0], (struct sockaddr *)&at, n))
		die("loopback");
	ends[1] = accept(listener, NULL, NULL);
	if (ends[1] < 0)
		die("accept");
	close(listener);
}

static void produce(int by_tcp)
{
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "producer");
	for (;;) {
		if (by_tcp && read(ends[1], &c, 1) != 1)
			_exit(0);
		if (!by_tcp)
			take_sem(&sh->a.ask);
		STAMPED(&sh->b.at, "rest", sleep_ns(5 * MS));
		STAMPED(&sh->a.at, "produce", spin_ns(5 * MS));
		if (write(ends[1], "x", 1) != 1)
			_exit(1);
	}
}

static void consume(const char *state, int by_tcp)
{
	struct sums made_ns = {0}, rest_ns = {0};
	struct stamps s;
	char c;

	for (int i = 0; i < w.laps; i++) {
		ctrace_task t = ctrace_task_begin("lap");
		ssize_t n;

		if (by_tcp && write(ends[0], "?", 1) != 1)
			die("write");
		if (!by_tcp)
			sem_post(&sh->a.ask);
		STAMPED(&s, "consume", n = read(ends[0], &c, 1));
		ctrace_task_end(&t);
		if (n != 1)
			die("read");
		waited(i, &s);
		add(&made_ns, &s, &sh->a.at);
		add(&rest_ns, &s, &sh->b.at);
	}
	cause("producer", "produce", state, "consume", made_ns);
	cause("producer", "rest", state, "consume", rest_ns);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name, *state;
	} other[] = {{"pipe", "ipc"}, {"unix", "ipc"}, {"tcp", "network"}};
	pid_t child = 0;
	int which = -1;

	workload_options(&w, argc, argv);
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sh == MAP_FAILED)
		die("mmap");
	for (int i = 0; i < 2; i++) {
		struct doing *d = i ? &sh->b : &sh->a;

		sem_init(&d->ask, 1, 0);
		sem_init(&d->begun, 1, 0);
		sem_init(&d->done, 1, 0);
	}
	for (int i = 0; i < 3; i++)
		which = !strcmp(w.mode, other[i].name) ? i : which;
	if (which == 0 && pipe(ends))
		die("pipe");
	if (which == 1 && socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		die("socketpair");
	if (which == 2)
		connect_tcp();
	/* Before a tracer comes: both processes are traced from the same time on. */
	child = which >= 0 ? fork() : 0;
	if (which >= 0 && !child)
		produce(which == 2);
	workload_init();
	printf("ready pid=%d other=%d\n", getpid(), child);
	fflush(stdout);
	workload_await(&w);
	if (!strcmp(w.mode, "mutex"))
		mutex();
	else if (!strcmp(w.mode, "cond"))
		cond();
	else if (which >= 0)
		consume(other[which].state, which == 2);
	else
		die("-m");
	return workload_end();
}

/* SPDX-License-Identifier: MIT */
/*
 * test_uprobes.c - every hit of every site is counted, and nothing is left behind
 *
 * A program of six instructions counts in a map. It is attached to this file's own code, for
 * children that run it when they are told to. Needs root: skipped without.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <cmocka.h>

#include "attach/notes.h"
#include "attach/proc.h"
#include "attach/uprobes.h"
#include "base/err.h"

enum { HITS = 1000, MANY = 1000, SOME = 30 };

#if defined(__x86_64__)
enum { NOP_SZ = 1 };
#else
enum { NOP_SZ = 4 };
#endif

static volatile unsigned short test_sema __attribute__((section(".probes"), used));

/* One site, described as any USDT probe is. */
static void __attribute__((noinline)) hit(void)
{
	__asm__ volatile("990:	nop\n"
			 "	.pushsection .note.stapsdt, \"\", \"note\"\n"
			 "	.balign 4\n"
			 "	.4byte 992f - 991f, 994f - 993f, 3\n"
			 "991:	.asciz \"stapsdt\"\n"
			 "992:	.balign 4\n"
			 "993:	.8byte 990b, 0, test_sema\n"
			 "	.asciz \"ctrtest\"\n"
			 "	.asciz \"hit\"\n"
			 "	.asciz \"\"\n"
			 "994:	.balign 4\n"
			 "	.popsection" ::
				 : "memory");
}

/* A thousand sites in one function. */
void hit_many(void);
__asm__("	.text\n"
	"	.globl hit_many\n"
	"	.balign 16\n"
	"hit_many:\n"
	"	.rept 1000\n"
	"	nop\n"
	"	.endr\n"
	"	ret\n");

static char exe[4096];
static int map_fd = -1, prog_multi = -1, prog_perf = -1;
static struct uprobe_site site; /* of hit() */

static uint64_t count(void)
{
	uint32_t key = 0;
	uint64_t v = 0;

	assert_int_equal(bpf_map_lookup_elem(map_fd, &key, &v), 0);
	return v;
}

static void count_reset(void)
{
	uint32_t key = 0;
	uint64_t v = 0;

	assert_int_equal(bpf_map_update_elem(map_fd, &key, &v, BPF_ANY), 0);
}

#define INSN(c, d, s, o, i) \
	((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})

static int prog_load(uint32_t attach_type)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach_type);
	const struct bpf_insn insns[] = {
		INSN(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, 0),	/* *(u32 *)(r10 - 4) = 0 */
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0), /* r2 = r10 - 4 */
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4),
		INSN(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, map_fd), /* r1 = map */
		INSN(0, 0, 0, 0, 0),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2, 0), /* if (!r0) goto out */
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, 1),
		INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 0, 1, 0, BPF_ADD), /* *r0 += 1 */
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0),	       /* out: return 0 */
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};

	return bpf_prog_load(BPF_PROG_TYPE_KPROBE, "count", "GPL", insns,
			     sizeof(insns) / sizeof(insns[0]), &opts);
}

static int find_text(const struct proc_map *m, void *ctx)
{
	uint64_t addr = (uintptr_t)hit_many;

	if (addr < m->start || addr >= m->end)
		return 0;
	*(uint64_t *)ctx = addr - m->start + m->file_off;
	return 1;
}

static uint64_t many_off(void)
{
	uint64_t off = 0;

	assert_int_equal(proc_exec_maps((uint32_t)getpid(), find_text, &off, NULL), 1);
	return off;
}

/* Both ways to attach. */
static const struct way {
	const char *name;
	bool multi;
} ways[] = {{"perf", false}, {"multi", true}};
static size_t ways_nr; /* 0: no root; 1: a kernel without uprobe_multi */

static int setup(void **state)
{
	struct notes notes;
	int fd;

	if (geteuid())
		return 0;
	map_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "count", 4, 8, 1, NULL);
	prog_multi = prog_load(UPROBES_ATTACH_TYPE);
	prog_perf = prog_load(0);
	if (map_fd < 0 || prog_perf < 0)
		return 0; /* root without the right: as an ordinary user */
	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		return -1;
	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (notes_read(&notes, fd, "ctrtest", NULL) || notes.nr != 1)
		return -1;
	site = (struct uprobe_site){notes.v[0].file_off, notes.v[0].sema_off};
	notes_release(&notes);
	close(fd);
	ways_nr = prog_multi >= 0 && uprobes_has_multi(prog_multi) ? 2 : 1;
	return site.sema_off ? 0 : -1;
}

/* ---- a child that does what it is told, one byte a command ---- */

struct child {
	pid_t pid;
	int to, from;
};

struct state_of_child {
	unsigned short sema;
	unsigned char byte;
};

static void *hit_in_thread(void *arg)
{
	for (int i = 0; i < HITS; i++)
		hit();
	return NULL;
}

static void child_does(char cmd)
{
	pthread_t thread;
	pid_t pid;

	switch (cmd) {
	case 'h':
		hit_in_thread(NULL);
		break;
	case 'm':
		hit_many();
		break;
	case 't':
		pthread_create(&thread, NULL, hit_in_thread, NULL);
		pthread_join(thread, NULL);
		break;
	case 'f':
		pid = fork();
		if (!pid) {
			hit_in_thread(NULL);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		break;
	default:
		break;
	}
}

static void __attribute__((noreturn)) child_main(int in, int out)
{
	char cmd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Not the parent's links: they would live on here. */
	for (int fd = 3; fd < 4096; fd++)
		if (fd != in && fd != out)
			close(fd);
	while (read(in, &cmd, 1) == 1) {
		struct state_of_child s;

		child_does(cmd);
		s.sema = test_sema;
		/* through a pointer that the compiler cannot follow into the function */
		s.byte = *(volatile unsigned char *)(uintptr_t)hit_many;
		if (write(out, &s, sizeof(s)) != sizeof(s))
			break;
	}
	_exit(0);
}

static struct child child_begin(void)
{
	int to[2], from[2];
	struct child c;

	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	c.pid = fork();
	assert_true(c.pid >= 0);
	if (!c.pid)
		child_main(to[0], from[1]);
	close(to[0]);
	close(from[1]);
	c.to = to[1];
	c.from = from[0];
	return c;
}

static struct state_of_child tell(const struct child *c, char cmd)
{
	struct state_of_child s = {0};

	assert_int_equal(write(c->to, &cmd, 1), 1);
	assert_int_equal(read(c->from, &s, sizeof(s)), sizeof(s));
	return s;
}

static void child_end(struct child *c)
{
	close(c->to);
	close(c->from);
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
}

static void attach(struct uprobes *u, const struct way *way, uint32_t pid,
		   const struct uprobe_site *sites, size_t nr)
{
	struct err err = {0};

	if (uprobes_attach(u, way->multi ? prog_multi : prog_perf, exe, pid, sites, nr, way->multi,
			   &err))
		fail_msg("%s: %s", way->name, err.text);
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- the tests ---- */

static void every_hit_is_counted_and_the_semaphore_follows(void **state)
{
	if (!ways_nr)
		skip();
	for (size_t w = 0; w < ways_nr; w++) {
		const struct way *way = &ways[w];
		struct child c = child_begin();
		struct uprobes u = {0};

		count_reset();
		assert_int_equal(tell(&c, 'h').sema, 0);
		assert_int_equal(count(), 0);
		attach(&u, way, (uint32_t)c.pid, &site, 1);
		assert_int_equal(tell(&c, 'h').sema, 1);
		assert_int_equal(count(), HITS);
		tell(&c, 't');
		assert_int_equal(count(), 2 * HITS);
		uprobes_release(&u);
		assert_int_equal(tell(&c, 'h').sema, 0);
		assert_int_equal(count(), 2 * HITS);
		child_end(&c);
	}
}

static void code_is_restored_when_released(void **state)
{
	const struct uprobe_site s = {many_off(), 0};

	if (!ways_nr)
		skip();
	for (size_t w = 0; w < ways_nr; w++) {
		const struct way *way = &ways[w];
		struct child c = child_begin();
		unsigned char before = tell(&c, '.').byte;
		struct uprobes u = {0};

		attach(&u, way, (uint32_t)c.pid, &s, 1);
		assert_int_not_equal(tell(&c, '.').byte, before);
		tell(&c, 'm');
		uprobes_release(&u);
		assert_int_equal(tell(&c, '.').byte, before);
		tell(&c, 'm');
		child_end(&c);
	}
}

static void only_the_process_asked_for_is_counted(void **state)
{
	if (!ways_nr)
		skip();
	for (size_t w = 0; w < ways_nr; w++) {
		const struct way *way = &ways[w];
		struct child c = child_begin(), other = child_begin();
		struct uprobes u = {0};

		count_reset();
		attach(&u, way, (uint32_t)c.pid, &site, 1);
		assert_int_equal(tell(&other, 'h').sema, 0);
		tell(&c, 'f'); /* its own child is another process */
		assert_int_equal(count(), 0);
		tell(&c, 'h');
		assert_int_equal(count(), HITS);
		uprobes_release(&u);
		child_end(&c);
		child_end(&other);
	}
}

static void pid_0_means_every_process(void **state)
{
	if (!ways_nr)
		skip();
	for (size_t w = 0; w < ways_nr; w++) {
		const struct way *way = &ways[w];
		struct child before = child_begin(), after;
		struct uprobes u = {0};

		count_reset();
		attach(&u, way, 0, &site, 1);
		after = child_begin();
		assert_int_equal(tell(&before, 'h').sema, 1);
		assert_int_equal(tell(&after, 'h').sema, 1);
		assert_int_equal(count(), 2 * HITS);
		uprobes_release(&u);
		assert_int_equal(tell(&before, 'h').sema, 0);
		assert_int_equal(tell(&after, 'h').sema, 0);
		assert_int_equal(count(), 2 * HITS);
		child_end(&before);
		child_end(&after);
	}
}

/* The kernel counts sites, not who attached to them: 1 until the last has gone. */
static void semaphore_stays_up_until_the_last_tracer_has_gone(void **state)
{
	if (!ways_nr)
		skip();
	for (size_t w = 0; w < ways_nr; w++) {
		const struct way *way = &ways[w];
		struct child c = child_begin();
		struct uprobes a = {0}, b = {0};

		count_reset();
		attach(&a, way, (uint32_t)c.pid, &site, 1);
		attach(&b, way, (uint32_t)c.pid, &site, 1);
		assert_int_equal(tell(&c, 'h').sema, 1);
		assert_int_equal(count(), 2 * HITS);
		uprobes_release(&a);
		assert_int_equal(tell(&c, 'h').sema, 1);
		uprobes_release(&b);
		assert_int_equal(tell(&c, 'h').sema, 0);
		child_end(&c);
	}
}

static void many_sites_fill(struct uprobe_site *s)
{
	uint64_t off = many_off();

	for (size_t i = 0; i < MANY; i++)
		s[i] = (struct uprobe_site){off + i * NOP_SZ, 0};
}

static void bad_sites_do_not_keep_the_good_ones_from_being_attached(void **state)
{
	static const size_t bad[] = {0, 17, 18, 500, MANY - 1};
	static struct uprobe_site s[MANY];

	if (!ways_nr)
		skip();
	many_sites_fill(s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		s[bad[i]].file_off = 1ull << 40; /* not in the file */
	for (size_t w = 0; w < ways_nr; w++) {
		const struct way *way = &ways[w];
		struct child c = child_begin();
		struct uprobes u = {0};
		size_t nr = way->multi ? MANY : SOME, nr_bad = way->multi ? 5 : 3;

		count_reset();
		attach(&u, way, (uint32_t)c.pid, s, nr);
		assert_int_equal(u.bad, nr_bad);
		tell(&c, 'm');
		assert_int_equal(count(), nr - nr_bad);
		uprobes_release(&u);
		assert_int_equal(u.bad, 0);
		child_end(&c);
	}
}

static void semaphore_goes_with_its_site_when_others_are_bad(void **state)
{
	const struct uprobe_site s[] = {{1ull << 40, 0}, {many_off(), 0}, {1ull << 40, 0}, site};

	if (!ways_nr)
		skip();
	for (size_t w = 0; w < ways_nr; w++) {
		struct child c = child_begin();
		struct uprobes u = {0};

		count_reset();
		attach(&u, &ways[w], (uint32_t)c.pid, s, 4);
		assert_int_equal(u.bad, 2);
		assert_int_equal(tell(&c, 'h').sema, 1);
		tell(&c, 'm');
		assert_int_equal(count(), HITS + 1);
		uprobes_release(&u);
		assert_int_equal(tell(&c, 'h').sema, 0);
		child_end(&c);
	}
}

static void refusals_say_what_was_wrong(void **state)
{
	const struct uprobe_site nowhere = {1ull << 40, 0},
				 odd = {site.file_off, site.sema_off + 1};

	if (!ways_nr)
		skip();
	for (size_t w = 0; w < ways_nr; w++) {
		const struct way *way = &ways[w];
		int prog = way->multi ? prog_multi : prog_perf;
		struct child c = child_begin();
		struct uprobes u = {0};
		struct err err = {0};

		assert_int_equal(uprobes_attach(&u, prog, exe, 0, &nowhere, 1, way->multi, &err),
				 -EINVAL);
		assert_non_null(strstr(err.text, "1 probes in"));
		assert_int_equal(uprobes_attach(&u, prog, exe, 0, &odd, 1, way->multi, NULL),
				 -EINVAL);
		assert_int_equal(
			uprobes_attach(&u, prog, "/no/such", 0, &site, 1, way->multi, &err),
			-ENOENT);
		assert_non_null(strstr(err.text, "/no/such: No such file"));
		assert_int_equal(
			uprobes_attach(&u, prog, exe, 0x7ffffffe, &site, 1, way->multi, &err),
			-ESRCH);
		assert_non_null(strstr(err.text, "the process has ended"));
		assert_int_equal(uprobes_attach(&u, prog, exe, 0, &site, 40000, way->multi, &err),
				 -E2BIG);
		assert_int_equal(uprobes_attach(&u, prog, exe, 0, NULL, 0, way->multi, &err), 0);
		assert_int_equal(u.nr, 0);
		assert_int_equal(tell(&c, 'h').sema, 0);
		child_end(&c);
	}
	{
		struct uprobes zero = {0};

		uprobes_release(&zero);
		uprobes_release(&zero);
	}
}

static void tracer_that_is_killed_leaves_nothing_armed(void **state)
{
	if (!ways_nr)
		skip();
	for (size_t w = 0; w < ways_nr; w++) {
		const struct way *way = &ways[w];
		struct child c = child_begin();
		int pipefd[2], left = 1;
		pid_t tracer;
		char b;

		assert_int_equal(pipe2(pipefd, O_CLOEXEC), 0);
		tracer = fork();
		if (!tracer) {
			struct uprobes u = {0};

			attach(&u, way, (uint32_t)c.pid, &site, 1);
			if (write(pipefd[1], "", 1) == 1)
				pause();
			_exit(1);
		}
		assert_int_equal(read(pipefd[0], &b, 1), 1);
		assert_int_equal(tell(&c, 'h').sema, 1);
		kill(tracer, SIGKILL);
		waitpid(tracer, NULL, 0);
		/* The kernel may free a link a moment after its last descriptor. */
		for (int i = 0; i < 500 && left; i++) {
			left = tell(&c, '.').sema;
			usleep(10000);
		}
		assert_int_equal(left, 0);
		count_reset();
		tell(&c, 'h');
		assert_int_equal(count(), 0);
		close(pipefd[0]);
		close(pipefd[1]);
		child_end(&c);
	}
}

/* A perf event takes some 20 to 120 ms to close, each after the other: fewer of them. */
static void many_sites_are_attached_in_one_call(void **state)
{
	static struct uprobe_site s[MANY];

	if (!ways_nr)
		skip();
	many_sites_fill(s);
	for (size_t w = 0; w < ways_nr; w++) {
		const struct way *way = &ways[w];
		size_t nr = way->multi ? MANY : SOME;
		struct child c = child_begin();
		struct uprobes u = {0};
		uint64_t t[4];

		count_reset();
		t[0] = now_us();
		attach(&u, way, (uint32_t)c.pid, s, nr);
		t[1] = now_us();
		tell(&c, 'm');
		assert_int_equal(count(), nr);
		assert_int_equal(u.nr, way->multi ? 1 : nr);
		t[2] = now_us();
		uprobes_release(&u);
		t[3] = now_us();
		printf("# %s: %zu sites attached in %.1f ms, released in %.1f ms\n", way->name, nr,
		       (double)(t[1] - t[0]) / 1000, (double)(t[3] - t[2]) / 1000);
		child_end(&c);
	}
}

static void limit_of_open_files_is_raised_for_perf_events(void **state)
{
	static struct uprobe_site s[MANY];
	struct rlimit lim, low;
	struct uprobes u = {0};
	struct child c;

	if (!ways_nr)
		skip();
	many_sites_fill(s);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &lim), 0);
	low = lim;
	low.rlim_cur = 20;
	c = child_begin();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	attach(&u, &ways[0], (uint32_t)c.pid, s, SOME);
	assert_int_equal(u.nr, SOME);
	uprobes_release(&u);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &lim), 0);
	child_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_hit_is_counted_and_the_semaphore_follows),
		cmocka_unit_test(code_is_restored_when_released),
		cmocka_unit_test(only_the_process_asked_for_is_counted),
		cmocka_unit_test(pid_0_means_every_process),
		cmocka_unit_test(semaphore_stays_up_until_the_last_tracer_has_gone),
		cmocka_unit_test(bad_sites_do_not_keep_the_good_ones_from_being_attached),
		cmocka_unit_test(semaphore_goes_with_its_site_when_others_are_bad),
		cmocka_unit_test(refusals_say_what_was_wrong),
		cmocka_unit_test(tracer_that_is_killed_leaves_nothing_armed),
		cmocka_unit_test(many_sites_are_attached_in_one_call),
		cmocka_unit_test(limit_of_open_files_is_raised_for_perf_events),
	};

	setvbuf(stdout, NULL, _IONBF, 0);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, NULL);
}

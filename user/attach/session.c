/* SPDX-License-Identifier: MIT */
/*
 * session.c - see session.h
 *
 * The order of a trace's life, each step relying on the one before:
 *
 *   load  ->  rings  ->  scheduler attached  ->  threads seeded  ->  marks attached  ->  start time
 *   taken  ->  record  ->  stop time taken  ->  open intervals flushed  ->  rings drained  ->  END
 *   ->  detached
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "attach/account.h"
#include "attach/batch.h"
#include "attach/command.h"
#include "attach/drain.h"
#include "attach/images.h"
#include "attach/losses.h"
#include "attach/marks.h"
#include "attach/naming.h"
#include "attach/proc.h"
#include "attach/processes.h"
#include "attach/program.h"
#include "attach/rings.h"
#include "attach/session.h"
#include "attach/shrink.h"
#include "attach/symbolize.h"
#include "attach/tsc.h"
#include "base/err.h"
#include "ctrace/format.h"
#include "ctrace/wire.h"
#include "store/writer.h"

#define TICK_NS	    250000000ull
#define TICKS_SAVED 4			 /* a second: what a tracer that is killed may lose */
#define SAMPLE_NS   (1000000000ull / 99) /* not in step with what ticks a hundred times a second */
#define DRAIN_NS    100000000ull
#define PATIENCE_NS 300000000ull
#define STOP_DRAINS 50

struct session {
	struct session_opts opts;
	struct program *program;
	struct rings *rings;
	struct marks *marks;
	struct images *images; /* NULL, as is symbolize: no stacks were asked for */
	struct symbolize *symbolize;
	struct naming *naming;
	struct batch *batch;
	struct tsc tsc;
	bool by_tsc;   /* it is what batched marks are to be stamped with … */
	bool tsc_used; /* … and some were, if only for another tracer */
	uint64_t drained_ts;
	struct mark_prog progs[PROGRAM_MARKS];
	struct command command;
	struct writer *writer;
	struct account account;
	struct processes procs;
	uint32_t cpus;
	uint64_t start_ts, start_unix_ns, clock_err_ns;
	uint64_t strings_lost; /* names that could not be read even by way of /proc */
	uint64_t unattended;   /* processes that there was no room for */
	bool attention;	       /* some process has remap or fresh set */
	bool patient;	       /* uprobes are perf events */
	struct err write_err;  /* the first failure of the writer */
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* One instant on both clocks, and within which time they were read. */
static void clock_pair(uint64_t *mono, uint64_t *real, uint64_t *err_ns)
{
	uint64_t before = now_ns(CLOCK_MONOTONIC), after;

	*real = now_ns(CLOCK_REALTIME);
	after = now_ns(CLOCK_MONOTONIC);
	*mono = before + (after - before) / 2;
	*err_ns = after - before;
}

/* --- records ---------------------------------------------------------------------------------- */

static int put(struct session *s, uint32_t ring, const void *rec, size_t len)
{
	int rc;

	if (s->write_err.code)
		return 0; /* the rings must be emptied all the same */
	rc = writer_records(s->writer, ring, rec, len, NULL);
	if (rc && rc != -EINVAL) /* -EINVAL: no record at all; the next may be one */
		writer_records(s->writer, ring, rec, len, &s->write_err); /* for its sentence */
	return 0;
}

/* BPF cannot read a page that is not resident; reading it through /proc makes it so. */
static int put_string(struct session *s, uint32_t ring, const struct wire_string *r)
{
	struct {
		struct wire_string s;
		char text[WIRE_STR_MAX + 1];
	} fixed = {.s = *r};
	char path[64];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/mem", r->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = pread(fd, fixed.text, WIRE_STR_MAX, (off_t)r->addr);
		close(fd);
	}
	if (n <= 0) {
		s->strings_lost++;
		return put(s, ring, r, r->h.len);
	}
	fixed.text[n] = '\0';
	fixed.s.n = (uint32_t)strnlen(fixed.text, (size_t)n);
	fixed.s.h.flags &= (uint8_t)~WIRE_STR_FAULT;
	fixed.s.h.len = (uint16_t)(sizeof(fixed.s) + ((fixed.s.n + 7) & ~7u));
	memset(fixed.text + fixed.s.n, 0, sizeof(fixed.text) - fixed.s.n);
	return put(s, ring, &fixed, fixed.s.h.len);
}

/* What a new process or program has mapped. Short ones may be gone soon: it is read at once. */
static void see_image(struct session *s, const struct wire_thread *r)
{
	if (!s->images)
		return;
	if (r->h.flags == WIRE_THREAD_EXEC) {
		images_begin(s->images, r->pid, r->h.ts);
		images_read(s->images, r->pid);
	} else if (r->h.flags == WIRE_THREAD_FORK && r->pid != r->parent_pid) {
		images_fork(s->images, r->pid, r->parent_pid, r->h.ts);
	}
}

static void put_batched(void *ctx, uint32_t stream, const void *records, size_t n)
{
	put(ctx, stream, records, n);
}

static ssize_t read_text(void *ctx, uint32_t pid, uint64_t addr, char *to, size_t n)
{
	return drain_text(pid, addr, to, n);
}

static bool tsc_time(void *ctx, uint64_t count, uint64_t *ns)
{
	struct session *s = ctx;

	s->tsc_used = true;
	return tsc_ns(&s->tsc, count, ns);
}

static struct process *add_process(struct session *s, uint32_t pid)
{
	struct process *p = processes_add(&s->procs, pid);
	int64_t shift = p ? proc_clock_shift(pid) : 0;

	if (shift)
		batch_clock(s->batch, pid, shift);
	return p;
}

static void see_thread(struct session *s, const struct wire_thread *r)
{
	struct process *p = processes_find(&s->procs, r->pid);

	see_image(s, r);

	if (r->h.flags == WIRE_THREAD_FORK && r->parent_pid != r->pid)
		batch_forked(s->batch, r->pid, r->parent_pid);
	if (!p) {
		p = add_process(s, r->pid);
		/* Its other threads are no loss of their own. */
		if (!p && (r->h.flags == WIRE_THREAD_EXEC || r->parent_pid != r->pid))
			s->unattended++;
		if (p)
			p->fresh = s->attention = true;
		if (p && s->patient && marks_batched(s->marks))
			p->not_before = now_ns(CLOCK_MONOTONIC) + PATIENCE_NS;
		if (p && !p->comm[0]) /* it is gone already */
			snprintf(p->comm, sizeof(p->comm), "%.*s", (int)sizeof(r->comm), r->comm);
	}
	if (!p)
		return;
	if (r->h.flags == WIRE_THREAD_EXEC) {
		p->fresh = s->attention = true;
		p->not_before = 0;
		/* The record's name, since a short command may be gone by now. */
		snprintf(p->comm, sizeof(p->comm), "%.*s", (int)sizeof(r->comm), r->comm);
		process_read(p);
	} else {
		p->threads++;
	}
}

/* Called for each record; most kinds pass straight through. */
static int take(void *ctx, uint32_t ring, const void *rec, size_t len)
{
	const struct wire_hdr *h = rec;
	_Alignas(8) unsigned char shorter[WIRE_REC_MAX];
	union naming_record name;
	struct session *s = ctx;
	struct process *p;
	size_t named, less;

	while ((named = naming_see(s->naming, h, &name)))
		put(s, ring, &name, named);
	switch (h->kind) {
	case WIRE_BATCH:
		if (h->flags & WIRE_BATCH_TSC)
			tsc_read(&s->tsc, h->ts);
		batch_take(s->batch, ring, rec, len);
		return 0;
	case WIRE_LOST:
		batch_loss(s->batch);
		break;
	case WIRE_THREAD:
		see_thread(s, rec);
		break;
	case WIRE_MAP:
		p = processes_find(&s->procs, ((const struct wire_map *)rec)->pid);
		if (p)
			p->remap = s->attention = true;
		break;
	case WIRE_STACK:
		if (s->symbolize)
			symbolize_stack(s->symbolize, rec);
		break;
	case WIRE_STRING:
		if ((h->flags & (WIRE_STR_FAULT | WIRE_STR_ONCE)) == WIRE_STR_FAULT)
			return put_string(s, ring, rec);
		break;
	default:
		break;
	}
	less = shrink(shorter, h);
	return less ? put(s, ring, shorter, less) : put(s, ring, rec, len);
}

/* Ends of batches that no ring had room for. */
static void collect_ended(struct session *s)
{
	struct wire_batch end;

	while (program_ended(s->program, &end))
		batch_take(s->batch, rings_streams(s->rings), &end, sizeof(end));
}

static void collect(struct session *s, int timeout_ms)
{
	const uint64_t passes = rings_passes(s->rings);

	rings_poll(s->rings, timeout_ms);
	if (s->by_tsc)
		tsc_read(&s->tsc, UINT64_MAX);
	if (rings_passes(s->rings) == passes)
		return;
	batch_round(s->batch);
	collect_ended(s); /* as of the new round: what came before it may be in a ring still */
}

/* All that is in the rings by now; unless a program holds them up for too long. */
static void collect_all(struct session *s)
{
	const uint64_t enough = rings_passes(s->rings) + 2;

	for (int i = 0; i < STOP_DRAINS && rings_passes(s->rings) < enough; i++)
		collect(s, i < 4 ? 0 : 5);
}

/* Batches of all processes that nobody came to since `before`. See drain_process. */
static size_t drain(struct session *s, uint64_t before, uint64_t until)
{
	size_t again = 0;

	for (size_t i = 0; i < s->procs.nr; i++)
		again += drain_process(s->batch, s->procs.v[i]->pid, rings_streams(s->rings),
				       before, until);
	return again;
}

/* What was marked before the trace stopped, and is still where it was written. */
static void drain_rest(struct session *s, uint64_t stop_ts)
{
	collect_all(s);
	for (int i = 0; drain(s, now_ns(CLOCK_MONOTONIC), stop_ts) && i < STOP_DRAINS; i++)
		collect(s, 1);
}

/* What batches need of the kernel, if anything writes them. */
static int attach_batches(struct session *s, struct err *err)
{
	return marks_batched(s->marks) ? program_attach_batches(s->program, err) : 0;
}

/*
 * Attaches the marks of new processes and newly mapped files. A perf event of a process that is
 * just ending is made, refused, and taken away again, and with it its probe: from its siblings,
 * too, that have only inherited it. So where that is the means, a child of fork is left with what
 * it has inherited until it is old enough not to be one of those that end at once.
 */
static void attend(struct session *s)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	s->attention = false;
	for (size_t i = 0; i < s->procs.nr; i++) {
		struct process *p = s->procs.v[i];

		if (!p->remap && !p->fresh)
			continue;
		if (!p->remap && p->not_before > now) {
			s->attention = true;
			continue;
		}
		if (p->remap)
			program_strings_moved(s->program, p->pid);
		if (s->images)
			images_read(s->images, p->pid);
		p->remap = p->fresh = false;
		/* A failure here (the process ended, a limit) loses marks, not the trace. */
		marks_attach(s->marks, p->pid, NULL);
		attach_batches(s, NULL);
	}
}

/* Most likely no other tracer's, and not 0. Its highest bit says which clock marks are to have. */
static uint32_t random_session(bool by_tsc)
{
	uint32_t v = 0;

	if (getrandom(&v, sizeof(v), 0) != (ssize_t)sizeof(v))
		v = (uint32_t)now_ns(CLOCK_MONOTONIC);
	return (v & ~WIRE_SESSION_TSC) | 1 | (by_tsc ? WIRE_SESSION_TSC : 0);
}

/* --- life ------------------------------------------------------------------------------------- */

int session_open(struct session **out, const struct session_opts *opts, struct err *err)
{
	struct session *s = calloc(1, sizeof(*s));
	struct rings_opts ro = {.fn = take, .ctx = s};
	struct program_opts po = {};
	struct marks_opts mo = {.direct = opts->direct};
	struct batch_ops bo = {put_batched, read_text, tsc_time, s};
	int rc;

	if (!s)
		return err_set(err, -ENOMEM, "out of memory");
	s->opts = *opts;
	s->cpus = (uint32_t)sysconf(_SC_NPROCESSORS_CONF);
	for (size_t i = 0; i < opts->pids_nr; i++) {
		rc = process_check(opts->pids[i], err);
		if (rc)
			goto cleanup;
	}
	po.rings = ro.nr = rings_number(s->cpus);
	po.cpus_per_ring = (s->cpus + ro.nr - 1) / ro.nr;
	ro.sz = opts->ring_sz ? opts->ring_sz : rings_size(ro.nr);
	ro.spare_sz = opts->ring_sz ? opts->ring_sz : RINGS_SPARE_SZ;
	po.wakeup_bytes = ro.sz / 4;
	po.follow = opts->follow;
	po.syscalls = opts->syscalls;
	po.stacks = opts->stacks;
	po.sample_ns = SAMPLE_NS;
	po.irq = opts->irq;
	po.slow_syscall_ns = opts->slow_syscall_ns ? opts->slow_syscall_ns : 10000000;
	po.force_hash = opts->force_hash;
	po.force_perf = opts->force_perf;
	rc = program_load(&s->program, &po, err);
	if (rc)
		goto cleanup;
	ro.outer_fd = program_rings_fd(s->program);
	ro.woken = program_woken(s->program);
	rc = rings_new(&s->rings, &ro, err);
	if (rc)
		goto cleanup;
	s->naming = naming_new();
	program_marks(s->program, s->progs);
	if (opts->measure)
		program_measure(s->program);
	mo.multi = program_has_multi(s->program);
	s->patient = !mo.multi;
	tsc_init(&s->tsc);
	s->by_tsc = opts->clock == SESSION_CLOCK_TSC ||
		    (opts->clock == SESSION_CLOCK_AUTO && s->tsc.trusted);
	if (opts->clock == SESSION_CLOCK_TSC && !s->tsc.trusted && !tsc_compare(&s->tsc)) {
		rc = err_set(err, -ENOTSUP, "marks cannot be stamped by the TSC: %s", s->tsc.why);
		goto cleanup;
	}
	mo.session = random_session(s->by_tsc);
	mo.linker_prog = program_linker(s->program);
	s->marks = marks_new(s->progs, PROGRAM_MARKS, &mo);
	s->batch = batch_new(&bo);
	if (!s->marks || !s->batch || !s->naming) {
		rc = err_set(err, -ENOMEM, "out of memory");
		goto cleanup;
	}
	if (opts->stacks) {
		s->images = images_new();
		s->symbolize = symbolize_new();
		if (!s->images || !s->symbolize) {
			rc = err_set(err, -ENOMEM, "out of memory");
			goto cleanup;
		}
	}
	*out = s;
	return 0;
cleanup:
	session_free(s);
	return rc;
}

static int add_target(struct session *s, uint32_t pid, struct err *err)
{
	if (!processes_find(&s->procs, pid) && !add_process(s, pid))
		return err_set(err, -ENOMEM, "too many processes to trace");
	if (s->images) {
		images_begin(s->images, pid, 0);
		images_read(s->images, pid);
	}
	return program_target(s->program, pid, err);
}

int session_attach(struct session *s, struct err *err)
{
	int rc;

	if (s->opts.command) {
		rc = command_hold(&s->command, s->opts.command, err);
		if (!rc)
			rc = add_target(s, (uint32_t)s->command.pid, err);
		if (rc)
			return rc;
	}
	for (size_t i = 0; i < s->opts.pids_nr; i++) {
		rc = add_target(s, s->opts.pids[i], err);
		if (rc)
			return rc;
	}
	rc = program_attach(s->program, err);
	if (!rc)
		rc = program_seed(s->program, err);
	if (rc)
		return rc;
	if (s->command.path[0]) {
		rc = marks_attach_file(s->marks, (uint32_t)s->command.pid, s->command.path, err);
		return rc < 0 ? rc : attach_batches(s, err);
	}
	for (size_t i = 0; i < s->opts.pids_nr; i++) {
		rc = marks_attach(s->marks, s->opts.pids[i], err);
		if (rc < 0)
			return rc;
	}
	return attach_batches(s, err);
}

/* So that spans made of this capture are told from those of any other, whoever asks. */
static void random_id(char id[33])
{
	unsigned char v[16] = {0};

	if (getrandom(v, sizeof(v), 0) != (ssize_t)sizeof(v))
		v[0] = 0; /* not on any kernel that we run on; host and time tell them apart, too */
	for (size_t i = 0; i < sizeof(v); i++)
		snprintf(id + 2 * i, 3, "%02x", v[i]);
}

static int write_header(struct session *s, const struct session_record *r, struct err *err)
{
	struct writer_opts wo = {
#if defined(__aarch64__)
		.machine = 183,
#else
		.machine = 62,
#endif
		.streams = rings_streams(s->rings) + 1, /* the last: what drain() finds */
		.cpus = s->cpus,
		.start_ts = s->start_ts,
		.start_unix_ns = s->start_unix_ns,
		.clock_err_ns = s->clock_err_ns,
		.compress = r->compress,
		.uid = r->uid,
		.gid = r->gid,
		.force = r->overwrite,
	};
	struct utsname u;
	char id[33];
	int rc = writer_open(&s->writer, r->path, &wo, err);

	if (rc)
		return rc;
	uname(&u);
	random_id(id);
	struct writer_key meta[] = {
		{"id", id},
		{"version", CTRACE_VERSION},
		{"host", u.nodename},
		{"kernel", u.release},
		{"command", r->command_line ? r->command_line : ""},
		{"syscalls", s->opts.syscalls ? "1" : "0"},
		{"stacks", s->opts.stacks ? "1" : "0"},
		{"irq", s->opts.irq ? "1" : "0"},
	};
	return writer_text(s->writer, FORMAT_META, meta, sizeof(meta) / sizeof(meta[0]), err);
}

static int write_process(struct session *s, const struct process *p, struct err *err)
{
	char pid[16], threads[16];
	struct writer_key kv[6] = {
		{"pid", pid}, {"comm", p->comm}, {"exe", p->exe}, {"threads", threads}};
	size_t nr = 4;

	if (p->service[0])
		kv[nr++] = (struct writer_key){"service", p->service};
	if (p->resource[0])
		kv[nr++] = (struct writer_key){"resource", p->resource};

	snprintf(pid, sizeof(pid), "%u", p->pid);
	snprintf(threads, sizeof(threads), "%u",
		 p->threads > p->threads_now ? p->threads : p->threads_now);
	return writer_text(s->writer, FORMAT_PROCESS, kv, nr, err);
}

static int write_processes(struct session *s, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < s->procs.nr && !rc; i++)
		rc = write_process(s, s->procs.v[i], err);
	return rc;
}

/*
 * Lets go of the processes that have ended: a trace may see more of them than there is room for,
 * and their pids may come back. Returns whether any is alive.
 */
static bool reap_processes(struct session *s)
{
	for (size_t i = 0; i < s->procs.nr;) {
		struct process *p = s->procs.v[i];

		if (!process_has_ended(p)) {
			i++;
			continue;
		}
		if (!s->write_err.code)
			write_process(s, p, &s->write_err);
		marks_forget(s->marks, p->pid);
		batch_gone(s->batch, p->pid);
		program_forget(s->program, p->pid);
		processes_drop(&s->procs, p);
	}
	return s->procs.nr > 0;
}

/* When the target is not traced any more: it takes its time. */
static void write_symbols(struct session *s)
{
	if (!s->symbolize || writer_flush(s->writer, &s->write_err))
		return;
	/* Without system calls, nobody told what was mapped meanwhile. */
	for (size_t i = 0; i < s->procs.nr; i++)
		images_read(s->images, s->procs.v[i]->pid);
	symbolize_write(s->symbolize, s->images, s->writer, &s->write_err);
}

static void write_mark_sites(struct session *s, uint32_t sites, struct err *err)
{
	char nr[16];
	struct writer_key kv = {"mark_sites", nr};

	snprintf(nr, sizeof(nr), "%u", sites);
	writer_text(s->writer, FORMAT_META, &kv, 1, err);
}

static struct losses losses_of(const struct session *s)
{
	struct batch_counts c = batch_counts(s->batch);
	struct losses l = {};

	program_losses(s->program, &l);
	losses_add(&l, "no_state", s->unattended);
	losses_add(&l, "ring_full_marks", c.full);
	losses_add(&l, "marks_missed", c.missing);
	losses_add(&l, "batch_corrupt", c.bad);
	losses_add(&l, "string_fault", s->strings_lost + c.texts_lost);
	return l;
}

/* Returns their total. */
static uint64_t write_losses(struct session *s, struct err *err)
{
	struct losses l = losses_of(s);

	writer_losses(s->writer, l.v, l.nr, err);
	return l.total;
}

/* What the file should have if the tracer were killed now. */
static uint64_t checkpoint(struct session *s)
{
	uint64_t lost;

	if (s->write_err.code)
		return losses_of(s).total;
	lost = write_losses(s, &s->write_err);
	if (!s->write_err.code)
		writer_flush(s->writer, &s->write_err);
	return lost;
}

/* Until there is a reason to end; returns it. */
static const char *record(struct session *s, const struct session_record *r,
			  struct session_result *res)
{
	uint64_t begin = now_ns(CLOCK_MONOTONIC), tick = begin + TICK_NS, lost = 0;
	unsigned int ticks = 0;

	for (;;) {
		uint64_t now = now_ns(CLOCK_MONOTONIC), left = (uint64_t)rings_wait_ms(s->rings);

		if (s->write_err.code)
			return s->write_err.code == -ENOSPC ? "disk-full" : "write-error";
		if (r->stop && *r->stop)
			return "interrupted";
		if (r->duration_ns && now - begin >= r->duration_ns)
			return "duration";
		if (r->duration_ns && (r->duration_ns - (now - begin)) / 1000000 < left)
			left = (r->duration_ns - (now - begin)) / 1000000 + 1;
		if (command_ended(&s->command, &res->status)) {
			res->exited = true;
			return "command-exit";
		}
		if (!reap_processes(s))
			return "target-exit";
		collect(s, (int)left);
		program_find_holders(s->program, now);
		if (s->attention)
			attend(s);
		if (now - s->drained_ts >= DRAIN_NS) {
			s->drained_ts = now;
			drain(s, now - DRAIN_NS, 0);
		}
		if (now >= tick) {
			tick = now + TICK_NS;
			lost = ++ticks % TICKS_SAVED ? losses_of(s).total : checkpoint(s);
			if (r->progress)
				r->progress(r->progress_ctx, now - begin, writer_count(s->writer),
					    lost);
		}
	}
}

static bool all_ended(const struct session *s)
{
	for (size_t i = 0; i < s->procs.nr; i++)
		if (!process_has_ended(s->procs.v[i]))
			return false;
	return true;
}

int session_record(struct session *s, const struct session_record *r, struct session_result *res,
		   struct err *err)
{
	uint64_t stop_ts, unix_ns, err_ns;
	int rc;

	if (!s->command.pid && s->procs.nr && all_ended(s))
		return err_set(err, -ESRCH, "process %u ended before the trace began",
			       s->procs.v[0]->pid);
	/* On a machine whose CPUs are all busy, the rings would overflow while the collector waits
	 * for its turn. It needs little, but soon. A command has been forked off already. */
	setpriority(PRIO_PROCESS, 0, -10);
	account_begin(&s->account);
	clock_pair(&s->start_ts, &s->start_unix_ns, &s->clock_err_ns);
	program_go(s->program);
	/* At once, so that its wait for us is no part of the trace. */
	if (s->command.pid)
		command_go(&s->command);
	rc = write_header(s, r, err);
	if (!rc)
		rc = write_processes(s, err);
	if (rc)
		return rc;
	res->reason = record(s, r, res);
	clock_pair(&stop_ts, &unix_ns, &err_ns);
	res->mark_sites = marks_sites(s->marks);
	drain_rest(s, stop_ts);
	rc = program_flush(s->program, err);
	program_stop(s->program);
	collect_all(s);
	collect_ended(s);
	batch_finish(s->batch);
	/* The marks go first: their removal takes longest, and they cost the target most. */
	marks_free(s->marks);
	s->marks = NULL;
	program_detach(s->program);
	if (!s->write_err.code)
		write_symbols(s);
	if (!s->write_err.code) {
		write_mark_sites(s, res->mark_sites, &s->write_err);
		write_processes(s, &s->write_err);
		tsc_finish(&s->tsc);
		account_write(&s->account, s->rings, s->program, s->tsc_used ? &s->tsc : NULL,
			      s->writer, &s->write_err);
		writer_clock(s->writer, stop_ts, unix_ns, err_ns, &s->write_err);
		res->lost = write_losses(s, &s->write_err);
		writer_close(s->writer, stop_ts, res->reason, &s->write_err);
	} else {
		res->lost = checkpoint(s);
	}
	res->records = writer_count(s->writer);
	res->bytes = writer_bytes(s->writer);
	if (s->write_err.code) {
		if (err)
			*err = s->write_err;
		return s->write_err.code;
	}
	return rc;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	command_release(&s->command);
	marks_free(s->marks);
	naming_free(s->naming);
	batch_free(s->batch);
	rings_free(s->rings);
	program_free(s->program);
	writer_free(s->writer);
	symbolize_free(s->symbolize);
	images_free(s->images);
	processes_release(&s->procs);
	free(s);
}

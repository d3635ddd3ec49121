/* SPDX-License-Identifier: MIT */
/*
 * program.c - see program.h
 *
 * Invariant: a program or map that this kernel would refuse is switched off, and the knob that
 * guards its use is false, before the skeleton is loaded.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#include "attach/features.h"
#include "attach/losses.h"
#include "attach/program.h"
#include "attach/samples.h"
#include "base/err.h"
#include "ctrace.skel.h"
#include "ctrace/wire.h"
#include "model/span.h"

#define UPROBE_MULTI 48 /* BPF_TRACE_UPROBE_MULTI, Linux 6.6; newer than libbpf 1.1's headers */

#define HOLDERS_NS 1000000000ull

struct program {
	struct ctrace_bpf *skel;
	bool multi, batches;
	int cpus, stats_fd; /* -1: the kernel does not measure for us */
	struct bpf_link *links[32];
	size_t links_nr;
	uint64_t sample_ns;
	struct samples samples;
	uint32_t holders_seen; /* pipes and sockets whose holders were looked for */
	uint64_t holders_next;
};

/* Calls whose first argument is a file descriptor that they may block on. */
static const short fd_calls[] = {
	SYS_read,
	SYS_write,
	SYS_readv,
	SYS_writev,
	SYS_pread64,
	SYS_pwrite64,
	SYS_preadv,
	SYS_pwritev,
	SYS_preadv2,
	SYS_pwritev2,
	SYS_recvfrom,
	SYS_recvmsg,
	SYS_recvmmsg,
	SYS_sendto,
	SYS_sendmsg,
	SYS_sendmmsg,
	SYS_accept,
	SYS_accept4,
	SYS_connect,
	SYS_shutdown,
	SYS_fsync,
	SYS_fdatasync,
	SYS_sync_file_range,
	SYS_syncfs,
	SYS_fallocate,
	SYS_ftruncate,
	SYS_flock,
	SYS_fcntl,
	SYS_ioctl,
	SYS_lseek,
	SYS_fstat,
	SYS_getdents64,
	SYS_sendfile,
	SYS_splice,
	SYS_tee,
	SYS_vmsplice,
	SYS_copy_file_range,
	SYS_readahead,
	SYS_epoll_pwait,
	SYS_mq_timedsend,
	SYS_mq_timedreceive,
	SYS_io_uring_enter,
	SYS_fadvise64,
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#endif
#ifdef SYS_getdents
	SYS_getdents,
#endif
};

/* Calls that end a thread's memory: what is in its batches is taken before, on kernels that have no
 * better hooks for it. */
static const short last_calls[] = {SYS_exit, SYS_exit_group, SYS_execve, SYS_execveat};

/* Offset of a per-CPU variable in the kernel's per-CPU section, or -1. */
static int64_t percpu_offset(const struct btf *btf, const char *name)
{
	int sec = btf__find_by_name_kind(btf, ".data..percpu", BTF_KIND_DATASEC);
	int var = btf__find_by_name_kind(btf, name, BTF_KIND_VAR);
	const struct btf_var_secinfo *v;
	const struct btf_type *t;

	if (sec < 0 || var < 0)
		return -1;
	t = btf__type_by_id(btf, sec);
	v = btf_var_secinfos(t);
	for (int i = 0; i < btf_vlen(t); i++)
		if (v[i].type == (uint32_t)var)
			return v[i].offset;
	return -1;
}

/* Of a member in a structure, in bytes, or -1. */
static int64_t member_offset(const struct btf *btf, const char *type, const char *member)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	const struct btf_type *t;

	if (id < 0)
		return -1;
	t = btf__type_by_id(btf, id);
	for (int i = 0; i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(t)[i].name_off), member))
			return btf_member_bit_offset(t, (uint32_t)i) / 8;
	return -1;
}

/*
 * How far a CPU's preempt count is from its run queue, on x86; 0 if it cannot be told. The count is
 * a variable of its own before 6.2 and since 6.15, and in struct pcpu_hot in between.
 */
static int64_t preempt_count_delta(const struct btf *btf)
{
	int64_t rq = percpu_offset(btf, "runqueues");
	int64_t count = percpu_offset(btf, "__preempt_count");
	int64_t hot = percpu_offset(btf, "pcpu_hot");
	int64_t in_hot = member_offset(btf, "pcpu_hot", "preempt_count");

	if (count < 0 && hot >= 0) {
		/* The member is in an anonymous structure, whose second field it is. */
		count = hot + (in_hot >= 0 ? in_hot : 8);
	}
	return rq < 0 || count < 0 ? 0 : count - rq;
}

struct code {
	uint64_t from, size;
};

/*
 * Which functions of the kernel call the programs of sched_switch. Without the right to know
 * addresses all of them are 0 there.
 */
static void find_switch_code(struct code v[2])
{
	static const char *const names[] = {"__traceiter_sched_switch", "__bpf_trace_sched_switch"};
	unsigned long long addr;
	char line[512], name[128];
	struct code *open = NULL;
	FILE *f = fopen("/proc/kallsyms", "re");
	int found = 0;

	/* The kernel's own symbols come first, in order: the next one ends the one before. */
	while (f && (found < 2 || open) && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx %*c %127s", &addr, name) != 2)
			continue;
		if (open && addr > open->from) {
			open->size = addr - open->from;
			open = NULL;
		}
		for (int i = 0; i < 2; i++) {
			if (addr && !v[i].from && !strcmp(name, names[i])) {
				v[i].from = addr;
				open = &v[i];
				found++;
			}
		}
	}
	if (f)
		fclose(f);
}

static bool has_tracepoint(const struct btf *btf, const char *name)
{
	char type[64];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0;
}

static void choose_programs(struct ctrace_bpf *skel, const struct program_opts *o,
			    const struct btf *btf)
{
	bool timer = o->irq && has_tracepoint(btf, "local_timer_entry");

	bpf_program__set_autoload(skel->progs.on_sys_enter, o->syscalls);
	bpf_program__set_autoload(skel->progs.on_sys_exit, o->syscalls);
	bpf_program__set_autoload(skel->progs.on_softirq_exit, o->irq);
	bpf_program__set_autoload(skel->progs.on_irq_entry, o->irq);
	bpf_program__set_autoload(skel->progs.on_irq_exit, o->irq);
	bpf_program__set_autoload(skel->progs.on_timer_entry, timer);
	bpf_program__set_autoload(skel->progs.on_timer_exit, timer);
	bpf_program__set_autoload(skel->progs.on_page_fault,
				  has_tracepoint(btf, "page_fault_user"));
}

static void set_knobs(struct ctrace_bpf *skel, const struct program_opts *o,
		      const struct features *f, const struct btf *btf)
{
	/* Before 6.2 a look-up fails when it interrupts another one: see bpf/task.bpf.h. */
	bool storage = f->task_storage && f->version >= (6 << 8 | 2) && !o->force_hash;
	struct code code[2] = {};

	skel->rodata->use_storage = storage;
	skel->rodata->has_task_btf = f->current_task_btf;
	skel->rodata->has_task_pt_regs = f->task_pt_regs;
	skel->rodata->switch_has_state = f->switch_args == SWITCH_STATE_LAST;
	skel->rodata->follow_forks = o->follow;
	skel->rodata->want_stacks = o->stacks;
	skel->rodata->sample_ns = o->sample_ns;
	skel->rodata->rings_nr = o->rings;
	skel->rodata->cpus_per_ring = o->cpus_per_ring;
	skel->rodata->wakeup_bytes = o->wakeup_bytes;
	skel->rodata->slow_syscall_ns = o->slow_syscall_ns;
	skel->rodata->preempt_count_delta = preempt_count_delta(btf);
	skel->rodata->nr_futex = SYS_futex;
	skel->rodata->count_irqs = o->irq;
	find_switch_code(code);
	for (int i = 0; i < 2; i++) {
		skel->rodata->switch_code_from[i] = code[i].from;
		skel->rodata->switch_code_size[i] = code[i].size;
	}
	for (size_t i = 0; i < sizeof(fd_calls) / sizeof(fd_calls[0]); i++)
		skel->rodata->fd_calls[fd_calls[i] >> 6] |= 1ULL << (fd_calls[i] & 63);
	for (size_t i = 0; i < sizeof(last_calls) / sizeof(last_calls[0]); i++)
		if (!f->exit_has_mm)
			skel->rodata->last_calls[last_calls[i] >> 6] |= 1ULL
									<< (last_calls[i] & 63);
	skel->rodata->exit_has_mm = f->exit_has_mm;
	bpf_program__set_autoload(skel->progs.on_prepare_exec, f->prepare_exec);
	bpf_program__set_autoload(skel->progs.on_signal, !f->exit_has_mm);
	bpf_program__set_autoload(skel->progs.on_last_call, !f->exit_has_mm && !o->syscalls);
	bpf_map__set_autocreate(skel->maps.thread_storage, storage);
	bpf_map__set_autocreate(skel->maps.thread_hash, !storage);
	bpf_map__set_max_entries(skel->maps.cpus, (uint32_t)libbpf_num_possible_cpus());
	choose_programs(skel, o, btf);
	bpf_map__set_autocreate(skel->maps.stack_bufs, o->stacks);
	bpf_map__set_autocreate(skel->maps.stacks_known, o->stacks);
	bpf_map__set_autocreate(skel->maps.stacks_cached, o->stacks);
	bpf_map__set_autocreate(skel->maps.stack_scratch, o->stacks);
	bpf_program__set_autoload(skel->progs.on_sample, o->stacks);
}

static void mark_programs(const struct ctrace_bpf *skel, struct bpf_program *v[PROGRAM_MARKS])
{
	v[0] = skel->progs.mark_region_end;
	v[1] = skel->progs.mark_task_end;
	v[2] = skel->progs.mark_task_leave;
	v[3] = skel->progs.mark_async_end;
	v[4] = skel->progs.mark_log;
	v[5] = skel->progs.mark_task_traceparent;
	v[6] = skel->progs.mark_task_enter;
	v[7] = skel->progs.mark_async_begin;
	v[8] = skel->progs.mark_region_begin;
	v[9] = skel->progs.mark_task_begin;
	v[10] = skel->progs.mark_batch_register;
	v[11] = skel->progs.mark_batch_full;
	v[12] = skel->progs.mark_batch_one;
	v[13] = skel->progs.mark_batch_on;
}

static int no_print(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (getenv("CTRACE_DEBUG"))
		return vfprintf(stderr, fmt, ap);
	return 0;
}

int program_load(struct program **out, const struct program_opts *o, struct err *err)
{
	struct bpf_program *marks[PROGRAM_MARKS];
	struct program *p = calloc(1, sizeof(*p));
	struct btf *btf = NULL;
	struct features f;
	int rc;

	if (!p)
		return err_set(err, -ENOMEM, "out of memory");
	p->stats_fd = -1;
	libbpf_set_print(no_print);
	features_detect(&f);
	if (!features_can_trace(&f)) {
		rc = features_explain_eperm(&f, err);
		goto cleanup;
	}
	p->cpus = libbpf_num_possible_cpus();
	p->multi = f.uprobe_multi && !o->force_perf;
	p->sample_ns = o->stacks ? o->sample_ns : 0;
	btf = btf__load_vmlinux_btf();
	p->skel = ctrace_bpf__open();
	if (!btf || !p->skel) {
		rc = err_set(err, -ENOMEM, "out of memory");
		goto cleanup;
	}
	set_knobs(p->skel, o, &f, btf);
	mark_programs(p->skel, marks);
	for (size_t i = 0; p->multi && i < PROGRAM_MARKS; i++)
		bpf_program__set_expected_attach_type(marks[i], UPROBE_MULTI);
	if (p->multi)
		bpf_program__set_expected_attach_type(p->skel->progs.on_library, UPROBE_MULTI);
	rc = ctrace_bpf__load(p->skel);
	if (rc) {
		err_set(err, rc, "the kernel refuses the BPF programs: %s", strerror(-rc));
		err_hint(err, "ctrace-bpf doctor says what this kernel lacks; with CTRACE_DEBUG=1 "
			      "in the environment the verifier's own words are shown");
		goto cleanup;
	}
	btf__free(btf);
	*out = p;
	return 0;
cleanup:
	btf__free(btf);
	program_free(p);
	return rc;
}

static int attach_one(struct program *p, struct bpf_program *prog, struct err *err)
{
	struct bpf_link *link;

	if (!bpf_program__autoload(prog))
		return 0;
	link = bpf_program__attach(prog);
	if (!link)
		return err_set(err, -errno, "cannot attach to the kernel's %s: %s",
			       bpf_program__section_name(prog), strerror(errno));
	p->links[p->links_nr++] = link;
	return 0;
}

int program_attach(struct program *p, struct err *err)
{
	struct bpf_program *order[] = {
		p->skel->progs.on_exit,		p->skel->progs.on_exec,
		p->skel->progs.on_rename,	p->skel->progs.on_waking,
		p->skel->progs.on_switch,	p->skel->progs.on_fork,
		p->skel->progs.on_wakeup_new,	p->skel->progs.on_migrate,
		p->skel->progs.on_page_fault,	p->skel->progs.on_softirq_entry,
		p->skel->progs.on_softirq_exit, p->skel->progs.on_irq_entry,
		p->skel->progs.on_irq_exit,	p->skel->progs.on_timer_entry,
		p->skel->progs.on_timer_exit,	p->skel->progs.on_sys_enter,
		p->skel->progs.on_sys_exit,
	};
	int rc;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		rc = attach_one(p, order[i], err);
		if (rc)
			return rc;
	}
	if (!p->sample_ns)
		return 0;
	return samples_attach(&p->samples, bpf_program__fd(p->skel->progs.on_sample), p->sample_ns,
			      err);
}

int program_attach_batches(struct program *p, struct err *err)
{
	struct bpf_program *order[] = {p->skel->progs.on_prepare_exec, p->skel->progs.on_signal,
				       p->skel->progs.on_last_call};
	int rc = 0;

	for (size_t i = 0; !p->batches && !rc && i < sizeof(order) / sizeof(order[0]); i++)
		rc = attach_one(p, order[i], err);
	p->batches = true;
	return rc;
}

void program_marks(const struct program *p, struct mark_prog v[PROGRAM_MARKS])
{
	static const char *const probes[] = {
		"region__end",	     "task__end",   "task__leave",  "async__end",    "log",
		"task__traceparent", "task__enter", "async__begin", "region__begin", "task__begin",
		"batch__register",   "batch__full", "batch__one",   "batch__on",
	};
	struct bpf_program *progs[PROGRAM_MARKS];

	mark_programs(p->skel, progs);
	for (size_t i = 0; i < PROGRAM_MARKS; i++) {
		v[i].probe = probes[i];
		v[i].fd = bpf_program__fd(progs[i]);
	}
}

int program_linker(const struct program *p)
{
	return bpf_program__fd(p->skel->progs.on_library);
}

bool program_has_multi(const struct program *p)
{
	return p->multi;
}

int program_rings_fd(const struct program *p)
{
	return bpf_map__fd(p->skel->maps.rings);
}

uint32_t *program_woken(struct program *p)
{
	return p->skel->bss->ring_woken;
}

int program_target(struct program *p, uint32_t pid, struct err *err)
{
	struct {
		uint32_t gen, pad;
	} target = {1, 0};

	if (bpf_map_update_elem(bpf_map__fd(p->skel->maps.targets), &pid, &target, BPF_ANY))
		return err_set(err, -errno, "too many processes to trace");
	return 0;
}

void program_forget(struct program *p, uint32_t pid)
{
	bpf_map_delete_elem(bpf_map__fd(p->skel->maps.targets), &pid);
}

void program_strings_moved(struct program *p, uint32_t pid)
{
	struct {
		uint32_t gen, pad;
	} target;
	int fd = bpf_map__fd(p->skel->maps.targets);

	if (bpf_map_lookup_elem(fd, &pid, &target))
		return;
	target.gen++;
	bpf_map_update_elem(fd, &pid, &target, BPF_EXIST);
	__atomic_fetch_add(&p->skel->data->generation, 1, __ATOMIC_RELAXED);
}

/* An iterator program runs while somebody reads from it. */
static int walk_threads(struct bpf_program *prog, struct err *err)
{
	struct bpf_link *link = bpf_program__attach_iter(prog, NULL);
	int fd = -1, rc = 0;
	char byte;

	if (link)
		fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0) {
		rc = err_set(err, -errno, "cannot walk the kernel's threads: %s", strerror(errno));
		goto cleanup;
	}
	while ((rc = (int)read(fd, &byte, 1)) > 0 || (rc < 0 && errno == EAGAIN))
		;
	if (rc < 0)
		rc = err_set(err, -errno, "cannot walk the kernel's threads: %s", strerror(errno));
cleanup:
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return rc;
}

/*
 * Twice: a thread that is not found yet may make one whose id the walk has passed, where ids have
 * been through their range once. The second walk finds it, and leaves alone what is known.
 */
int program_seed(struct program *p, struct err *err)
{
	int rc = walk_threads(p->skel->progs.seed_threads, err);

	return rc ? rc : walk_threads(p->skel->progs.seed_threads, err);
}

int program_flush(struct program *p, struct err *err)
{
	return walk_threads(p->skel->progs.flush_threads, err);
}

void program_find_holders(struct program *p, uint64_t now_ns)
{
	uint32_t wanted = __atomic_load_n(&p->skel->bss->holders_wanted, __ATOMIC_RELAXED);

	if (wanted == p->holders_seen || now_ns < p->holders_next)
		return;
	p->holders_seen = wanted;
	p->holders_next = now_ns + HOLDERS_NS;
	/* What comes from now on is for the next time. */
	p->skel->bss->holders_scan =
		__atomic_fetch_add(&p->skel->bss->holders_round, 1, __ATOMIC_SEQ_CST);
	walk_threads(p->skel->progs.find_holders, NULL); /* it is no loss if it fails */
}

/* bpf/maps.bpf.h: PHASE_ON, PHASE_OVER */
void program_go(struct program *p)
{
	__atomic_store_n(&p->skel->bss->phase, 1, __ATOMIC_SEQ_CST);
}

void program_stop(struct program *p)
{
	__atomic_store_n(&p->skel->bss->phase, 2, __ATOMIC_SEQ_CST);
}

bool program_ended(struct program *p, struct wire_batch *rec)
{
	return !bpf_map_lookup_and_delete_elem(bpf_map__fd(p->skel->maps.ended), NULL, rec);
}

void program_detach(struct program *p)
{
	samples_release(&p->samples);
	while (p->links_nr)
		bpf_link__destroy(p->links[--p->links_nr]);
}

/* As in bpf/maps.bpf.h. */
struct cpu_stats {
	uint64_t sent[WIRE_KINDS_MAX], dropped[WIRE_KINDS_MAX], loss[WIRE_KINDS_MAX];
	uint64_t gap_ts, gap_nr, spilled;
};

static bool get_info(const struct bpf_program *prog, struct bpf_prog_info *info)
{
	uint32_t sz = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_program__fd(prog) >= 0 &&
	       !bpf_obj_get_info_by_fd(bpf_program__fd(prog), info, &sz);
}

static uint64_t recursion_misses(const struct program *p)
{
	struct bpf_program *prog;
	struct bpf_prog_info info;
	uint64_t sum = 0;

	bpf_object__for_each_program(prog, p->skel->obj)
	{
		if (get_info(prog, &info))
			sum += info.recursion_misses;
	}
	return sum;
}

/* One a CPU; NULL without memory. To be freed. */
static struct cpu_stats *read_stats(const struct program *p)
{
	struct cpu_stats *cpu = calloc((size_t)p->cpus, sizeof(*cpu));
	uint32_t zero = 0;

	if (cpu && bpf_map_lookup_elem(bpf_map__fd(p->skel->maps.stats), &zero, cpu))
		memset(cpu, 0, (size_t)p->cpus * sizeof(*cpu));
	return cpu;
}

void program_measure(struct program *p)
{
	if (p->stats_fd < 0)
		p->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
}

static void fill_programs(const struct program *p, struct capture_tracer *t)
{
	struct bpf_program *prog;
	struct bpf_prog_info info;

	if (p->stats_fd < 0)
		return;
	bpf_object__for_each_program(prog, p->skel->obj)
	{
		struct tracer_program *row = &t->programs[t->programs_nr];

		if (t->programs_nr == TRACER_ROWS_MAX || !get_info(prog, &info) || !info.run_cnt)
			continue;
		snprintf(row->name, sizeof(row->name), "%s", bpf_program__name(prog));
		row->runs = info.run_cnt;
		row->ns = info.run_time_ns;
		t->programs_nr++;
	}
}

void program_stats(const struct program *p, struct capture_tracer *t)
{
	struct cpu_stats *cpu = read_stats(p);

	fill_programs(p, t);
	for (int c = 0; cpu && c < p->cpus; c++) {
		t->spilled += cpu[c].spilled;
		if (cpu[c].spilled && t->spills_nr < TRACER_ROWS_MAX)
			t->spills[t->spills_nr++] =
				(struct tracer_spill){(uint32_t)c, cpu[c].spilled};
	}
	free(cpu);
}

void program_losses(const struct program *p, struct losses *l)
{
#define KIND_NAME(nr, NAME, type, text) [nr] = #type,
	static const char *const kinds[WIRE_KINDS_MAX] = {WIRE_KINDS(KIND_NAME)};
#define LOSS_NAME(nr, NAME, name, text) [nr] = name,
	static const char *const reasons[WIRE_KINDS_MAX] = {WIRE_LOSSES(LOSS_NAME)};
	struct cpu_stats *cpu = read_stats(p), sum = {};
	char name[64];

	for (int c = 0; cpu && c < p->cpus; c++)
		for (int i = 0; i < WIRE_KINDS_MAX; i++) {
			sum.dropped[i] += cpu[c].dropped[i];
			sum.loss[i] += cpu[c].loss[i];
		}
	sum.loss[WIRE_LOSS_STRING_TABLE] = 0; /* costs time, loses nothing */
	free(cpu);
	sum.loss[WIRE_LOSS_RECURSION] = recursion_misses(p);
	for (int i = 0; i < WIRE_KINDS_MAX; i++) {
		if (!kinds[i])
			continue;
		snprintf(name, sizeof(name), "ring_full_%s", kinds[i] + strlen("wire_"));
		losses_add(l, name, sum.dropped[i]);
	}
	for (int i = 0; i < WIRE_KINDS_MAX; i++)
		if (reasons[i])
			losses_add(l, reasons[i], sum.loss[i]);
}

void program_free(struct program *p)
{
	if (!p)
		return;
	program_detach(p);
	ctrace_bpf__destroy(p->skel);
	if (p->stats_fd >= 0)
		close(p->stats_fd);
	free(p);
}

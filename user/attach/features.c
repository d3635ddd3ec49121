/* SPDX-License-Identifier: MIT */
/*
 * features.c - see features.h. Invariant: what is tried leaves nothing behind: every map, program
 * and link is closed here, and nothing is printed.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "attach/features.h"
#include "attach/uprobes.h"

#define UPROBE_PMU "/sys/bus/event_source/devices/uprobe/"

/* The inodes of the first namespaces: include/linux/proc_ns.h, since 3.8. */
enum { INIT_USER_NS = 0xeffffffd, INIT_PID_NS = 0xeffffffc };

/* The beginning of a file, without the newline at its end; "" if it cannot be read. */
static void read_text(const char *path, char *buf, size_t sz)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, sz - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		n = 0;
	while (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
}

static int read_int(const char *path)
{
	char buf[32];

	read_text(path, buf, sizeof(buf));
	return *buf ? atoi(buf) : -1;
}

static void detect_release(struct features *f)
{
	unsigned int major = 0, minor = 0;
	struct utsname u;

	if (uname(&u))
		return;
	snprintf(f->release, sizeof(f->release), "%s", u.release);
	snprintf(f->machine, sizeof(f->machine), "%s", u.machine);
	if (sscanf(u.release, "%u.%u", &major, &minor) == 2)
		f->version = (int)(major << 8 | minor);
}

static bool has_cap(uint64_t caps, int cap)
{
	return caps >> cap & 1;
}

static struct feature_caps caps_of(uint64_t caps)
{
	bool admin = has_cap(caps, CAP_SYS_ADMIN);

	return (struct feature_caps){
		.bpf = admin || has_cap(caps, CAP_BPF),
		.perfmon = admin || has_cap(caps, CAP_PERFMON),
		.sys_admin = admin,
		.sys_ptrace = has_cap(caps, CAP_SYS_PTRACE),
	};
}

static void detect_user(struct features *f)
{
	unsigned long long caps;
	char line[256];
	FILE *s = fopen("/proc/self/status", "re");

	f->root = geteuid() == 0;
	while (s && fgets(line, sizeof(line), s)) {
		if (sscanf(line, "CapEff: %llx", &caps) == 1)
			f->caps = caps_of(caps);
		if (sscanf(line, "CapBnd: %llx", &caps) == 1)
			f->bounding = caps_of(caps);
	}
	if (s)
		fclose(s);
}

static bool is_namespace(const char *path, ino_t ino)
{
	struct stat st;

	return !stat(path, &st) && st.st_ino == ino;
}

/* "none [integrity] confidentiality": the one in brackets. 5.4, 000d388ed3bb. */
static void detect_lockdown(struct features *f)
{
	char buf[128], *at, *end;

	read_text("/sys/kernel/security/lockdown", buf, sizeof(buf));
	at = strchr(buf, '[');
	end = at ? strchr(at, ']') : NULL;
	if (end)
		snprintf(f->lockdown, sizeof(f->lockdown), "%.*s", (int)(end - at - 1), at + 1);
}

static void detect_container(struct features *f)
{
	static const struct {
		const char *path, *word, *name;
	} marks[] = {
		{"/.dockerenv", NULL, "docker"},
		{"/run/.containerenv", NULL, "podman"},
		{"/proc/1/cgroup", "kubepods", "kubernetes"},
		{"/proc/1/cgroup", "/docker", "docker"},
		{"/proc/1/cgroup", "/lxc", "lxc"},
	};
	const char *env = getenv("container");
	char buf[4096];

	read_text("/run/systemd/container", f->container, sizeof(f->container));
	if (!*f->container && env)
		snprintf(f->container, sizeof(f->container), "%s", env);
	if (*f->container)
		return;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (access(marks[i].path, F_OK))
			continue;
		read_text(marks[i].path, buf, sizeof(buf));
		if (!marks[i].word || strstr(buf, marks[i].word)) {
			snprintf(f->container, sizeof(f->container), "%s", marks[i].name);
			return;
		}
	}
}

/* Loads "return 0". Returns its descriptor or -errno. */
static int load_trivial(enum bpf_prog_type type, uint32_t attach_type, uint32_t btf_id)
{
	const struct bpf_prog_load_opts opts = {
		.sz = sizeof(opts),
		.expected_attach_type = attach_type,
		.attach_btf_id = btf_id,
	};
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(type, "ctrace_try", "GPL", insns, 2, &opts);
}

static enum switch_args switch_args(const struct btf *btf, int id)
{
	const struct btf_type *t = btf__type_by_id(btf, (uint32_t)id);

	t = btf__type_by_id(btf, t->type);	      /* typedef of a pointer … */
	t = t ? btf__type_by_id(btf, t->type) : NULL; /* … to a prototype */
	if (!t || !btf_is_func_proto(t) || btf_vlen(t) < 4)
		return SWITCH_UNKNOWN;
	if (btf_vlen(t) == 4) /* the first is the tracepoint's own void * */
		return SWITCH_NO_STATE;
	t = btf__type_by_id(btf, btf_params(t)[2].type);
	return t && btf_is_ptr(t) ? SWITCH_STATE_LAST : SWITCH_STATE_SECOND;
}

/* Its second argument came with the move in front of exit_mm. */
static bool exit_has_mm(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "btf_trace_sched_process_exit", BTF_KIND_TYPEDEF);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;

	t = t ? btf__type_by_id(btf, t->type) : NULL;
	t = t ? btf__type_by_id(btf, t->type) : NULL;
	return t && btf_is_func_proto(t) && btf_vlen(t) >= 3;
}

static void detect_btf(struct features *f)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int id, fd;

	if (!btf)
		return;
	f->btf = true;
	f->exit_has_mm = exit_has_mm(btf);
	f->prepare_exec =
		btf__find_by_name_kind(btf, "btf_trace_sched_prepare_exec", BTF_KIND_TYPEDEF) > 0;
	id = btf__find_by_name_kind(btf, "btf_trace_sched_switch", BTF_KIND_TYPEDEF);
	if (id > 0) {
		f->switch_args = switch_args(btf, id);
		fd = f->bpf_errno
			     ? -1
			     : load_trivial(BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, (uint32_t)id);
		f->tp_btf = fd >= 0;
		if (fd >= 0)
			close(fd);
	}
	btf__free(btf);
}

/*
 * Loads a program that reads kernel memory. libbpf's probe would do for a helper that does not
 * exist, but not for one that lockdown forbids: since 6.10 the verifier has another text for that
 * ("cannot use helper"), which libbpf 1.1 takes for a yes.
 */
static bool can_read_kernel(void)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = BPF_REG_10},
		{.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 1, .imm = -8},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 8},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_kernel},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "ctrace_try", "GPL", insns,
			       sizeof(insns) / sizeof(insns[0]), NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool has_helper(enum bpf_func_id id)
{
	/* Helpers of kprobe programs are those of all tracing programs, and libbpf can try them. */
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, id, NULL) == 1;
}

static void detect_bpf(struct features *f)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "ctrace_try", 4, 8, 1, NULL);

	f->bpf_errno = fd < 0 ? errno : 0;
	if (fd < 0)
		return;
	close(fd);
	f->ringbuf = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) == 1;
	f->task_storage = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, NULL) == 1;
	f->probe_read_kernel = can_read_kernel();
	f->current_task_btf = has_helper(BPF_FUNC_get_current_task_btf);
	f->task_pt_regs = has_helper(BPF_FUNC_task_pt_regs);
	fd = load_trivial(BPF_PROG_TYPE_KPROBE, UPROBES_ATTACH_TYPE, 0);
	f->uprobe_multi = fd >= 0 && uprobes_has_multi(fd);
	if (fd >= 0)
		close(fd);
}

int features_detect(struct features *f)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL);

	*f = (struct features){
		.init_user_ns = is_namespace("/proc/self/ns/user", INIT_USER_NS),
		.init_pid_ns = is_namespace("/proc/self/ns/pid", INIT_PID_NS),
		.perf_uprobe = !access(UPROBE_PMU "type", F_OK),
		.perf_uprobe_sema = !access(UPROBE_PMU "format/ref_ctr_offset", F_OK),
		.perf_event_paranoid = read_int("/proc/sys/kernel/perf_event_paranoid"),
		.unprivileged_bpf_disabled = read_int("/proc/sys/kernel/unprivileged_bpf_disabled"),
	};
	detect_release(f);
	detect_user(f);
	detect_lockdown(f);
	detect_container(f);
	detect_bpf(f);
	detect_btf(f);
	libbpf_set_print(print);
	return 0;
}

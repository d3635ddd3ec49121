/* SPDX-License-Identifier: MIT */
/*
 * features.h - what this kernel, user and container allow
 *
 *	struct features f;
 *
 *	features_detect(&f);
 *	if (!features_can_trace(&f))
 *		return features_explain_eperm(&f, &err);
 *
 * Each flag is tested by trying it, not by the kernel's version: distributions add features to old
 * kernels and take them out of new ones. Without the right to call bpf() (bpf_errno is not 0)
 * those marked [bpf] cannot be tried and are false.
 */
#ifndef CTRACE_FEATURES_H
#define CTRACE_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* The arguments of the sched_switch tracepoint. */
enum switch_args {
	SWITCH_UNKNOWN,	     /* no BTF */
	SWITCH_NO_STATE,     /* (preempt, prev, next): until 5.17 */
	SWITCH_STATE_SECOND, /* (preempt, prev_state, prev, next): 5.18.0 only; fa2c3254d7cf */
	SWITCH_STATE_LAST,   /* (preempt, prev, next, prev_state): 5.19, 5.18.y; 9c2136be0878 */
};

/* CAP_BPF and CAP_PERFMON are 5.8's; CAP_SYS_ADMIN implies both. */
struct feature_caps {
	bool bpf, perfmon, sys_admin, sys_ptrace;
};

struct features {
	char release[65], machine[65];
	int version; /* 6.18 is 6 << 8 | 18; for hints only */

	/* the kernel */
	bool btf; /* /sys/kernel/btf/vmlinux: 5.4, 341dfcf8d78e */
	enum switch_args switch_args;
	bool exit_has_mm;	/* sched_process_exit runs before the memory is gone: 6.16 */
	bool prepare_exec;	/* sched_prepare_exec: 6.10, 5c5fad46e48c */
	bool ringbuf;		/* [bpf] BPF_MAP_TYPE_RINGBUF: 5.8, 457f44363a88 */
	bool tp_btf;		/* [bpf] programs on tracepoints with BTF: 5.5, 9e15db66136a */
	bool probe_read_kernel; /* [bpf] 5.5, 6ae08ae3dea2; false under lockdown=confidentiality */
	bool task_storage; /* [bpf] 5.11, 4cf1bc1f1045; in tracing programs 5.12, a10787e6d58c */
	bool current_task_btf; /* [bpf] bpf_get_current_task_btf: 5.11, 3ca1032ab7ab */
	bool task_pt_regs;     /* [bpf] bpf_task_pt_regs: 5.15, dd6e10fbd9fb */
	bool uprobe_multi;     /* [bpf] 6.6, 89ae89f53d20; limited to a process: 46ba0e49b642 */
	bool perf_uprobe;      /* uprobes as perf events, without tracefs: 4.17, 33ea4b24277b */
	bool perf_uprobe_sema; /* … with a semaphore: 4.20, a6ca88b241d5 */

	/* the user */
	bool root;
	struct feature_caps caps;     /* effective */
	struct feature_caps bounding; /* what sudo could give */
	int bpf_errno; /* 0: bpf() works; else how the kernel refuses to make a map */

	/* the place */
	bool init_user_ns, init_pid_ns;
	char lockdown[24];	       /* "none", "integrity", "confidentiality"; "" unknown */
	char container[24];	       /* "docker", "podman" …; "" none seen. A guess. */
	int perf_event_paranoid;       /* -1 unknown. For information: neither matters … */
	int unprivileged_bpf_disabled; /* … to a user with the capabilities */
};

/* Fills *f. Returns 0; nothing that could be missing is an error. Takes some 10 ms. */
int features_detect(struct features *f);

/* Whether a trace of another process will work. */
bool features_can_trace(const struct features *f);

/* The capabilities that this user lacks for that, as "CAP_BPF, CAP_PERFMON". Returns buf. */
char *features_lacking_caps(const struct features *f, char *buf, size_t sz);

/*
 * Fills err with the sentence and the hint for a user whom the kernel refused: which capability is
 * missing, or what else stands in the way, and the command that works. Returns -EPERM.
 */
int features_explain_eperm(const struct features *f, struct err *err);

#endif

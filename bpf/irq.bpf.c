/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * irq.bpf.c - interrupts: which softirq a waking comes from, and what they take from threads
 *
 * The first program is always there: it leaves its number where the scheduler's programs find it.
 * The others are loaded with --irq only: they measure each interrupt, and report those that came
 * while a traced thread ran.
 */
#include "emit.bpf.h"
#include "task.bpf.h"

SEC("tp_btf/softirq_entry")
int BPF_PROG(on_softirq_entry, unsigned int nr)
{
	struct cpu_state *c = cpu_here();

	if (!c)
		return 0;
	c->softirq = nr + 1;
	if (count_irqs) {
		c->softirq_ts = bpf_ktime_get_ns();
		c->nested_ns = 0;
	}
	return 0;
}

/* The interrupted thread is current. */
static __always_inline void stolen(u32 flags, u32 nr, u64 ns, u64 now)
{
	struct thread *th = thread_current();
	struct wire_stolen *r;
	struct emit e;

	/* A thread that is being switched out, or in, is not running as far as the trace knows. */
	if (!th || th->off_ts || !emit_open(&e))
		return;
	r = emit_reserve(&e, WIRE_STOLEN, sizeof(*r), flags, th->tid, now);
	if (!r)
		return;
	r->ns = ns > 0xffffffff ? 0xffffffff : ns;
	r->nr = nr;
	emit_submit(&e, r, WIRE_STOLEN);
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(on_softirq_exit, unsigned int nr)
{
	struct cpu_state *c = cpu_here();
	u64 now = bpf_ktime_get_ns(), ns;

	if (!c || !c->softirq_ts)
		return 0;
	ns = now - c->softirq_ts;
	stolen(WIRE_STOLEN_SOFTIRQ, nr, ns > c->nested_ns ? ns - c->nested_ns : 0, now);
	c->softirq_ts = 0;
	return 0;
}

static __always_inline int irq_entry(void)
{
	struct cpu_state *c = cpu_here();

	if (c)
		c->irq_ts = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int irq_exit(u32 nr)
{
	struct cpu_state *c = cpu_here();
	u64 now = bpf_ktime_get_ns();

	if (!c || !c->irq_ts)
		return 0;
	if (c->softirq_ts)
		c->nested_ns += now - c->irq_ts;
	stolen(WIRE_STOLEN_HARDIRQ, nr, now - c->irq_ts, now);
	c->irq_ts = 0;
	return 0;
}

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(on_irq_entry, int irq, struct irqaction *action)
{
	return irq_entry();
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(on_irq_exit, int irq, struct irqaction *action, int ret)
{
	return irq_exit(irq);
}

/* x86: the timer of each CPU has no handler of that kind. */
SEC("tp_btf/local_timer_entry")
int BPF_PROG(on_timer_entry, int vector)
{
	return irq_entry();
}

SEC("tp_btf/local_timer_exit")
int BPF_PROG(on_timer_exit, int vector)
{
	return irq_exit(vector);
}

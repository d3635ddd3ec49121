/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fault.bpf.c - at which address a thread faulted
 *
 * If the thread has to wait for its page, this is what it waits for (offcpu.bpf.h). The tracepoint
 * is there on x86, and on arm64 since 6.16; where it is not, such a wait has no address.
 */
#include "task.bpf.h"

SEC("tp_btf/page_fault_user")
int BPF_PROG(on_page_fault, unsigned long address)
{
	struct thread *th = thread_current();

	if (th)
		th->fault_addr = address;
	return 0;
}

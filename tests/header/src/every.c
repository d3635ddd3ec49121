/* SPDX-License-Identifier: MIT */
/*
 * every.c - every mark once, with no header but ours
 *
 * Is both C and C++. Where the header is for nothing, `marked` must become what `bare` is.
 */
#include <ctrace/ctrace.h>

#ifdef __cplusplus
extern "C" {
#endif
int bare(int x);
int marked(int x);
int main(void);
#ifdef __cplusplus
}
#endif

int bare(int x)
{
	return x + 1;
}

int marked(int x)
{
	CTRACE_REGION("block");
	ctrace_task t = ctrace_task_begin("task");
	ctrace_task c = ctrace_task_begin_child(&t, "child");
	ctrace_task old = ctrace_task_enter(&c);
	ctrace_async a = ctrace_async_begin("async");

	ctrace_task_traceparent(&t, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
	ctrace_region_begin("region");
	ctrace_log("every", "x is %d", x);
	if (ctrace_enabled())
		x--;
	ctrace_region_end("region");
	ctrace_async_end(&a);
	ctrace_task_leave(&old);
	ctrace_task_fail(&c, "on purpose");
	ctrace_task_end(&t);
#ifdef __cplusplus
	ctrace::task guard("guard"), child(guard.get(), "child");
	ctrace::region region("region");

	guard.fail("on purpose");
#endif
	return x + 1;
}

int main(void)
{
	return marked(-1);
}

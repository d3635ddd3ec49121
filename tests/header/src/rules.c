/* SPDX-License-Identifier: MIT */
/*
 * rules.c - every mark, and the rules of the current task, untraced
 *
 * Is both C and C++. Only the public interface is used, so that the rules hold for applications:
 * the current task is seen by entering none and leaving again. Exits 0 if all holds.
 */
#include <ctrace/ctrace.h>
#include <pthread.h>
#include <stdio.h>

static int failures;

#define CHECK(what)                                                                        \
	do {                                                                               \
		if (!(what)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
			failures++;                                                        \
		}                                                                          \
	} while (0)

static uint64_t current(void)
{
	ctrace_task old = ctrace_task_enter(NULL);

	ctrace_task_leave(&old);
	return old.id;
}

static void tasks_nest(void)
{
	ctrace_task a = ctrace_task_begin("a"), b, c;

	CHECK(a.id && !a.parent && current() == a.id);
	b = ctrace_task_begin("b");
	c = ctrace_task_begin("c");
	CHECK(b.parent == a.id && c.parent == b.id && c.id != b.id && b.id != a.id);
	ctrace_task_end(&c);
	CHECK(current() == b.id);
	ctrace_task_fail(&b, "no reason");
	CHECK(current() == a.id);
	ctrace_task_end(&b); /* again: nothing */
	CHECK(current() == a.id);
	ctrace_task_end(&a);
	CHECK(!current());
}

static void an_ended_task_does_not_come_back(void)
{
	ctrace_task z = ctrace_task_begin("z"), a = ctrace_task_begin("a");
	ctrace_task b = ctrace_task_begin("b"), c = ctrace_task_begin("c");

	ctrace_task_end(&a);
	CHECK(current() == c.id);
	ctrace_task_end(&b);
	CHECK(current() == c.id);
	ctrace_task_end(&c);
	CHECK(current() == z.id);
	b = ctrace_task_begin("b");
	ctrace_task_end(&z);
	ctrace_task_end(&b);
	CHECK(!current());
}

static void a_child_does_not_become_current(void)
{
	ctrace_task a = ctrace_task_begin("a");
	ctrace_task b = ctrace_task_begin_child(&a, "b"), r = ctrace_task_begin_child(NULL, "r");
	ctrace_task none = ctrace_task_begin_child(NULL, "none");

	none.id = 0;
	CHECK(current() == a.id && b.parent == a.id && !r.parent);
	CHECK(b.flags & CTRACE_DETACHED && !(b.flags & CTRACE_ROOT) && r.flags & CTRACE_ROOT);
	ctrace_task_end(&b);
	CHECK(current() == a.id);
	b = ctrace_task_begin_child(&none, "b");
	CHECK(!b.parent && b.flags & CTRACE_ROOT);
	ctrace_task_end(&none);
	ctrace_task_end(NULL);
	ctrace_task_end(&b);
	ctrace_task_end(&r);
	ctrace_task_end(&a);
	CHECK(!current());
}

static void enter_and_leave_nest(void)
{
	ctrace_task a = ctrace_task_begin("a"), b = ctrace_task_begin_child(NULL, "b"), in;
	ctrace_task before = ctrace_task_enter(&b), inner;

	CHECK(before.id == a.id && current() == b.id);
	in = ctrace_task_begin("in");
	CHECK(in.parent == b.id);
	inner = ctrace_task_enter(NULL);
	CHECK(inner.id == in.id && !current());
	ctrace_task_leave(&inner);
	CHECK(current() == in.id);
	ctrace_task_end(&in);
	CHECK(current() == b.id);
	ctrace_task_end(&b); /* current by enter: none until leave */
	CHECK(!current());
	ctrace_task_leave(&before);
	CHECK(current() == a.id);

	before = ctrace_task_enter(&a);
	ctrace_task_end(&a);
	CHECK(!current());
	ctrace_task_leave(&before); /* would be a, which has ended */
	CHECK(!current());
}

static void *end_it(void *task)
{
	ctrace_task own = ctrace_task_begin("own");

	ctrace_task_end((const ctrace_task *)task);
	CHECK(current() == own.id);
	ctrace_task_end(&own);
	CHECK(!current());
	own = ctrace_task_enter((const ctrace_task *)task);
	CHECK(!own.id);
	ctrace_task_end((const ctrace_task *)task);
	CHECK(!current());
	ctrace_task_leave(&own);
	return NULL;
}

static void another_thread_may_end_a_task(void)
{
	ctrace_task a = ctrace_task_begin("a"), b = ctrace_task_begin("b");
	pthread_t thread;

	CHECK(!pthread_create(&thread, NULL, end_it, &b));
	CHECK(!pthread_join(thread, NULL));
	CHECK(current() == b.id);
	ctrace_task_end(&b);
	CHECK(current() == a.id);
	ctrace_task_end(&a);
}

static void literals_are_known(void)
{
	static char name[] = "no literal";
	static const char fixed[] = "a literal's copy";
	const char *volatile where = fixed;
	ctrace_task a = ctrace_task_begin("literal"), b = ctrace_task_begin(name);
	ctrace_task c = ctrace_task_begin(where);
	ctrace_async s = ctrace_async_begin("literal"), t = ctrace_async_begin(where);

	CHECK(a.flags & CTRACE_NAME_LITERAL && s.flags & CTRACE_NAME_LITERAL);
	CHECK(!(b.flags & CTRACE_NAME_LITERAL) && !(c.flags & CTRACE_NAME_LITERAL) &&
	      !(t.flags & CTRACE_NAME_LITERAL));
	CHECK(s.id && t.id && s.id != t.id);
	ctrace_async_end(&s);
	ctrace_async_end(&t);
	ctrace_task_end(&c);
	ctrace_task_end(&b);
	ctrace_task_end(&a);
}

static int evaluated;

static int count_up(void)
{
	return ++evaluated;
}

static void the_rest_costs_nothing(void)
{
	ctrace_task a = ctrace_task_begin("a");

	CTRACE_REGION("block");
	ctrace_region_begin("region");
	ctrace_task_traceparent(&a, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
	ctrace_log("test", "%d of %s", count_up(), "them");
	CHECK(!evaluated);
	ctrace_region_end("region");
	ctrace_task_end(&a);
	CHECK(!ctrace_enabled());
}

#ifndef MAIN /* call.c wants another name */
#define MAIN main
#endif
__attribute__((visibility("default"))) int MAIN(void);

int MAIN(void)
{
	tasks_nest();
	an_ended_task_does_not_come_back();
	a_child_does_not_become_current();
	enter_and_leave_nest();
	another_thread_may_end_a_task();
	literals_are_known();
	the_rest_costs_nothing();
	return failures != 0;
}

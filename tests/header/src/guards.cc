/* SPDX-License-Identifier: MIT */
/*
 * guards.cc - the C++ guards, in templates and inline functions too, untraced
 *
 * A second translation unit beside rules.c. Exits the program if something does not hold.
 */
#include <ctrace/ctrace.h>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace
{

void check(bool holds, const char *what)
{
	if (!holds) {
		std::fprintf(stderr, "guards.cc: not so: %s\n", what);
		std::exit(1);
	}
}

uint64_t current()
{
	ctrace_task old = ctrace_task_enter(nullptr);

	ctrace_task_leave(&old);
	return old.id;
}

template <typename T> T in_a_template(T value)
{
	CTRACE_REGION("template");
	ctrace::region plain("plain");
	return value;
}

struct holder {
	ctrace::region member;
	ctrace::task task;
	holder() : member("member"), task("held")
	{
	}
};

void guards()
{
	ctrace::task outer("outer");
	uint64_t id = outer.get()->id;

	check(id && current() == id, "a guard's task is current");
	{
		ctrace::task inner("inner");

		check(inner.get()->parent == id, "guards nest");
		ctrace::task moved(std::move(inner));
		check(current() == moved.get()->id, "a moved task stays current");
		check(!inner.get()->id, "a task that was moved from is none");
		outer = std::move(outer.get() == nullptr ? inner : moved);
		check(current() == outer.get()->id, "assignment ends the old task only");
	}
	check(current() == outer.get()->id, "what was moved away does not end with its block");
	outer.fail("for a reason");
	check(!outer.get()->id && !current(), "fail ends, and the ended do not come back");

	ctrace::task root(nullptr, "root"), child(root.get(), "child");

	check(!current() && child.get()->parent == root.get()->id, "children are detached");
	try {
		holder held;

		in_a_template(1);
		in_a_template("two");
		throw 1;
	} catch (int) {
	}
	check(!current(), "an exception ends the task");
}

struct run {
	run()
	{
		guards();
	}
} before_main;

} // namespace

/* SPDX-License-Identifier: MIT */
/* test_demangle.c - C++ names as people write them; all else as it is */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "attach/demangle.h"

static void expect(const char *name, const char *want)
{
	char *got = demangle(name);

	assert_string_equal(got, want);
	free(got);
}

static void mangled_names_become_readable(void **state)
{
	void *lib = dlopen("libstdc++.so.6", RTLD_LAZY);

	if (!lib)
		skip();
	dlclose(lib);
	expect("_ZN3app6handleERNS_2DbE", "app::handle(app::Db&)");
	expect("_Z6lockedv", "locked()");
}

static void other_names_stay(void **state)
{
	expect("main", "main");
	expect("_Z", "_Z");
	expect("_Znonsense", "_Znonsense");
	expect("", "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(mangled_names_become_readable),
		cmocka_unit_test(other_names_stay),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

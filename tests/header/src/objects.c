/* SPDX-License-Identifier: MIT */
/*
 * objects.c - one thread's task in several translation units, a library and a plugin
 *
 * objects PLUGIN shared|own: whether the plugin is to share the current task with the executable.
 * Built with -DLIBRARY if the library is linked. Exits 0 if all is as said.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "objects.h"

#define THREADS 4
#define IDS	20000

static int failures;

#define CHECK(what)                                                                              \
	do {                                                                                     \
		if (!(what)) {                                                                   \
			fprintf(stderr, "%s:%d: %s: not so: %s\n", __FILE__, __LINE__, __func__, \
				#what);                                                          \
			failures++;                                                              \
		}                                                                                \
	} while (0)

static const struct object *objects[4];
static int nr_objects;
static uint64_t ids[THREADS][IDS];

/* What one object begins, another sees, parents and ends. */
static void check_shared(const struct object *a, const struct object *b)
{
	ctrace_task x = a->begin(NULL), y;

	CHECK(b->current() == x.id);
	y = b->begin(NULL);
	CHECK(y.parent == x.id && a->current() == y.id);
	a->end(&y);
	b->end(&x);
	CHECK(!a->current() && !b->current());
}

/* Objects that have a current task each understand each other's handles. */
static void check_own(const struct object *a, const struct object *b)
{
	ctrace_task x = a->begin(NULL), y, z;

	CHECK(!b->current());
	y = b->begin(&x);
	z = b->begin(NULL);
	CHECK(y.parent == x.id && !z.parent && a->current() == x.id);
	a->end(&z); /* not current there: nothing */
	CHECK(a->current() == x.id && b->current() == z.id);
	b->end(&z);
	b->end(&y);
	a->end(&x);
	CHECK(!a->current() && !b->current());
}

static void *take_ids(void *to)
{
	int i;

	for (i = 0; i < IDS; i++) {
		const struct object *object = objects[i % nr_objects];
		ctrace_task task = object->begin(NULL);

		((uint64_t *)to)[i] = task.id;
		object->end(&task);
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void check_ids(void)
{
	uint64_t *all = ids[0];
	pthread_t threads[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&threads[i], NULL, take_ids, ids[i]));
	for (i = 0; i < THREADS; i++)
		CHECK(!pthread_join(threads[i], NULL));
	qsort(all, THREADS * IDS, sizeof(*all), compare);
	CHECK(all[0] >> 32);
	for (i = 1; i < THREADS * IDS; i++)
		if (all[i] == all[i - 1])
			break;
	CHECK(i == THREADS * IDS);
}

int main(int argc, char **argv)
{
	void *handle = argc == 3 ? dlopen(argv[1], RTLD_NOW) : NULL;
	const struct object *loaded =
		handle ? (const struct object *)dlsym(handle, "plugin") : NULL;

	if (!loaded) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	objects[nr_objects++] = &unit_c;
	objects[nr_objects++] = &unit_cc;
#ifdef LIBRARY
	objects[nr_objects++] = &library;
	check_shared(&unit_c, &library);
	CHECK(library.probes != unit_c.probes && library.probes != loaded->probes);
#endif
	objects[nr_objects++] = loaded;
	check_shared(&unit_c, &unit_cc);
	CHECK(unit_c.probes == unit_cc.probes && unit_c.probes != loaded->probes);
	if (!strcmp(argv[2], "shared"))
		check_shared(&unit_c, loaded);
	else
		check_own(&unit_c, loaded);
	check_ids();
	return failures != 0;
}

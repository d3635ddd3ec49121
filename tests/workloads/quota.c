/* SPDX-License-Identifier: MIT */
/*
 * quota.c - spins in a cgroup that may use a fifth of a CPU: throttled
 *
 * The one thread is bound to one CPU, so that the time for which the kernel counts the group as
 * throttled is the time for which the thread is. The cgroup is of version 1 if its cpu controller
 * is mounted, else of version 2, and is removed at the end. Without either it says "skip". The
 * figures of cpu.stat are read inside the region's edges, while the thread runs: no throttling is
 * open then.
 */
#include <dirent.h>
#include <sched.h>
#include <sys/stat.h>

#include "workload.h"

static char group[256], back[256]; /* our cgroup, and the one to return to */
static int v2;

static int put(const char *dir, const char *file, const char *text)
{
	char path[600];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -1 : 0;
}

static int exists(const char *dir, const char *file)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return !access(path, F_OK);
}

/* The line "key n" of the group's cpu.stat. */
static unsigned long long stat_of(const char *key)
{
	unsigned long long v, found = 0;
	char path[600], name[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/cpu.stat", group);
	f = fopen(path, "re");
	while (f && fscanf(f, "%63s %llu", name, &v) == 2)
		if (!strcmp(name, key))
			found = v;
	if (f)
		fclose(f);
	return found;
}

static uint64_t throttled_ns(void)
{
	return v2 ? stat_of("throttled_usec") * US : stat_of("throttled_time");
}

/* The path of the process's own group in the hierarchy of that controller; "" is version 2's. */
static void own_group(const char *controller, const char *root)
{
	char line[512], *name, *path;
	FILE *f = fopen("/proc/self/cgroup", "re");

	snprintf(back, sizeof(back), "%s", root);
	while (f && fgets(line, sizeof(line), f)) {
		name = strchr(line, ':');
		path = name ? strchr(name + 1, ':') : NULL;
		if (!path)
			continue;
		*path++ = 0;
		path[strcspn(path, "\n")] = 0;
		if (!strcmp(name + 1, controller))
			snprintf(back, sizeof(back), "%.100s%.150s", root, path);
	}
	if (f)
		fclose(f);
}

static int join(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	return put(group, "cgroup.procs", pid);
}

static void leave(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	put(back, "cgroup.procs", pid);
	rmdir(group);
}

/* Returns 0, or -1 if there is no cpu controller that can be used. */
static int enter_quota(void)
{
	static const char *const roots[] = {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct",
					    "/sys/fs/cgroup"};
	static const char *const controllers[] = {"cpu", "cpu,cpuacct", ""};
	int i;

	for (i = 0; i < 3; i++)
		if (exists(roots[i], i < 2 ? "cpu.shares" : "cgroup.controllers"))
			break;
	if (i == 3)
		return -1;
	v2 = i == 2;
	if (v2)
		put(roots[i], "cgroup.subtree_control", "+cpu");
	snprintf(group, sizeof(group), "%s/ctrace-test-%d", roots[i], getpid());
	if (mkdir(group, 0755))
		return -1;
	own_group(controllers[i], roots[i]);
	atexit(leave);
	if (v2)
		return put(group, "cpu.max", "20000 100000") || join();
	return put(group, "cpu.cfs_period_us", "100000") ||
	       put(group, "cpu.cfs_quota_us", "20000") || join();
}

int main(int argc, char **argv)
{
	struct account a = {.name = "quota", .state = "throttled"};
	struct workload w;
	uint64_t before;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (enter_quota() || sched_setaffinity(0, sizeof(set), &set)) {
		printf("skip no cgroup with a cpu controller can be made here\n");
		return 0;
	}
	workload_start(&w, argc, argv);
	MEASURED(&a, "quota", {
		before = throttled_ns();
		spin_ns(w.secs * 1000 * MS);
		a.blocked_ns = throttled_ns() - before;
	});
	account_print(&a);
	return workload_end();
}

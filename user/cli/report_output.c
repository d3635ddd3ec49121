/* SPDX-License-Identifier: MIT */
/* report_output.c - see report_output.h. Invariant: what a name promises is what the file holds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/report_output.h"
#include "cli/same_file.h"
#include "export/events.h"
#include "store/create.h"

enum { KIND_MAX = 4 }; /* letters of an ending that says something */

static const struct {
	const char *end, *name;
	enum report_format format;
} endings[] = {
	{".json", "json", REPORT_JSON},
	{".html", "html", REPORT_HTML},
	{".txt", "text", REPORT_TEXT},
};

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

/* Index of what the name ends in; -1: nothing that says a format. */
static int ending_of(const char *path)
{
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (ends_with(path, endings[i].end))
			return (int)i;
	return -1;
}

/* Whether the name seems to say what kind of file it is: .pdf does, .2 and .Q4JxI7 do not. */
static bool says_kind(const char *path)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *base = strrchr(path, '/'), *dot;
	size_t n;

	base = base ? base + 1 : path;
	dot = strrchr(base, '.');
	if (!dot || dot == base)
		return false;
	n = strspn(dot + 1, letters);
	return n && n <= KIND_MAX && !dot[1 + n];
}

/* has_format: it was said for names that do not say it. */
static int check_one(const struct report_output *v, size_t i, bool has_format,
		     const char *const *inputs, size_t inputs_nr)
{
	const char *path = v[i].path;

	if (same_file_of(path, inputs, inputs_nr))
		return cli_usage("report", "%s is an input: it would be overwritten", path);
	for (size_t j = 0; j < i; j++)
		if (same_file_name(path, v[j].path))
			return cli_usage("report", "-o %s twice", path);
	if (ending_of(path) >= 0)
		return -1;
	if (ends_with(path, ".ctrace"))
		return cli_usage("report", "%s is a capture's name, and this makes a report", path);
	if (events_format_of_file(path))
		return cli_usage("report", "%s is events: ctrace-bpf export FILE -o %s", path,
				 path);
	if (!has_format && says_kind(path))
		return cli_usage("report",
				 "the format of %s is not known: names end in .html, .json or "
				 ".txt, or -f says it",
				 path);
	return -1;
}

int report_outputs_check(struct report_output *v, size_t nr, const enum report_format *given,
			 const char *const *inputs, size_t inputs_nr)
{
	bool used = !given;
	int status, end = -1;

	for (size_t i = 0; i < nr; i++) {
		status = check_one(v, i, given != NULL, inputs, inputs_nr);
		if (status >= 0)
			return status;
		end = ending_of(v[i].path);
		v[i].format = end >= 0 ? endings[end].format : given ? *given : REPORT_TEXT;
		used |= given && v[i].format == *given;
	}
	if (!used) /* then the last one's name says something, too */
		return cli_usage("report", "-f contradicts the name of %s, which is %s",
				 v[nr - 1].path, endings[end].name);
	return -1;
}

int report_outputs_new(const struct report_output *v, size_t nr, struct err *err)
{
	for (size_t i = 0; i < nr; i++) {
		if (!strcmp(v[i].path, "-") || access(v[i].path, F_OK))
			continue;
		err_set(err, -EEXIST, "%s exists already", v[i].path);
		return err_hint(err, "give another name, or --force to replace it");
	}
	return 0;
}

/* The file belongs to the user who called sudo. */
int report_output_open(const struct report_output *o, bool force, FILE **out, struct err *err)
{
	const char *u = getenv("SUDO_UID"), *g = getenv("SUDO_GID");
	bool sudo = geteuid() == 0 && u && g;
	int fd = create_file(o->path, force, sudo ? (uid_t)strtoul(u, NULL, 10) : (uid_t)-1,
			     sudo ? (gid_t)strtoul(g, NULL, 10) : (gid_t)-1, err);

	if (fd < 0)
		return fd;
	*out = fdopen(fd, "w");
	if (!*out) {
		close(fd);
		return err_set(err, -ENOMEM, "not enough memory to write %s", o->path);
	}
	return 0;
}

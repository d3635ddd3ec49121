/* SPDX-License-Identifier: MIT */
/*
 * export.c - `ctrace-bpf export`: a capture for other tools; needs no root
 *
 * An option is one row of the table below, one line of the help text, and one paragraph of
 * man/ctrace-bpf.8.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/human.h"
#include "base/strbuf.h"
#include "base/term.h"
#include "cli/cli.h"
#include "cli/deflated.h"
#include "cli/export.h"
#include "cli/input.h"
#include "cli/otlp.h"
#include "cli/same_file.h"
#include "export/events.h"
#include "export/newer.h"
#include "export/otlp.h"
#include "model/model.h"
#include "store/create.h"
#include "store/reader.h"

static const char usage[] =
	"usage: ctrace-bpf export FILE... -o OUTPUT | --otlp URL [options]\n"
	"\n"
	"Writes the events of a capture for other tools, or sends them.\n"
	"\n"
	"  -o, --output FILE      what its name ends in says what it is, repeatable:\n";

static const char usage_end[] =
	"                         -: stdout, with --as\n"
	"      --as FORMAT        the format of the -o right before it, whatever its name\n"
	"      --from TIME        only from so long after the trace's start: 1.5s, 200ms\n"
	"      --to TIME          only until so long after the trace's start\n"
	"      --force            overwrite files\n"
	"      --otlp URL         send spans to a receiver of OpenTelemetry, such as\n"
	"                         http://localhost:4318; env: as OTEL_EXPORTER_OTLP_* say\n"
	"  -h, --help             this text; more in man 8 ctrace-bpf\n";

enum { OPT_AS = 256, OPT_FROM, OPT_TO, OPT_FORCE, OPT_OTLP };

static const struct option options[] = {
	{"output", required_argument, NULL, 'o'},
	{"as", required_argument, NULL, OPT_AS},
	{"from", required_argument, NULL, OPT_FROM},
	{"to", required_argument, NULL, OPT_TO},
	{"force", no_argument, NULL, OPT_FORCE},
	{"otlp", required_argument, NULL, OPT_OTLP},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void names_of_formats(char *dst, size_t sz)
{
	size_t n = 0;

	for (size_t i = 0; i < events_formats_nr && n < sz; i++)
		n += (size_t)snprintf(dst + n, sz - n, "%s%s",
				      !i			   ? ""
				      : i + 1 == events_formats_nr ? " and "
								   : ", ",
				      events_formats[i].name);
}

int export_format(struct export_output *out, const char *as, struct err *err)
{
	const struct events_format *f = as ? events_format(as) : events_format_of_file(out->path);
	char known[128];

	if (f) {
		out->format = f;
		return 0;
	}
	names_of_formats(known, sizeof(known));
	if (as)
		err_set(err, -EINVAL, "the formats of events are %s, not \"%s\"", known, as);
	else
		err_set(err, -EINVAL, "what is %s to be? the formats of events are %s", out->path,
			known);
	err_hint(err, "end the name in .pftrace, or say which with --as; the summary is ctrace-bpf "
		      "report -f json");
	return -EINVAL;
}

/* --- one run ------------------------------------------------------------------------------- */

struct run {
	const struct export_output *outputs;
	size_t nr;
	struct events_ctx ctx[EXPORTS_MAX];
	struct sink sinks[EXPORTS_MAX];
	struct otlp_resource resource;
	struct input in;
	struct model *model;
};

static bool is_stdout(const struct export_output *out)
{
	return !strcmp(out->path, "-");
}

static int open_output(struct run *r, size_t i, const struct export_files *files, struct err *err)
{
	const struct export_output *out = &r->outputs[i];
	int fd;

	r->sinks[i] = (struct sink){out->format->sink, &r->ctx[i]};
	r->ctx[i].otlp_settings = &r->resource.settings;
	r->ctx[i].take = out->take;
	r->ctx[i].take_to = out->take_to;
	if (out->take)
		return 0;
	if (is_stdout(out) && out->format->coding == EVENTS_PLAIN) {
		r->ctx[i].out = stdout;
		return 0;
	}
	fd = is_stdout(out) ? dup(STDOUT_FILENO)
			    : create_file(out->path, files->overwrite, files->uid, files->gid, err);
	if (fd < 0)
		return is_stdout(out)
			       ? err_set(err, -errno, "cannot write to stdout: %s", strerror(errno))
			       : fd;
	if (out->format->coding != EVENTS_PLAIN) {
		r->ctx[i].out = deflated_open(
			fd, out->format->coding == EVENTS_GZIP ? DEFLATED_GZIP : DEFLATED_PACKETS,
			err);
		return r->ctx[i].out ? 0 : err->code;
	}
	r->ctx[i].out = fdopen(fd, "w");
	if (r->ctx[i].out)
		return 0;
	close(fd);
	unlink(out->path);
	return err_set(err, -ENOMEM, "not enough memory to write %s", out->path);
}

static int close_outputs(struct run *r, int rc, struct err *err)
{
	for (size_t i = 0; i < r->nr; i++) {
		const struct export_output *out = &r->outputs[i];

		events_release(&r->ctx[i]);
		if (!r->ctx[i].out || r->ctx[i].out == stdout)
			continue;
		if (fclose(r->ctx[i].out) && !rc)
			rc = err_set(err, -errno, "cannot write %s: %s", out->path,
				     strerror(errno));
	}
	/* Half an output is worse than none: nothing tells that it is. */
	for (size_t i = 0; rc && i < r->nr; i++)
		if (r->ctx[i].out && !is_stdout(&r->outputs[i]))
			unlink(r->outputs[i].path);
	return rc;
}

/* Outputs do not tell what the file has lost since it was written, or what is not understood. */
static void warn_of_damage(const struct input *in, const struct summary *s)
{
	const struct export_damage d = input_damage(in);
	unsigned long long bytes = d.cut_bytes + d.skipped_bytes;
	unsigned long long parts = d.bad_chunks + d.bad_records;
	char shown[8192], newer[256];
	struct strbuf b;

	if (bytes || parts)
		fprintf(stderr,
			"ctrace-bpf: %s%s is damaged: %llu byte%s and %llu part%s were left out\n",
			term_escape(shown, sizeof(shown), in->paths[0]),
			in->nr > 1 ? ", or another of them," : "", bytes, bytes == 1 ? "" : "s",
			parts, parts == 1 ? "" : "s");
	strbuf_init(&b, newer, sizeof(newer));
	if (newer_words(&b, s->capture, d.unknown_chunks, s->unknown_kinds))
		fprintf(stderr, "ctrace-bpf: %s\n", newer);
}

static void say(uint64_t n, const char *one, const char *more)
{
	char count[HUMAN_SZ];

	human_count(count, n);
	if (n)
		fprintf(stderr, "ctrace-bpf: %s %s\n", count, n == 1 ? one : more);
}

/* Once, however many outputs are of that kind. */
static void say_left_out(const struct run *r)
{
	struct otlp_left_out left;

	for (size_t i = 0; i < r->nr; i++) {
		if (!r->ctx[i].otlp)
			continue;
		otlp_left_out(&r->ctx[i], &left);
		say(left.unsampled, "span is left out: its trace is not sampled",
		    "spans are left out: their traces are not sampled");
		say(left.late, "task has a link to its trace: its traceparent came too late",
		    "tasks have links to their traces: their traceparents came too late");
		say(left.logs, "log is left out: it is outside of any task and region",
		    "logs are left out: they are outside of any task and region");
		return;
	}
}

int export_captures(const char *const *paths, size_t paths_nr, const struct export_output *outputs,
		    size_t nr, const struct export_files *files, struct err *err)
{
	const struct model_opts opts = {0};
	struct run r = {.outputs = outputs, .nr = nr};
	int rc;

	r.in = (struct input){.paths = paths, .nr = paths_nr, .window = files->window};
	rc = input_open(&r.in, err);

	if (!rc)
		rc = otlp_resource_read(&r.resource, otlp_getenv, NULL, err);
	for (size_t i = 0; i < nr && !rc; i++)
		rc = open_output(&r, i, files, err);
	if (rc)
		goto cleanup;
	r.model = model_new(&opts, input_info(&r.in), r.sinks, nr);
	if (r.model)
		rc = model_run(r.model, input_source(&r.in), err);
	else
		rc = err_set(err, -ENOMEM, "not enough memory to explain %s", paths[0]);
	if (!rc) {
		warn_of_damage(&r.in, model_summary(r.model));
		say_left_out(&r);
	}
cleanup:
	rc = close_outputs(&r, rc, err);
	otlp_resource_release(&r.resource);
	model_free(r.model);
	input_release(&r.in);
	return rc;
}

int export_capture(const char *path, const struct export_output *outputs, size_t nr,
		   const struct export_files *files, struct err *err)
{
	return export_captures(&path, 1, outputs, nr, files, err);
}

/* --- the command --------------------------------------------------------------------------- */

struct request {
	const char *const *captures;
	size_t captures_nr;
	struct export_output outputs[EXPORTS_MAX];
	const char *as[EXPORTS_MAX];
	size_t nr;
	const char *otlp; /* URL; NULL: nothing is sent */
	struct export_files files;
	struct cli_window window;
	struct reader_window part;
};

/* Returns -1 to go on, else the exit status. */
static int take_option(struct request *q, int opt, char *const *argv)
{
	switch (opt) {
	case 'o':
		if (q->nr == EXPORTS_MAX)
			return cli_usage("export", "at most %d outputs at a time", EXPORTS_MAX);
		q->outputs[q->nr++].path = optarg;
		return -1;
	case OPT_AS:
		if (!q->nr || q->as[q->nr - 1])
			return cli_usage("export", "--as %s belongs behind an -o", optarg);
		q->as[q->nr - 1] = optarg;
		return -1;
	case OPT_FROM:
	case OPT_TO:
		return cli_window("export", opt == OPT_TO, optarg, &q->window);
	case OPT_FORCE:
		q->files.overwrite = true;
		return -1;
	case OPT_OTLP:
		q->otlp = optarg;
		return -1;
	case ':':
		return cli_usage("export", "%s needs a value", argv[optind - 1]);
	default:
		if (optopt > 0 && optopt < OPT_AS)
			return cli_usage("export", "there is no option -%c", optopt);
		return cli_usage("export", "there is no option %s", argv[optind - 1]);
	}
}

static void help(void)
{
	fputs(usage, stdout);
	for (size_t i = 0; i < events_formats_nr; i++)
		printf("                           .%-10s %s\n", events_formats[i].name,
		       events_formats[i].text);
	fputs(usage_end, stdout);
}

static int check(struct request *q, int argc, char *const *argv)
{
	struct err err = {0};

	if (optind == argc)
		return cli_usage("export", "which capture? name its file");
	q->captures = (const char *const *)argv + optind;
	q->captures_nr = (size_t)(argc - optind);
	if (q->captures_nr > 1 && (q->window.given || q->otlp))
		return cli_usage("export", "--%s is for one capture",
				 q->otlp ? "otlp" : "from and --to");
	for (size_t i = 0; i < q->captures_nr; i++)
		if (otlp_is_spans(q->captures[i]) &&
		    (q->captures_nr > 1 || q->nr || q->window.given))
			return cli_usage("export",
					 "%s has spans, which can only be sent: --otlp URL",
					 q->captures[i]);
	if (q->window.given && q->window.from_ns >= q->window.to_ns)
		return cli_usage("export", "--to is to be later than --from");
	q->part = (struct reader_window){q->window.from_ns, q->window.to_ns};
	q->files.window = q->window.given ? &q->part : NULL;
	if (!q->nr && !q->otlp)
		return cli_usage("export", "where to? -o FILE, or --otlp URL");
	for (size_t i = 0; i < q->nr; i++) {
		if (export_format(&q->outputs[i], q->as[i], &err)) {
			cli_fail(&err);
			return 2;
		}
		if (same_file_of(q->outputs[i].path, q->captures, q->captures_nr))
			return cli_usage("export", "%s is an input: it would be overwritten",
					 q->outputs[i].path);
		for (size_t j = 0; j < i; j++)
			if (same_file_name(q->outputs[i].path, q->outputs[j].path))
				return cli_usage("export", "-o %s twice", q->outputs[i].path);
	}
	return -1;
}

static int parse(struct request *q, int argc, char **argv)
{
	int opt, status;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":o:h", options, NULL)) != -1) {
		if (opt == 'h') {
			help();
			return 0;
		}
		status = take_option(q, opt, argv);
		if (status >= 0)
			return status;
	}
	return check(q, argc, argv);
}

/* Files belong to the user who called sudo. */
static void set_owner(struct export_files *f)
{
	const char *u = getenv("SUDO_UID"), *g = getenv("SUDO_GID");
	bool sudo = geteuid() == 0 && u && g;

	f->uid = sudo ? (uid_t)strtoul(u, NULL, 10) : (uid_t)-1;
	f->gid = sudo ? (gid_t)strtoul(g, NULL, 10) : (gid_t)-1;
}

static int write_files(const struct request *q, struct err *err)
{
	int rc = export_captures(q->captures, q->captures_nr, q->outputs, q->nr, &q->files, err);

	for (size_t i = 0; i < q->nr && !rc; i++)
		if (!is_stdout(&q->outputs[i]))
			cli_wrote(q->outputs[i].path);
	return rc;
}

int cmd_export(int argc, char **argv)
{
	struct otlp_sender sender = {0};
	struct request q = {0};
	struct err err = {0};
	int rc = 0, status = parse(&q, argc, argv);

	if (status >= 0)
		return status;
	set_owner(&q.files);
	if (q.otlp && otlp_sender_open(&sender, q.otlp, &err))
		return cli_fail(&err);
	if (q.nr)
		rc = write_files(&q, &err);
	if (!rc && q.otlp)
		rc = otlp_sender_send(&sender, q.captures[0], &q.files, &err);
	otlp_sender_release(&sender);
	if (rc < 0 && err.code != -EPIPE)
		cli_fail(&err);
	return rc != 0;
}

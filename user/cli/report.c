/* SPDX-License-Identifier: MIT */
/*
 * report.c - `ctrace-bpf report`: explains a capture again; needs no root
 *
 * An option is one row of the table below, one line of the help text, and one paragraph of
 * man/ctrace-bpf.8.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/err.h"
#include "base/term.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/no_name.h"
#include "cli/report.h"
#include "cli/report_output.h"
#include "export/diff_out.h"
#include "export/export.h"
#include "export/text_tracer.h"
#include "model/diff.h"
#include "model/model.h"
#include "store/reader.h"

static const char usage[] =
	"usage: ctrace-bpf report FILE... [options]\n"
	"       ctrace-bpf report --diff FILE FILE [options]\n"
	"\n"
	"Explains a capture: for every task and region how long it took and what it waited for.\n"
	"\n"
	"  -f, --format text|json|html  what goes to stdout, and to files of other names\n"
	"  -o, --output FILE      to a file instead of stdout: .html, .json or .txt; -: stdout;\n"
	"                         repeatable\n"
	"      --force            overwrite files\n"
	"      --diff             compare two captures, name by name: what changed most first\n"
	"      --task NAME        only tasks of this name\n"
	"      --region NAME      only regions of this name\n"
	"      --min TIME         only tasks that took at least this long: 5ms, 1s\n"
	"      --from TIME        only from so long after the trace's start: 1.5s, 200ms\n"
	"      --to TIME          only until so long after the trace's start\n"
	"      --slowest N        tell the N slowest tasks of every name, not just the slowest "
	"one\n"
	"                         of the five slowest names\n"
	"      --stats            say on stderr what tracing took\n"
	"  -h, --help             this text; more in man 8 ctrace-bpf, man 5 ctrace-bpf.json\n";

enum {
	OPT_TASK = 256,
	OPT_REGION,
	OPT_MIN,
	OPT_SLOWEST,
	OPT_FROM,
	OPT_TO,
	OPT_FORCE,
	OPT_STATS,
	OPT_DIFF
};

static const struct option options[] = {
	{"format", required_argument, NULL, 'f'},
	{"output", required_argument, NULL, 'o'},
	{"force", no_argument, NULL, OPT_FORCE},
	{"diff", no_argument, NULL, OPT_DIFF},
	{"task", required_argument, NULL, OPT_TASK},
	{"region", required_argument, NULL, OPT_REGION},
	{"min", required_argument, NULL, OPT_MIN},
	{"slowest", required_argument, NULL, OPT_SLOWEST},
	{"from", required_argument, NULL, OPT_FROM},
	{"to", required_argument, NULL, OPT_TO},
	{"stats", no_argument, NULL, OPT_STATS},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

#define SLOWEST_MAX 1000

struct request {
	const char *const *captures;
	size_t captures_nr; /* two of --diff are compared, else they are one */
	struct report_output outputs[REPORT_OUTPUTS_MAX]; /* at least one, once parsed */
	size_t outputs_nr;
	bool format_given, force, stats, diff;
	struct report_opts opts;
	struct cli_window window;
};

/* Piped to a pager, a report is as wide as the terminal that shows it. */
static int width_of(FILE *out)
{
	int fd = fileno(out);

	if (isatty(fd))
		return term_width(fd);
	return isatty(STDERR_FILENO) || getenv("COLUMNS") ? term_width(STDERR_FILENO) : 100;
}

/* A capture that has been read: what is printed comes from it. */
struct explained {
	struct input in;
	struct model *m;
	struct html_ctx html; /* for that format only */
};

static void explained_release(struct explained *x)
{
	html_release(&x->html);
	model_free(x->m);
	input_release(&x->in);
}

static int print(const struct report_opts *opts, struct explained *x, FILE *out, struct err *err)
{
	const struct summary *s = model_summary(x->m);
	const struct export_filter filter = {opts->task, opts->region, opts->min_ns};
	const struct export_damage damage = input_damage(&x->in);
	struct text_ctx text = {.out = out,
				.width = width_of(out),
				.color = term_color(fileno(out)),
				.slowest = opts->slowest,
				.filter = filter,
				.damage = damage};
	struct json_ctx json = {.out = out, .filter = filter, .damage = damage};

	x->html.out = out;
	x->html.damage = damage;
	if (opts->format == REPORT_HTML)
		return html_write(&x->html, s, err);
	if (opts->format == REPORT_JSON)
		return json_sink.end(&json, s, err);
	return text_sink.end(&text, s, err);
}

/* A page has room for more stories than a screen. */
#define HTML_SLOWEST 24

static int explain(const char *const *paths, size_t nr, const struct report_opts *opts,
		   struct explained *x, struct err *err)
{
	const bool html = opts->format == REPORT_HTML;
	const struct sink sink = {&html_sink, &x->html};
	const struct model_opts mo = {
		.slowest = html && opts->slowest < HTML_SLOWEST ? HTML_SLOWEST : opts->slowest,
		.task = opts->task,
		.region = opts->region,
		.min_ns = opts->min_ns,
	};
	const struct reader_window w = {opts->from_ns, opts->to_ns};
	int rc;

	x->in = (struct input){.paths = paths, .nr = nr, .window = opts->window ? &w : NULL};
	rc = input_open(&x->in, err);
	if (rc)
		return rc;
	x->html.filter = (struct export_filter){opts->task, opts->region, opts->min_ns};
	x->m = model_new(&mo, input_info(&x->in), html ? &sink : NULL, html);
	if (!x->m)
		return err_set(err, -ENOMEM, "not enough memory to explain %s", paths[0]);
	return model_run(x->m, input_source(&x->in), err);
}

static void say_no_name(const struct report_opts *opts, const struct explained *x,
			const struct explained *y)
{
	const struct summary *traces[] = {model_summary(x->m), y ? model_summary(y->m) : NULL};

	no_name_say(opts, traces, y ? 2 : 1);
}

int report_captures(const char *const *paths, size_t nr, const struct report_opts *opts, FILE *out,
		    struct err *err)
{
	struct explained x = {};
	int rc = explain(paths, nr, opts, &x, err);

	if (!rc && out == stdout) /* of a trace, once: that is always written */
		say_no_name(opts, &x, NULL);
	if (!rc)
		rc = print(opts, &x, out, err);
	explained_release(&x);
	return rc;
}

int report_capture(const char *path, const struct report_opts *opts, FILE *out, struct err *err)
{
	return report_captures(&path, 1, opts, out, err);
}

int report_stats(const char *path, FILE *out, struct err *err)
{
	struct reader *r = NULL;
	int rc = reader_open(&r, path, err);

	if (rc)
		return rc;
	fputc('\n', out);
	if (tracer_text(reader_info(r), out))
		rc = err_set(err, -ENOMEM, "not enough memory to say what tracing took");
	reader_free(r);
	return rc;
}

bool report_format(const char *name, enum report_format *format)
{
	static const char *const names[] = {
		[REPORT_TEXT] = "text", [REPORT_JSON] = "json", [REPORT_HTML] = "html"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		*format = (enum report_format)i;
		return true;
	}
	return false;
}

/* Returns -1 to go on, else the exit status. */
static int take_format(struct request *q, const char *arg)
{
	q->format_given = true;
	if (!report_format(arg, &q->opts.format))
		return cli_usage("report", "the formats are " REPORT_FORMATS ", not \"%s\"", arg);
	return -1;
}

static int take_slowest(struct request *q, const char *arg)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(arg, &end, 10);
	if (errno || *end || *arg < '0' || *arg > '9' || !n || n > SLOWEST_MAX)
		return cli_usage("report", "--slowest takes a number from 1 to %d, not \"%s\"",
				 SLOWEST_MAX, arg);
	q->opts.slowest = (uint32_t)n;
	return -1;
}

static int take_min(struct request *q, const char *arg)
{
	struct err err = {0};

	if (duration_parse(arg, &q->opts.min_ns, &err))
		return cli_usage("report", "--min: %s", err.text);
	return -1;
}

static int take_option(struct request *q, int opt, char *const *argv)
{
	switch (opt) {
	case 'f':
		return take_format(q, optarg);
	case OPT_SLOWEST:
		return take_slowest(q, optarg);
	case OPT_MIN:
		return take_min(q, optarg);
	case OPT_FROM:
	case OPT_TO:
		return cli_window("report", opt == OPT_TO, optarg, &q->window);
	case 'o':
		if (q->outputs_nr == REPORT_OUTPUTS_MAX)
			return cli_usage("report", "at most %d outputs at a time",
					 REPORT_OUTPUTS_MAX);
		q->outputs[q->outputs_nr++].path = optarg;
		return -1;
	case OPT_TASK:
		q->opts.task = optarg;
		return -1;
	case OPT_REGION:
		q->opts.region = optarg;
		return -1;
	case OPT_DIFF:
		q->diff = true;
		return -1;
	case OPT_FORCE:
		q->force = true;
		return -1;
	case OPT_STATS:
		q->stats = true;
		return -1;
	case ':':
		return cli_usage("report", "%s needs a value", argv[optind - 1]);
	default:
		if (optopt > 0 && optopt < OPT_TASK)
			return cli_usage("report", "there is no option -%c", optopt);
		return cli_usage("report", "there is no option %s", argv[optind - 1]);
	}
}

static int parse(struct request *q, int argc, char **argv)
{
	int opt, status;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":f:o:h", options, NULL)) != -1) {
		if (opt == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		status = take_option(q, opt, argv);
		if (status >= 0)
			return status;
	}
	if ((q->opts.task && !*q->opts.task) || (q->opts.region && !*q->opts.region))
		return cli_usage("report", "--task and --region take a name, not \"\"");
	if (optind == argc)
		return cli_usage("report", "which capture? name its file");
	if (q->diff && optind + 2 != argc)
		return cli_usage("report", "--diff takes two captures");
	q->captures = (const char *const *)argv + optind;
	q->captures_nr = (size_t)(argc - optind);
	if (!q->diff && q->captures_nr > 1 && (q->window.given || q->stats))
		return cli_usage("report", "--%s is for one capture",
				 q->stats ? "stats" : "from and --to");
	if (q->window.given && q->window.from_ns >= q->window.to_ns)
		return cli_usage("report", "--to is to be later than --from");
	q->opts.window = q->window.given;
	q->opts.from_ns = q->window.from_ns;
	q->opts.to_ns = q->window.to_ns;
	if (!q->outputs_nr)
		q->outputs[q->outputs_nr++].path = "-";
	status = report_outputs_check(q->outputs, q->outputs_nr,
				      q->format_given ? &q->opts.format : NULL, q->captures,
				      q->captures_nr);
	if (status >= 0)
		return status;
	for (size_t i = 0; i < q->outputs_nr; i++)
		if (q->diff && q->outputs[i].format == REPORT_HTML)
			return cli_usage("report", "--diff makes text and json, no html");
	return -1;
}

static int print_diff(const struct report_opts *opts, struct explained *a, struct explained *b,
		      FILE *out, struct err *err)
{
	const struct export_filter filter = {opts->task, opts->region, opts->min_ns};
	const struct diff_damage damage = {input_damage(&a->in), input_damage(&b->in)};
	struct text_ctx text = {.out = out,
				.width = width_of(out),
				.color = term_color(fileno(out)),
				.filter = filter};
	struct json_ctx json = {.out = out, .filter = filter};
	struct diff d;
	int rc;

	if (diff_make(&d, model_summary(a->m), model_summary(b->m)))
		return err_set(err, -ENOMEM, "not enough memory to compare the captures");
	rc = opts->format == REPORT_JSON ? diff_json(&json, &d, &damage, err)
					 : diff_text(&text, &d, &damage, err);
	diff_release(&d);
	return rc;
}

/* A file is made when there is something to write. */
static int report(const struct request *q, const struct report_output *output, struct err *err)
{
	const bool to_file = strcmp(output->path, "-") != 0;
	struct report_opts opts = q->opts;
	struct explained x = {}, y = {};
	FILE *out = to_file ? NULL : stdout;
	int rc;

	opts.format = output->format;
	rc = explain(q->captures, q->diff ? 1 : q->captures_nr, &opts, &x, err);
	if (!rc && q->diff)
		rc = explain(q->captures + 1, 1, &opts, &y, err);
	if (!rc && output == q->outputs)
		say_no_name(&opts, &x, q->diff ? &y : NULL);
	if (!rc && to_file)
		rc = report_output_open(output, q->force, &out, err);
	if (!rc && q->diff)
		rc = print_diff(&opts, &x, &y, out, err);
	else if (!rc)
		rc = print(&opts, &x, out, err);
	if (to_file && out && fclose(out) && !rc)
		rc = err_set(err, -errno, "cannot write %s: %s", output->path, strerror(errno));
	explained_release(&x);
	explained_release(&y);
	return rc;
}

int cmd_report(int argc, char **argv)
{
	struct request q = {0};
	struct err err = {0};
	int rc = 0, status = parse(&q, argc, argv);

	if (status >= 0)
		return status;
	if (!q.force)
		rc = report_outputs_new(q.outputs, q.outputs_nr, &err);
	/* Each on its own: what is in one does not depend on what else is written. */
	for (size_t i = 0; i < q.outputs_nr && !rc; i++)
		rc = report(&q, &q.outputs[i], &err);
	for (size_t i = 0; i < q.outputs_nr && !rc; i++)
		if (strcmp(q.outputs[i].path, "-") != 0)
			cli_wrote(q.outputs[i].path);
	if (!rc && q.stats)
		rc = report_stats(q.captures[0], stderr, &err);
	return rc ? cli_fail(&err) : 0;
}

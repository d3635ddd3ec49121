/* SPDX-License-Identifier: MIT */
/*
 * record_opts.c - see record_opts.h
 *
 * An option is one row of the table below, one line of the help text, and one paragraph of
 * man/ctrace-bpf.8.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/proc.h"
#include "base/duration.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/record_opts.h"
#include "cli/same_file.h"
#include "export/events.h"

static const char usage[] =
	"usage: ctrace-bpf -p PID[,NAME] [-d 5s] [options]     trace running processes\n"
	"       ctrace-bpf [-d 5s] [options] -- COMMAND ...    start a command and trace it\n"
	"       ctrace-bpf report|export|list|doctor ...       each has -h; also help, version\n"
	"\n"
	"Says for every task and region of a program how long it took and what it waited for.\n"
	"\n"
	"what to trace\n"
	"  -p, --pid LIST         process ids or names, separated by commas; repeatable\n"
	"      --no-follow        not the processes that they fork\n"
	"      --syscalls         count system calls and their CPU time, too; that costs each call "
	"of\n"
	"                         the machine 150 to 300 ns, and what they wait for is told "
	"without\n"
	"      --no-syscalls      do not: the default\n"
	"      --irq              measure what interrupts take from running threads\n"
	"  -g, --stacks           call stacks: where threads wait, and where they run\n"
	"how long\n"
	"  -d, --duration TIME    5, 5s, 500ms, 1m; without it until Ctrl-C or the end of the "
	"target\n"
	"what comes out (always a capture; its report on stdout)\n"
	"  -o, --output FILE      .ctrace: the capture's name; .html: a page to look at; .json: "
	"the\n"
	"                         summary; .txt: the report; .pftrace, .jsonl, .otlp.jsonl, "
	".otlp.pb,\n"
	"                         .csv: events for other tools, as of ctrace-bpf export; -: "
	"stdout;\n"
	"                         repeatable\n"
	"      --as FORMAT        the format of the -o right before it, whatever its name\n"
	"      --otlp URL         then send spans to a receiver of OpenTelemetry, such as\n"
	"                         http://localhost:4318; env: as OTEL_EXPORTER_OTLP_* say\n"
	"  -f, --format text|json|html  what goes to stdout\n"
	"      --task NAME        only tasks of this name         --region NAME  only this region\n"
	"      --slowest N        stories of slow tasks a name    --min TIME     only tasks that "
	"long\n"
	"      --force            overwrite files\n"
	"      --strict           exit with 3 if anything was lost\n"
	"  -q, --quiet            no progress, no closing line\n"
	"fine tuning\n"
	"      --stats            say on stderr what tracing took, and measure the BPF programs,\n"
	"                         which costs each of their runs some 20 ns\n"
	"      --ring-size SIZE   bytes of each ring buffer: 64K, 8M\n"
	"      --slow-call TIME   with --syscalls: record calls that last this long (10ms); those\n"
	"                         that block always are\n"
	"      --marks batched|direct  how marks are taken: as each thread wrote them, or by a\n"
	"                         probe each, which costs 10 to 200 times as much (batched)\n"
	"      --mark-clock tsc|monotonic  what batched marks take the time from: the processor's\n"
	"                         counter, or the kernel, at 20 ns more (tsc where it is safe)\n"
	"      --compress 0..9    of the capture: 0, the default, stores differences; 1 to 9 "
	"deflate\n"
	"                         them too: a quarter less for 15 times the CPU time\n"
	"  -h, --help             this text; more in man 8 ctrace-bpf\n"
	"  -V, --version\n";

enum {
	OPT_TASK = 256,
	OPT_AS,
	OPT_OTLP,
	OPT_REGION,
	OPT_SLOWEST,
	OPT_MIN,
	OPT_FORCE,
	OPT_STRICT,
	OPT_NO_FOLLOW,
	OPT_SYSCALLS,
	OPT_NO_SYSCALLS,
	OPT_IRQ,
	OPT_RING_SIZE,
	OPT_SLOW_CALL,
	OPT_COMPRESS,
	OPT_STATS,
	OPT_MARKS,
	OPT_MARK_CLOCK,
};

static const struct option options[] = {
	{"pid", required_argument, NULL, 'p'},
	{"duration", required_argument, NULL, 'd'},
	{"output", required_argument, NULL, 'o'},
	{"format", required_argument, NULL, 'f'},
	{"stacks", no_argument, NULL, 'g'},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{"as", required_argument, NULL, OPT_AS},
	{"otlp", required_argument, NULL, OPT_OTLP},
	{"task", required_argument, NULL, OPT_TASK},
	{"region", required_argument, NULL, OPT_REGION},
	{"slowest", required_argument, NULL, OPT_SLOWEST},
	{"min", required_argument, NULL, OPT_MIN},
	{"force", no_argument, NULL, OPT_FORCE},
	{"strict", no_argument, NULL, OPT_STRICT},
	{"no-follow", no_argument, NULL, OPT_NO_FOLLOW},
	{"syscalls", no_argument, NULL, OPT_SYSCALLS},
	{"no-syscalls", no_argument, NULL, OPT_NO_SYSCALLS},
	{"irq", no_argument, NULL, OPT_IRQ},
	{"ring-size", required_argument, NULL, OPT_RING_SIZE},
	{"slow-call", required_argument, NULL, OPT_SLOW_CALL},
	{"compress", required_argument, NULL, OPT_COMPRESS},
	{"stats", no_argument, NULL, OPT_STATS},
	{"marks", required_argument, NULL, OPT_MARKS},
	{"mark-clock", required_argument, NULL, OPT_MARK_CLOCK},
	{NULL, 0, NULL, 0},
};

/* Whole number in [min, max]; -EINVAL with a sentence. */
static int parse_number(const char *what, const char *s, unsigned long min, unsigned long max,
			unsigned long *out, struct err *err)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(s, &end, 10);
	if (errno || end == s || *end || *s == '-' || v < min || v > max)
		return err_set(err, -EINVAL, "%s takes a whole number from %lu to %lu, not \"%s\"",
			       what, min, max, s);
	*out = v;
	return 0;
}

/* A ring's size: a power of 2 from 4K to 1G, with K, M or G. */
static int parse_size(const char *s, uint64_t *out, struct err *err)
{
	char *end;
	uint64_t v;

	errno = 0;
	v = strtoull(s, &end, 10);
	if (end != s && *s != '-' && !errno && v <= (1u << 30)) {
		if (*end == 'K' || *end == 'k')
			v <<= 10, end++;
		else if (*end == 'M' || *end == 'm')
			v <<= 20, end++;
		else if (*end == 'G' || *end == 'g')
			v <<= 30, end++;
		if (!*end && v >= 4096 && v <= (1u << 30) && !(v & (v - 1))) {
			*out = v;
			return 0;
		}
	}
	return err_set(err, -EINVAL,
		       "a ring's size is a power of 2 from 4K to 1G (64K, 8M), not \"%s\"", s);
}

static const char *extension(const char *path)
{
	const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');

	return dot && (!slash || dot > slash) ? dot + 1 : "";
}

static int add_output(struct record_opts *o, const char *path, struct err *err)
{
	if (!strcmp(extension(path), "ctrace")) {
		if (o->capture)
			return err_set(err, -EINVAL,
				       "only one capture can be written, not %s and %s", o->capture,
				       path);
		o->capture = path;
		return 0;
	}
	if (o->outputs_nr == OUTPUTS_MAX)
		return err_set(err, -EINVAL, "at most %d outputs can be written", OUTPUTS_MAX);
	o->outputs[o->outputs_nr++].path = path;
	return 0;
}

static int set_as(struct record_opts *o, const char *as, struct err *err)
{
	if (!o->outputs_nr || o->outputs[o->outputs_nr - 1].as)
		return err_set(err, -EINVAL, "--as %s belongs behind an -o", as);
	o->outputs[o->outputs_nr - 1].as = as;
	return 0;
}

static int set_format(const struct record_opts *o, struct output *out, struct err *err)
{
	const char *name = out->as ? out->as : extension(out->path);

	/* N.B. .json is the summary here; `export` has no other use for it than the events. */
	if (!strcmp(out->path, "-") && !out->as) {
		out->format = o->report.format;
		return 0;
	}
	if (report_format(strcmp(name, "txt") != 0 ? name : "text", &out->format))
		return 0;
	out->events = out->as ? events_format(name) : events_format_of_file(out->path);
	if (out->events)
		return 0;
	if (out->as)
		err_set(err, -EINVAL, "there is no format \"%s\"", out->as);
	else
		err_set(err, -EINVAL,
			"the format of %s is not known: names end in .ctrace, .html, .json or "
			".txt, or as those of ctrace-bpf export",
			out->path);
	return -EINVAL;
}

static int parse_format(const char *s, enum report_format *format, struct err *err)
{
	if (report_format(s, format))
		return 0;
	return err_set(err, -EINVAL, "the formats are " REPORT_FORMATS ", not \"%s\"", s);
}

static int parse_marks(const char *s, bool *direct, struct err *err)
{
	*direct = !strcmp(s, "direct");
	if (*direct || !strcmp(s, "batched"))
		return 0;
	return err_set(err, -EINVAL, "marks are taken batched or direct, not \"%s\"", s);
}

static int parse_mark_clock(const char *s, enum session_clock *clock, struct err *err)
{
	*clock = !strcmp(s, "tsc") ? SESSION_CLOCK_TSC : SESSION_CLOCK_MONOTONIC;
	if (*clock == SESSION_CLOCK_TSC || !strcmp(s, "monotonic"))
		return 0;
	return err_set(err, -EINVAL, "the clocks of marks are tsc and monotonic, not \"%s\"", s);
}

static int take_option(struct record_opts *o, int opt, const char *arg, struct err *err)
{
	unsigned long n = 0;
	int rc = 0;

	switch (opt) {
	case 'p':
		return proc_resolve(arg, (uint32_t)getpid(), &o->pids, &o->pids_nr, err);
	case 'd':
		return duration_parse(arg, &o->duration_ns, err);
	case 'o':
		return add_output(o, arg, err);
	case OPT_AS:
		return set_as(o, arg, err);
	case 'f':
		return parse_format(arg, &o->report.format, err);
	case OPT_MIN:
		return duration_parse(arg, &o->report.min_ns, err);
	case OPT_SLOW_CALL:
		return duration_parse(arg, &o->slow_ns, err);
	case OPT_RING_SIZE:
		return parse_size(arg, &o->ring_sz, err);
	case OPT_SLOWEST:
		rc = parse_number("--slowest", arg, 1, 1000, &n, err);
		o->report.slowest = (uint32_t)n;
		return rc;
	case OPT_COMPRESS:
		rc = parse_number("--compress", arg, 0, 9, &n, err);
		o->compress = (int)n;
		return rc;
	case OPT_OTLP:
		o->otlp = arg;
		break;
	case OPT_MARKS:
		return parse_marks(arg, &o->direct_marks, err);
	case OPT_MARK_CLOCK:
		return parse_mark_clock(arg, &o->mark_clock, err);
	case OPT_TASK:
		o->report.task = arg;
		break;
	case OPT_REGION:
		o->report.region = arg;
		break;
	case OPT_FORCE:
		o->overwrite = true;
		break;
	case OPT_STRICT:
		o->strict = true;
		break;
	case OPT_NO_FOLLOW:
		o->no_follow = true;
		break;
	case OPT_SYSCALLS:
		o->syscalls = true;
		break;
	case OPT_NO_SYSCALLS:
		o->syscalls = false;
		break;
	case OPT_IRQ:
		o->irq = true;
		break;
	case OPT_STATS:
		o->stats = true;
		break;
	case 'g':
		o->stacks = true;
		break;
	case 'q':
		o->quiet = true;
		break;
	default:
		break;
	}
	return 0;
}

/* CTRACE_FORCE=hash,perf-uprobe makes a new kernel do what an old one needs. */
static void take_environment(struct record_opts *o)
{
	const char *s = getenv("CTRACE_FORCE");

	o->force_hash = s && strstr(s, "hash");
	o->force_perf = s && strstr(s, "perf-uprobe");
}

static int check(const struct record_opts *o, int argc, char **argv)
{
	if ((o->report.task && !*o->report.task) || (o->report.region && !*o->report.region))
		return cli_usage("", "--task and --region take a name, not \"\"");
	if (!o->command && optind < argc)
		return cli_usage("", "%s is not an option (a command to start goes behind --)",
				 argv[optind]);
	if (o->command && o->pids_nr)
		return cli_usage("", "either -p or a command to start, not both");
	if (o->direct_marks && o->mark_clock != SESSION_CLOCK_AUTO)
		return cli_usage("", "--mark-clock is for batched marks, not for --marks direct");
	if (!o->command && !o->pids_nr)
		return cli_usage("", "what shall be traced? -p PID, or -- COMMAND");
	return -1;
}

int record_opts_parse(struct record_opts *o, int argc, char **argv)
{
	struct err err = {};
	int opt;

	memset(o, 0, sizeof(*o));
	o->report.format = REPORT_TEXT;
	take_environment(o);
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "+:p:d:o:f:gqhV", options, NULL)) != -1) {
		if (opt == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		if (opt == 'V') {
			printf("ctrace-bpf %s\n", CTRACE_VERSION);
			return 0;
		}
		if (opt == '?' || opt == ':')
			return cli_usage("",
					 opt == ':' ? "%s needs a value" : "there is no option %s",
					 argv[optind - 1]);
		if (optarg && optarg == argv[optind - 1] && !strcmp(optarg, "--"))
			return cli_usage("", "%s needs a value", argv[optind - 2]);
		if (take_option(o, opt, optarg, &err)) {
			cli_fail(&err);
			return err.code == -EINVAL ? 2 : 1;
		}
	}
	for (size_t i = 0; i < o->outputs_nr; i++) {
		if (set_format(o, &o->outputs[i], &err)) {
			cli_fail(&err);
			return 2;
		}
		for (size_t j = 0; j < i; j++)
			if (same_file_name(o->outputs[i].path, o->outputs[j].path))
				return cli_usage("", "-o %s twice", o->outputs[i].path);
	}
	if (optind > 1 && !strcmp(argv[optind - 1], "--") && optind < argc)
		o->command = argv + optind;
	return check(o, argc, argv);
}

void record_opts_release(struct record_opts *o)
{
	free(o->pids);
}

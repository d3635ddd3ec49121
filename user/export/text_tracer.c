/* SPDX-License-Identifier: MIT */
/*
 * text_tracer.c - what tracing took, for a reader at a terminal
 *
 * It is no part of the report, which is about the traced programs. Its names come from the file,
 * and are escaped.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/human.h"
#include "base/strbuf.h"
#include "base/term.h"
#include "ctrace/wire.h"
#include "export/table.h"
#include "export/text_tracer.h"

#define WIDTH 100

static const char *percent(char buf[HUMAN_SZ], uint64_t part, uint64_t whole)
{
	/* In tenths: a tracer that uses 0.4 % and one that uses 1.4 % are not the same. */
	const uint64_t tenths = whole ? (part * 1000 + whole / 2) / whole : 0;

	snprintf(buf, HUMAN_SZ, "%" PRIu64 ".%" PRIu64 " %%", tenths / 10, tenths % 10);
	return buf;
}

static uint64_t a_second(uint64_t n, uint64_t ns)
{
	return ns / 1000000 ? n * 1000 / (ns / 1000000) : 0;
}

static void print_lines(const struct capture_tracer *t, uint64_t took, FILE *out)
{
	char a[HUMAN_SZ], b[HUMAN_SZ], c[HUMAN_SZ];

	fprintf(out, "The tracer used %s of CPU time in %s, %s of one CPU.\n",
		human_ns(a, t->cpu_ns), human_ns(b, took), percent(c, t->cpu_ns, took));
	fprintf(out, "It was switched %s times, %s a second; %s of them it had not asked for.\n",
		human_count(a, t->switches), human_count(b, a_second(t->switches, took)),
		human_count(c, t->preempted));
	fprintf(out,
		"It read the rings %s times, %s of them since that could not wait; %s in all.\n",
		human_count(a, t->readings), human_count(b, t->woken),
		human_bytes(c, t->ring_bytes));
	fprintf(out, "The oldest record in a ring had waited %s on average, %s at most.\n",
		human_ns(a, t->lag_mean_ns), human_ns(b, t->lag_max_ns));
	if (t->tsc_err_ns)
		fprintf(out, "Marks were stamped by the TSC, which is known within %s.\n",
			human_ns(a, t->tsc_err_ns));
	if (!t->spilled)
		return;
	fprintf(out, "%s records went to the spare ring, since their own was full:",
		human_count(a, t->spilled));
	for (size_t i = 0; i < t->spills_nr; i++)
		fprintf(out, "%s %s of CPU %" PRIu32, i ? "," : "",
			human_count(a, t->spills[i].count), t->spills[i].cpu);
	fputs(t->spills_nr == TRACER_ROWS_MAX ? " …\n" : ".\n", out);
}

const char *tracer_kind_name(uint32_t kind)
{
#define KIND_NAME(nr, NAME, type, text) [nr] = #type,
	static const char *const names[WIRE_KINDS_MAX] = {WIRE_KINDS(KIND_NAME)};
#undef KIND_NAME

	return kind < WIRE_KINDS_MAX && names[kind] ? names[kind] + strlen("wire_") : "unknown";
}

static int print_records(const struct capture_tracer *t, FILE *out)
{
	static const struct column columns[] = {
		{.title = "RECORDS", .most = 24},	{.title = "count", .right = true},
		{.title = "bytes", .right = true},	{.title = "stored", .right = true},
		{.title = "bytes each", .right = true}, {.title = "stored each", .right = true},
	};
	char a[HUMAN_SZ];
	struct table table;
	int ret;

	table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < t->kinds_nr; i++) {
		const struct tracer_kind *k = &t->kinds[i];
		const double nr = k->count ? (double)k->count : 1;

		table_cell(&table, "%s", tracer_kind_name(k->kind));
		table_cell(&table, "%s", human_count(a, k->count));
		table_cell(&table, "%s", human_bytes(a, k->bytes));
		table_cell(&table, "%s", human_bytes(a, k->stored));
		table_cell(&table, "%.1f", (double)k->bytes / nr);
		table_cell(&table, "%.1f", (double)k->stored / nr);
	}
	fputc('\n', out);
	ret = table_print(&table, out, 0, WIDTH, false);
	table_release(&table);
	return ret;
}

static int print_programs(const struct capture_tracer *t, uint64_t took, FILE *out)
{
	static const struct column columns[] = {
		{.title = "PROGRAMS", .most = 48},	{.title = "runs", .right = true},
		{.title = "each", .right = true},	{.title = "in all", .right = true},
		{.title = "of one CPU", .right = true},
	};
	char a[HUMAN_SZ], name[4 * sizeof(t->programs[0].name)];
	struct table table;
	int ret;

	if (!t->programs_nr) {
		fputs("\nThe time of the BPF programs was not measured: a trace with --stats does "
		      "that.\n",
		      out);
		return 0;
	}
	table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < t->programs_nr; i++) {
		const struct tracer_program *p = &t->programs[i];

		table_cell(&table, "%s", term_escape(name, sizeof(name), p->name));
		table_cell(&table, "%s", human_count(a, p->runs));
		table_cell(&table, "%s", human_ns(a, p->runs ? p->ns / p->runs : 0));
		table_cell(&table, "%s", human_ns(a, p->ns));
		table_cell(&table, "%s", percent(a, p->ns, took));
	}
	fputc('\n', out);
	ret = table_print(&table, out, 0, WIDTH, false);
	table_release(&table);
	return ret;
}

int tracer_text(const struct capture_info *c, FILE *out)
{
	const uint64_t took = c->stop_ts - c->start_ts;
	int ret;

	if (!c->tracer) {
		fputs("The capture does not say what tracing took.\n", out);
		return 0;
	}
	print_lines(c->tracer, took, out);
	ret = print_records(c->tracer, out);
	return ret ? ret : print_programs(c->tracer, took, out);
}

/* SPDX-License-Identifier: MIT */
/* text_cell.c - see text_cell.h. Invariant: names are escaped here, and nowhere twice. */
#include "base/human.h"
#include "base/strbuf.h"
#include "base/term.h"
#include "export/text_cell.h"
#include "export/words.h"

/* States in a row, however little time there is in them. */
#define SHARES_SHOWN 3

void text_cell_count(struct table *t, uint64_t n, bool zero)
{
	char buf[HUMAN_SZ];

	table_cell(t, "%s", n || zero ? human_count(buf, n) : "");
}

void text_cell_ns(struct table *t, uint64_t ns, bool known)
{
	char buf[HUMAN_SZ];

	table_cell(t, "%s", known ? human_ns(buf, ns) : "-");
}

void text_cell_name(struct table *t, const char *name)
{
	char buf[TEXT_NAME_SZ];

	table_cell(t, "%s", term_escape(buf, sizeof(buf), name));
}

void text_cell_shares(struct table *t, const struct breakdown *spent, uint64_t idle_ns)
{
	const struct shares shares = shares_of(spent, idle_ns);
	char text[TEXT_NAME_SZ];
	struct strbuf b;

	strbuf_init(&b, text, sizeof(text));
	words_shares(&b, &shares, "  ", SHARES_SHOWN);
	table_cell(t, "%s", text);
}

int text_table(const struct text *t, struct table *table, uint64_t left_out)
{
	char n[HUMAN_SZ];
	int ret;

	fputc('\n', t->out);
	ret = table_print(table, t->out, 0, t->width, t->ctx->color);
	table_release(table);
	if (!ret && left_out)
		fprintf(t->out, "… and %s more\n", human_count(n, left_out));
	return ret;
}

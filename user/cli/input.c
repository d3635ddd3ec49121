/* SPDX-License-Identifier: MIT */
/* input.c - see input.h. Invariant: one of the two is open, by how many paths there are. */
#include <errno.h>

#include "base/err.h"
#include "cli/input.h"

/* A tracer that was killed at once leaves a header, and a report of it would be of nothing. */
static int check(const struct input *in, struct err *err)
{
	const struct capture_info *info = input_info(in);
	const struct export_damage d = input_damage(in);

	if (!info->cut || info->events || d.skipped_bytes || d.bad_chunks || d.unknown_chunks)
		return 0;
	return err_set(err, -ENODATA,
		       "%s%s cut off before its first record: there is nothing to explain",
		       in->paths[0], in->nr > 1 ? ", as each of the others, was" : " was");
}

int input_open(struct input *in, struct err *err)
{
	int rc = in->nr == 1 ? reader_open_window(&in->one, in->paths[0], in->window, err)
			     : several_open(&in->several, in->paths, in->nr, err);

	return rc ? rc : check(in, err);
}

const struct capture_info *input_info(const struct input *in)
{
	return in->one ? reader_info(in->one) : several_info(in->several);
}

const struct source *input_source(struct input *in)
{
	return in->one ? reader_source(in->one) : several_source(in->several);
}

struct export_damage input_damage(const struct input *in)
{
	const struct reader *r = in->one;
	struct several_damage d;

	if (r)
		return (struct export_damage){reader_cut_bytes(r), reader_skipped_bytes(r),
					      reader_bad_chunks(r), reader_unknown_chunks(r),
					      reader_bad_records(r)};
	d = several_damage(in->several);
	return (struct export_damage){d.cut_bytes, d.skipped_bytes, d.bad_chunks, d.unknown_chunks,
				      d.bad_records};
}

void input_release(struct input *in)
{
	reader_free(in->one);
	several_free(in->several);
	in->one = NULL;
	in->several = NULL;
}

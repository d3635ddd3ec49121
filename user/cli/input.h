/* SPDX-License-Identifier: MIT */
/*
 * input.h - the capture that a subcommand explains, which may be several (store/several.h)
 *
 *	struct input in = {.paths = argv + optind, .nr = argc - optind};
 *
 *	rc = input_open(&in, &err);
 *	m = model_new(&opts, input_info(&in), …);
 *	model_run(m, input_source(&in), &err);
 *	input_release(&in);                      after the model
 */
#ifndef CTRACE_CLI_INPUT_H
#define CTRACE_CLI_INPUT_H

#include <stddef.h>

#include "export/export.h"
#include "source.h"
#include "store/reader.h"
#include "store/several.h"

struct input {
	const char *const *paths;
	size_t nr;
	const struct reader_window *window; /* NULL: all of it. Only of one capture */
	struct reader *one;
	struct several *several;
};

/* Returns 0, or -errno with *err filled. input_release is safe after either. */
int input_open(struct input *in, struct err *err);
const struct capture_info *input_info(const struct input *in);
const struct source *input_source(struct input *in);
/* Final when the source has been read. */
struct export_damage input_damage(const struct input *in);
void input_release(struct input *in);

#endif

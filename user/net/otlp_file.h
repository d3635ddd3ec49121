/* SPDX-License-Identifier: MIT */
/*
 * otlp_file.h - the spans of a file of the format otlp.pb, as requests again
 *
 *	rc = otlp_file_read("x.unsent.otlp.pb", otlp_send_take, &send, &err);
 *
 * Such a file is one request of any size: it is handed on in requests as large as those that it was
 * made of. Input is hostile; memory is that of a request.
 */
#ifndef CTRACE_OTLP_FILE_H
#define CTRACE_OTLP_FILE_H

#include "export/otlp.h"

struct err;

/*
 * Returns 0, what `take` returned, or -errno with *err filled: -EINVAL, it is no such file, of
 * which what came before has been handed on.
 */
int otlp_file_read(const char *path,
		   int (*take)(void *to, const struct otlp_request *r, struct err *err), void *to,
		   struct err *err);

#endif

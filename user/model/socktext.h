/* SPDX-License-Identifier: MIT */
/*
 * socktext.h - a socket in words
 *
 *	own  tcp 10.0.0.5:53218 to 10.0.0.9:5432  unix /run/x.sock  tcp [::]:80, listening
 *	row  tcp to 10.0.0.9:5432                 unix /run/x.sock  tcp [::]:80, listening
 *
 * Pure functions of one record; "" for a row that has no name to go by. The row's leaves out the
 * port that the kernel chose: if one of the two is below EPHEMERAL, that is the service's.
 */
#ifndef CTRACE_SOCKTEXT_H
#define CTRACE_SOCKTEXT_H

#include <stddef.h>

#include "ctrace/wire.h"

/* Where Linux begins to give away ports, unless it was told otherwise (ip_local_port_range). */
enum { EPHEMERAL = 32768 };

void socktext_inet(char *own, char *row, size_t sz, const struct wire_resource *r);
void socktext_unix(char *own, char *row, size_t sz, const struct wire_resource *r);

#endif

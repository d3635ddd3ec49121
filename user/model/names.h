/* SPDX-License-Identifier: MIT */
/*
 * names.h - from an address in the application to the text that stood there
 *
 * A literal holds until the same address is defined again (another library may be loaded there);
 * a ONCE string only for the next mark of its thread that names this address. A mark whose
 * string was lost is called by its address, "0x55d0c0de", and counted.
 */
#ifndef CTRACE_NAMES_H
#define CTRACE_NAMES_H

#include "model/inner.h"

void names_string(struct model *m, const struct wire_string *r);
/* once: the mark says that its name is a ONCE string. addr 0 is no_name, "". Never NULL. */
const struct name *names_of(struct model *m, struct thread *th, uint64_t addr, bool once);
/* Any text as a name; other_names when there are too many; never NULL. */
const struct name *names_text(struct model *m, const char *text, size_t n);
/* The same of what no mark says: the name of a thread, a resource. These have a share of their own. */
const struct name *names_other(struct model *m, const char *text);

#endif

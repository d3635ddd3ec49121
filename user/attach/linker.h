/* SPDX-License-Identifier: MIT */
/*
 * linker.h - where a dynamic linker tells debuggers that it has loaded or unloaded a library
 *
 * It calls an empty function for that, _dl_debug_state, each time its list of libraries is about to
 * change and when it is whole again: glibc and musl have it under this name, for gdb. A probe there
 * costs nothing but at dlopen and dlclose.
 */
#ifndef CTRACE_LINKER_H
#define CTRACE_LINKER_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/* Whether a file of this path may be a dynamic linker, by its name: others need not be opened. */
bool linker_is_named(const char *path);

/*
 * The file offset of that function in the ELF file open at fd. Returns 0, -ENOENT if the file has
 * no such function, or -errno with a sentence, *off untouched.
 */
int linker_find(int fd, uint64_t *off, struct err *err);

#endif

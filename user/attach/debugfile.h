/* SPDX-License-Identifier: MIT */
/*
 * debugfile.h - where the symbols are that were stripped from a file
 */
#ifndef CTRACE_DEBUGFILE_H
#define CTRACE_DEBUGFILE_H

/*
 * Opens the debug file that belongs to the ELF file open at fd, mapped from path: by its build id
 * below root, or by its debug link, in the places where debuggers look (root is "/usr/lib/debug").
 * It has the same build id, or the checksum that the link says. Returns a descriptor, or -ENOENT.
 */
int debugfile_open(int fd, const char *path, const char *root);

#endif

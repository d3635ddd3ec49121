/* SPDX-License-Identifier: MIT */
/* environ.c - see environ.h. Invariant: of a file of any size, one line at a time is in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach/environ.h"

enum { LINES_MAX = 65536 };

void environ_read(uint32_t pid, const char *name, char *value, size_t sz)
{
	size_t len = strlen(name), cap = 0;
	char path[64], *line = NULL;
	ssize_t n;
	FILE *f;

	value[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%u/environ", pid);
	f = fopen(path, "re");
	for (int i = 0; f && i < LINES_MAX && (n = getdelim(&line, &cap, '\0', f)) > 0; i++) {
		if ((size_t)n <= len || strncmp(line, name, len) != 0 || line[len] != '=')
			continue;
		if (strlen(line + len + 1) < sz)
			strcpy(value, line + len + 1);
		break;
	}
	free(line);
	if (f)
		fclose(f);
}

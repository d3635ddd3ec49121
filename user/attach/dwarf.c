/* SPDX-License-Identifier: MIT */
/*
 * dwarf.c - see dwarf.h
 *
 * N.B. libdw is a large library that reads a hostile file: it is only used in the process that has
 * given up what it does not need (apart.h).
 */
#include "attach/dwarf.h"

#ifdef HAVE_LIBDW
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct dwarf {
	Dwfl *dwfl;
	Dwfl_Module *mod;
	int debug_fd;
	Dwarf_Addr bias;
};

/* libdw asks for the debug file, and would look everywhere by itself: even on the network. */
static int find_debuginfo(Dwfl_Module *mod, void **user, const char *name, Dwarf_Addr base,
			  const char *path, const char *link, GElf_Word crc, char **out)
{
	const struct dwarf *d = *user;

	return d && d->debug_fd >= 0 ? fcntl(d->debug_fd, F_DUPFD_CLOEXEC, 0) : -1;
}

static int find_elf(Dwfl_Module *mod, void **user, const char *name, Dwarf_Addr base, char **out,
		    Elf **elf)
{
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = find_elf,
	.find_debuginfo = find_debuginfo,
	.section_address = dwfl_offline_section_address,
};

struct dwarf *dwarf_open(const char *path, int fd, int debug_fd)
{
	struct dwarf *d = calloc(1, sizeof(*d));
	int own = d ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	void **user = NULL;

	if (own < 0)
		goto cleanup;
	d->debug_fd = debug_fd;
	d->dwfl = dwfl_begin(&callbacks);
	if (!d->dwfl)
		goto cleanup;
	dwfl_report_begin(d->dwfl);
	d->mod = dwfl_report_offline(d->dwfl, path, path, own);
	if (!d->mod)
		goto cleanup;
	own = -1; /* libdw's now */
	dwfl_module_info(d->mod, &user, NULL, NULL, NULL, NULL, NULL, NULL);
	*user = d;
	dwfl_report_end(d->dwfl, NULL, NULL);
	if (dwfl_module_getdwarf(d->mod, &d->bias))
		return d;
cleanup:
	if (own >= 0)
		close(own);
	dwarf_close(d);
	return NULL;
}

/* The end of a path: a whole one says more about the build machine than about the program. */
static char *site_of(const char *file, int line)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	char *s;

	if (!file || !*file || line <= 0)
		return NULL;
	return asprintf(&s, "%s:%d", slash ? slash + 1 : file, line) < 0 ? NULL : s;
}

static char *name_of(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	const char *name = NULL;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attr) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attr))
		name = dwarf_formstring(&attr);
	if (!name)
		name = dwarf_diename(die);
	return strdup(name ? name : "");
}

/* Where the inlined function die was called. */
static char *call_site(Dwarf_Die *cu, Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Word file = 0, line = 0;
	Dwarf_Files *files;
	size_t nr;

	if (!dwarf_attr(die, DW_AT_call_file, &attr) || dwarf_formudata(&attr, &file) ||
	    !dwarf_attr(die, DW_AT_call_line, &attr) || dwarf_formudata(&attr, &line) ||
	    dwarf_getsrcfiles(cu, &files, &nr) || file >= nr)
		return NULL;
	return site_of(dwarf_filesrc(files, file, NULL, NULL), (int)line);
}

size_t dwarf_frames(struct dwarf *d, uint64_t vaddr, struct dwarf_frame v[DWARF_INLINED_MAX])
{
	Dwarf_Addr addr = vaddr + d->bias, bias = 0;
	Dwarf_Die *cu = dwfl_module_addrdie(d->mod, addr, &bias), *scopes = NULL;
	Dwfl_Line *line = dwfl_module_getsrc(d->mod, addr);
	const char *file = NULL;
	size_t nr = 0;
	int scopes_nr, at = 0;
	char *site;

	if (line)
		file = dwfl_lineinfo(line, NULL, &at, NULL, NULL, NULL);
	site = site_of(file, at);
	scopes_nr = cu ? dwarf_getscopes(cu, addr - bias, &scopes) : 0;
	for (int i = 0; i < scopes_nr && nr + 1 < DWARF_INLINED_MAX; i++) {
		if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram)
			break;
		if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine)
			continue;
		v[nr++] = (struct dwarf_frame){name_of(&scopes[i]), site};
		site = call_site(cu, &scopes[i]);
	}
	free(scopes);
	if (!nr && !site)
		return 0;
	v[nr++] = (struct dwarf_frame){NULL, site};
	return nr;
}

void dwarf_close(struct dwarf *d)
{
	if (!d)
		return;
	if (d->dwfl)
		dwfl_end(d->dwfl);
	free(d);
}

#else

struct dwarf *dwarf_open(const char *path, int fd, int debug_fd)
{
	return NULL;
}

size_t dwarf_frames(struct dwarf *d, uint64_t vaddr, struct dwarf_frame v[DWARF_INLINED_MAX])
{
	return 0;
}

void dwarf_close(struct dwarf *d)
{
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * trap.h - a tracer inside the traced process, without root: x86-64 only
 *
 * It does what the kernel does for a uprobe: finds the probes of all loaded objects in their ELF
 * notes, puts a breakpoint on each site, counts the sites in the semaphores, and at each hit reads
 * the registers that the contract names. A site is a 1-byte nop, so that going on behind the
 * breakpoint is all that is left to do.
 */
#ifndef TRAP_H
#define TRAP_H

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>

#define TRAP_SITES 256
#define TRAP_HITS  256

struct trap_site {
	char probe[24];
	uint8_t *at;
};

struct trap_hit {
	const char *probe;
	uint64_t arg[6];
	char text[6][64]; /* arguments that were strings then */
};

static struct trap_site trap_sites[TRAP_SITES];
static struct trap_hit trap_hits[TRAP_HITS];
static int trap_nr_sites, trap_nr_hits;

/* Which arguments of a probe are strings, as bits. */
static unsigned int trap_strings(const char *probe)
{
	return !strcmp(probe, "task__end")	     ? 1 << 2 | 1 << 4
	       : !strcmp(probe, "task__traceparent") ? 1 << 1
	       : !strncmp(probe, "task__", 6)	     ? 1 << 2
	       : !strncmp(probe, "region__", 8)	     ? 1 << 0 | 1 << 1 | 1 << 4
						     : 1 << 0 | 1 << 1;
}

static void trap_handler(int sig, siginfo_t *info, void *context)
{
	static const int regs[] = {REG_RDI, REG_RSI, REG_RDX, REG_RCX, REG_R8, REG_R9};
	const greg_t *value = ((ucontext_t *)context)->uc_mcontext.gregs;
	struct trap_hit *hit = &trap_hits[trap_nr_hits];
	int i, site = 0;

	(void)sig, (void)info;
	while (site < trap_nr_sites && trap_sites[site].at != (uint8_t *)value[REG_RIP] - 1)
		site++;
	if (site == trap_nr_sites || trap_nr_hits == TRAP_HITS)
		_exit(99);
	hit->probe = trap_sites[site].probe;
	for (i = 0; i < 6; i++) {
		hit->arg[i] = (uint64_t)value[regs[i]];
		if (trap_strings(hit->probe) >> i & 1 && hit->arg[i])
			strncpy(hit->text[i], (const char *)hit->arg[i], sizeof(hit->text[i]) - 1);
	}
	trap_nr_hits++;
}

/* One note: its site gets a breakpoint, its semaphore one more count. Returns 0, or 1 if it could
 * not. */
static int trap_arm(const uint64_t *desc, const char *probe, uint64_t bias)
{
	uint8_t *at = (uint8_t *)(uintptr_t)(bias + desc[0]);
	uintptr_t page = (uintptr_t)at & ~(uintptr_t)4095;
	volatile uint16_t *semaphore;

	if (trap_nr_sites == TRAP_SITES || *at != 0x90 ||
	    mprotect((void *)page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC))
		return 1;
	strncpy(trap_sites[trap_nr_sites].probe, probe, sizeof(trap_sites[0].probe) - 1);
	trap_sites[trap_nr_sites++].at = at;
	*at = 0xcc;
	semaphore = (volatile uint16_t *)(uintptr_t)(bias + desc[2]);
	*semaphore = (uint16_t)(*semaphore + 1);
	return mprotect((void *)page, 4096, PROT_READ | PROT_EXEC) != 0;
}

static int trap_object(struct dl_phdr_info *info, size_t size, void *unused)
{
	const char *path = info->dlpi_name[0] ? info->dlpi_name : "/proc/self/exe";
	int fd = open(path, O_RDONLY), i, err = 0;
	struct stat st;
	uint8_t *file;
	Elf64_Shdr *sec;

	(void)size, (void)unused;
	if (fd < 0)
		return 0; /* the vDSO */
	if (fstat(fd, &st))
		return 1;
	file = (uint8_t *)mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (file == MAP_FAILED)
		return 1;
	sec = (Elf64_Shdr *)(file + ((Elf64_Ehdr *)file)->e_shoff);
	for (i = 0; i < ((Elf64_Ehdr *)file)->e_shnum && !err; i++) {
		const char *name = (char *)file + sec[((Elf64_Ehdr *)file)->e_shstrndx].sh_offset;
		uint8_t *p = file + sec[i].sh_offset, *end = p + sec[i].sh_size;

		if (strcmp(name + sec[i].sh_name, ".note.stapsdt") != 0)
			continue;
		while (p < end && !err) {
			const Elf64_Nhdr *note = (Elf64_Nhdr *)p;
			uint64_t desc[3];

			p += sizeof(*note) + ((note->n_namesz + 3) & ~3u);
			memcpy(desc, p, sizeof(desc));
			/* Those of batches are for a tracer that reads memory, too. */
			if (!strcmp((char *)p + 24, "ctrace") &&
			    strncmp((char *)p + 24 + 7, "batch__", 7) != 0)
				err = trap_arm(desc, (char *)p + 24 + 7, info->dlpi_addr);
			p += (note->n_descsz + 3) & ~3u;
		}
	}
	munmap(file, (size_t)st.st_size);
	return err;
}

/* Starts tracing all that is loaded. Returns 0, or 1 if this machine does not let code be
 * changed. */
static int trap_start(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = trap_handler;
	action.sa_flags = SA_SIGINFO;
	return sigaction(SIGTRAP, &action, NULL) || dl_iterate_phdr(trap_object, NULL);
}

#endif

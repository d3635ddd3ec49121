#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Writes sysnames.c from the kernel headers installed here: user/model/sysnames.sh >user/model/sysnames.c
# Needs gcc on x86-64 and aarch64-linux-gnu-gcc. Calls newer than these headers are listed below;
# since 424 a call has the same number on every machine.
set -eu
newer='451 cachestat 452 fchmodat2 453 map_shadow_stack 454 futex_wake 455 futex_wait
456 futex_requeue 457 statmount 458 listmount 459 lsm_get_self_attr 460 lsm_set_self_attr
461 lsm_list_modules 462 mseal 463 setxattrat 464 getxattrat 465 listxattrat 466 removexattrat
467 open_tree_attr 468 file_getattr 469 file_setattr'

table() { # array-name compiler
	echo
	echo "static const char *const $1[] = {"
	{
		"$2" -dM -E -include asm/unistd.h - </dev/null | awk '
			$2 ~ /^__NR/ { v[$2] = $3 }
			END {
				for (n in v) {
					if (n !~ /^__NR_/ || n ~ /^__NR_(syscalls|arch_specific_syscall)$/)
						continue
					x = v[n]
					if (x in v)
						x = v[x]
					if (x ~ /^[0-9]+$/)
						print x, substr(n, 6)
				}
			}'
		echo "$newer" | xargs -n 2
	} | sort -n -u -k 1,1 | while read -r nr name; do
		printf '\t[%d] = "%s",\n' "$nr" "$name"
	done
	echo '};'
}

cat <<'END'
/* SPDX-License-Identifier: MIT */
/* sysnames.c - written by sysnames.sh; see sysnames.h. */
/* clang-format off */
#include <elf.h>

#include "model/sysnames.h"
END
table x86_64 gcc
table aarch64 aarch64-linux-gnu-gcc
cat <<'END'

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static const char *name_in(const char *const *names, int count, int nr)
{
	return nr >= 0 && nr < count && names[nr] ? names[nr] : "";
}

const char *sysname(uint16_t machine, int nr)
{
	if (machine == EM_X86_64)
		return name_in(x86_64, COUNT(x86_64), nr);
	if (machine == EM_AARCH64)
		return name_in(aarch64, COUNT(aarch64), nr);
	return "";
}
END

/* SPDX-License-Identifier: MIT */
/*
 * html_assets.c - see html_assets.h
 *
 * The assembler takes the files in as they are. Paths are relative to the project's root, where
 * make runs the compiler.
 */
#include "export/html_assets.h"

#define BEGIN(name) "\t.globl " #name "\n" #name ":\n"
#define END(name)   "\t.globl " #name "_end\n" #name "_end:\n\t.byte 0\n"
#define FILE(path)  "\t.incbin \"user/export/html/" path "\"\n"

/* clang-format off */
__asm__("\t.section .rodata\n"
	BEGIN(html_page) FILE("page.html") END(html_page)
	BEGIN(html_style) FILE("report.css") END(html_style)
	BEGIN(html_script)
	FILE("01_values.js") FILE("02_words.js") FILE("03_table.js") FILE("04_histogram.js")
	FILE("05_lanes.js") FILE("06_timeline.js") FILE("07_flame.js") FILE("08_findings.js")
	FILE("09_overview.js") FILE("10_regions.js") FILE("11_waits.js") FILE("12_one.js")
	FILE("13_address.js")
	END(html_script)
	"\t.text\n");

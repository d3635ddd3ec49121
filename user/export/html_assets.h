/* SPDX-License-Identifier: MIT */
/*
 * html_assets.h - the page's parts that are the same in every report, as they are in html/
 */
/* clang-format off */ /* the tables are aligned by hand */
#ifndef CTRACE_HTML_ASSETS_H
#define CTRACE_HTML_ASSETS_H

extern const char html_page[], html_page_end[];	    /* html/page.html */
extern const char html_style[], html_style_end[];   /* html/report.css */
extern const char html_script[], html_script_end[]; /* html/NN_*.js, in order */

#endif

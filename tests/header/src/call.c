/* SPDX-License-Identifier: MIT */
/* call.c - runs a test program that was built as a shared library (-DMAIN=library_main) */
int library_main(void);

int main(void)
{
	return library_main();
}

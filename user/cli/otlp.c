/* SPDX-License-Identifier: MIT */
/* otlp.c - see otlp.h */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/otlp.h"
#include "export/events.h"
#include "net/otlp_file.h"

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

/* No SA_RESTART: a wait ends at once. A trace that was ended by Ctrl-C is to be sent all the
 * same. */
static void catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	stop = 0;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

const char *otlp_getenv(void *ctx, const char *name)
{
	return getenv(name);
}

int otlp_sender_open(struct otlp_sender *s, const char *url, struct err *err)
{
	int rc;

	memset(s, 0, sizeof(*s));
	rc = otlp_config_read(&s->config, url, otlp_getenv, NULL, err);
	if (rc)
		return rc;
	s->send.config = &s->config;
	s->send.stop = &stop;
	rc = otlp_send_open(&s->send, err);
	if (rc)
		otlp_config_release(&s->config);
	return rc;
}

bool otlp_is_spans(const char *path)
{
	const struct events_format *f = events_format_of_file(path);

	return f && f->sink == &otlp_pb_sink;
}

/* In the current folder, like the capture: x of dir/x.ctrace, and of dir/x.unsent.otlp.pb. */
static void name_files(struct otlp_sender *s, const char *path, const struct export_files *files)
{
	static const char *const endings[] = {".ctrace", ".unsent", ".unsure", ".otlp.pb"};
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		const char *at = strstr(name, endings[i]);

		if (at && at > name && (size_t)(at - name) < n)
			n = (size_t)(at - name);
	}
	snprintf(s->base, sizeof(s->base), "%.*s", (int)n, name);
	s->send.unsent = (struct unsent){
		.base = s->base, .what = "unsent", .uid = files->uid, .gid = files->gid};
	s->send.unsure = s->send.unsent;
	s->send.unsure.what = "unsure";
}

int otlp_sender_send(struct otlp_sender *s, const char *capture, const struct export_files *files,
		     struct err *err)
{
	const struct export_output out = {
		.path = "-",
		.format = events_format("otlp.pb"),
		.take = otlp_send_take,
		.take_to = &s->send,
	};
	int rc, rc2;

	name_files(s, capture, files);
	catch_signals();
	rc = otlp_is_spans(capture) ? otlp_file_read(capture, otlp_send_take, &s->send, err)
				    : export_capture(capture, &out, 1, files, err);
	rc2 = otlp_send_close(&s->send, rc ? NULL : err);
	return rc ? rc : rc2;
}

void otlp_sender_release(struct otlp_sender *s)
{
	otlp_config_release(&s->config);
}

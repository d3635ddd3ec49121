/* SPDX-License-Identifier: MIT */
/* http.c - see http.h. Without curl/curl.h at build time (HAVE_CURL), nothing can be sent. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "net/http.h"

#ifdef HAVE_CURL
#include <curl/curl.h>
#include <dlfcn.h>

enum { DISCARD_MAX = 4 << 20 };

/* What of libcurl is used. */
#define CALLS(X)              \
	X(curl_global_init)   \
	X(curl_easy_init)     \
	X(curl_easy_reset)    \
	X(curl_easy_cleanup)  \
	X(curl_easy_setopt)   \
	X(curl_easy_perform)  \
	X(curl_easy_getinfo)  \
	X(curl_easy_strerror) \
	X(curl_slist_append)  \
	X(curl_slist_free_all)

/* libcurl's header makes macros of some of these names. */
#undef curl_easy_setopt
#undef curl_easy_getinfo

#define MEMBER(name) __typeof__(name) *name;

struct http {
	void *library;
	CURL *curl;
	char error[CURL_ERROR_SIZE];
	CALLS(MEMBER)
};

static void *open_library(void)
{
	/* The second is Debian's other flavour: it has the same calls. */
	static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
	void *library = NULL;

	for (size_t i = 0; !library && i < sizeof(names) / sizeof(names[0]); i++)
		library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	return library;
}

int http_open(struct http **out, struct err *err)
{
	struct http *h = calloc(1, sizeof(*h));
	bool all = true;

	if (!h)
		return err_set(err, -ENOMEM, "out of memory");
	h->library = open_library();
	if (!h->library) {
		free(h);
		err_set(err, -ENOENT, "nothing can be sent: libcurl is not installed");
		return err_hint(err,
				"apt-get install libcurl4, or export to a file that a collector "
				"reads: -o x.otlp.jsonl");
	}
#define FIND(name)                                     \
	*(void **)&h->name = dlsym(h->library, #name); \
	all = all && h->name;
	CALLS(FIND)
	if (all && !h->curl_global_init(CURL_GLOBAL_DEFAULT))
		h->curl = h->curl_easy_init();
	if (!h->curl) {
		http_free(h);
		return err_set(err, -ENOSYS, "nothing can be sent: this libcurl does not work");
	}
	*out = h;
	return 0;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	if (h->curl)
		h->curl_easy_cleanup(h->curl);
	free(h); /* the library stays: it may have threads or handlers of its own */
}

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct http_reply *r = ctx;
	size_t room;

	n *= size;
	if (r->body_n + n > DISCARD_MAX)
		return 0;
	room = r->body_n < sizeof(r->body) ? sizeof(r->body) - r->body_n : 0;
	memcpy(r->body + (room ? r->body_n : 0), bytes, n < room ? n : room);
	r->body_n += n; /* also what is not kept */
	return n;
}

static int is_stopped(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const volatile sig_atomic_t *stop = ctx;

	return *stop;
}

static void set_options(struct http *h, const struct http_request *q, struct http_reply *r,
			struct curl_slist *headers)
{
#define SET(option, value) h->curl_easy_setopt(h->curl, option, value)
	SET(CURLOPT_URL, q->url);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_FRESH_CONNECT, 1L);
	SET(CURLOPT_FORBID_REUSE, 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
	SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	SET(CURLOPT_ERRORBUFFER, h->error);
	SET(CURLOPT_TIMEOUT_MS, (long)q->timeout_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)q->timeout_ms);
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body_n);
	SET(CURLOPT_POSTFIELDS, q->body);
	SET(CURLOPT_HTTPHEADER, headers);
	SET(CURLOPT_WRITEFUNCTION, take_body);
	SET(CURLOPT_WRITEDATA, r);
	if (q->stop) {
		SET(CURLOPT_XFERINFOFUNCTION, is_stopped);
		SET(CURLOPT_XFERINFODATA, q->stop);
		SET(CURLOPT_NOPROGRESS, 0L);
	}
	if (q->ca)
		SET(CURLOPT_CAINFO, q->ca);
	if (q->cert)
		SET(CURLOPT_SSLCERT, q->cert);
	if (q->key)
		SET(CURLOPT_SSLKEY, q->key);
#undef SET
}

/* NULL without memory. */
static struct curl_slist *list_headers(struct http *h, const struct http_request *q)
{
	/* libcurl would wait for leave to send a large body. */
	struct curl_slist *list = h->curl_slist_append(NULL, "Expect:"), *longer = list;

	for (const char *const *s = q->headers; longer && *s; s++) {
		longer = h->curl_slist_append(list, *s);
		list = longer ? longer : list;
	}
	if (longer)
		return list;
	h->curl_slist_free_all(list);
	return NULL;
}

void http_post(struct http *h, const struct http_request *q, struct http_reply *r)
{
	struct curl_slist *headers = list_headers(h, q);
	curl_off_t uploaded = 0, after = 0;
	long status = 0;
	CURLcode rc = CURLE_OUT_OF_MEMORY;

	memset(r, 0, offsetof(struct http_reply, body));
	r->body_n = 0;
	h->error[0] = '\0';
	if (headers) {
		h->curl_easy_reset(h->curl);
		set_options(h, q, r, headers);
		rc = h->curl_easy_perform(h->curl);
		h->curl_slist_free_all(headers);
	}
	if (r->body_n > sizeof(r->body))
		r->body_n = sizeof(r->body);
	h->curl_easy_getinfo(h->curl, CURLINFO_SIZE_UPLOAD_T, &uploaded);
	h->curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	h->curl_easy_getinfo(h->curl, CURLINFO_RETRY_AFTER, &after);
	r->sent = headers && (uint64_t)uploaded >= q->body_n;
	r->retry_after_s = after > 0 ? (uint64_t)after : 0;
	r->stopped = rc == CURLE_ABORTED_BY_CALLBACK;
	if (status >= 200)
		r->status = (int)status;
	if (status < 200 || rc)
		snprintf(r->error, sizeof(r->error), "%s",
			 h->error[0] ? h->error : h->curl_easy_strerror(rc));
}

#else

int http_open(struct http **h, struct err *err)
{
	err_set(err, -ENOSYS, "nothing can be sent: this ctrace-bpf was built without libcurl");
	return err_hint(err, "export to a file that a collector reads: -o x.otlp.jsonl");
}

void http_post(struct http *h, const struct http_request *q, struct http_reply *r)
{
	memset(r, 0, sizeof(*r));
}

void http_free(struct http *h)
{
}

#endif

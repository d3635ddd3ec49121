/* SPDX-License-Identifier: MIT */
/*
 * demo-http.h - the head of an HTTP/1.1 request, and the query in its target
 *
 *	n = http_parse(buf, len, &req);		> 0: the head's bytes; 0: not complete yet;
 *						< 0: minus the status to answer with
 *
 * Invariant: nothing is read beyond len, nothing outlives the buffer (req holds copies), and what
 * is ambiguous (two lengths, folded headers, a bare line feed) is refused, not guessed.
 */
#ifndef DEMO_HTTP_H
#define DEMO_HTTP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HTTP_HEAD_MAX 8192
#define HTTP_BODY_MAX 65536

struct http_req {
	char method[16];
	char target[1024];
	uint64_t request_id;  /* X-Request-Id; 0: none */
	char traceparent[56]; /* as it came; "" none, or longer than one is */
	size_t body_sz;	      /* Content-Length */
	bool keep_alive, expects_continue;
	bool http11, has_host, has_length;
};

static inline const char *http_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} table[] = {
		{200, "OK"},
		{400, "Bad Request"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{431, "Request Header Fields Too Large"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].status == status)
			return table[i].reason;
	return "Unknown";
}

static inline bool http_is_token(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] >= 127 || strchr("\"(),/:;<=>?@[\\]{}", s[i]))
			return false;
	return n > 0;
}

static inline bool http_is_visible(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] >= 127)
			return false;
	return n > 0;
}

/* Decimal digits and nothing else. */
static inline bool http_number(const char *s, size_t n, uint64_t *out)
{
	uint64_t v = 0;

	if (!n || n > 18)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	*out = v;
	return true;
}

static inline int http_request_line(const char *s, size_t n, struct http_req *r)
{
	const char *sp1 = memchr(s, ' ', n);
	const char *sp2 = sp1 ? memchr(sp1 + 1, ' ', n - (size_t)(sp1 + 1 - s)) : NULL;
	size_t method_n, target_n, version_n;

	if (!sp2)
		return -400;
	method_n = (size_t)(sp1 - s);
	target_n = (size_t)(sp2 - sp1 - 1);
	version_n = n - (size_t)(sp2 + 1 - s);
	if (!http_is_token(s, method_n) || version_n != 8 || memcmp(sp2 + 1, "HTTP/", 5))
		return -400;
	if (memcmp(sp2 + 6, "1.", 1) || (sp2[8] != '0' && sp2[8] != '1'))
		return -505;
	if (method_n >= sizeof(r->method))
		return -501;
	if (target_n >= sizeof(r->target))
		return -414;
	if (sp1[1] != '/' || !http_is_visible(sp1 + 1, target_n))
		return -400;
	memcpy(r->method, s, method_n);
	memcpy(r->target, sp1 + 1, target_n);
	r->http11 = sp2[8] == '1';
	r->keep_alive = r->http11;
	return 0;
}

static inline bool http_name_is(const char *s, size_t n, const char *name)
{
	return n == strlen(name) && !strncasecmp(s, name, n);
}

static inline int http_header(const char *s, size_t n, struct http_req *r)
{
	const char *colon = memchr(s, ':', n);
	size_t name_n = colon ? (size_t)(colon - s) : 0, v_n;
	const char *v;
	uint64_t len;

	if (!colon || !http_is_token(s, name_n) || memchr(s, 0, n))
		return -400;
	v = colon + 1;
	for (v_n = n - name_n - 1; v_n && (*v == ' ' || *v == '\t'); v_n--)
		v++;
	while (v_n && (v[v_n - 1] == ' ' || v[v_n - 1] == '\t'))
		v_n--;
	if (http_name_is(s, name_n, "Content-Length")) {
		if (!http_number(v, v_n, &len) || (r->has_length && len != r->body_sz))
			return -400;
		if (len > HTTP_BODY_MAX)
			return -413;
		r->has_length = true;
		r->body_sz = len;
	} else if (http_name_is(s, name_n, "Transfer-Encoding")) {
		return -501;
	} else if (http_name_is(s, name_n, "Host")) {
		if (r->has_host)
			return -400;
		r->has_host = true;
	} else if (http_name_is(s, name_n, "Connection")) {
		if (http_name_is(v, v_n, "close"))
			r->keep_alive = false;
		else if (http_name_is(v, v_n, "keep-alive"))
			r->keep_alive = true;
	} else if (http_name_is(s, name_n, "Expect")) {
		r->expects_continue = http_name_is(v, v_n, "100-continue");
	} else if (http_name_is(s, name_n, "X-Request-Id")) {
		if (!http_number(v, v_n, &r->request_id))
			return -400;
	} else if (http_name_is(s, name_n, "traceparent") && v_n < sizeof(r->traceparent)) {
		memcpy(r->traceparent, v, v_n);
		r->traceparent[v_n] = 0;
	}
	return 0;
}

static inline int http_parse(const char *buf, size_t len, struct http_req *r)
{
	size_t off = 0, start;
	int rc;

	while (len - off >= 2 && !memcmp(buf + off, "\r\n", 2))
		off += 2;
	start = off;
	*r = (struct http_req){0};
	for (;;) {
		const char *line = buf + off, *nl = memchr(line, '\n', len - off);
		size_t n = nl ? (size_t)(nl - line) : 0;

		if (!nl)
			return len < HTTP_HEAD_MAX ? 0 : off == start ? -414 : -431;
		if (!n || line[n - 1] != '\r' || memchr(line, '\r', n - 1))
			return -400;
		off += n + 1;
		if (n == 1)
			return r->has_host || !r->http11 ? (int)off : -400;
		rc = line == buf + start ? http_request_line(line, n - 1, r)
					 : http_header(line, n - 1, r);
		if (rc)
			return rc;
	}
}

/* --- the target ---------------------------------------------------------------------------- */

static inline bool http_path_is(const struct http_req *r, const char *path)
{
	size_t n = strlen(path);

	return !strncmp(r->target, path, n) && (r->target[n] == 0 || r->target[n] == '?');
}

static inline int http_hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *p = c ? strchr(digits, c | 0x20) : NULL;

	return p ? (int)(p - digits) : -1;
}

/*
 * The value of key in the target's query, percent-decoded. 1: found; 0: not there; -1: malformed,
 * or longer than out.
 */
static inline int http_query(const struct http_req *r, const char *key, char *out, size_t out_sz)
{
	size_t key_n = strlen(key), n = 0;
	const char *p = strchr(r->target, '?');

	while (p && (strncmp(p + 1, key, key_n) || p[key_n + 1] != '='))
		p = strchr(p + 1, '&');
	if (!p)
		return 0;
	for (p += key_n + 2; *p && *p != '&'; p++) {
		int hi, lo, c = *p == '+' ? ' ' : *p;

		if (*p == '%') {
			hi = http_hex(p[1]);
			lo = hi < 0 ? -1 : http_hex(p[2]);
			if (lo < 0 || !(hi | lo))
				return -1;
			c = hi << 4 | lo;
			p += 2;
		}
		if (n + 1 >= out_sz)
			return -1;
		out[n++] = (char)c;
	}
	out[n] = 0;
	return 1;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * otlp_config.c - see otlp_config.h. Invariant: nothing that gets into a URL or a header has a
 * control byte in it, and no message repeats the value of a header: it may be a secret.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/pairs.h"
#include "net/otlp_config.h"

enum { TIMEOUT_MS = 10000, TIMEOUT_MAX_MS = 3600000 };

#define TRACES_PATH "/v1/traces"

struct variables {
	const char *(*get)(void *ctx, const char *name);
	void *ctx;
};

/* NULL also if it is empty: OpenTelemetry makes no difference. */
static const char *value_of(const struct variables *v, const char *name)
{
	const char *s = v->get(v->ctx, name);

	return s && s[0] ? s : NULL;
}

/* A variable, or the one for all signals; *name: whose value it is. */
static const char *either(const struct variables *v, const char *traces, const char *all,
			  const char **name)
{
	const char *s = value_of(v, traces);

	*name = s ? traces : all;
	return s ? s : value_of(v, all);
}

/* --- the URL ------------------------------------------------------------------------------- */

/* Behind "http://", NULL if it is none of ours. */
static const char *host_of(const char *url)
{
	if (!strncasecmp(url, "http://", 7))
		return url + 7;
	return strncasecmp(url, "https://", 8) ? NULL : url + 8;
}

static int check_url(const char *what, const char *url, struct err *err)
{
	const char *host = host_of(url);
	size_t n = host ? strcspn(host, "/?#") : 0;

	for (const char *s = url; *s; s++) {
		if (*s <= ' ' || *s >= 0x7f)
			return err_set(err, -EINVAL, "%s has a byte in it that no URL has", what);
	}
	if (!host || !n || host[0] == ':')
		return err_set(err, -EINVAL, "%s is not a URL like http://localhost:4318: %s", what,
			       url);
	if (memchr(host, '@', n)) {
		err_set(err, -EINVAL,
			"%s has a user or password in it, which would be kept with "
			"the command line",
			what);
		return err_hint(err, "put them into OTEL_EXPORTER_OTLP_HEADERS, as "
				     "authorization=Basic%%20...");
	}
	if (strchr(url, '#'))
		return err_set(err, -EINVAL, "%s has a # in it: %s", what, url);
	return 0;
}

/* The same, and the way of traces below it, unless it is that already. */
static int set_base(struct otlp_config *c, const char *what, const char *url, struct err *err)
{
	int rc = check_url(what, url, err);
	size_t n = strlen(url), way = strlen(TRACES_PATH);
	bool whole = n > way && !strcmp(url + n - way, TRACES_PATH);

	if (rc)
		return rc;
	if (strchr(url, '?'))
		return err_set(err, -EINVAL, "%s has a ? in it, so nothing can be put below it: %s",
			       what, url);
	while (!whole && n && url[n - 1] == '/')
		n--;
	if (n + way >= sizeof(c->url))
		return err_set(err, -EINVAL, "%s is too long", what);
	snprintf(c->url, sizeof(c->url), "%.*s%s", (int)n, url, whole ? "" : TRACES_PATH);
	return 0;
}

/* As it is; a way there must be. */
static int set_whole(struct otlp_config *c, const char *what, const char *url, struct err *err)
{
	int rc = check_url(what, url, err);

	if (rc)
		return rc;
	if (strlen(url) + 2 > sizeof(c->url))
		return err_set(err, -EINVAL, "%s is too long", what);
	snprintf(c->url, sizeof(c->url), "%s%s", url, strpbrk(host_of(url), "/?") ? "" : "/");
	return 0;
}

static int check_protocol(const struct variables *v, struct err *err)
{
	const char *name, *s = either(v, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
				      "OTEL_EXPORTER_OTLP_PROTOCOL", &name);

	if (!s || !strcmp(s, "http/protobuf"))
		return 0;
	err_set(err, -EINVAL, "%s is \"%s\", and only http/protobuf can be sent", name, s);
	return err_hint(err, "give the URL of a receiver of OTLP over HTTP: --otlp "
			     "http://localhost:4318");
}

static int set_url(struct otlp_config *c, const char *url, const struct variables *v,
		   struct err *err)
{
	static const char traces[] = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
			  all[] = "OTEL_EXPORTER_OTLP_ENDPOINT";
	const char *s;
	int rc;

	if (strcmp(url, OTLP_URL_ENV) != 0)
		return set_base(c, "the URL", url, err);
	rc = check_protocol(v, err);
	if (rc)
		return rc;
	s = value_of(v, traces);
	if (s)
		return set_whole(c, traces, s, err);
	s = value_of(v, all);
	if (s)
		return set_base(c, all, s, err);
	err_set(err, -EINVAL, "neither %s nor %s says where to send to", traces, all);
	return err_hint(err, "--otlp http://localhost:4318");
}

/* --- headers ------------------------------------------------------------------------------- */

/* RFC 9110's token. */
static bool is_token(const char *s)
{
	for (; *s; s++) {
		bool letter = (*s | 0x20) >= 'a' && (*s | 0x20) <= 'z';

		if (!letter && !(*s >= '0' && *s <= '9') && !strchr("!#$%&'*+-.^_`|~", *s))
			return false;
	}
	return true;
}

static int add_header(struct otlp_config *c, const char *key, const char *value)
{
	char **to = &c->headers[c->headers_nr];

	if (c->headers_nr == OTLP_HEADERS_MAX)
		return -E2BIG;
	if (asprintf(to, "%s: %s", key, value) < 0) {
		*to = NULL;
		return -ENOMEM;
	}
	c->headers_nr++;
	return 0;
}

static int set_headers(struct otlp_config *c, const struct variables *v, struct err *err)
{
	const char *name, *s = either(v, "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
				      "OTEL_EXPORTER_OTLP_HEADERS", &name);
	char *text = s ? strdup(s) : NULL, *at = text, *key, *value;
	int rc = s && !text ? -ENOMEM : 0;

	while (!rc && at && (rc = pairs_next(&at, &key, &value)) > 0)
		rc = is_token(key) ? add_header(c, key, value) : -EINVAL;
	free(text);
	if (rc == -EINVAL)
		err_set(err, rc,
			"%s is no list of headers: name=value, with commas in between, "
			"values percent-encoded",
			name);
	else if (rc == -E2BIG)
		err_set(err, rc, "%s has more than %d headers", name, OTLP_HEADERS_MAX);
	else if (rc)
		err_set(err, rc, "out of memory");
	return rc;
}

/* --- the rest ------------------------------------------------------------------------------ */

static int set_timeout(struct otlp_config *c, const struct variables *v, struct err *err)
{
	const char *name, *s = either(v, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
				      "OTEL_EXPORTER_OTLP_TIMEOUT", &name);
	unsigned long long ms;
	char *end;

	c->timeout_ms = TIMEOUT_MS;
	if (!s)
		return 0;
	errno = 0;
	ms = strtoull(s, &end, 10);
	if (errno || *end || *s < '0' || *s > '9' || !ms || ms > TIMEOUT_MAX_MS)
		return err_set(err, -EINVAL,
			       "%s is a number of milliseconds from 1 to %d, not \"%s\"", name,
			       TIMEOUT_MAX_MS, s);
	c->timeout_ms = ms;
	return 0;
}

static int set_compression(struct otlp_config *c, const struct variables *v, struct err *err)
{
	const char *name, *s = either(v, "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
				      "OTEL_EXPORTER_OTLP_COMPRESSION", &name);

	c->gzip = !s || !strcmp(s, "gzip");
	if (c->gzip || !strcmp(s, "none"))
		return 0;
	return err_set(err, -EINVAL, "%s is gzip or none, not \"%s\"", name, s);
}

static void set_files(struct otlp_config *c, const struct variables *v)
{
	const char *name;

	c->ca = either(v, "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE",
		       &name);
	c->cert = either(v, "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
			 "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &name);
	c->key = either(v, "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_KEY",
			&name);
}

int otlp_config_read(struct otlp_config *c, const char *url,
		     const char *(*get)(void *ctx, const char *name), void *ctx, struct err *err)
{
	const struct variables v = {get, ctx};
	int rc;

	*c = (struct otlp_config){0};
	rc = set_url(c, url, &v, err);
	if (!rc)
		rc = set_timeout(c, &v, err);
	if (!rc)
		rc = set_compression(c, &v, err);
	if (!rc)
		rc = set_headers(c, &v, err);
	set_files(c, &v);
	if (rc)
		otlp_config_release(c);
	return rc;
}

void otlp_config_release(struct otlp_config *c)
{
	for (size_t i = 0; i < c->headers_nr; i++)
		free(c->headers[i]);
	*c = (struct otlp_config){0};
}

/* --- the resource -------------------------------------------------------------------------- */

/* The last value of a key counts. */
static int put_attribute(struct otlp_resource *r, const char *key, const char *value)
{
	struct otlp_settings *s = &r->settings;
	size_t i = 0;

	while (i < s->nr && strcmp(r->v[i].key, key) != 0)
		i++;
	if (i == OTLP_ATTRIBUTES_MAX)
		return -E2BIG;
	r->v[i] = (struct otlp_attribute){key, value};
	s->nr += i == s->nr;
	return 0;
}

int otlp_resource_read(struct otlp_resource *r, const char *(*get)(void *ctx, const char *name),
		       void *ctx, struct err *err)
{
	static const char list[] = "OTEL_RESOURCE_ATTRIBUTES";
	const struct variables v = {get, ctx};
	const char *s = value_of(&v, list), *service = value_of(&v, "OTEL_SERVICE_NAME");
	char *at, *key, *value;
	int rc = 0;

	*r = (struct otlp_resource){0};
	r->settings.attributes = r->v;
	r->text = s ? strdup(s) : NULL;
	if (s && !r->text)
		return err_set(err, -ENOMEM, "out of memory");
	at = r->text;
	while (!rc && at && (rc = pairs_next(&at, &key, &value)) > 0)
		rc = put_attribute(r, key, value);
	if (!rc && service)
		rc = put_attribute(r, "service.name", service);
	if (!rc)
		return 0;
	otlp_resource_release(r);
	return err_set(err, rc,
		       rc == -E2BIG ? "%s has more than %d attributes"
				    : "%s is no list of attributes: key=value, with commas "
				      "in between, values percent-encoded",
		       list, OTLP_ATTRIBUTES_MAX);
}

void otlp_resource_release(struct otlp_resource *r)
{
	free(r->text);
	*r = (struct otlp_resource){0};
}

/* SPDX-License-Identifier: MIT */
/* socktext.c - see socktext.h. Invariant: what it writes fits and is terminated. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/socktext.h"

enum { FAMILY_INET6 = 10, LISTENS = 10, ADDR_SZ = 64 };

static const char *protocol(const struct wire_resource *r)
{
	static const struct {
		uint8_t nr;
		const char *name;
	} names[] = {{1, "icmp"}, {6, "tcp"}, {17, "udp"}, {58, "icmpv6"}, {132, "sctp"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].nr == r->protocol)
			return names[i].name;
	return "inet";
}

/* The longest run of at least two zero groups, which is written "::". */
static void longest_zeros(const uint16_t group[8], int *at, int *nr)
{
	*at = *nr = 0;
	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && !group[i + n])
			n++;
		if (n > *nr && n > 1) {
			*at = i;
			*nr = n;
		}
		i += n;
	}
}

/* RFC 5952, but for the forms that embed IPv4. */
static void text_v6(char *buf, size_t sz, const uint8_t a[16])
{
	uint16_t group[8];
	size_t len = 0;
	int at, nr;

	for (int i = 0; i < 8; i++)
		group[i] = (uint16_t)(a[2 * i] << 8 | a[2 * i + 1]);
	longest_zeros(group, &at, &nr);
	for (int i = 0; i < 8 && len < sz; i++) {
		if (nr && i == at) {
			len += (size_t)snprintf(buf + len, sz - len, "::");
			i += nr - 1;
			continue;
		}
		len += (size_t)snprintf(buf + len, sz - len, "%s%x",
					i && !(nr && i == at + nr) ? ":" : "", group[i]);
	}
}

static void text_v4(char *buf, size_t sz, const uint8_t *a)
{
	snprintf(buf, sz, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
}

static void address(char *buf, size_t sz, const struct wire_resource *r, const char bytes[16],
		    uint16_t port)
{
	const uint8_t *a = (const uint8_t *)bytes;
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	char text[48];

	if (r->family != FAMILY_INET6) {
		text_v4(text, sizeof(text), a);
		snprintf(buf, sz, "%s:%u", text, port);
	} else if (!memcmp(a, mapped, sizeof(mapped))) {
		text_v4(text, sizeof(text), a + sizeof(mapped));
		snprintf(buf, sz, "%s:%u", text, port);
	} else {
		text_v6(text, sizeof(text), a);
		snprintf(buf, sz, "[%s]:%u", text, port);
	}
}

void socktext_inet(char *own, char *row, size_t sz, const struct wire_resource *r)
{
	char local[ADDR_SZ], peer[ADDR_SZ];
	const char *proto = protocol(r);

	address(local, sizeof(local), r, r->local, r->local_port);
	address(peer, sizeof(peer), r, r->peer, r->peer_port);
	if (!r->peer_port) {
		snprintf(own, sz, "%s %s%s", proto, local,
			 r->sk_state == LISTENS && r->protocol == 6 ? ", listening" : "");
		snprintf(row, sz, "%s", own);
		return;
	}
	snprintf(own, sz, "%s %s to %s", proto, local, peer);
	if (r->peer_port < EPHEMERAL && r->local_port >= EPHEMERAL)
		snprintf(row, sz, "%s to %s", proto, peer);
	else if (r->local_port < EPHEMERAL && r->peer_port >= EPHEMERAL)
		snprintf(row, sz, "%s at %s", proto, local);
	else
		snprintf(row, sz, "%s", own);
}

/* A name in the abstract namespace begins with a NUL, which everybody writes as @. */
void socktext_unix(char *own, char *row, size_t sz, const struct wire_resource *r)
{
	const char *path = (const char *)(r + 1);

	if (!r->n)
		snprintf(own, sz, "unix socket %" PRIu64, (uint64_t)r->id);
	else if (!path[0])
		snprintf(own, sz, "unix @%.*s", (int)strnlen(path + 1, r->n - 1u), path + 1);
	else
		snprintf(own, sz, "unix %.*s", (int)strnlen(path, r->n), path);
	/* One without a name is new each time: its row goes by the descriptor. */
	snprintf(row, sz, "%s", r->n ? own : "");
}

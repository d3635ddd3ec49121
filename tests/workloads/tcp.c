/* SPDX-License-Identifier: MIT */
/*
 * tcp.c - receives from a TCP connection over loopback until the other end sends: network
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "workload.h"

static int client, server;

static void release(void *ctx)
{
	if (send(server, "x", 1, 0) != 1)
		die("send");
}

static void connect_both(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof(at);

	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || client < 0 || bind(listener, (struct sockaddr *)&at, n) ||
	    listen(listener, 1) || getsockname(listener, (struct sockaddr *)&at, &n) ||
	    connect(client, (struct sockaddr *)&at, n))
		die("loopback");
	server = accept(listener, NULL, NULL);
	if (server < 0)
		die("accept");
	setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	close(listener);
}

int main(int argc, char **argv)
{
	static struct partner sender = {.wait_ns = 15 * MS, .release = release};
	struct account a = {.name = "tcp", .state = "network"};
	struct workload w;
	struct lap lap;
	char c;

	connect_both();
	workload_start(&w, argc, argv);
	partner_start(&sender);
	for (int i = 0; i < w.laps; i++) {
		ssize_t n;

		partner_ask(&sender);
		MEASURED_LAP(&lap, &a, "tcp", n = recv(client, &c, 1, 0));
		if (n != 1)
			die("recv");
		a.blocked_ns += partner_blocked_ns(&sender, &lap);
	}
	account_print(&a);
	return workload_end();
}

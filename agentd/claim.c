/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a record may ask for, by the rule that it names: see claim.h. */
#include "agentd/claim.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include <linux/netfilter.h>

static bool ports_have(const struct vp_port_ranges *ports, uint16_t port)
{
	vp_array_each (range, ports)
		if ((range->protocol == IPPROTO_TCP || range->protocol == VP_PROTOCOL_ANY) &&
		    range->first <= port && port <= range->last)
			return true;
	return false;
}

bool vp_claim_has_port(const struct vp_claim *claim, uint16_t port)
{
	return ports_have(&claim->placement->ports, port);
}

static bool is_to_server(const struct vp_claim *claim)
{
	return claim->placement->rule->direction == VP_TO_SERVER;
}

bool vp_claim_has_end(const struct vp_claim *claim, const struct vp_report *report)
{
	return vp_claim_has_port(claim, is_to_server(claim) ? report->destination_port
							    : report->source_port);
}

static struct vp_address address_of(const struct vp_report *report, const uint8_t *bytes)
{
	struct vp_address address = { .family = report->family };

	memcpy(address.bytes, bytes, sizeof(address.bytes));
	return address;
}

/* Of a rule for this host the addresses are the kernel's to judge: it has them. */
static bool addresses_have(const struct vp_claim *claim, const struct vp_report *report)
{
	struct vp_address address =
		address_of(report, is_to_server(claim) ? report->destination : report->source);

	vp_array_each (range, &claim->placement->addresses)
		if (vp_address_within(&address, range))
			return true;
	return false;
}

struct vp_address vp_claim_client(const struct vp_claim *claim, const struct vp_report *report)
{
	return address_of(report, is_to_server(claim) ? report->source : report->destination);
}

static bool is_unicast(uint8_t family, const uint8_t *address)
{
	static const uint8_t zero[16];

	if (!memcmp(address, zero, sizeof(zero)))
		return false;
	return family == 4 ? address[0] != 0 && address[0] < 224 : address[0] != 0xff;
}

static bool is_end(const struct vp_address *address, uint16_t port,
		   const struct vp_address *end, uint16_t end_port)
{
	return port == end_port && !vp_address_compare(address, end);
}

static bool is_kept(const struct vp_session_list *sessions, const struct vp_report *report)
{
	struct vp_address source = address_of(report, report->source);
	struct vp_address destination = address_of(report, report->destination);
	uint16_t from = report->source_port, to = report->destination_port;

	vp_array_each (session, sessions)
		if ((is_end(&session->peer, session->peer_port, &source, from) &&
		     is_end(&session->local, session->local_port, &destination, to)) ||
		    (is_end(&session->local, session->local_port, &source, from) &&
		     is_end(&session->peer, session->peer_port, &destination, to)))
			return true;
	return false;
}

static const char *packet_fault(const struct vp_report *report)
{
	if (!(report->flags & VP_REPORT_TCP))
		return "the packet's TCP header was not seen";
	if (report->tcp_flags & TH_RST)
		return "it is a RST itself";
	if (!(report->tcp_flags & TH_ACK))
		return "the connection is not established";
	if (!is_unicast(report->family, report->source) ||
	    !is_unicast(report->family, report->destination))
		return "an address is not unicast";
	if (!report->source_port || !report->destination_port)
		return "a port is 0";
	return NULL;
}

/* Does the rule give that verdict? Its process gives some of its own for it. */
static bool gives(const struct vp_claim *claim, const struct vp_report *report)
{
	const struct vp_placement *placement = claim->placement;

	if (placement->mode != VP_MODE_ENFORCE || placement->point != claim->point ||
	    (claim->verdict == VP_VERDICT_RESET) != (report->kind == VP_REPORT_RESET))
		return false;
	if (claim->failure)
		return claim->point == VP_POINT_INSPECTION &&
		       claim->verdict == VP_VERDICT_RESET;
	return placement->rule->action.verdict == claim->verdict;
}

static const char *rule_fault(const struct vp_claim *claim, const struct vp_report *report)
{
	if (!gives(claim, report))
		return "the packet met no such rule";
	if (report->hook != NF_INET_LOCAL_IN && report->hook != NF_INET_FORWARD &&
	    report->hook != NF_INET_LOCAL_OUT)
		return "no rule is at that hook";
	if (!claim->placement->local &&
	    (!vp_claim_has_end(claim, report) || !addresses_have(claim, report)))
		return "the connection is not the service's";
	return NULL;
}

static const char *guard_fault(const struct vp_claim *claim, const struct vp_report *report)
{
	if (ports_have(claim->management, report->source_port) ||
	    ports_have(claim->management, report->destination_port))
		return "it is a management connection";
	return is_kept(claim->sessions, report) ? "it is a connection that is kept" : NULL;
}

int vp_claim_check(const struct vp_claim *claim, const struct vp_report *report,
		   struct vp_error *err)
{
	const char *done = claim->verdict == VP_VERDICT_BAN ? "client is not banned"
							    : "connection is not reset";
	const char *fault = packet_fault(report);

	if (fault)
		return vp_fail(err, -ENOTCONN, "%s: %s", done, fault);
	fault = rule_fault(claim, report);
	fault = fault ? fault : guard_fault(claim, report);
	return fault ? vp_fail(err, -EPERM, "%s: %s", done, fault) : 0;
}

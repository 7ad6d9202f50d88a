/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of parsers: see protocol.h. */
#include "modules/inspection/protocol.h"

#include <string.h>

#include "modules/inspection/http.h"

const struct vp_parser_limits vp_parser_limits_default = {
	.memory = 1u << 20,
	.header = 128u << 10,
	.depth = 64,
};

const struct vp_protocol *const vp_protocols[] = {
	&vp_protocol_stream,
	&vp_protocol_datagram,
	&vp_protocol_http,
	&vp_protocol_smtp,
	&vp_protocol_ftp,
	&vp_protocol_pop3,
	&vp_protocol_imap,
	&vp_protocol_telnet,
	&vp_protocol_redis,
	&vp_protocol_tls,
	&vp_protocol_dns_stream,
	&vp_protocol_dns,
	&vp_protocol_ssh,
	&vp_protocol_smb,
	NULL,
};

const struct vp_protocol *vp_protocol_for(const char *application, unsigned int traffic)
{
	const char *name = application ? application : "";

	for (const struct vp_protocol *const *protocol = vp_protocols; *protocol; protocol++)
		if ((*protocol)->traffic & traffic && !strcmp((*protocol)->application, name))
			return *protocol;
	return NULL;
}

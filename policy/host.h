/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the planner must know of a host, as a plain snapshot. Modules fill it
 * (probe); the planner only reads it, so a plan can be made for any host on any
 * machine.
 */
#ifndef VP_POLICY_HOST_H
#define VP_POLICY_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "lib/address.h"
#include "policy/patch.h"

struct vp_socket {
	uint16_t protocol;
	uint16_t port;
	struct vp_address address; /* local; all zero bytes: any */
	char *process;		   /* executable, or NULL */
	char *unit;		   /* systemd unit, or NULL */
};

/* A connection that must survive whatever is applied. */
struct vp_session {
	struct vp_address peer, local;
	uint16_t peer_port, local_port; /* host order; TCP */
};

/* Something on this host's packet path that shields cannot see past. */
struct vp_bypass {
	const char *kind; /* "flowtable", "notrack", "xdp", "tc", "ipvs" */
	char *where;	  /* table and chain, or interface */
};

struct vp_kernel {
	bool nftables;	    /* tables can be made at all */
	bool owner_persist; /* NFT_TABLE_F_OWNER together with PERSIST (6.9) */
	bool native_queue;  /* the nft_queue expression */
	bool compat_queue;  /* the NFQUEUE target by nft_compat; not asked for with the former
			     */
	bool inner_payload; /* payload behind the transport header, whatever its length (5.16)
			     */
	bool away; /* rules can remove elements, and look-ups count to a quota (5.7): flows can
		      leave inspection */
	bool sock_destroy; /* SOCK_DESTROY, for resets on the local side */
};

/* Can such a kernel send packets to inspection? One that was never asked counts as able. */
static inline bool vp_kernel_queues(const struct vp_kernel *kernel)
{
	return !kernel->nftables || kernel->native_queue || kernel->compat_queue;
}

/* How inspected packets reach user space, see modules/netfilter/queue.h; 0: the default. */
struct vp_queueing {
	uint16_t base;		     /* first queue number */
	uint16_t count;		     /* queues of one class and generation */
	uint32_t lease_mark;	     /* mark of the beats of the first class */
	uint32_t lease_milliseconds; /* how long a beat is good for */
	uint64_t memory;	     /* bytes of one worker's connections */
	uint32_t connections;	     /* of one worker */
};

struct vp_host {
	time_t now;
	bool clock_synchronised;
	struct vp_kernel kernel;
	bool without_sockets; /* nobody will ask for them: they need not be read */
	VP_ARRAY(struct vp_socket) sockets;
	VP_ARRAY(struct vp_address_range) addresses; /* this host's own */
	VP_ARRAY(struct vp_address_range) never_ban; /* gateways, resolvers, own addresses */
	VP_ARRAY(struct vp_session) sessions;	     /* of the person applying */
	VP_ARRAY(struct vp_bypass) bypasses;
	struct vp_port_ranges management; /* default tcp/22 */
	uint16_t log_group;		  /* NFLOG */
	struct vp_queueing queueing;
	const char
		*run; /* folder for what outlives a process; NULL: nothing is to; not owned */
	const char *state;    /* folder for what outlives a boot; likewise */
	const char *dropins;  /* folder of units that drop-ins are kept in; likewise */
	bool dropins_exact;   /* none that deny more than the rules */
	bool table_ownership; /* configured; used only with kernel.owner_persist */
	/*
	 * Not a host to apply to (check, the lab, an offline plan): example values of sets
	 * with `site = required` are used, sections of system calls may leave their services
	 * to the site, and a unit or process that does not listen is a warning instead of an
	 * error.
	 */
	bool examples_allowed;
};

void vp_host_free(struct vp_host *host);

#endif

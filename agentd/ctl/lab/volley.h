/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many scripts at once, a connection each, from the wire to a listener of the real
 * kernel; and what its application read.
 */
#ifndef VP_LAB_VOLLEY_H
#define VP_LAB_VOLLEY_H

#include "agentd/ctl/lab/wire.h"

#define VP_VOLLEY_MAX 128

/* What the application read of one connection. */
struct vp_landing {
	bool connected;
	bool opened;	/* all steps before the message went as they should */
	bool whole;	/* the message, nothing else */
	uint8_t *bytes; /* owned by whoever has it: what came behind those steps */
	size_t len;
};

struct vp_volley {
	struct vp_lab *lab;
	struct vp_wire *wire;
	const struct vp_path *path;
	const struct vp_sample *sample;
	size_t first; /* its steps before this one open the connection */
	/*
	 * Who sends the message. To the client, the server's own TCP makes the segments
	 * of what is written at once; the client is wire.c's.
	 */
	enum vp_direction direction;
	int listener;
	size_t count;
	struct vp_shot {
		const struct vp_script *script;
		struct vp_wire_end end;
		int server; /* -1: not connected */
		struct vp_strbuf read;
		size_t opening;	  /* bytes of the client's before the message */
		size_t heard;	  /* and of the server's */
		size_t operation; /* next one */
		bool opened;
	} shots[VP_VOLLEY_MAX];
};

/*
 * Play scripts[0..count) over the path, after the steps of the sample before
 * `first`. All traffic has come to rest and all connections are open when it
 * returns; the caller ends it. 0, or -errno when the lab itself fails.
 */
int vp_volley_fire(struct vp_volley *volley, const struct vp_script *const *scripts,
		   size_t count, struct vp_landing *landings, struct vp_error *err);
int vp_volley_end(struct vp_volley *volley, struct vp_error *err);

#endif

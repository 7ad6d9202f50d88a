/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps of the tests against the kernel. What fails ends the test. */
#ifndef VP_TESTS_NETFILTER_KERNEL_DRIVE_H
#define VP_TESTS_NETFILTER_KERNEL_DRIVE_H

#include "modules/netfilter/netfilter.h"
#include "modules/netfilter/watch.h"
#include "tests/unit/netfilter/kernel_build.h"

/* The error of a code < 0 fails the test. */
void good(int code, const struct vp_error *err);

/* Set-up and tear-down: *state is an instance, without a table. */
int fresh(void **state);
int gone(void **state);
struct vp_instance *open_instance(void);

void apply(struct vp_instance *instance, const struct vp_artefact *artefact);
/* Number of differences; the lines contain `text`, when given. */
int verify(struct vp_instance *instance, const struct vp_artefact *artefact, const char *text);
/* Apply, expect no differences, drop the artefact. */
void apply_shape(struct vp_instance *instance, struct shape shape);

/* Somebody else at work. */
void nft(const char *command);
/* Make that many chains in "table inet other": a transaction for a thousand, more than that
 * not everybody may send at once. */
void foreign_chains(int count);
void loopback_up(void);
void send_to(uint16_t port, const char *payload, unsigned int times);
uint64_t packets_of(struct vp_instance *instance, uint32_t tag);

/* Waits that many milliseconds for the watcher, then handles it once. */
enum vp_watch_event wait_event(struct vp_watch *watch, int timeout);

#endif

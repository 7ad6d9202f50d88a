/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The validated model: one typed virtual patch. Plain data, visible on purpose. */
#ifndef VP_POLICY_PATCH_H
#define VP_POLICY_PATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "policy/call.h"
#include "policy/field.h"
#include "policy/value.h"

enum vp_severity {
	VP_SEVERITY_LOW,
	VP_SEVERITY_MEDIUM,
	VP_SEVERITY_HIGH,
	VP_SEVERITY_CRITICAL
};
enum vp_mode { VP_MODE_MONITOR, VP_MODE_ENFORCE };
enum vp_on_expiry { VP_EXPIRY_WARN, VP_EXPIRY_MONITOR, VP_EXPIRY_REMOVE };
enum vp_on_failure { VP_FAILURE_PASS, VP_FAILURE_BLOCK };
enum vp_direction { VP_TO_SERVER, VP_TO_CLIENT };

const char *vp_severity_name(enum vp_severity severity);
const char *vp_mode_name(enum vp_mode mode);
const char *vp_on_expiry_name(enum vp_on_expiry on_expiry);
const char *vp_on_failure_name(enum vp_on_failure on_failure);
const char *vp_direction_name(enum vp_direction direction);

#define VP_FAMILY_IPV4 1u
#define VP_FAMILY_IPV6 2u

/* IP protocol number that means "every protocol" in a port range (`ports = ip`). */
#define VP_PROTOCOL_ANY 256

struct vp_port_range {
	uint16_t protocol;    /* IANA protocol number, or VP_PROTOCOL_ANY */
	uint16_t first, last; /* inclusive; 0-65535 when the protocol has no ports */
	struct vp_location at;
};

/* tcp, udp, udplite, sctp, dccp: a dispatch key of these includes the port. */
bool vp_protocol_has_ports(uint16_t protocol);
/* The number of "tcp", "icmpv6", "ip" and so on (not of "protocol/99"); -1: no such name. */
int vp_protocol_find(const char *name, size_t length);
/* The enum vp_traffic bits that packets of a protocol can be. */
unsigned int vp_protocol_traffic(uint16_t protocol);
/* The VP_FAMILY_ bits of the packets that carry a protocol. */
unsigned int vp_protocol_families(uint16_t protocol);
/* "tcp", "icmpv6", "protocol/99", "ip". Returns `text`. */
const char *vp_protocol_name(uint16_t protocol, char text[static 16]);
/* "tcp/80", "udp/any", "icmp", "ip". Returns `text`. */
const char *vp_port_range_print(const struct vp_port_range *range, char text[static 40]);

VP_ARRAY_TYPE(vp_port_ranges, struct vp_port_range);

struct vp_service {
	char *name;
	struct vp_location at;
	struct vp_port_ranges ports;
	struct vp_values addresses; /* ADDRESS and SET values; empty: this host */
	char *unit;		    /* systemd unit, or NULL */
	char *process;		    /* executable path, or NULL */
	char *application;	    /* "http", ..., or NULL */
	char *frame;		    /* canonical text of `frame =`, or NULL */
	bool management_forced;	    /* `management = force`: shield management ports too */
};

struct vp_transform {
	enum vp_transform_kind kind;
	uint64_t number; /* argument of mask() */
};

struct vp_condition {
	struct vp_location at;
	const struct vp_field *field;
	char *argument;		 /* text argument, or NULL */
	uint32_t offset, length; /* slice; length 0: to the end */
	/* Where the offset counts from, in place of the first byte: behind each occurrence of
	 * a string (data NULL: none); or the offset is the number that a slice of the same
	 * field has (NULL: none; only `field`, the slice and the transforms are set). */
	struct {
		uint8_t *data;
		size_t len;
	} behind;
	struct vp_condition *start;
	VP_ARRAY(struct vp_transform) transforms;
	bool negated;
	enum vp_operator op;
	struct vp_values values;
	/* The number that it is compared with in place of values, or NULL: a field of the same
	 * unit with its transforms; nothing else of it is set. */
	struct vp_condition *other;
};

VP_ARRAY_TYPE(vp_conditions, struct vp_condition);

enum vp_verdict {
	VP_VERDICT_PASS,
	VP_VERDICT_DROP,
	VP_VERDICT_REJECT,
	VP_VERDICT_RESET,
	VP_VERDICT_LIMIT,
	VP_VERDICT_BAN,
	VP_VERDICT_ANSWER,
};

const char *vp_verdict_name(enum vp_verdict verdict);

struct vp_action {
	enum vp_verdict verdict;
	struct vp_rate rate;   /* limit */
	uint32_t burst;	       /* limit; packets above the rate in one go, at least 1 */
	bool per_source;       /* limit: one allowance per source (IPv6: per /64) */
	uint64_t milliseconds; /* ban */
};

/* What a threshold is counted for. */
enum vp_per { VP_PER_RULE, VP_PER_SOURCE, VP_PER_FLOW };

/* So often a rule may hold without being a match. */
struct vp_threshold {
	struct vp_rate rate; /* count 0: no threshold */
	uint32_t burst;	     /* at once, at least 1 */
	enum vp_per per;     /* source: an IPv6 one is its /64 */
};

struct vp_rule {
	char *name;
	struct vp_location at;
	size_t service; /* index into the patch's services */
	enum vp_direction direction;
	struct vp_conditions when; /* all must hold */
	struct vp_conditions
		except; /* none may hold; from the definition and from overrides */
	struct vp_threshold threshold;
	struct vp_action action; /* PASS when it sets a variable */
	char *set;		 /* name of the variable that it counts up, or NULL */
};

/* How calls of a foreign ABI (int 0x80, x32, AArch32) are met. */
enum vp_foreign {
	VP_FOREIGN_CLOSE, /* all of them are answered ENOSYS */
	VP_FOREIGN_COVER, /* the rules hold for them too */
};

const char *vp_foreign_name(enum vp_foreign foreign);

/* One term of `deny`, and the rules that it became. */
struct vp_call_term {
	char *text; /* canonical: "socket(domain = AF_NETLINK)", "userns" */
	struct vp_location at;
	size_t first, count; /* of vp_syscalls.rules */
};

enum vp_call_target_kind { VP_CALL_TARGET_UNIT, VP_CALL_TARGET_PROCESS };

/* Whose calls are meant: all processes of a systemd unit, or of an executable. */
struct vp_call_target {
	enum vp_call_target_kind kind;
	char *name; /* nginx.service; /usr/sbin/nginx */
};

VP_ARRAY_TYPE(vp_call_targets, struct vp_call_target);

const char *vp_call_target_kind_name(enum vp_call_target_kind kind);

/* [syscalls NAME]: calls that units and processes are denied. */
struct vp_syscalls {
	char *name;
	struct vp_location at;
	struct vp_call_targets targets; /* of the definition, or of an override in its place;
					   empty: the site has to name them */
	VP_ARRAY(struct vp_call_term) deny;
	struct vp_call_rules rules;
	int error; /* errno value; rules may have another (clone3) */
	enum vp_foreign foreign;
	bool no_new_privs; /* no_new_privs may be set where the filter needs it */
	bool revocable;
	bool forced; /* dangerous denials are meant */
};

/* A sample of system calls: concrete calls that a section must deny, or allow. */
struct vp_call_sample {
	char *name;
	struct vp_location at;
	size_t syscalls; /* index into the patch's syscalls */
	bool denied;
	VP_ARRAY(struct vp_call_vector) calls;
	VP_ARRAY(char *) texts; /* of the calls, canonical */
};

enum vp_step_kind { VP_STEP_SEND, VP_STEP_RECEIVE, VP_STEP_WAIT, VP_STEP_PACKET };

struct vp_step {
	enum vp_step_kind kind;
	struct vp_location at;
	uint8_t *data; /* send, receive: bytes; packet: an IP packet */
	size_t len;
	uint64_t milliseconds; /* wait */
};

enum vp_expectation { VP_EXPECT_BLOCKED, VP_EXPECT_PASSED, VP_EXPECT_LIMITED };

struct vp_sample {
	char *name;
	struct vp_location at;
	const char *rule; /* name of the rule it attacks (in the patch), or NULL */
	size_t service;	  /* index; the rule's service when `rule` is given */
	enum vp_expectation expect;
	uint64_t limited_after; /* VP_EXPECT_LIMITED: that many arrive, the rest does not */
	VP_ARRAY(struct vp_step) steps; /* adjacent `send` lines are one step */
	struct vp_value
		from; /* ADDRESS or SET (its first element); kind ADDRESS with family 0: any */
	struct vp_port_range port; /* which of the service's ports; protocol 0: its first */
	unsigned int
		families; /* VP_FAMILY_ bits; default: all the service and the rule can have */
	uint32_t repeat;  /* at least 1 */
};

/* Package conditions of `affects` and `fixed-by`, kept as written and checked for form. */
VP_ARRAY_TYPE(vp_texts, char *);

struct vp_patch {
	char *file; /* as given on the command line or found in the folder */
	struct vp_location at;
	char *id, *title;
	enum vp_severity severity;
	struct vp_texts references, affects, fixed_by, blind_spots;
	char *owner, *reason; /* or NULL */
	time_t expires;	      /* first second after the last day (UTC); 0: never */
	enum vp_on_expiry on_expiry;
	enum vp_mode mode;
	enum vp_on_failure on_failure;
	VP_ARRAY(struct vp_service) services;
	VP_ARRAY(struct vp_set) sets;
	VP_ARRAY(struct vp_rule) rules;
	VP_ARRAY(struct vp_syscalls) syscalls;
	VP_ARRAY(struct vp_sample) samples;
	VP_ARRAY(struct vp_call_sample) call_samples;
	/* what overrides made of it */
	bool disabled;
	char *overridden; /* who or what changed it, for status and plan; or NULL */
	uint64_t digest;  /* of its canonical text, overrides included */
};

/* Release the patch and all it owns; NULL is allowed. */
void vp_patch_free(struct vp_patch *patch);

/* Release what the condition, set or list owns, not the struct. */
void vp_condition_free(struct vp_condition *condition);
void vp_set_free(struct vp_set *set);
void vp_call_targets_free(struct vp_call_targets *targets);

/* Is that unit or process among them? */
bool vp_call_targets_have(const struct vp_call_targets *targets,
			  const struct vp_call_target *target);
/* Is `target` among what is named: the same, or an instance of the template? */
bool vp_call_target_means(const struct vp_call_target *named,
			  const struct vp_call_target *target);
/* Does one of them mean it? */
bool vp_call_targets_mean(const struct vp_call_targets *targets,
			  const struct vp_call_target *target);

#endif

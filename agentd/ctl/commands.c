/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of vpatchctl: options and verbs as data. Nothing here parses or
 * prints; arguments.c, help.c and completion.c read it.
 */
#include "agentd/ctl/commands.h"

#include <string.h>

#include "agentd/ctl/test.h"
#include "agentd/ctl/verbs.h"

#define BIT(name) VP_OPTION_BIT(VP_OPTION_##name)

/* A row is one line or two, as is each line of help. */
/* clang-format off */
#define OPTION(ID, NAME, LETTER, VALUE, FORM, WORDS, SUMMARY) \
	[VP_OPTION_##ID] = { VP_OPTION_##ID, NAME, LETTER, VALUE, VP_FORM_##FORM, WORDS, SUMMARY }
#define FLAG(ID, NAME, LETTER, SUMMARY)      OPTION(ID, NAME, LETTER, NULL, NONE, NULL, SUMMARY)
#define VALUE(ID, NAME, WHAT, FORM, SUMMARY) OPTION(ID, NAME, 0, WHAT, FORM, NULL, SUMMARY)

const struct vp_option vp_options[VP_OPTION_COUNT] = {
	OPTION(CONFIG, "config", 'c', "FILE", FILE, NULL,
	       "read FILE instead of the installed vpatchd.conf"),
	FLAG(JSON, "json", 'j', "print one JSON document (a stream: one a line)"),
	FLAG(HELP, "help", 'h', "say what vpatchctl, or the verb, does"),
	FLAG(VERSION, "version", 'V', "print the version"),
	VALUE(OVERRIDES, "overrides", "DIR", FOLDER,
	      "lay the overrides (*.conf) in DIR over the definitions"),
	OPTION(FORMAT, "format", 0, "FORMAT", WORD, "text json nft bpf",
	       "text, json (as --json), nft (for nft -f), or bpf (of system calls)"),
	FLAG(EVASIONS, "evasions", 0,
	     "send every sample again in ways that evade weak filters"),
	FLAG(MUTATIONS, "mutations", 0,
	     "break the definitions in small ways; samples must notice"),
	VALUE(OBSERVE, "observe", "SECONDS", SECONDS,
	      "watch what the services call, and hold it against their filters"),
	VALUE(POLICY, "policy", "PATH", PATH, "a definition, or a folder of them"),
	VALUE(PCAP, "pcap", "FILE", FILE,
	      "captured traffic, pcap or pcapng; '-': standard input"),
	VALUE(CONFIRM, "confirm", "SECONDS", SECONDS,
	      "roll back unless 'vpatchctl confirm' comes in time"),
	VALUE(REASON, "reason", "TEXT", TEXT, "why, for history and audit"),
	VALUE(TICKET, "ticket", "TEXT", TEXT,
	      "change or incident number, for history and audit"),
	FLAG(WAIT, "wait", 0, "wait for the daemon to answer, up to 60 seconds"),
	FLAG(AFTER_PANIC, "after-panic", 0, "lift the marker that panic left, then apply"),
	FLAG(FORCE, "force", 0, "apply even where it would cut management access"),
	FLAG(FOLLOW, "follow", 'f', "go on with new events until interrupted"),
	VALUE(SRC, "src", "ADDRESS", ADDRESS, "only events from this address or prefix"),
	VALUE(DPORT, "dport", "PORT", PORT, "only events to this port"),
	VALUE(SINCE, "since", "TIME", TIME,
	      "only what happened since 2026-11-05T14:00:00Z, or since 2h ago"),
	FLAG(ALL, "all", 0, "every patch"),
	VALUE(FOR, "for", "DURATION", DURATION,
	      "only that long (10m, 24h, 7d); then as before"),
};

const struct vp_command vp_commands[] = {
	{
		.verb = "check",
		.run = vp_ctl_check,
		.summary = "report every error in definitions, before anything is touched",
		.help = "Reads the definitions (files, or the *.vpatch files of folders), "
			"reports all\n"
			"findings as FILE:LINE:COLUMN, and says whether each rule can be "
			"enforced by\n"
			"this build. Needs neither root nor the daemon, and touches nothing. "
			"Whether a\n"
			"definition stops the attack is not checked here: see 'vpatchctl "
			"test'.",
		.examples = "vpatchctl check /etc/vpatch/policy.d\n"
			    "vpatchctl check --json new.vpatch\n",
		.operands = { { "PATH", VP_FORM_PATH, NULL } },
		.least = 1,
		.most = SIZE_MAX,
		.options = BIT(OVERRIDES),
	},
	{
		.verb = "plan",
		.run = vp_ctl_plan,
		.summary =
			"show where each rule would be enforced, why, and what would change",
		.help = "Places every rule on this host, with the reason and the blind spots, "
			"and\n"
			"compares with what runs when the daemon answers. Without PATH it "
			"plans the\n"
			"configured policy folder with its overrides. Changes nothing. "
			"Without root\n"
			"some facts of this host are assumed, and it says which.",
		.examples = "vpatchctl plan\n"
			    "vpatchctl plan --format nft new.vpatch | nft -c -f -\n",
		.operands = { { "PATH", VP_FORM_PATH, NULL } },
		.least = 0,
		.most = SIZE_MAX,
		.options = BIT(FORMAT) | BIT(OVERRIDES),
	},
	{
		.verb = "test",
		.run = vp_ctl_test,
		.summary = "send the samples of definitions through the real kernel, in a lab",
		.help = "Builds a private network for each patch, installs its rules there, "
			"sends its\n"
			"samples, and compares what arrived with what was expected. The "
			"host's own\n"
			"rules and traffic are not touched. Needs no root where user "
			"namespaces are\n"
			"allowed; says which isolation it could not reproduce. With --observe "
			"no sample\n"
			"is sent: what the services that [syscalls] sections name call "
			"meanwhile is held\n"
			"against the filters, and what these would deny is listed (exit "
			"status 1). Needs\n"
			"root; changes nothing.",
		.examples = "vpatchctl test /etc/vpatch/policy.d\n"
			    "vpatchctl test --evasions CVE-2013-5211\n"
			    "vpatchctl test --observe 60 CVE-2026-31431\n",
		.operands = { { "PATH|ID", VP_FORM_PATH_OR_ID, NULL } },
		.least = 1,
		.most = SIZE_MAX,
		.options = BIT(EVASIONS) | BIT(MUTATIONS) | BIT(OBSERVE) | BIT(OVERRIDES),
	},
	{
		.verb = "replay",
		.run = vp_ctl_replay,
		.summary = "say what definitions would have done to captured traffic",
		.help = "Judges a capture by the code that judges live traffic, offline: one line "
			"for\n"
			"each hit of a rule, then a summary. Rules that netfilter evaluates are "
			"judged\n"
			"as well where inspection can; the others are listed as not replayed. "
			"Needs\n"
			"neither root nor the daemon, sends nothing, and asks nothing of this "
			"host.\n"
			"Exit status 0 with hits and without, 1 when the capture ends within a "
			"packet.",
		.examples = "vpatchctl replay --policy /etc/vpatch/policy.d --pcap "
			    "monday.pcapng\n"
			    "tcpdump -i eth0 -w - | vpatchctl replay --policy new.vpatch --pcap "
			    "- --json\n",
		.options = BIT(POLICY) | BIT(PCAP) | BIT(OVERRIDES),
		.needs = BIT(POLICY) | BIT(PCAP),
	},
	{
		.verb = "explain",
		.run = vp_ctl_explain,
		.summary =
			"say everything about one patch: where it acts, why, counts, limits",
		.help = "Shows for each rule of the patch the enforcement point and the "
			"reason, the\n"
			"kernel objects, the counts, the mode with its overrides, the expiry, "
			"and what\n"
			"the patch cannot see. Asks the daemon; without it, reads the files "
			"and as much\n"
			"of the kernel as permitted, and says so. Also explains a patch of "
			"the\n"
			"catalogue that is not installed.",
		.examples = "vpatchctl explain CVE-2013-5211\n",
		.operands = { { "ID", VP_FORM_ID, NULL } },
		.least = 1,
		.most = 1,
	},
	{
		.verb = "apply",
		.run = vp_ctl_apply,
		.summary = "read the policy folder and make it effective, all or nothing",
		.help = "The daemon checks the configured folder, and installs it as one new\n"
			"generation; after any error the old one stays exactly as it was. A "
			"refused\n"
			"apply prints its findings like 'check'. With --confirm the change is "
			"undone\n"
			"unless it is confirmed in time: use it when you may lock yourself "
			"out.",
		.examples = "vpatchctl apply --confirm 60 --reason 'NTP floods' --ticket "
			    "CHG-4711\n"
			    "vpatchctl apply --after-panic\n",
		.options = BIT(CONFIRM) | BIT(REASON) | BIT(TICKET) | BIT(WAIT) |
			   BIT(AFTER_PANIC) | BIT(FORCE),
		.daemon = true,
		.changes = true,
	},
	{
		.verb = "confirm",
		.run = vp_ctl_confirm,
		.summary = "keep what 'apply --confirm' installed",
		.help = "Ends the wait of 'apply --confirm'; without it the earlier "
			"generation comes\n"
			"back by itself.",
		.examples = "vpatchctl confirm\n",
		.daemon = true,
		.changes = true,
	},
	{
		.verb = "status",
		.run = vp_ctl_status,
		.summary = "say whether every enabled patch is enforced as meant",
		.help = "Exit status 0: every enabled patch is enforced as meant. 1: "
			"something is not\n"
			"(drift, expiry, a patch held in monitor, partial coverage, a failed "
			"worker,\n"
			"the marker of panic); the text says what and what to do. 3: the "
			"daemon does\n"
			"not answer; what the kernel and the stored state say is printed all "
			"the same.\n"
			"A shielded service is shielded, not fixed: the flaw is still there.",
		.examples = "vpatchctl status\n"
			    "vpatchctl status --json CVE-2013-5211\n",
		.operands = { { "ID", VP_FORM_ID, NULL } },
		.least = 0,
		.most = 1,
	},
	{
		.verb = "events",
		.run = vp_ctl_events,
		.summary =
			"list what was blocked and what changed (\"which rule blocked me?\")",
		.help = "Prints the stored events, newest last; with --follow it goes on. "
			"Events of a\n"
			"flood are aggregated into one line with an exact count. The store is "
			"bounded:\n"
			"syslog has what is older.",
		.examples = "vpatchctl events --src 192.0.2.7 --since 1h\n"
			    "vpatchctl events --follow --dport 123\n",
		.options = BIT(FOLLOW) | BIT(SRC) | BIT(DPORT) | BIT(SINCE),
		.daemon = true,
	},
	{
		.verb = "history",
		.run = vp_ctl_history,
		.summary = "list the generations: when, who, why, what changed",
		.help = "Lists the stored generations, the one that runs marked with '*'. Any "
			"of them\n"
			"can be brought back with 'vpatchctl rollback GENERATION'. Without "
			"the daemon\n"
			"the state folder is read, which needs root.",
		.examples = "vpatchctl history\n",
	},
	{
		.verb = "enable",
		.run = vp_ctl_enable,
		.summary = "switch a patch on again",
		.help = "Takes back a 'disable', or switches a patch on that an override or "
			"its\n"
			"definition left off. Stored as a local override, with who and why.",
		.examples = "vpatchctl enable CVE-2013-5211\n"
			    "vpatchctl enable --all\n",
		.operands = { { "ID", VP_FORM_ID, NULL } },
		.least = 1,
		.most = 1,
		.options = BIT(ALL) | BIT(FOR) | BIT(REASON),
		.instead = BIT(ALL),
		.daemon = true,
		.changes = true,
	},
	{
		.verb = "disable",
		.run = vp_ctl_disable,
		.summary = "switch a patch off, for good or for a while",
		.help = "Stored as a local override, with who and why. With --for the patch "
			"comes\n"
			"back by itself, also across a restart. The vulnerability is open "
			"meanwhile:\n"
			"'mode ID monitor' lets traffic pass and still reports.",
		.examples = "vpatchctl disable CVE-2013-5211 --for 10m --reason 'is it us?'\n"
			    "vpatchctl disable --all --for 5m\n",
		.operands = { { "ID", VP_FORM_ID, NULL } },
		.least = 1,
		.most = 1,
		.options = BIT(ALL) | BIT(FOR) | BIT(REASON),
		.instead = BIT(ALL),
		.daemon = true,
		.changes = true,
	},
	{
		.verb = "mode",
		.run = vp_ctl_mode,
		.summary = "let a patch enforce, or only monitor",
		.help = "In monitor a patch counts and reports and lets everything pass. "
			"Stored as a\n"
			"local override, with who and why.",
		.examples =
			"vpatchctl mode CVE-2013-5211 monitor --for 24h --reason 'first day'\n"
			"vpatchctl mode CVE-2013-5211 enforce\n",
		.operands = { { "ID", VP_FORM_ID, NULL },
			      { "enforce|monitor", VP_FORM_WORD, "enforce monitor" } },
		.least = 2,
		.most = 2,
		.options = BIT(FOR) | BIT(REASON),
		.daemon = true,
		.changes = true,
	},
	{
		.verb = "rollback",
		.run = vp_ctl_rollback,
		.summary = "go back to an earlier generation",
		.help = "Installs a stored generation as it was, the one before the present "
			"one when\n"
			"none is named. The files in the policy folder are not changed: the "
			"next\n"
			"'apply' reads them again.",
		.examples = "vpatchctl rollback\n"
			    "vpatchctl rollback 41 --reason 'CHG-4711 backed out'\n",
		.operands = { { "GENERATION", VP_FORM_GENERATION, NULL } },
		.least = 0,
		.most = 1,
		.options = BIT(REASON) | BIT(TICKET),
		.daemon = true,
		.changes = true,
	},
	{
		.verb = "panic",
		.run = vp_ctl_panic,
		.summary =
			"remove every shield now, and keep them off until apply --after-panic",
		.help = "For the moment when shields may be the outage. Works with the daemon "
			"alive,\n"
			"dead or stopped: stores a marker that forbids every later install, "
			"ends the\n"
			"daemon and its workers, removes the rules from the kernel, and "
			"prints what\n"
			"stays. Exit status 1 when anything does. Nothing is shielded "
			"afterwards.\n"
			"Needs root.",
		.examples = "vpatchctl panic\n",
		.options = BIT(REASON),
	},
	{ .verb = NULL },
};
/* clang-format on */

const struct vp_command *vp_command_find(const char *verb)
{
	for (const struct vp_command *command = vp_commands; command->verb; command++)
		if (!strcmp(command->verb, verb))
			return command;
	return NULL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of those that vpatchd talks to: [--listen PATH], [--help]. */
#ifndef VP_LIB_LISTEN_OPTION_H
#define VP_LIB_LISTEN_OPTION_H

/* The program goes on where it returns below 0, and ends with that status otherwise. *path is
 * one of the arguments; NULL: the socket that a service manager passes. */
int vp_listen_option(int argc, char **argv, const char *program, const char **path);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times of events as text, without the C library's locale or time zone: see event_time.h. */
#include "agentd/event_time.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *vp_event_time_print(uint64_t time, char text[static VP_EVENT_TIME])
{
	time_t seconds = (time_t)(time / 1000000);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || tm.tm_year > 9999 - 1900)
		return strcpy(text, "");
	snprintf(text, VP_EVENT_TIME, "%04d-%02d-%02dT%02d:%02d:%02d.%06uZ", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (unsigned int)(time % 1000000));
	return text;
}

/* Exactly `width` digits. */
static bool digits(const char **text, int width, int *value)
{
	*value = 0;
	for (int i = 0; i < width; i++, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		*value = *value * 10 + (**text - '0');
	}
	return true;
}

static bool literal(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

/* ".5" -> 500000; digits behind the sixth are dropped. */
static bool fraction(const char **text, uint32_t *microseconds)
{
	uint32_t unit = 100000;

	*microseconds = 0;
	if (!literal(text, '.'))
		return true;
	if (**text < '0' || **text > '9')
		return false;
	for (; **text >= '0' && **text <= '9'; (*text)++, unit /= 10)
		*microseconds += (uint32_t)(**text - '0') * unit;
	return true;
}

static bool offset(const char **text, int *minutes)
{
	char sign = **text;
	int hours, rest;

	*minutes = 0;
	if (literal(text, 'Z') || literal(text, 'z'))
		return true;
	if (sign != '+' && sign != '-')
		return false;
	(*text)++;
	if (!digits(text, 2, &hours) || !literal(text, ':') || !digits(text, 2, &rest) ||
	    hours > 23 || rest > 59)
		return false;
	*minutes = (hours * 60 + rest) * (sign == '-' ? -1 : 1);
	return true;
}

static bool clock_time(const char **text, struct tm *tm)
{
	if (!literal(text, 'T') && !literal(text, 't') && !literal(text, ' '))
		return false;
	return digits(text, 2, &tm->tm_hour) && literal(text, ':') &&
	       digits(text, 2, &tm->tm_min) && literal(text, ':') &&
	       digits(text, 2, &tm->tm_sec) && tm->tm_hour < 24 && tm->tm_min < 60 &&
	       tm->tm_sec < 61;
}

/* With the year and month as written. */
static bool is_day(const struct tm *tm)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year = tm->tm_year;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (tm->tm_mon < 1 || tm->tm_mon > 12)
		return false;
	return tm->tm_mday >= 1 &&
	       tm->tm_mday <= days[tm->tm_mon - 1] + (tm->tm_mon == 2 && leap);
}

int vp_event_time_parse(const char *text, uint64_t *time)
{
	struct tm tm = { 0 };
	uint32_t microseconds = 0;
	int minutes = 0;
	time_t seconds;

	if (!digits(&text, 4, &tm.tm_year) || !literal(&text, '-') ||
	    !digits(&text, 2, &tm.tm_mon) || !literal(&text, '-') ||
	    !digits(&text, 2, &tm.tm_mday) || !is_day(&tm))
		return -EINVAL;
	if (*text && (!clock_time(&text, &tm) || !fraction(&text, &microseconds) ||
		      !offset(&text, &minutes) || *text))
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	seconds = timegm(&tm) - (time_t)minutes * 60;
	if (seconds < 0)
		return -EINVAL;
	*time = (uint64_t)seconds * 1000000 + microseconds;
	return 0;
}

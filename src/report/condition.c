/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "report/condition.h"

static int wrong(struct damon_fail *fail, const char *text, const char *why)
{
	damon_fail(fail, EINVAL, "condition '%.80s': %s", text, why);
	damon_fail_remedy(fail, "write 'wss>+5%%', 'hot>100MiB', 'object:[heap]>+2pt' or "
				"'function:main<-10%%'");
	return -EINVAL;
}

/* Names may hold '>' and '<' themselves: the last one is the condition's. */
static const char *find_sign(const char *text)
{
	const char *above = strrchr(text, '>'), *below = strrchr(text, '<');

	return !above || (below && below > above) ? below : above;
}

static bool parse_metric(const char *text, size_t len, struct condition *c)
{
	static const struct {
		const char *prefix;
		enum condition_metric metric;
	} named[] = {{"object:", CONDITION_OBJECT}, {"function:", CONDITION_FUNCTION}};

	c->metric = CONDITION_WSS;
	if (len == 3 && !memcmp(text, "wss", 3))
		return true;
	c->metric = CONDITION_HOT;
	if (len == 3 && !memcmp(text, "hot", 3))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(named); i++) {
		size_t n = strlen(named[i].prefix);

		if (len <= n || memcmp(text, named[i].prefix, n))
			continue;
		c->metric = named[i].metric;
		if (len - n >= sizeof(c->name))
			return false;
		memcpy(c->name, text + n, len - n);
		c->name[len - n] = '\0';
		return true;
	}
	return false;
}

/* The number and its unit, without sign and '?'. */
static const char *parse_limit(char *text, struct condition *c)
{
	bool of_bytes = c->metric == CONDITION_WSS || c->metric == CONDITION_HOT;
	size_t len = strlen(text);
	uint64_t bytes;

	if (len > 1 && text[len - 1] == '%') {
		text[len - 1] = '\0';
		c->relative = c->change;
		if (of_bytes && !c->change)
			return "percent of what? write a sign for a change: 'wss>+5%'";
	} else if (len > 2 && !strcmp(text + len - 2, "pt")) {
		text[len - 2] = '\0';
		if (of_bytes || !c->change)
			return "points are of changes of shares: 'object:NAME>+2pt'";
	} else {
		if (!of_bytes)
			return "shares change by '%' (of what they were) or 'pt' (points)";
		if (damon_parse_bytes(text, &bytes))
			return "no such number of bytes";
		c->limit = (double)bytes;
		return NULL;
	}
	if (damon_parse_double(text, &c->limit) || c->limit < 0)
		return "no such number";
	c->limit /= 100;
	return NULL;
}

int condition_parse(const char *text, struct condition *c, struct damon_fail *fail)
{
	const char *sign = find_sign(text), *why, *at;
	bool minus = false;
	char limit[64];
	size_t len;

	*c = (struct condition){.text = text};
	if (!sign)
		return wrong(fail, text, "there is no '>' or '<'");
	if (!parse_metric(text, (size_t)(sign - text), c))
		return wrong(fail, text, "no such figure: wss, hot, object:NAME, function:NAME");
	c->above = *sign == '>';
	at = sign + 1;
	if (*at == '+' || *at == '-') {
		c->change = true;
		minus = *at++ == '-';
	}
	len = strlen(at);
	if (len && at[len - 1] == '?') {
		c->likely = true;
		len--;
	}
	if (!len || len >= sizeof(limit))
		return wrong(fail, text, "there is no limit");
	memcpy(limit, at, len);
	limit[len] = '\0';
	why = parse_limit(limit, c);
	if (why)
		return wrong(fail, text, why);
	if (minus)
		c->limit = -c->limit;
	return 0;
}

static bool is_across(const struct condition *c, double v)
{
	return c->above ? v > c->limit : v < c->limit;
}

enum condition_answer condition_ask(const struct condition *c, const struct known *before,
				    const struct known *after)
{
	double change = after->v - before->v;
	bool sure;

	if (!c->change) {
		if (!is_across(c, after->v))
			return CONDITION_NO;
		sure = is_across(c, c->above ? after->lo : after->hi);
		return sure || c->likely ? CONDITION_YES : CONDITION_UNSURE;
	}
	if (c->relative)
		change = before->v > 0 ? change / before->v : change > 0 ? INFINITY : 0;
	if (!is_across(c, change))
		return CONDITION_NO;
	sure = known_above(before, after) || known_above(after, before);
	return sure || c->likely ? CONDITION_YES : CONDITION_UNSURE;
}

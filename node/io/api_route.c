/* The table of routes, and who may use them. */
#include <stdio.h>
#include <strings.h>

#include "api_impl.h"

#define RUN(name) zyd_run_##name
static const struct route routes[] = {
    {"POST", "v1/envelopes", NEED_SUBMIT, BODY_ENVELOPE, RUN(envelope_post), false},
    {"GET", "v1/envelopes/*", NEED_READ, BODY_NONE, RUN(envelope_get), false},
    {"POST", "v1/contracts", NEED_MAKER, BODY_JSON, RUN(contract_post), false},
    {"GET", "v1/contracts", NEED_READ, BODY_NONE, RUN(contracts_get), false},
    {"GET", "v1/contracts/*", NEED_READ, BODY_NONE, RUN(contract_get), false},
    {"GET", "v1/contracts/*/history", NEED_READ, BODY_NONE, RUN(history_get), false},
    {"GET", "v1/contracts/*/receipt", NEED_READ, BODY_NONE, RUN(receipt_get), false},
    {"POST", "v1/contracts/*/events/*", NEED_MAKER, BODY_JSON, RUN(event_post), false},
    {"GET", "v1/pending", NEED_READ, BODY_NONE, RUN(pending_get), false},
    {"POST", "v1/pending/*/countersignatures", NEED_SIGNER, BODY_JSON, RUN(countersign_post), false},
    {"POST", "v1/pending/*/decline", NEED_SIGNER, BODY_JSON, RUN(decline_post), false},
    {"POST", "v1/pending/*/withdrawal", NEED_SIGNER, BODY_JSON, RUN(withdraw_post), false},
    {"GET", "v1/obligations", NEED_READ, BODY_NONE, RUN(obligations_get), false},
    {"POST", "v1/obligations/*/paid", NEED_MAKER, BODY_JSON, RUN(paid_post), false},
    {"GET", "v1/balances", NEED_READ, BODY_NONE, RUN(balances_get), false},
    {"GET", "v1/postings", NEED_READ, BODY_NONE, RUN(postings_get), false},
    {"GET", "v1/cycles", NEED_READ, BODY_NONE, RUN(cycles_get), false},
    {"GET", "v1/cycles/*", NEED_READ, BODY_NONE, RUN(cycle_get), false},
    {"GET", "v1/cycles/*/statement", NEED_READ, BODY_NONE, RUN(cycle_statement_get), false},
    {"GET", "v1/programmes", NEED_READ, BODY_NONE, RUN(programmes_get), false},
    {"GET", "v1/programmes/*", NEED_READ, BODY_NONE, RUN(programme_get), false},
    {"GET", "v1/proposals", NEED_READ, BODY_NONE, RUN(proposals_get), false},
    {"GET", "v1/transactions/*", NEED_READ, BODY_NONE, RUN(transaction_get), false},
    {"GET", "v1/transactions/*/receipt", NEED_READ, BODY_NONE, RUN(transaction_receipt_get), false},
    {"GET", "v1/blocks", NEED_ALL, BODY_NONE, RUN(blocks_get), false},
    {"GET", "v1/blocks/*", NEED_ALL, BODY_NONE, RUN(block_get), false},
    {"GET", "v1/blocks/*/raw", NEED_ALL, BODY_NONE, RUN(block_raw_get), false},
    {"GET", "v1/frames", NEED_ALL, BODY_NONE, RUN(frames_get), false},
    {"GET", "v1/records/*/proof", NEED_ALL, BODY_NONE, RUN(proof_get), false},
    {"GET", "v1/records/proof", NEED_ALL, BODY_NONE, RUN(proof_get), false},
    {"GET", "v1/consortium", NEED_READ, BODY_NONE, RUN(consortium_get), false},
    {"GET", "v1/plugins", NEED_READ, BODY_NONE, RUN(plugins_get), false},
    {"GET", "v1/plugins/*", NEED_READ, BODY_NONE, RUN(plugin_get), false},
    {"GET", "v1/nodes", NEED_READ, BODY_NONE, RUN(nodes_get), false},
    {"GET", "v1/status", NEED_READ, BODY_NONE, RUN(status_get), false},
    {"GET", "v1/version", NEED_NONE, BODY_NONE, RUN(version_get), false},
    {"GET", "v1/errors", NEED_NONE, BODY_NONE, RUN(errors_get), false},
    {"GET", "v1/schema", NEED_NONE, BODY_NONE, RUN(schema_get), false},
    {"GET", "v1/events", NEED_READ, BODY_NONE, RUN(stream_get), false},
    {"GET", "v1/dev/clock", NEED_READ, BODY_NONE, RUN(clock_get), false},
    {"POST", "v1/dev/clock", NEED_OPERATOR, BODY_JSON, RUN(clock_post), false},
    {"GET", "livez", NEED_NONE, BODY_NONE, RUN(livez_get), false},
    {"GET", "readyz", NEED_NONE, BODY_NONE, RUN(readyz_get), false},
    {"GET", "metrics", NEED_NONE, BODY_NONE, RUN(metrics_get), true},
};
#define COUNT (sizeof routes / sizeof routes[0])
_Static_assert(COUNT < 63, "counters by route");

size_t zyd_api_route_count(void)
{
    return COUNT;
}

const struct route *zyd_api_route_at(size_t index)
{
    return &routes[index];
}

/* Segments of the path against a pattern.  A literal wins over '*' because it stands in the table as a route of its own. */
static bool matches(const struct zyd_uri *u, const char *pattern, bool *wild)
{
    uint32_t i = 0;
    *wild = false;
    while (*pattern) {
        size_t n = strcspn(pattern, "/");
        if (i == u->segment_count) {
            return false;
        }
        bool any = n == 1 && pattern[0] == '*';
        if (!any && (strlen(u->segments[i]) != n || memcmp(u->segments[i], pattern, n) != 0)) {
            return false;
        }
        *wild |= any;
        i++;
        pattern += n + (pattern[n] == '/');
    }
    return i == u->segment_count;
}

const struct route *zyd_api_route(const struct request *r, bool *path_known, char allow[64])
{
    const struct route *found = NULL;
    bool found_wild = true;
    *path_known = false;
    allow[0] = '\0';
    for (size_t i = 0; i < COUNT; i++) {
        bool wild;
        if (routes[i].metrics != r->metrics_listener || !matches(&r->uri, routes[i].path, &wild)) {
            continue;
        }
        *path_known = true;
        if (!strstr(allow, routes[i].method)) {
            snprintf(allow + strlen(allow), 64 - strlen(allow), "%s%s", allow[0] ? ", " : "", routes[i].method);
        }
        if (strcmp(routes[i].method, r->method) == 0 && found_wild) {
            found = &routes[i];
            found_wild = wild;
        }
    }
    return found;
}

static const char *bearer(const char *authorization)
{
    if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0) {
        return NULL;
    }
    authorization += 7;
    while (*authorization == ' ') {
        authorization++;
    }
    return authorization;
}

static unsigned roles_of(enum need need)
{
    switch (need) {
    case NEED_MAKER:
        return ZYD_TOKEN_MAKER;
    case NEED_SIGNER:
        return ZYD_TOKEN_MAKER | ZYD_TOKEN_CHECKER;
    case NEED_OPERATOR:
        return ZYD_TOKEN_OPERATOR;
    case NEED_SUBMIT:
        return ZYD_TOKEN_MAKER | ZYD_TOKEN_CHECKER | ZYD_TOKEN_OPERATOR | ZYD_TOKEN_GOVERNOR;
    case NEED_NONE:
    case NEED_READ:
    case NEED_ALL:
        break;
    }
    return ZYD_TOKEN_MAKER | ZYD_TOKEN_CHECKER | ZYD_TOKEN_OPERATOR | ZYD_TOKEN_AUDITOR | ZYD_TOKEN_GOVERNOR;
}

bool zyd_api_authorize(struct request *r, const char *authorization)
{
    enum need need = r->route->need;
    const char *token = bearer(authorization);
    bool read = need == NEED_READ || need == NEED_ALL;
    r->who = (struct zyd_principal){.member = r->api->config.me_member};
    if (need == NEED_NONE) {
        return true;
    }
    if (token && !zyd_tokens_find(r->api->tokens, &r->who, token)) {
        zyd_problem_set(&r->problem, ZYD_ERR_UNAUTHENTICATED, "", "the token is not known here");
        return false;
    }
    if (!token && read && r->api->config.open_reads) {
        r->who.all = true;
        return true;
    }
    if (!token) {
        zyd_problem_set(&r->problem, ZYD_ERR_UNAUTHENTICATED, "", "a token is needed: Authorization: Bearer TOKEN");
        return false;
    }
    if ((r->who.role & roles_of(need)) == 0) {
        zyd_problem_set(&r->problem, ZYD_ERR_FORBIDDEN, "", "the token's role is %s", zyd_token_role_text(r->who.role));
        return false;
    }
    if (need == NEED_ALL && !r->who.all) {
        zyd_problem_set(&r->problem, ZYD_ERR_FORBIDDEN, "", "the token's scope is own; all is needed");
        return false;
    }
    return true;
}

bool zyd_api_sees(const struct request *r, uint64_t parties)
{
    return r->who.all || (r->who.member < 64 && (parties >> r->who.member & 1) != 0);
}

/* tokens.h: who may do what over HTTP (surfaces.md 3.6).
 * File: one token a line, "role scope sha256hex-of-token [member]", '#' begins a comment.  role: maker checker operator auditor
 * governor; scope: own | all.  Only hashes are stored; a token is 16 to 256 printable characters of enough chance. */
#ifndef ZYD_IO_TOKENS_H
#define ZYD_IO_TOKENS_H

#include <zyd/genesis.h>
#include <zyd/io.h>

enum zyd_token_role {
    ZYD_TOKEN_MAKER = 1,
    ZYD_TOKEN_CHECKER = 2,
    ZYD_TOKEN_OPERATOR = 4,
    ZYD_TOKEN_AUDITOR = 8,
    ZYD_TOKEN_GOVERNOR = 16
};
struct zyd_principal {
    bool known; /* a token was given and is in the file */
    unsigned role; /* one enum zyd_token_role, or 0 */
    bool all;
    uint16_t member; /* whose own things scope own may see */
    uint32_t number; /* line of the token file; 0: none */
};
#define ZYD_TOKENS_MAX 256u
struct zyd_tokens;
/* path NULL: no tokens.  E8040 names the line. */
enum zyd_status zyd_tokens_load(struct zyd_tokens **out, struct zyd_err *err, const char *path, const struct zyd_genesis *g,
                                uint16_t me_member);
void zyd_tokens_free(struct zyd_tokens *t);
/* Compares with every entry in constant time.  false: unknown. */
bool zyd_tokens_find(const struct zyd_tokens *t, struct zyd_principal *out, const char *token);
const char *zyd_token_role_text(unsigned role);

#endif

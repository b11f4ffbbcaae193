/* Files of the ceremony: consortium.json, join requests; and what is shown of a genesis is read as the same genesis. */
#include <stdlib.h>

#include <zyd/consortium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zyd_err err = {0};
    struct zyd_consortium *c = NULL;
    struct zyd_span text = zyd_span(data, size);
    char code[ZYD_CODE_MAX + 1];
    (void)zyd_join_check(&err, code, text);
    if (zyd_consortium_parse(&c, &err, text) == ZYD_OK) {
        uint64_t approvals;
        (void)zyd_consortium_check_proofs(&err, c);
        (void)zyd_consortium_approvals(&approvals, &err, c);
        char *shown = NULL;
        if (zyd_consortium_genesis(c) && zyd_consortium_show(&shown, &err, zyd_consortium_genesis(c)) == ZYD_OK) {
            struct zyd_consortium *again = NULL;
            zyd_assert(zyd_consortium_parse(&again, &err, zyd_span(shown, strlen(shown))) == ZYD_OK);
            zyd_assert(zyd_hash_eq(&zyd_consortium_genesis(c)->hash, &zyd_consortium_genesis(again)->hash));
            zyd_consortium_free(again);
        }
        free(shown);
    }
    zyd_consortium_free(c);
    return 0;
}

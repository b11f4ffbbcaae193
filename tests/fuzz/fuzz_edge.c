/* Goal: no bytes from a bank make the reader crash, loop, fetch or disagree with itself.
 * Method: the bytes as a message; what is read obeys its bounds, and every entry has a verdict and a reference. */
#include <stdlib.h>

#include <zyd/iso20022.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zyd_iso_notice *n = NULL;
    struct zyd_err err = {0};
    if (zyd_iso_read(&n, &err, zyd_span(data, size)) != ZYD_OK) {
        zyd_assert(n == NULL && err.code != 0 && err.text[0]);
        return 0;
    }
    zyd_assert((n->kind == 53 || n->kind == 54) && n->count <= ZYD_ISO_ENTRIES_MAX);
    for (size_t i = 0; i < n->count; i++) {
        const struct zyd_iso_entry *e = &n->entries[i];
        char ref[ZYD_ISO_REF_MAX + 1];
        zyd_assert(e->fen >= -1 && e->fen <= ZYD_MONEY_MAX && strlen(e->currency) == 3);
        zyd_assert(zyd_iso_fen(e->amount) == e->fen);
        zyd_iso_client_ref(ref, e);
        zyd_assert(strlen(ref) == ZYD_ISO_REF_MAX);
        (void)zyd_iso_judge(e, NULL, -1, 0);
    }
    zyd_iso_notice_free(n);
    return 0;
}

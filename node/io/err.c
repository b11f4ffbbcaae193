/* One line for the operator: what, where, what to do. */
#include <stdarg.h>
#include <stdio.h>

#include <zyd/io.h>

void zyd_err_set(struct zyd_err *err, uint32_t code, const char *format, ...)
{
    va_list args;
    err->code = code;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
}

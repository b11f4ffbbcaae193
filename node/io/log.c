/* Log lines: text for a person, JSON for a machine, <priority> text for the journal (surfaces.md 3.9). */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <zyd/io.h>

#define LINE_CAP 2048

/* Set once, before other threads are made. */
static enum zyd_log_level level_max = ZYD_LOG_INFO;
static enum zyd_log_format line_format = ZYD_LOG_TEXT;
static char node_name[64];

void zyd_log_setup(enum zyd_log_level level, enum zyd_log_format format, const char *name)
{
    level_max = level;
    if (format == ZYD_LOG_AUTO) {
        const char *journal = getenv("JOURNAL_STREAM");
        format = journal != NULL && journal[0] != 0 ? ZYD_LOG_JOURNAL : isatty(2) ? ZYD_LOG_TEXT : ZYD_LOG_JSON;
    }
    line_format = format;
    snprintf(node_name, sizeof node_name, "%s", name);
}

/* JSON string contents; stops when only room for the closing bytes is left. */
static size_t escape(char *out, size_t cap, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;
    for (const char *p = text; *p != 0 && n + 6 < cap; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\') {
            out[n++] = '\\';
            out[n++] = (char)c;
        } else if (c < 0x20) {
            memcpy(out + n, "\\u00", 4);
            out[n + 4] = hex[c >> 4];
            out[n + 5] = hex[c & 15];
            n += 6;
        } else {
            out[n++] = (char)c;
        }
    }
    return n;
}

void zyd_log(enum zyd_log_level level, const char *event, const char *format, ...)
{
    static const char *const names[4] = {"error", "warn", "info", "debug"};
    static const char journal[4] = {'3', '4', '6', '7'};
    char text[LINE_CAP / 2], line[LINE_CAP], when[40];
    if (level > level_max)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct timespec t;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &tm);
    size_t k = strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(when + k, sizeof when - k, ".%03dZ", (int)(t.tv_nsec / 1000000));
    size_t n;
    if (line_format == ZYD_LOG_JSON) {
        n = (size_t)snprintf(line, sizeof line,
                             "{\"time\":\"%s\",\"level\":\"%s\",\"node\":\"%s\",\"event\":\"%s\",\"text\":\"", when,
                             names[level], node_name, event);
        n += escape(line + n, sizeof line - n - 4, text);
        memcpy(line + n, "\"}\n", 3);
        n += 3;
    } else {
        for (char *p = text; *p != 0; p++)
            if ((unsigned char)*p < 0x20)
                *p = ' ';
        if (line_format == ZYD_LOG_JOURNAL)
            n = (size_t)snprintf(line, sizeof line, "<%c>%s %s\n", journal[level], event, text);
        else
            n = (size_t)snprintf(line, sizeof line, "%s %-5s %s %s %s\n", when, names[level], node_name, event, text);
        if (n >= sizeof line)
            n = sizeof line - 1;
    }
    ssize_t ignored = write(2, line, n);
    (void)ignored;
}

/* zyd/date.h: calendar dates and business time, for the node and, unchanged, for contracts in the VM.
 *
 * A date is an int32 yyyymmdd in UTC+8.  An instant is milliseconds since 1970-01-01 UTC.  A day number is days
 * since 1970-01-01.  days(a, b) = b - a: the start is counted, the end is not (domain.md 3.0.1).
 * Freestanding: integers only, no library calls.
 */
#ifndef ZYD_DATE_H
#define ZYD_DATE_H

#include <stdbool.h>
#include <stdint.h>

#define ZYD_DAY_MS INT64_C(86400000)
#define ZYD_UTC8_MS INT64_C(28800000)

/* Day number of a valid date in 1970..9999.  Algorithm: days from civil, with March as the first month. */
static inline int32_t zyd_date_to_day(int32_t date)
{
    int32_t y = date / 10000, m = date / 100 % 100, d = date % 100;
    y -= m <= 2;
    int32_t era = y / 400;
    int32_t yoe = y - era * 400;
    int32_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int32_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

static inline int32_t zyd_date_from_day(int32_t day)
{
    int32_t z = day + 719468;
    int32_t era = z / 146097;
    int32_t doe = z - era * 146097;
    int32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int32_t mp = (5 * doy + 2) / 153;
    int32_t d = doy - (153 * mp + 2) / 5 + 1;
    int32_t m = mp < 10 ? mp + 3 : mp - 9;
    int32_t y = yoe + era * 400 + (m <= 2);
    return y * 10000 + m * 100 + d;
}

/* Is it a calendar date in 1970..9999? */
static inline bool zyd_date_valid(int32_t date)
{
    int32_t m = date / 100 % 100, d = date % 100;
    return date >= 19700101 && date <= 99991231 && m >= 1 && m <= 12 && d >= 1 && d <= 31 &&
           zyd_date_from_day(zyd_date_to_day(date)) == date;
}

static inline int32_t zyd_date_add(int32_t date, int32_t days)
{
    return zyd_date_from_day(zyd_date_to_day(date) + days);
}

static inline int32_t zyd_days_between(int32_t from, int32_t to)
{
    return zyd_date_to_day(to) - zyd_date_to_day(from);
}

/* The business date of an instant, and the instant of 00:00 (UTC+8) of a date. */
static inline int32_t zyd_date_of_ms(int64_t ms)
{
    return zyd_date_from_day((int32_t)((ms + ZYD_UTC8_MS) / ZYD_DAY_MS));
}
static inline int64_t zyd_ms_of_date(int32_t date)
{
    return (int64_t)zyd_date_to_day(date) * ZYD_DAY_MS - ZYD_UTC8_MS;
}

#endif

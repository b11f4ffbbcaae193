#include <zyd/date.h>
#include <zyd/genesis.h>

static const struct zyd_calendar_year *year_of(const struct zyd_calendar *c, int32_t date)
{
    int32_t first = c->year_count > 0 ? c->years[0].year : 0;
    int32_t at = date / 10000 - first;
    return c->year_count > 0 && at >= 0 && at < c->year_count ? &c->years[at] : NULL;
}

static bool bit_of(const struct zyd_calendar_year *y, int32_t date)
{
    int32_t d = zyd_days_between(y->year * 10000 + 101, date);
    return (y->days[d / 8] >> (d % 8) & 1) != 0;
}

bool zyd_calendar_is_working(const struct zyd_calendar *c, int32_t date, bool *working)
{
    const struct zyd_calendar_year *y = zyd_date_valid(date) ? year_of(c, date) : NULL;
    if (y == NULL) {
        return false;
    }
    *working = bit_of(y, date);
    return true;
}

bool zyd_calendar_add(const struct zyd_calendar *c, int32_t date, uint32_t count, int32_t *out)
{
    bool working;
    if (!zyd_calendar_is_working(c, date, &working)) {
        return false;
    }
    while (count > 0) { /* ends with the calendar's last year at the latest */
        date = zyd_date_add(date, 1);
        if (!zyd_calendar_is_working(c, date, &working)) {
            return false;
        }
        count -= working ? 1 : 0;
    }
    *out = date;
    return true;
}

#include "emulator/base/dates.h"

#include <string.h>

static const char *const weekdays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

enum { DAY_S = 24 * 60 * 60 };

struct date {
    int64_t year;
    int month, day; /* from 1 */
    int hour, minute, second, ms;
    int weekday; /* 0 is Sunday; not read when going back to milliseconds */
};

/* The calendar is counted in years that begin in March, so that the leap day is the last one, and in eras of 400 years,
 * which all have 146,097 days. Day 0 is 1970-01-01, which is 719,468 days after 0000-03-01. */
static int64_t days_from_date(const struct date *date)
{
    int64_t year = date->year - (date->month <= 2);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (date->month + (date->month > 2 ? -3 : 9)) + 2) / 5 + date->day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static struct date date_from_ms(int64_t ms)
{
    int64_t seconds = ms / 1000, rest = ms % 1000;
    if (rest < 0) {
        rest += 1000;
        seconds--;
    }
    int64_t days = seconds / DAY_S, of_day = seconds % DAY_S;
    if (of_day < 0) {
        of_day += DAY_S;
        days--;
    }
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* 0 is March */
    struct date date = {
        .day = (int)(day_of_year - (153 * month + 2) / 5 + 1),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .hour = (int)(of_day / 3600),
        .minute = (int)(of_day / 60 % 60),
        .second = (int)(of_day % 60),
        .ms = (int)rest,
        .weekday = (int)(((days + 4) % 7 + 7) % 7), /* 1970-01-01 was a Thursday */
    };
    date.year = year_of_era + era * 400 + (date.month <= 2);
    return date;
}

char *date_iso8601(struct arena *arena, int64_t ms)
{
    struct date d = date_from_ms(ms);
    return arena_print(arena, "%04lld-%02d-%02dT%02d:%02d:%02d.%03dZ", (long long)d.year, d.month, d.day, d.hour, d.minute,
                       d.second, d.ms);
}

char *date_iso8601_s(struct arena *arena, int64_t ms)
{
    struct date d = date_from_ms(ms);
    return arena_print(arena, "%04lld-%02d-%02dT%02d:%02d:%02dZ", (long long)d.year, d.month, d.day, d.hour, d.minute, d.second);
}

char *date_iso8601_offset(struct arena *arena, int64_t ms)
{
    struct date d = date_from_ms(ms);
    return arena_print(arena, "%04lld-%02d-%02dT%02d:%02d:%02d.%03d+0000", (long long)d.year, d.month, d.day, d.hour, d.minute,
                       d.second, d.ms);
}

char *date_rfc1123(struct arena *arena, int64_t ms)
{
    struct date d = date_from_ms(ms);
    return arena_print(arena, "%.3s, %02d %s %04lld %02d:%02d:%02d GMT", weekdays[d.weekday], d.day, months[d.month - 1],
                       (long long)d.year, d.hour, d.minute, d.second);
}

char *date_amz(struct arena *arena, int64_t ms)
{
    struct date d = date_from_ms(ms);
    return arena_print(arena, "%04lld%02d%02dT%02d%02d%02dZ", (long long)d.year, d.month, d.day, d.hour, d.minute, d.second);
}

char *date_clf(struct arena *arena, int64_t ms)
{
    struct date d = date_from_ms(ms);
    return arena_print(arena, "%02d/%s/%04lld:%02d:%02d:%02d +0000", d.day, months[d.month - 1], (long long)d.year, d.hour,
                       d.minute, d.second);
}

char *date_path(struct arena *arena, int64_t ms)
{
    struct date d = date_from_ms(ms);
    return arena_print(arena, "%04lld/%02d/%02d", (long long)d.year, d.month, d.day);
}

/* Readers take a cursor, move it behind what they read, and answer false without promising where it stands otherwise. */

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static bool read_digits(const char **at, int count, int *number)
{
    int read = 0;
    for (int i = 0; i < count; i++) {
        if (!is_digit(**at))
            return false;
        read = read * 10 + (*(*at)++ - '0');
    }
    *number = read;
    return true;
}

static bool read_char(const char **at, char character)
{
    return **at == character && (*at)++ != NULL;
}

static bool read_year(const char **at, struct date *date)
{
    int year;
    if (!read_digits(at, 4, &year))
        return false;
    date->year = year;
    return true;
}

static bool read_clock(const char **at, struct date *date)
{
    return read_digits(at, 2, &date->hour) && read_char(at, ':') && read_digits(at, 2, &date->minute) && read_char(at, ':') &&
           read_digits(at, 2, &date->second);
}

static bool read_month_name(const char **at, int *month)
{
    for (int i = 0; i < 12; i++) {
        if (strncmp(*at, months[i], 3) == 0) {
            *month = i + 1;
            *at += 3;
            return true;
        }
    }
    return false;
}

/* +hh:mm or +hhmm; what has to be taken from the local time. */
static bool read_offset(const char **at, int *minutes)
{
    int hour, minute, sign = **at == '-' ? -1 : 1;
    if (**at != '+' && **at != '-')
        return false;
    (*at)++;
    if (!read_digits(at, 2, &hour))
        return false;
    if (**at == ':')
        (*at)++;
    if (!read_digits(at, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *minutes = sign * (hour * 60 + minute);
    return true;
}

/* The last step of all readers: is this a date of the calendar, and which millisecond is it? */
static bool finish(const struct date *date, int offset_minutes, int64_t *ms)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = date->year % 4 == 0 && (date->year % 100 != 0 || date->year % 400 == 0);
    if (date->month < 1 || date->month > 12)
        return false;
    if (date->day < 1 || date->day > month_days[date->month - 1] + (date->month == 2 && leap))
        return false;
    if (date->hour > 23 || date->minute > 59 || date->second > 59)
        return false;
    int64_t minutes = days_from_date(date) * (24 * 60) + date->hour * 60 + date->minute - offset_minutes;
    *ms = (minutes * 60 + date->second) * 1000 + date->ms;
    return true;
}

bool date_parse_iso8601(const char *text, int64_t *ms)
{
    struct date date = {0};
    int offset = 0;
    const char *at = text;
    if (text == NULL || !read_year(&at, &date) || !read_char(&at, '-') || !read_digits(&at, 2, &date.month) ||
        !read_char(&at, '-') || !read_digits(&at, 2, &date.day) || !read_char(&at, 'T') || !read_clock(&at, &date))
        return false;
    if (read_char(&at, '.')) {
        if (!is_digit(*at))
            return false;
        for (int weight = 100; is_digit(*at); at++, weight /= 10)
            date.ms += (*at - '0') * weight; /* digits behind the third weigh nothing: cut, not rounded */
    }
    if (!read_char(&at, 'Z') && !read_offset(&at, &offset))
        return false;
    return *at == '\0' && finish(&date, offset, ms);
}

bool date_parse_amz(const char *text, int64_t *ms)
{
    struct date date = {0};
    const char *at = text;
    return text != NULL && read_year(&at, &date) && read_digits(&at, 2, &date.month) && read_digits(&at, 2, &date.day) &&
           read_char(&at, 'T') && read_digits(&at, 2, &date.hour) && read_digits(&at, 2, &date.minute) &&
           read_digits(&at, 2, &date.second) && read_char(&at, 'Z') && *at == '\0' && finish(&date, 0, ms);
}

/* "Fri" or "Friday"; that it is the weekday of the date is not asked. */
static bool read_weekday(const char **at)
{
    size_t size = strcspn(*at, ", ");
    for (size_t i = 0; i < 7; i++) {
        if ((size == 3 || size == strlen(weekdays[i])) && strncmp(*at, weekdays[i], size) == 0) {
            *at += size;
            return true;
        }
    }
    return false;
}

/* One digit or two. */
static bool read_day(const char **at, int *day)
{
    return read_digits(at, is_digit(**at) && is_digit((*at)[1]) ? 2 : 1, day);
}

/* asctime: "Fri Jan  2 03:04:05 2026", read up to the weekday. */
static bool parse_asctime(const char *at, int64_t *ms)
{
    struct date date = {0};
    if (!read_char(&at, ' ') || !read_month_name(&at, &date.month) || !read_char(&at, ' '))
        return false;
    if (*at == ' ')
        at++;
    return read_day(&at, &date.day) && read_char(&at, ' ') && read_clock(&at, &date) && read_char(&at, ' ') &&
           read_year(&at, &date) && *at == '\0' && finish(&date, 0, ms);
}

bool date_parse_rfc1123(const char *text, int64_t *ms)
{
    struct date date = {0};
    int offset = 0, year;
    const char *at = text;
    if (text == NULL || !read_weekday(&at))
        return false;
    if (!read_char(&at, ','))
        return parse_asctime(at, ms);
    if (!read_char(&at, ' ') || !read_day(&at, &date.day))
        return false;
    if (read_char(&at, '-')) {
        /* RFC 850: two digits of the year; from 69 on they are the last century's, as POSIX has it. */
        if (!read_month_name(&at, &date.month) || !read_char(&at, '-') || !read_digits(&at, 2, &year))
            return false;
        date.year = year + (year < 69 ? 2000 : 1900);
    } else if (!read_char(&at, ' ') || !read_month_name(&at, &date.month) || !read_char(&at, ' ') || !read_year(&at, &date)) {
        return false;
    }
    if (!read_char(&at, ' ') || !read_clock(&at, &date) || !read_char(&at, ' '))
        return false;
    if (strcmp(at, "GMT") != 0 && strcmp(at, "UTC") != 0 && (!read_offset(&at, &offset) || *at != '\0'))
        return false;
    return finish(&date, offset, ms);
}

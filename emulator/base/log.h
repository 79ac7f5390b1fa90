/* Lines on stderr. One call is one line and one write(); text from outside has control characters replaced. */
#pragma once

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level); /* INFO at start */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For what only a mistake of ours can cause: says where and what, and aborts. Always compiled in. */
#define check(condition) ((condition) ? (void)0 : log_broken(__FILE__, __LINE__, #condition))
void log_broken(const char *file, int line, const char *condition) __attribute__((noreturn));

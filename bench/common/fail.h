/* Ends the program with a message; a benchmark that met anything unexpected has no result. */
#ifndef SLUICE_BENCH_FAIL_H
#define SLUICE_BENCH_FAIL_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 1, 2), noreturn)) static inline void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

/* For system calls: the message and what errno says. */
__attribute__((noreturn)) static inline void fail_errno(const char *what) { fail("%s: %s", what, strerror(errno)); }

#endif
